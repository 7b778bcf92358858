use std::collections::BTreeSet;

use clap::Args;
use openledger_chain::{account, AccountId, View};
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, table, Output},
};

#[derive(Args)]
pub struct Options {
    /// Whose [default: the signer's]
    accounts: Vec<String>,
    /// Everybody's that ever earned or contributed
    #[arg(long, conflicts_with = "accounts")]
    all: bool,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let accounts = if options.all {
        everybody(&view).await?
    } else if options.accounts.is_empty() {
        vec![context.account_or_signer(None)?]
    } else {
        options.accounts.iter().map(|name| account::parse(name)).collect::<Result<_, _>>()?
    };
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for account in accounts {
        let claimable = view.claimable(&account).await?;
        let due = claimable
            .contributions
            .iter()
            .fold(0u128, |sum, claim| sum.saturating_add(claim.accrued.saturating_sub(claim.claimed)));
        rows.push(vec![account.to_string(), open(claimable.credit), open(due)]);
        list.push(json!({
            "account": account,
            "credit": claimable.credit.to_string(),
            "contributions": claimable.contributions,
        }));
    }
    let words = table(&["account", "for work and models", "for contributions"], &rows);
    Ok(Output::new(json!({"accounts": list}), words))
}

/// All accounts that contributed or have credits.
async fn everybody(view: &View) -> anyhow::Result<Vec<AccountId>> {
    let mut accounts: BTreeSet<AccountId> = view.credited().await?.into_iter().collect();
    accounts.extend(view.contributions().await?.into_iter().map(|(_, contribution)| contribution.contributor));
    Ok(accounts.into_iter().collect())
}
