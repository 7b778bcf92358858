use anyhow::{bail, ensure, Context as _};
use clap::{Subcommand, ValueEnum};
use openledger_chain::{
    call::{self, MerklePath, RejectReason},
    scale_decode::{self, DecodeAsType},
    types::{Contribution, Policy as ChainPolicy, Version},
    AccountId, View,
};
use openledger_primitives::{
    licence::{Licence, WithdrawnRoyalties},
    Balance, BlockNumber, ContributionId, DatanetId, VersionNumber, H256,
};
use openledger_store::{
    contribution::{self, Proof, Shared},
    record::Record,
    BlobStore,
};
use serde_json::{json, Value};

use crate::{
    context::Context,
    files,
    output::{count, open, place, table, text, thousands, tx, Output},
    parse::{self, Ids},
    views::datanet::{find, terms},
};

/// The most curators of one datanet.
const MAX_CURATORS: usize = 16;

#[derive(Subcommand)]
pub enum Command {
    /// Create a datanet
    #[command(after_help = LICENCE)]
    Create {
        /// Its name, for people
        #[arg(long, value_name = "TEXT", value_parser = parse::name)]
        name: String,
        /// A description, or a link to one
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true,
            value_parser = parse::metadata
        )]
        metadata: String,
        /// Everything allowed, or the terms in a JSON file
        #[arg(long, default_value = "open", value_name = "open|FILE")]
        licence: String,
        /// Royalties of what is withdrawn go on, or go to the treasury, whatever the licence's file says
        #[arg(long, value_enum)]
        withdrawn: Option<Withdrawn>,
        /// Who may contribute; with vote, everybody, and more than half of the curators decide
        #[arg(long, value_enum, default_value = "open")]
        policy: Policy,
        /// Who reviews contributions; may be repeated
        #[arg(long = "curator", value_name = "ACCOUNT", value_parser = parse::account)]
        curators: Vec<AccountId>,
    },
    /// Let an account contribute where the policy is an allow list
    Allow {
        /// The datanet's id
        datanet: DatanetId,
        /// Who may contribute
        #[arg(value_name = "ACCOUNT", value_parser = parse::account)]
        account: AccountId,
        /// No longer; what was contributed stays
        #[arg(long)]
        revoke: bool,
    },
    /// Accept and reject contributions, as a curator
    #[command(
        after_help = "Reasons: malformed, duplicate, off-topic, low-quality, unlicensed, harmful.\n\
                            Example: openledger --suri //Bob datanet review --accept 0,2-5 --reject 1:duplicate"
    )]
    Review {
        /// These are good
        #[arg(long, value_name = "IDS", value_parser = parse::ids, required_unless_present = "reject")]
        accept: Option<Ids>,
        /// This is not, for a reason; may be repeated
        #[arg(long, value_name = "ID:REASON", value_parser = rejection)]
        reject: Vec<(ContributionId, RejectReason)>,
    },
    /// Freeze what is accepted as a version, for models to be trained on
    Publish {
        /// Its id
        datanet: DatanetId,
    },
    /// Prove that a contribution repeats a record of an earlier one, and get its bond
    #[command(
        after_help = "Finds the record in the blobs of both, and proves that both have it.\n\
                      Example: openledger --suri //Dave datanet prove-duplicate --earlier 3 --later 7"
    )]
    ProveDuplicate {
        /// The contribution that had the record first
        #[arg(long, value_name = "ID")]
        earlier: ContributionId,
        /// The one that repeats it
        #[arg(long, value_name = "ID")]
        later: ContributionId,
    },
    /// Appeal the rejection of a contribution, against a bond
    Appeal {
        /// The contribution's id
        contribution: ContributionId,
    },
    /// Offer the right to be paid for a contribution to another account
    TransferPayout {
        /// The contribution's id
        contribution: ContributionId,
        /// Who would be paid; has to accept
        #[arg(value_name = "ACCOUNT", value_parser = parse::account)]
        to: AccountId,
    },
    /// Accept the right to be paid for a contribution that was offered
    AcceptPayout {
        /// The contribution's id
        contribution: ContributionId,
    },
    /// Show a datanet, its licence, contributions and versions
    Show {
        /// Its id
        datanet: DatanetId,
    },
    /// List all datanets
    List,
}

