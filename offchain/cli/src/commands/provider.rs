use clap::{Subcommand, ValueEnum};
use openledger_chain::{account, call, types::Role as ChainRole};
use openledger_primitives::Balance;
use serde_json::{json, Value};

use crate::{
    args::amount,
    context::Context,
    output::{open, place, table, text, tx, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Take up a role against a bond
    Register {
        #[arg(value_enum)]
        role: Role,
        /// In OPEN; stays yours unless you misbehave
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        bond: Balance,
        /// Where to reach you, a name, a link
        #[arg(long, default_value = "")]
        metadata: String,
    },
    /// Name the account that signs for your attributor off chain (none: dismiss it)
    SetWorker { account: Option<String> },
    /// An account's roles (the signer's, if none is named)
    Show { account: Option<String> },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    /// Serves answers
    Operator,
    /// Computes whose data made an answer likely
    Attributor,
    /// Reviews contributions
    Curator,
}

impl From<Role> for ChainRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Operator => Self::Operator,
            Role::Attributor => Self::Attributor,
            Role::Curator => Self::Curator,
        }
    }
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Register { role, bond, metadata } => {
            register(context, role.into(), bond, &metadata).await
        },
        Command::SetWorker { account } => set_worker(context, account.as_deref()).await,
        Command::Show { account } => show(context, account.as_deref()).await,
    }
}

async fn register(
    context: &Context,
    role: ChainRole,
    bond: Balance,
    metadata: &str,
) -> anyhow::Result<Output> {
    let who = context.account_or_signer(None)?;
    let chain = context.chain().await?;
    let included = context.submit_one(&chain, call::register_provider(role, bond, metadata)).await?;
    let json = json!({"account": who, "role": role, "bond": bond.to_string(), "tx": tx(&included)});
    let text = format!("{who} is registered with {}, {}", open(bond), place(&[included]));
    Ok(Output::new(json, text))
}

async fn set_worker(context: &Context, worker: Option<&str>) -> anyhow::Result<Output> {
    let who = context.account_or_signer(None)?;
    let worker = worker.map(account::parse).transpose()?;
    let chain = context.chain().await?;
    let included = context.submit_one(&chain, call::set_worker(worker.as_ref())).await?;
    let json = json!({"account": who, "worker": worker, "tx": tx(&included)});
    let text = match &worker {
        Some(worker) => format!("{worker} signs for {who} now"),
        None => format!("nobody signs for {who} any more"),
    };
    Ok(Output::new(json, text))
}

async fn show(context: &Context, account: Option<&str>) -> anyhow::Result<Output> {
    let who = context.account_or_signer(account)?;
    let view = context.now().await?;
    let (mut roles, mut rows) = (Vec::<Value>::new(), Vec::new());
    for role in [ChainRole::Operator, ChainRole::Attributor, ChainRole::Curator] {
        let Some(provider) = view.provider(role, &who).await? else { continue };
        rows.push(vec![format!("{role:?}").to_lowercase(), open(provider.bond), text(&provider.metadata)]);
        let unbonding = provider
            .unbonding
            .map(|(amount, until)| json!({"amount": amount.to_string(), "until": until}));
        roles.push(json!({
            "role": role,
            "bond": provider.bond.to_string(),
            "unbonding": unbonding,
            "metadata": text(&provider.metadata),
            "since": provider.since,
        }));
    }
    let (worker, attributor) = (view.worker_of(&who).await?, view.attributor_of(&who).await?);
    let mut words = if rows.is_empty() {
        format!("{who} has no role\n")
    } else {
        table(&["role", "bond", "metadata"], &rows)
    };
    if let Some(worker) = &worker {
        words.push_str(&format!("signed for by {worker}\n"));
    }
    if let Some(attributor) = &attributor {
        words.push_str(&format!("signs for {attributor}\n"));
    }
    let json = json!({"account": who, "roles": roles, "worker": worker, "attributor": attributor});
    Ok(Output::new(json, words))
}
