use std::collections::BTreeSet;

use clap::Args;
use openledger_chain::{AccountId, View};
use openledger_primitives::Balance;
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, table, Output},
    parse,
};

#[derive(Args)]
pub struct Options {
    /// Whose [default: the signer's]
    #[arg(value_name = "ACCOUNT", value_parser = parse::account)]
    accounts: Vec<AccountId>,
    /// Of everybody who contributed, or has something to claim
    #[arg(long, conflicts_with = "accounts")]
    all: bool,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let named = if options.all { Vec::new() } else { context.accounts(options.accounts)? };
    let view = context.now().await?;
    let accounts = if options.all { everybody(&view).await? } else { named };
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for account in accounts {
        let claimable = view.claimable(&account).await?;
        let sum = |of: fn(&openledger_primitives::reads::ContributionClaim) -> Balance| {
            claimable.contributions.iter().map(of).fold(0 as Balance, Balance::saturating_add)
        };
        let (accrued, claimed) = (sum(|claim| claim.accrued), sum(|claim| claim.claimed));
        rows.push(vec![
            account.to_string(),
            open(claimable.credit),
            open(accrued.saturating_sub(claimed)),
            open(claimed),
        ]);
        list.push(json!({
            "account": account,
            "credit": claimable.credit.to_string(),
            "contributions": claimable.contributions,
        }));
    }
    let head = ["account", ">for work and models", ">for contributions", ">claimed of these"];
    Ok(Output::new(json!({"accounts": list}), table(&head, &rows)))
}

/// All accounts that contributed or have credits.
async fn everybody(view: &View) -> anyhow::Result<Vec<AccountId>> {
    let mut accounts: BTreeSet<AccountId> = view.credited().await?.into_iter().collect();
    let contributions = view.contributions().await?;
    accounts.extend(contributions.into_iter().map(|(_, contribution)| contribution.payee));
    Ok(accounts.into_iter().collect())
}
