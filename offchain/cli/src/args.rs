//! What can be said on the command line, beyond the commands' own options, and how it is explained.

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    commands::{
        account, ask, attribute, audit, channel, claim, claimable, contribute, datanet, emission,
        engine, gateway, model, parameter, prove_fraud, provider, records, settle, settlement,
        trace,
    },
    failure,
    global::Global,
};

/// Own, license and be paid for data, models and answers.
#[derive(Parser)]
#[command(name = "openledger", version, after_help = LOOP)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The end of the help.
const LOOP: &str = "\
From data to pay:
  openledger --suri //Bob datanet create --name poems --curator //Bob
  openledger --suri //Bob contribute 0 ./poems
  openledger --suri //Bob datanet review --accept 0
  openledger --suri //Bob datanet publish 0
  openledger model train --base 0 --datanets 0:1 --out ./poet
  openledger --suri //Bob model register ./poet --name poet --price-in 1 --price-out 4
  openledger --suri //Dave channel open --operator //Charlie --deposit 100
  openledger --suri //Dave ask poet \"Roses are red,\"
  openledger --suri //Bob claim

`openledger COMMAND --help` explains a command; docs/cli.md has every option and output.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The chain: genesis, newest blocks, issuance, what is to be claimed
    Status,
    /// Balances, and transfers
    #[command(subcommand)]
    Account(account::Command),
    /// Bonded roles: operators, attributors, curators
    #[command(subcommand)]
    Provider(provider::Command),
    /// What governance tunes
    #[command(subcommand)]
    Parameter(parameter::Command),
    /// Cut files into records, and look at them
    #[command(subcommand)]
    Records(records::Command),
    /// Submit records to a datanet
    Contribute(contribute::Options),
    /// The ecosystem's emission to datanets that are used
    #[command(subcommand)]
    Emission(emission::Command),
    /// Create, review, publish and show datanets
    #[command(subcommand)]
    Datanet(datanet::Command),
    /// Train, register, price and show models
    #[command(subcommand)]
    Model(model::Command),
    /// Set money aside for an operator's answers
    #[command(subcommand)]
    Channel(channel::Command),
    /// Ask a model, and pay for the answer
    Ask(ask::Options),
    /// Have a gateway settle what it has
    Settle(settle::Options),
    /// Serve models for payment, as an operator
    Gateway(gateway::Options),
    /// Compute attributions, for an attributor's node
    Engine(engine::Options),
    /// Who is paid for which answers
    #[command(subcommand)]
    Settlement(settlement::Command),
    /// What accounts could claim
    Claimable(claimable::Options),
    /// Be paid
    Claim(claim::Options),
    /// Whose data made an answer likely
    Attribute(attribute::Options),
    /// Which records a text repeats, word for word
    #[command(subcommand)]
    Trace(trace::Command),
    /// Recompute what was paid for an answer, and compare
    Audit(audit::Options),
    /// Prove an attributor's arithmetic wrong, on chain
    ProveFraud(prove_fraud::Options),
    /// What an engine starts for each job
    #[command(name = engine::JOB, hide = true)]
    EngineJob,
    /// What a gateway starts for each base
    #[command(name = gateway::MODEL, hide = true)]
    GatewayModel,
}

/// The commands as `--help` groups them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Chain and accounts", &["status", "account", "provider", "parameter"]),
    ("Data", &["records", "contribute", "datanet", "emission"]),
    ("Models", &["model"]),
    ("Asking and serving", &["channel", "ask", "settle", "gateway", "engine"]),
    ("Settlements and payouts", &["settlement", "claimable", "claim"]),
    ("Checking", &["attribute", "trace", "audit", "prove-fraud"]),
];

/// The command line's definition, with its commands in groups.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let (heading, literal) =
        (*command.get_styles().get_header(), *command.get_styles().get_literal());
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups.push_str(&format!("{heading}{title}:{heading:#}\n"));
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            groups.push_str(&format!("  {literal}{name:<12}{literal:#}{about}\n"));
        }
        groups.push('\n');
    }
    command.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}{heading}Options:{heading:#}\n{{options}}{{after-help}}"
    ))
}

/// Reads the command line.
///
/// # Errors
/// The status to end with, when help was asked for or something is wrong; either has been printed.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let arguments: Vec<OsString> = arguments.collect();
    let cli = command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    cli.map_err(|error| {
        if error.use_stderr() && arguments.iter().any(|argument| argument == "--json") {
            return failure::print_usage(&error.to_string());
        }
        // Where nothing can be printed, there is nobody to tell.
        let _ = error.print();
        u8::try_from(error.exit_code()).unwrap_or(2).into()
    })
}
