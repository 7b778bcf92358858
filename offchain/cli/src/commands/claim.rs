use clap::Args;
use openledger_chain::{
    call,
    scale_decode::{self, DecodeAsType},
    AccountId, Call, Included,
};
use openledger_primitives::{Balance, ContributionId};
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, place, table, txs, Output},
    parse::{self, Ids},
};

/// The most contributions of one call.
const MOST: usize = 32;

#[derive(Args)]
#[command(
    after_help = "Without options, all that the signer can claim. Anybody may claim for others."
)]
pub struct Options {
    /// Pay this account for its work and models; may be repeated
    #[arg(long = "account", value_name = "ACCOUNT", value_parser = parse::account)]
    accounts: Vec<AccountId>,
    /// Pay the owners of these contributions
    #[arg(long, value_name = "IDS", value_parser = parse::ids)]
    contributions: Option<Ids>,
}

/// `Attribution.Claimed`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Claimed {
    account: AccountId,
    amount: Balance,
}

/// `Attribution.ContributionClaimed`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct ContributionClaimed {
    contribution: ContributionId,
    amount: Balance,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let mut accounts = options.accounts;
    let mut contributions = options.contributions.map_or_else(Vec::new, |ids| ids.0);
    if accounts.is_empty() && contributions.is_empty() {
        let claimable = sender.chain.now().await?.claimable(&sender.account).await?;
        let due = claimable.contributions.iter().filter(|claim| claim.accrued > claim.claimed);
        contributions = due.map(|claim| claim.contribution).collect();
        if claimable.credit > 0 {
            accounts.push(sender.account);
        }
    }
    let mut calls: Vec<Call> = accounts.iter().map(call::claim).collect();
    calls.extend(contributions.chunks(MOST).map(call::claim_contributions));
    let included = if calls.is_empty() { Vec::new() } else { sender.send(&calls).await? };
    if !sender.waits() && !calls.is_empty() {
        return Ok(sent(&accounts, &contributions, &included));
    }
    paid(&included)
}

/// Where nobody waited, amounts are not known.
fn sent(accounts: &[AccountId], contributions: &[ContributionId], included: &[Included]) -> Output {
    let accounts: Vec<Value> =
        accounts.iter().map(|account| json!({"account": account, "amount": null})).collect();
    let contributions: Vec<Value> =
        contributions.iter().map(|id| json!({"contribution": id, "amount": null})).collect();
    let json = json!({"accounts": accounts, "contributions": contributions, "txs": txs(included)});
    Output::new(json, format!("Sent, {}.", place(included)))
}

/// What was paid, by the chain's events.
fn paid(included: &[Included]) -> anyhow::Result<Output> {
    let (mut accounts, mut contributions) = (Vec::<Value>::new(), Vec::<Value>::new());
    let (mut rows, mut sum) = (Vec::new(), 0 as Balance);
    for included in included {
        for Claimed { account, amount } in included.events("Attribution", "Claimed")? {
            sum = sum.saturating_add(amount);
            rows.push(vec![format!("work and models of {account}"), open(amount)]);
            accounts.push(json!({"account": account, "amount": amount.to_string()}));
        }
        for event in included.events("Attribution", "ContributionClaimed")? {
            let ContributionClaimed { contribution, amount } = event;
            sum = sum.saturating_add(amount);
            rows.push(vec![format!("contribution {contribution}"), open(amount)]);
            contributions.push(json!({"contribution": contribution, "amount": amount.to_string()}));
        }
    }
    let words = if rows.is_empty() {
        "There is nothing to claim.".into()
    } else {
        let rows = table(&["for", ">amount"], &rows);
        format!("{rows}\n{} paid, {}.", open(sum), place(included))
    };
    let json = json!({"accounts": accounts, "contributions": contributions, "txs": txs(included)});
    Ok(Output::new(json, words))
}
