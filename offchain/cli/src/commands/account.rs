use anyhow::Context as _;
use clap::Subcommand;
use openledger_chain::{account, call};
use serde_json::{json, Value};

use crate::{
    args::amount,
    context::Context,
    output::{open, place, table, tx, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Balances of accounts (the signer's, if none is named)
    Show { accounts: Vec<String> },
    /// Send OPEN, to several at once: all or nothing
    Transfer {
        /// ACCOUNT=AMOUNT
        #[arg(required = true, value_name = "ACCOUNT=AMOUNT")]
        transfers: Vec<String>,
    },
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Show { accounts } => show(context, &accounts).await,
        Command::Transfer { transfers } => transfer(context, &transfers).await,
    }
}

async fn show(context: &Context, names: &[String]) -> anyhow::Result<Output> {
    let accounts = if names.is_empty() {
        vec![context.account_or_signer(None)?]
    } else {
        names.iter().map(|name| account::parse(name)).collect::<Result<_, _>>()?
    };
    let view = context.now().await?;
    let (mut found, mut rows) = (Vec::<Value>::new(), Vec::new());
    for account in accounts {
        let state = view.account(&account).await?;
        rows.push(vec![account.to_string(), open(state.data.free), open(state.data.reserved)]);
        found.push(json!({
            "account": account,
            "public": format!("0x{}", hex::encode(account.0)),
            "nonce": state.nonce,
            "free": state.data.free.to_string(),
            "held": state.data.reserved.to_string(),
        }));
    }
    Ok(Output::new(json!({"accounts": found}), table(&["account", "free", "held"], &rows)))
}

async fn transfer(context: &Context, transfers: &[String]) -> anyhow::Result<Output> {
    let (mut calls, mut done, mut lines) = (Vec::new(), Vec::<Value>::new(), Vec::new());
    for text in transfers {
        let (to, units) = text
            .rsplit_once('=')
            .with_context(|| format!("{text:?} is no transfer; expected ACCOUNT=AMOUNT"))?;
        let units = amount(units).map_err(anyhow::Error::msg)?;
        let to = account::parse(to)?;
        calls.push(call::transfer(&to, units));
        lines.push(format!("{} to {to}", open(units)));
        done.push(json!({"to": to, "amount": units.to_string()}));
    }
    let chain = context.chain().await?;
    let call = match &calls[..] {
        [call] => call.clone(),
        calls => call::batch_all(calls),
    };
    let included = context.submit_one(&chain, call).await?;
    let json = json!({"transfers": done, "tx": tx(&included)});
    Ok(Output::new(json, format!("{}\n{}", lines.join("\n"), place(&[included]))))
}
