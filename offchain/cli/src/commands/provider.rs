use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use openledger_chain::{
    account, call,
    types::{self, Role as ChainRole},
    AccountId, Keypair,
};
use openledger_primitives::{attribution::worker_consent, signature::Signature, Balance, H256};
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
        #[command(flatten)]
        metadata: Metadata,
    },
    /// Describe yourself anew in a role
    SetMetadata {
        /// Which role
        #[arg(value_enum)]
        role: Role,
        #[command(flatten)]
        metadata: Metadata,
    },
    /// Name the account that signs off chain for your attributor
    #[command(after_help = "Its key must agree: name it by a SURI that begins with //, or have \
                            `openledger provider consent` signed by that key.\n\
                            Example: openledger --suri //Bob provider set-worker //Bob//poaw")]
    SetWorker {
        /// Whose key the node has: a SURI, or an account with --consent [default: no worker any more]
        worker: Option<String>,
        /// The worker's signature that it agrees
        #[arg(long, value_name = "0xSIGNATURE", requires = "worker", value_parser = parse::signature)]
        consent: Option<Signature>,
    },
    /// Agree, as a worker, to sign off chain for an attributor
    #[command(after_help = "Example: openledger --suri //Bob//poaw provider consent //Bob")]
    Consent {
        /// The attributor
        #[arg(value_parser = parse::account)]
        attributor: AccountId,
    },
    /// Say that you are there
    Heartbeat {
        /// In which role
        #[arg(value_enum)]
        role: Role,
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

/// How a provider describes itself.
#[derive(Args)]
pub struct Metadata {
    /// Where to reach you: of an operator, the URL of its gateway
    #[arg(
        long,
        value_name = "URL",
        default_value = "",
        hide_default_value = true,
        value_parser = parse::at_most::<128>
    )]
    endpoint: String,
    /// Where you are, such as eu-west
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        value_parser = parse::at_most::<32>
    )]
    region: String,
    /// On what you work, such as "2 x H200"
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        value_parser = parse::at_most::<96>
    )]
    hardware: String,
}

impl From<Metadata> for call::Metadata {
    fn from(Metadata { endpoint, region, hardware }: Metadata) -> Self {
        Self { endpoint, region, hardware }
    }
}

/// Of `provider show`.
const COLUMNS: [&str; 7] =
    ["role", ">bond", "unbonding", ">last seen", "endpoint", "region", "hardware"];

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
            register(context, role.into(), bond, &metadata.into()).await
        }
        Command::SetMetadata { role, metadata } => {
            set_metadata(context, role.into(), &metadata.into()).await
        }
        Command::SetWorker { worker, consent } => {
            set_worker(context, worker.as_deref(), consent).await
        }
        Command::Consent { attributor } => consent(context, &attributor).await,
        Command::Heartbeat { role } => heartbeat(context, role.into()).await,
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
    metadata: &call::Metadata,
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

async fn set_metadata(
    context: &Context,
    role: ChainRole,
    metadata: &call::Metadata,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::set_metadata(role, metadata)).await?;
    let who = sender.account;
    let json = json!({"account": who, "role": role, "tx": tx(&included)});
    let words = format!("{who} is described anew as {}, {}.", name(role), place(&[included]));
    Ok(Output::new(json, words))
}

async fn heartbeat(context: &Context, role: ChainRole) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::heartbeat(role)).await?;
    let who = sender.account;
    let json = json!({"account": who, "role": role, "tx": tx(&included)});
    let words = format!("{who} is there as {}, {}.", name(role), place(&[included]));
    Ok(Output::new(json, words))
}

/// What a worker's key signs to serve an attributor.
fn sign_consent(key: &Keypair, genesis: &H256, attributor: &AccountId) -> Signature {
    account::sign(key, &worker_consent(genesis, &attributor.0))
}

async fn consent(context: &Context, attributor: &AccountId) -> anyhow::Result<Output> {
    let key = context.signer()?;
    let genesis = context.chain().await?.genesis();
    let signature = sign_consent(&key, &genesis, attributor);
    let worker = account::of(&key);
    let json = json!({"worker": worker, "attributor": attributor, "signature": signature});
    let words = format!(
        "{worker} agrees to sign off chain for {attributor}:\n\n{}",
        json["signature"].as_str().unwrap_or_default()
    );
    Ok(Output::new(json, words))
}

async fn set_worker(
    context: &Context,
    worker: Option<&str>,
    consent: Option<Signature>,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let consent = match (worker, consent) {
        (None, _) => None,
        (Some(worker), Some(signature)) => Some((account::parse(worker)?, signature)),
        (Some(suri), None) if suri.starts_with("//") => {
            let key = account::keypair(suri)?;
            let signature = sign_consent(&key, &sender.chain.genesis(), &sender.account);
            Some((account::of(&key), signature))
        }
        (Some(worker), None) => bail!(
            "{worker} must agree: have its key sign with `openledger --suri … provider consent {}`, and hand the \
             signature in with --consent",
            sender.account
        ),
    };
    let worker = consent.as_ref().map(|(worker, _)| *worker);
    let consent = consent.as_ref().map(|(worker, signature)| (worker, signature));
    let included = sender.send_one(call::set_worker(consent)).await?;
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
        let seen = view.last_seen(role, who).await?;
        let types::Metadata { endpoint, region, hardware } = &provider.metadata;
        let [endpoint, region, hardware] = [endpoint, region, hardware].map(|bytes| text(bytes));
        rows.push(vec![
            name(role),
            open(provider.bond),
            leaving,
            seen.map_or_else(|| "-".into(), |block| block.to_string()),
            endpoint.clone(),
            region.clone(),
            hardware.clone(),
        ]);
        let unbonding = provider
            .unbonding
            .map(|(amount, until)| json!({"amount": amount.to_string(), "until": until}));
        roles.push(json!({
            "role": role,
            "bond": provider.bond.to_string(),
            "unbonding": unbonding,
            "metadata": {"endpoint": endpoint, "region": region, "hardware": hardware},
            "since": provider.since,
            "last_seen": seen,
        }));
    }
    let (worker, attributor) = (view.worker_of(who).await?, view.attributor_of(who).await?);
    let mut words = if rows.is_empty() {
        format!("{who} has no role.\n")
    } else {
        format!("{who}\n\n{}", table(&COLUMNS, &rows))
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