const LICENCE: &str = "\
A licence's JSON has all of these:
  {\"training\":true,\"evaluation\":true,\"retrieval\":true,\"commercial\":true,\"derivatives\":true,
   \"min_data_share\":0,\"training_price\":\"0\",\"expires\":null,\"revocable\":false,
   \"withdrawn\":\"continue\"}
min_data_share is in parts per million of each fee, training_price in units, expires a block.
withdrawn may be left out, or \"redirect\".";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    Open,
    AllowList,
    Vote,
}

impl From<Policy> for ChainPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Open => Self::Open,
            Policy::AllowList => Self::AllowList,
            Policy::Vote => Self::Vote,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Withdrawn {
    Continue,
    Redirect,
}

impl From<Withdrawn> for WithdrawnRoyalties {
    fn from(withdrawn: Withdrawn) -> Self {
        match withdrawn {
            Withdrawn::Continue => Self::Continue,
            Withdrawn::Redirect => Self::Redirect,
        }
    }
}

/// The reasons of `--reject`.
const REASONS: [(&str, RejectReason); 6] = [
    ("malformed", RejectReason::Malformed),
    ("duplicate", RejectReason::Duplicate),
    ("off-topic", RejectReason::OffTopic),
    ("low-quality", RejectReason::LowQuality),
    ("unlicensed", RejectReason::Unlicensed),
    ("harmful", RejectReason::Harmful),
];

fn rejection(text: &str) -> Result<(ContributionId, RejectReason), String> {
    let (id, reason) = text.split_once(':').ok_or("expected ID:REASON such as 4:duplicate")?;
    let id = id.parse().map_err(|_| format!("{id:?} is no id of a contribution"))?;
    let known = REASONS.iter().find(|(name, _)| *name == reason);
    let (_, reason) = known.ok_or_else(|| {
        let names: Vec<&str> = REASONS.iter().map(|(name, _)| *name).collect();
        format!("{reason:?} is no reason; expected one of {}", names.join(", "))
    })?;
    Ok((id, *reason))
}

/// `Datanets.Created`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Created {
    datanet: DatanetId,
}

/// `Datanets.Reviewed`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Reviewed {
    contribution: ContributionId,
}

/// `Datanets.Voided`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Voided {
    bond: Balance,
}

/// `Datanets.Appealed`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Appealed {
    bond: Balance,
    until: BlockNumber,
}

/// `Datanets.Published`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Published {
    version: VersionNumber,
    root: H256,
    records: u64,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Create { name, metadata, licence, withdrawn, policy, curators } => {
            let mut licence = read_licence(&licence)?;
            if let Some(withdrawn) = withdrawn {
                licence.withdrawn = withdrawn.into();
            }
            create(context, &name, &metadata, &licence, policy, &curators).await
        }
        Command::Allow { datanet, account, revoke } => {
            allow(context, datanet, &account, !revoke).await
        }
        Command::Review { accept, reject } => {
            review(context, accept.map_or_else(Vec::new, |ids| ids.0), &reject).await
        }
        Command::Publish { datanet } => publish(context, datanet).await,
        Command::ProveDuplicate { earlier, later } => {
            prove_duplicate(context, earlier, later).await
        }
        Command::Appeal { contribution } => appeal(context, contribution).await,
        Command::TransferPayout { contribution, to } => {
            transfer_payout(context, contribution, &to).await
        }
        Command::AcceptPayout { contribution } => accept_payout(context, contribution).await,
        Command::Show { datanet } => show(context, datanet).await,
        Command::List => list(context).await,
    }
}

