use clap::{Subcommand, ValueEnum};
use openledger_chain::{call, types::Role as ChainRole, AccountId};
use openledger_primitives::Balance;
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, place, table, text, tx, Output},
    parse,
};

#[derive(Subcommand)]
pub enum Command {
    /// Take up a role against a bond
    #[command(after_help = "Operators serve answers, attributors compute whose data made them \
                            likely, curators review contributions.\n\
                            Example: openledger --suri //Bob provider register operator --bond 2000")]
    Register {
        /// Which role
        #[arg(value_enum)]
        role: Role,
        /// What is held on your account as long as you have the role
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        bond: Balance,
        /// A name, a link, where to reach you
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true,
            value_parser = parse::metadata
        )]
        metadata: String,
    },
    /// Name the account that signs off chain for your attributor
    SetWorker {
        /// Whose key the node has [default: no worker any more]
        #[arg(value_parser = parse::account)]
        account: Option<AccountId>,
    },
    /// The roles of an account
    Show {
        /// Whose [default: the signer's]
        #[arg(value_parser = parse::account)]
        account: Option<AccountId>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    Operator,
    Attributor,
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
        }
        Command::SetWorker { account } => set_worker(context, account).await,
        Command::Show { account } => show(context, account).await,
    }
}

/// In a word.
fn name(role: ChainRole) -> String {
    format!("{role:?}").to_lowercase()
}

async fn register(
    context: &Context,
    role: ChainRole,
    bond: Balance,
    metadata: &str,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::register_provider(role, bond, metadata)).await?;
    let who = sender.account;
    let json = json!({"account": who, "role": role, "bond": bond.to_string(), "tx": tx(&included)});
    let words = format!(
        "{who} is registered as {} with a bond of {}, {}.",
        name(role),
        open(bond),
        place(&[included])
    );
    Ok(Output::new(json, words))
}

async fn set_worker(context: &Context, worker: Option<AccountId>) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::set_worker(worker.as_ref())).await?;
    let who = sender.account;
    let json = json!({"account": who, "worker": worker, "tx": tx(&included)});
    let place = place(&[included]);
    let words = match &worker {
        Some(worker) => format!("{worker} signs for {who} off chain now, {place}."),
        None => format!("Nobody signs for {who} off chain any more, {place}."),
    };
    Ok(Output::new(json, words))
}

async fn show(context: &Context, account: Option<AccountId>) -> anyhow::Result<Output> {
    let who = &context.account(account)?;
    let view = context.now().await?;
    let (mut roles, mut rows) = (Vec::<Value>::new(), Vec::new());
    for role in [ChainRole::Operator, ChainRole::Attributor, ChainRole::Curator] {
        let Some(provider) = view.provider(role, who).await? else { continue };
        let leaving = provider.unbonding.map_or_else(
            || "-".into(),
            |(amount, from)| format!("{} from block {from} on", open(amount)),
        );
        rows.push(vec![name(role), open(provider.bond), leaving, text(&provider.metadata)]);
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
    let (worker, attributor) = (view.worker_of(who).await?, view.attributor_of(who).await?);
    let mut words = if rows.is_empty() {
        format!("{who} has no role.\n")
    } else {
        format!("{who}\n\n{}", table(&["role", ">bond", "unbonding", "metadata"], &rows))
    };
    if let Some(worker) = &worker {
        words.push_str(&format!("\n{worker} signs for it off chain.\n"));
    }
    if let Some(attributor) = &attributor {
        words.push_str(&format!("\nIt signs off chain for {attributor}.\n"));
    }
    let json = json!({"account": who, "roles": roles, "worker": worker, "attributor": attributor});
    Ok(Output::new(json, words))
}
