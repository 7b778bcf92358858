//! What can be said on the command line, beyond the commands' own options.

use clap::{Args, Parser, Subcommand, ValueEnum};
use openledger_primitives::{Balance, UNIT};

use crate::commands::{
    account, ask, attribute, audit, channel, claim, claimable, contribute, datanet, engine,
    gateway, model, provider, records, settle, settlement,
};

/// Own, license and be paid for data, models and answers.
#[derive(Parser)]
#[command(
    name = "openledger",
    version,
    max_term_width = 100,
    after_help = "The loop: contribute, review and publish a datanet; train and register a model;\n\
                  open a channel and ask; settle; claim; audit. docs/cli.md has every option and output."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args)]
pub struct Global {
    /// The node's RPC
    #[arg(long, global = true, env = "OPENLEDGER_NODE", default_value = "ws://127.0.0.1:9944", value_name = "URL", help_heading = "Everywhere")]
    pub node: String,
    /// Where blobs lie [default: <home>/store]
    #[arg(long, global = true, env = "OPENLEDGER_STORE", value_name = "DIR|URL", help_heading = "Everywhere")]
    pub store: Option<String>,
    /// Caches, journal, vouchers given [default: ~/.openledger]
    #[arg(long, global = true, env = "OPENLEDGER_HOME", value_name = "DIR", help_heading = "Everywhere")]
    pub home: Option<std::path::PathBuf>,
    /// Who signs: //Alice, a phrase, phrase//path, or 0x and a seed
    #[arg(long, global = true, env = "OPENLEDGER_SURI", hide_env_values = true, help_heading = "Everywhere")]
    pub suri: Option<String>,
    /// How long to wait for a transaction
    #[arg(long, global = true, value_enum, default_value = "in-block", help_heading = "Everywhere")]
    pub wait: Wait,
    /// One JSON object on standard output
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
}

/// See `--wait`.
#[derive(Clone, Copy, ValueEnum)]
pub enum Wait {
    /// Until a block has it
    InBlock,
    /// Until that block is final
    Finalized,
    /// Until the pool has it
    None,
}

#[derive(Subcommand)]
pub enum Command {
    /// The chain: genesis, newest blocks, issuance, the pot
    Status,
    /// Accounts: balances, transfers
    #[command(subcommand)]
    Account(account::Command),
    /// Bonded roles: operators, attributors, curators
    #[command(subcommand)]
    Provider(provider::Command),
    /// Files to records, and what is in them
    #[command(subcommand)]
    Records(records::Command),
    /// Submit records to a datanet
    Contribute(contribute::Options),
    /// Datasets: create, review, publish
    #[command(subcommand)]
    Datanet(datanet::Command),
    /// Models: train, register, price
    #[command(subcommand)]
    Model(model::Command),
    /// Payment channels
    #[command(subcommand)]
    Channel(channel::Command),
    /// Ask a model, and pay for the answer
    Ask(ask::Options),
    /// Serve models for payment, as an operator
    Gateway(gateway::Options),
    /// Compute attributions, for an attributor's node
    Engine(engine::Options),
    /// Have a gateway settle what it has
    Settle(settle::Options),
    /// Settlements: who is paid for which answers
    #[command(subcommand)]
    Settlement(settlement::Command),
    /// What accounts could claim
    Claimable(claimable::Options),
    /// Be paid
    Claim(claim::Options),
    /// Whose data made an answer likely
    Attribute(attribute::Options),
    /// Recompute what was paid for an answer, and compare
    Audit(audit::Options),
}

/// Reads an amount: `12.5` OPEN, or `1200u` units.
pub fn amount(text: &str) -> Result<Balance, String> {
    let wrong = || {
        format!("{text:?} is no amount; expected OPEN such as 12.5 (at most 18 decimals), or units such as 1200u")
    };
    if let Some(units) = text.strip_suffix('u') {
        return units.parse().map_err(|_| wrong());
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 18 || !digits(whole) || !digits(decimals) {
        return Err(wrong());
    }
    let whole: Balance = whole.parse().map_err(|_| wrong())?;
    let decimals: Balance = format!("{decimals:0<18}").parse().map_err(|_| wrong())?;
    whole.checked_mul(UNIT).and_then(|units| units.checked_add(decimals)).ok_or_else(wrong)
}

/// A list of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(pub Vec<u32>);

/// Reads ids: `1,2,5-9`.
pub fn ids(text: &str) -> Result<Ids, String> {
    let mut ids = Vec::new();
    for part in text.split(',').map(str::trim) {
        let wrong = || format!("{part:?} is no id; expected ids such as 1,2,5-9");
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) =
            (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if last < first || last - first > 100_000 {
            return Err(wrong());
        }
        ids.extend(first..=last);
    }
    Ok(Ids(ids))
}

/// Reads a pair such as `0:1`.
pub fn pair(text: &str) -> Result<(u32, u32), String> {
    text.split_once(':')
        .and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)))
        .ok_or_else(|| format!("{text:?} is no datanet version; expected DATANET:VERSION such as 0:1"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_should_not_contradict_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn amount_should_read_open_and_units() {
        assert_eq!(amount("1"), Ok(UNIT));
        assert_eq!(amount("12.5"), Ok(12 * UNIT + UNIT / 2));
        assert_eq!(amount("0.000000000000000001"), Ok(1));
        assert_eq!(amount("1200u"), Ok(1200));
        for wrong in ["", ".5", "-1", "1.0000000000000000001", "1e3", "u", "1.5u", "+1"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
        assert!(amount(&"9".repeat(30)).is_err());
    }

    #[test]
    fn ids_should_read_lists_and_ranges() {
        assert_eq!(ids("1,2,5-7"), Ok(Ids(vec![1, 2, 5, 6, 7])));
        for wrong in ["", "1,", "x", "3-1", "-1"] {
            assert!(ids(wrong).is_err(), "{wrong}");
        }
        assert_eq!(pair("0:1"), Ok((0, 1)));
        assert!(pair("1").is_err());
    }
}
