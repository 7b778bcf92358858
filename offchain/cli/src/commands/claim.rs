use clap::Args;
use openledger_chain::{
    account, call,
    scale_decode::{self, DecodeAsType},
    AccountId, Call, Included,
};
use openledger_primitives::{Balance, ContributionId};
use serde_json::{json, Value};

use crate::{
    args::{ids, Ids},
    context::Context,
    output::{open, txs, Output},
};

/// The most contributions of one call.
const MOST: usize = 32;

#[derive(Args)]
pub struct Options {
    /// Pay this account for its work and models; may be repeated [default: all that the signer can claim]
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<String>,
    /// Pay the owners of these contributions
    #[arg(long, value_parser = ids, value_name = "IDS")]
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
    let chain = context.chain().await?;
    let mut accounts =
        options.accounts.iter().map(|name| account::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let mut contributions = options.contributions.map_or_else(Vec::new, |ids| ids.0);
    if accounts.is_empty() && contributions.is_empty() {
        let signer = context.account_or_signer(None)?;
        let claimable = chain.now().await?.claimable(&signer).await?;
        let due = claimable.contributions.iter().filter(|claim| claim.accrued > claim.claimed);
        contributions = due.map(|claim| claim.contribution).collect();
        if claimable.credit > 0 {
            accounts.push(signer);
        }
    }
    let mut calls: Vec<Call> = accounts.iter().map(call::claim).collect();
    calls.extend(contributions.chunks(MOST).map(call::claim_contributions));
    let included = if calls.is_empty() { Vec::new() } else { context.submit(&chain, &calls).await? };
    let (paid, sum) = paid(context, &included, &accounts, &contributions)?;
    let mut json = paid;
    json["txs"] = txs(&included);
    let words = match sum {
        Some(0) => "there is nothing to claim".into(),
        Some(sum) => format!("{} claimed", open(sum)),
        None => "sent".into(),
    };
    Ok(Output::new(json, words))
}

/// What was paid, by the events; amounts are not known where nobody waited for them.
fn paid(
    context: &Context,
    included: &[Included],
    accounts: &[AccountId],
    contributions: &[ContributionId],
) -> anyhow::Result<(Value, Option<Balance>)> {
    if !context.waits() {
        let accounts: Vec<Value> =
            accounts.iter().map(|account| json!({"account": account, "amount": null})).collect();
        let contributions: Vec<Value> =
            contributions.iter().map(|id| json!({"contribution": id, "amount": null})).collect();
        return Ok((json!({"accounts": accounts, "contributions": contributions}), None));
    }
    let (mut to_accounts, mut to_contributions, mut sum) = (Vec::<Value>::new(), Vec::<Value>::new(), 0);
    for included in included {
        for Claimed { account, amount } in included.events("Attribution", "Claimed")? {
            sum += amount;
            to_accounts.push(json!({"account": account, "amount": amount.to_string()}));
        }
        for event in included.events("Attribution", "ContributionClaimed")? {
            let ContributionClaimed { contribution, amount } = event;
            sum += amount;
            to_contributions.push(json!({"contribution": contribution, "amount": amount.to_string()}));
        }
    }
    Ok((json!({"accounts": to_accounts, "contributions": to_contributions}), Some(sum)))
}