fn read_licence(text: &str) -> anyhow::Result<Licence> {
    if text == "open" {
        return Ok(Licence::OPEN);
    }
    let json =
        files::read(text.as_ref()).context("the licence: expected \"open\" or a JSON file")?;
    serde_json::from_slice(&json).with_context(|| {
        format!("the licence {text}; `openledger datanet create --help` shows what it has")
    })
}

async fn create(
    context: &Context,
    name: &str,
    metadata: &str,
    licence: &Licence,
    policy: Policy,
    curators: &[AccountId],
) -> anyhow::Result<Output> {
    ensure!(
        curators.len() <= MAX_CURATORS,
        "a datanet has at most {MAX_CURATORS} curators, these are {}",
        curators.len()
    );
    let sender = context.sender().await?;
    let call = call::create_datanet(name, metadata, licence, policy.into(), curators);
    let included = sender.send_one(call).await?;
    let id = included.events::<Created>("Datanets", "Created")?.pop().map(|event| event.datanet);
    let json = json!({"datanet": id, "name": name, "tx": tx(&included)});
    let shown = id.map_or_else(|| "A datanet".into(), |id| format!("Datanet {id}"));
    let words = format!("{shown}, {name}, is created, {}.", place(&[included]));
    Ok(Output::new(json, words))
}

async fn allow(
    context: &Context,
    datanet: DatanetId,
    account: &AccountId,
    allowed: bool,
) -> anyhow::Result<Output> {
    let included = context.sender().await?.send_one(call::allow(datanet, account, allowed)).await?;
    let json = json!({
        "datanet": datanet, "account": account, "allowed": allowed, "tx": tx(&included),
    });
    let may = if allowed { "may" } else { "may not" };
    let words = format!("{account} {may} contribute to datanet {datanet}, {}.", place(&[included]));
    Ok(Output::new(json, words))
}

async fn review(
    context: &Context,
    accept: Vec<ContributionId>,
    reject: &[(ContributionId, RejectReason)],
) -> anyhow::Result<Output> {
    let mut calls: Vec<_> = accept.iter().map(|id| call::review(*id, None)).collect();
    calls.extend(reject.iter().map(|(id, reason)| call::review(*id, Some(*reason))));
    let call = match &calls[..] {
        [] => bail!("there is nothing to review: give --accept or --reject"),
        [call] => call.clone(),
        calls => call::batch_all(calls),
    };
    let rejected: Vec<ContributionId> = reject.iter().map(|(id, _)| *id).collect();
    let included = context.sender().await?.send_one(call).await?;
    // Where curators vote, it may take more of them. Without a block, nothing is known about that.
    let mut undecided = Vec::new();
    if included.block.is_some() {
        let decided: Vec<Reviewed> = included.events("Datanets", "Reviewed")?;
        undecided.extend(accept.iter().chain(&rejected).copied());
        undecided.retain(|id| !decided.iter().any(|event| event.contribution == *id));
    }
    let json = json!({
        "accepted": accept, "rejected": rejected, "undecided": undecided, "tx": tx(&included),
    });
    let more = match undecided.len() {
        0 => String::new(),
        waiting => format!(", of which {waiting} need more votes"),
    };
    let words = format!(
        "{} accepted, {} rejected{more}, {}.",
        count(accept.len() as u64, "contribution"),
        rejected.len(),
        place(&[included])
    );
    Ok(Output::new(json, words))
}

async fn publish(context: &Context, datanet: DatanetId) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::publish(datanet)).await?;
    let Some(event) = included.events::<Published>("Datanets", "Published")?.pop() else {
        let json = json!({
            "datanet": datanet, "version": null, "root": null, "contributions": null,
            "records": null, "bytes": null, "tx": tx(&included),
        });
        return Ok(Output::new(json, format!("Sent, {}.", place(&[included]))));
    };
    let view = sender.chain.now().await?;
    let version = view
        .version(datanet, event.version)
        .await?
        .with_context(|| format!("version {} of datanet {datanet} is gone", event.version))?;
    let json = json!({
        "datanet": datanet,
        "version": event.version,
        "root": event.root,
        "contributions": version.contributions,
        "records": event.records,
        "bytes": version.bytes,
        "tx": tx(&included),
    });
    let words = format!(
        "Version {} of datanet {datanet} has {} of {}.\n\nroot  {:?}",
        event.version,
        count(event.records, "record"),
        count(version.contributions.len() as u64, "contribution"),
        event.root
    );
    Ok(Output::new(json, words))
}

