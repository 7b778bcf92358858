use clap::Subcommand;
use openledger_chain::{call, AccountId};
use openledger_primitives::Balance;
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, place, table, tx, Output},
    parse,
};

#[derive(Subcommand)]
pub enum Command {
    /// Balances of accounts
    #[command(after_help = "Example: openledger account show //Alice //Bob")]
    Show {
        /// Whose [default: the signer's]
        #[arg(value_name = "ACCOUNT", value_parser = parse::account)]
        accounts: Vec<AccountId>,
    },
    /// Send OPEN, to several at once: all or nothing
    #[command(
        after_help = "Example: openledger --suri //Alice account transfer //Bob=12.5 //Charlie=1"
    )]
    Transfer {
        /// To whom, and how much
        #[arg(required = true, value_name = "ACCOUNT=AMOUNT", value_parser = parse::transfer)]
        transfers: Vec<(AccountId, Balance)>,
    },
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Show { accounts } => show(context, accounts).await,
        Command::Transfer { transfers } => transfer(context, &transfers).await,
    }
}

async fn show(context: &Context, accounts: Vec<AccountId>) -> anyhow::Result<Output> {
    let accounts = context.accounts(accounts)?;
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
    Ok(Output::new(json!({"accounts": found}), table(&["account", ">free", ">held"], &rows)))
}

async fn transfer(context: &Context, transfers: &[(AccountId, Balance)]) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let calls: Vec<_> = transfers.iter().map(|(to, units)| call::transfer(to, *units)).collect();
    let call = match &calls[..] {
        [call] => call.clone(),
        calls => call::batch_all(calls),
    };
    let included = sender.send_one(call).await?;
    let sent: Vec<Value> = transfers
        .iter()
        .map(|(to, units)| json!({"to": to, "amount": units.to_string()}))
        .collect();
    let json = json!({"transfers": sent, "tx": tx(&included)});
    let mut words = String::new();
    for (to, units) in transfers {
        words.push_str(&format!("{} to {to}\n", open(*units)));
    }
    Ok(Output::new(json, format!("{words}Sent, {}.", place(&[included]))))
}