async fn prove_duplicate(
    context: &Context,
    earlier: ContributionId,
    later: ContributionId,
) -> anyhow::Result<Output> {
    ensure!(
        earlier < later,
        "contribution {earlier} is not earlier than {later}: the one with the lower id had a record first"
    );
    let (sender, store) = (context.sender().await?, context.store()?);
    let view = sender.chain.now().await?;
    let [first, second] =
        [hashes(&view, &store, earlier).await?, hashes(&view, &store, later).await?];
    let Some(shared) = Shared::find(&first, &second) else {
        bail!("contributions {earlier} and {later} have no record in common");
    };
    let path = |proof: Proof| MerklePath { index: proof.index, siblings: proof.siblings };
    let Shared { record, first, second } = shared;
    let (first, second) = (path(first), path(second));
    let call = call::prove_duplicate((earlier, &first), (later, &second), &record);
    let included = sender.send_one(call).await?;
    let event = included.events::<Voided>("Datanets", "Voided")?.pop();
    let bond = event.map(|event| event.bond);
    let json = json!({
        "earlier": earlier,
        "later": later,
        "record": record,
        "earlier_index": first.index,
        "later_index": second.index,
        "bond": bond.map(|bond| bond.to_string()),
        "tx": tx(&included),
    });
    let paid =
        bond.map_or_else(String::new, |bond| format!(", and its bond of {} is yours", open(bond)));
    let words = format!(
        "Contribution {later} is voided{paid}, {}.\n\nrecord  {record:?}, number {} of {earlier}, {} of {later}",
        place(&[included]),
        first.index,
        second.index
    );
    Ok(Output::new(json, words))
}

/// The hashes of a contribution's records, in order.
async fn hashes(view: &View, store: &BlobStore, id: ContributionId) -> anyhow::Result<Vec<H256>> {
    let found = view.contribution(id).await?.with_context(|| {
        format!("there is no contribution {id}; `openledger datanet show DATANET` lists them")
    })?;
    let records = contribution::fetch(store, &found.content, &found.root).await?;
    Ok(records.iter().map(Record::hash).collect())
}

async fn appeal(context: &Context, contribution: ContributionId) -> anyhow::Result<Output> {
    let included = context.sender().await?.send_one(call::appeal(contribution)).await?;
    let event = included.events::<Appealed>("Datanets", "Appealed")?.pop();
    let json = json!({
        "contribution": contribution,
        "bond": event.as_ref().map(|event| event.bond.to_string()),
        "until": event.as_ref().map(|event| event.until),
        "tx": tx(&included),
    });
    let held = event.map_or_else(String::new, |Appealed { bond, until }| {
        format!("; {} are held until it is resolved, or lapses after block {until}", open(bond))
    });
    let words = format!(
        "The rejection of contribution {contribution} is appealed, {}{held}.",
        place(&[included])
    );
    Ok(Output::new(json, words))
}

async fn transfer_payout(
    context: &Context,
    contribution: ContributionId,
    to: &AccountId,
) -> anyhow::Result<Output> {
    let included =
        context.sender().await?.send_one(call::transfer_payout(contribution, to)).await?;
    let json = json!({"contribution": contribution, "to": to, "tx": tx(&included)});
    let words = format!(
        "The payouts of contribution {contribution} are offered to {to}, who has to accept, {}.",
        place(&[included])
    );
    Ok(Output::new(json, words))
}

async fn accept_payout(context: &Context, contribution: ContributionId) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send_one(call::accept_payout(contribution)).await?;
    let payee = sender.account;
    let json = json!({"contribution": contribution, "payee": payee, "tx": tx(&included)});
    let words = format!(
        "{payee} is paid for contribution {contribution} from now on, {}.",
        place(&[included])
    );
    Ok(Output::new(json, words))
}

fn shown(id: ContributionId, contribution: &Contribution) -> Value {
    json!({
        "id": id,
        "datanet": contribution.datanet,
        "contributor": contribution.contributor,
        "payee": contribution.payee,
        "label": text(&contribution.label),
        "root": contribution.root,
        "content": contribution.content,
        "records": contribution.records,
        "bytes": contribution.bytes,
        "status": contribution.status.name(),
        "submitted": contribution.submitted,
    })
}

fn version(number: VersionNumber, version: &Version) -> Value {
    json!({
        "version": number,
        "root": version.root,
        "contributions": version.contributions,
        "records": version.records,
        "bytes": version.bytes,
        "published": version.published,
    })
}

async fn show(context: &Context, id: DatanetId) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let datanet = find(&view, id).await?;
    let mut contributions = view.contributions().await?;
    contributions.retain(|(_, contribution)| contribution.datanet == id);
    let versions = view.versions(id).await?;
    let treasury = view.treasury(id).await?;
    let policy = match datanet.policy {
        ChainPolicy::Open => "open",
        ChainPolicy::AllowList => "allow-list",
        ChainPolicy::Vote => "vote",
    };
    let list: Vec<Value> = contributions.iter().map(|(id, c)| shown(*id, c)).collect();
    let numbered: Vec<Value> = versions.iter().map(|(number, v)| version(*number, v)).collect();
    let json = json!({
        "datanet": id,
        "name": text(&datanet.name),
        "owner": datanet.owner,
        "metadata": text(&datanet.metadata),
        "licence": datanet.licence.0,
        "policy": policy,
        "curators": datanet.curators,
        "consent_epoch": datanet.consent_epoch,
        "treasury": treasury,
        "latest_version": datanet.latest_version,
        "accepted": view.accepted(id).await?,
        "contributions": list,
        "versions": numbered,
    });
    let mut words =
        format!("Datanet {id}, {}\n\nowner     {}\n", text(&datanet.name), datanet.owner);
    for curator in &datanet.curators {
        words.push_str(&format!("curator   {curator}\n"));
    }
    words.push_str(&format!(
        "policy    {policy}\nlicence   {}\ntreasury  {treasury}\n",
        terms(&datanet.licence)
    ));
    let rows: Vec<Vec<String>> = contributions
        .iter()
        .map(|(id, c)| {
            let records = thousands(c.records.into());
            let (status, who) = (c.status.name().into(), c.contributor.to_string());
            vec![id.to_string(), text(&c.label), records, status, who]
        })
        .collect();
    let head = [">contribution", "label", ">records", "status", "contributor"];
    words.push_str(&format!("\n{}", table(&head, &rows)));
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|(number, v)| {
            let contributions = v.contributions.len().to_string();
            let records = thousands(v.records.into());
            vec![number.to_string(), contributions, records, format!("{:?}", v.root)]
        })
        .collect();
    let head = [">version", ">contributions", ">records", "root"];
    words.push_str(&format!("\n{}", table(&head, &rows)));
    Ok(Output::new(json, words))
}

async fn list(context: &Context) -> anyhow::Result<Output> {
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for (id, datanet) in context.now().await?.datanets().await? {
        let (name, latest) = (text(&datanet.name), datanet.latest_version);
        rows.push(vec![
            id.to_string(),
            name.clone(),
            latest.to_string(),
            datanet.owner.to_string(),
        ]);
        list.push(json!({
            "datanet": id,
            "name": name,
            "owner": datanet.owner,
            "latest_version": latest,
        }));
    }
    let words = table(&[">id", "name", ">version", "owner"], &rows);
    Ok(Output::new(json!({"datanets": list}), words))
}
