use anyhow::{bail, Context as _};
use clap::{Subcommand, ValueEnum};
use openledger_chain::{
    account,
    call::{self, RejectReason},
    scale_decode::{self, DecodeAsType},
    types::{Contribution, Policy as ChainPolicy, Version},
    View,
};
use openledger_primitives::{licence::Licence, ContributionId, DatanetId, VersionNumber, H256};
use serde_json::{json, Value};

use crate::{
    args::{ids, Ids},
    context::Context,
    output::{place, table, text, tx, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Create a datanet
    Create {
        #[arg(long)]
        name: String,
        /// A description or a link
        #[arg(long, default_value = "")]
        metadata: String,
        /// Everything allowed, or the terms in a JSON file
        #[arg(long, default_value = "open", value_name = "open|FILE")]
        licence: String,
        #[arg(long, value_enum, default_value = "open")]
        policy: Policy,
        /// Who reviews; may be repeated
        #[arg(long = "curator", value_name = "ACCOUNT")]
        curators: Vec<String>,
    },
    /// Accept and reject contributions, as a curator
    Review {
        #[arg(long, value_parser = ids, required_unless_present = "reject")]
        accept: Option<Ids>,
        /// With a reason: malformed, duplicate, off-topic, low-quality, unlicensed, harmful
        #[arg(long, value_name = "ID:REASON", value_parser = rejection)]
        reject: Vec<(ContributionId, RejectReason)>,
    },
    /// Freeze what is accepted as a version
    Publish { datanet: DatanetId },
    /// A datanet, its contributions and versions
    Show { datanet: DatanetId },
    /// All datanets
    List,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// Everybody may contribute
    Open,
    /// Those on the list
    AllowList,
}

fn rejection(text: &str) -> Result<(ContributionId, RejectReason), String> {
    let (id, reason) =
        text.split_once(':').ok_or_else(|| format!("{text:?}: expected ID:REASON such as 4:duplicate"))?;
    let id = id.parse().map_err(|_| format!("{id:?} is no id of a contribution"))?;
    let reason = match reason {
        "malformed" => RejectReason::Malformed,
        "duplicate" => RejectReason::Duplicate,
        "off-topic" => RejectReason::OffTopic,
        "low-quality" => RejectReason::LowQuality,
        "unlicensed" => RejectReason::Unlicensed,
        "harmful" => RejectReason::Harmful,
        other => {
            return Err(format!(
                "{other:?} is no reason; expected malformed, duplicate, off-topic, low-quality, unlicensed or harmful"
            ))
        },
    };
    Ok((id, reason))
}

/// `Datanets.Created`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Created {
    datanet: DatanetId,
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
        Command::Create { name, metadata, licence, policy, curators } => {
            create(context, &name, &metadata, &licence, policy, &curators).await
        },
        Command::Review { accept, reject } => {
            review(context, accept.map_or_else(Vec::new, |ids| ids.0), &reject).await
        },
        Command::Publish { datanet } => publish(context, datanet).await,
        Command::Show { datanet } => show(context, datanet).await,
        Command::List => list(context).await,
    }
}

async fn create(
    context: &Context,
    name: &str,
    metadata: &str,
    licence: &str,
    policy: Policy,
    curators: &[String],
) -> anyhow::Result<Output> {
    let licence = match licence {
        "open" => Licence::OPEN,
        path => {
            let json = std::fs::read_to_string(path)
                .with_context(|| format!("the licence {path:?}: expected \"open\" or a JSON file"))?;
            serde_json::from_str(&json).with_context(|| format!("the licence {path}"))?
        },
    };
    let curators = curators.iter().map(|name| account::parse(name)).collect::<Result<Vec<_>, _>>()?;
    let chain = context.chain().await?;
    let call = call::create_datanet(name, metadata, &licence, policy == Policy::Open, &curators);
    let included = context.submit_one(&chain, call).await?;
    let id = included.events::<Created>("Datanets", "Created")?.pop().map(|event| event.datanet);
    let shown = id.map_or_else(|| "a datanet".into(), |id| format!("datanet {id}"));
    let json = json!({"datanet": id, "name": name, "tx": tx(&included)});
    Ok(Output::new(json, format!("{shown}, {name}: {}", place(&[included]))))
}

async fn review(
    context: &Context,
    accept: Vec<ContributionId>,
    reject: &[(ContributionId, RejectReason)],
) -> anyhow::Result<Output> {
    let mut calls: Vec<_> = accept.iter().map(|id| call::review(*id, None)).collect();
    calls.extend(reject.iter().map(|(id, reason)| call::review(*id, Some(*reason))));
    let call = match &calls[..] {
        [] => bail!("nothing to review: give --accept or --reject"),
        [call] => call.clone(),
        calls => call::batch_all(calls),
    };
    let rejected: Vec<ContributionId> = reject.iter().map(|(id, _)| *id).collect();
    let chain = context.chain().await?;
    let included = context.submit_one(&chain, call).await?;
    let text =
        format!("{} accepted, {} rejected, {}", accept.len(), rejected.len(), place(std::slice::from_ref(&included)));
    let json = json!({"accepted": accept, "rejected": rejected, "tx": tx(&included)});
    Ok(Output::new(json, text))
}

async fn publish(context: &Context, datanet: DatanetId) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let included = context.submit_one(&chain, call::publish(datanet)).await?;
    let Some(event) = included.events::<Published>("Datanets", "Published")?.pop() else {
        let json = json!({
            "datanet": datanet, "version": null, "root": null, "contributions": null,
            "records": null, "bytes": null, "tx": tx(&included),
        });
        return Ok(Output::new(json, "sent"));
    };
    let view = chain.now().await?;
    let version = view
        .version(datanet, event.version)
        .await?
        .with_context(|| format!("version {} of datanet {datanet} is not there", event.version))?;
    let json = json!({
        "datanet": datanet,
        "version": event.version,
        "root": event.root,
        "contributions": version.contributions,
        "records": event.records,
        "bytes": version.bytes,
        "tx": tx(&included),
    });
    let text = format!(
        "datanet {datanet}, version {}: {} records of {} contributions\nroot {:?}",
        event.version,
        event.records,
        version.contributions.len(),
        event.root
    );
    Ok(Output::new(json, text))
}

/// A contribution, for JSON.
fn contribution(id: ContributionId, contribution: &Contribution) -> Value {
    json!({
        "id": id,
        "datanet": contribution.datanet,
        "contributor": contribution.contributor,
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
    let view: View = context.now().await?;
    let datanet = view
        .datanet(id)
        .await?
        .with_context(|| format!("there is no datanet {id}; `openledger datanet list` shows all"))?;
    let mut contributions = view.contributions().await?;
    contributions.retain(|(_, contribution)| contribution.datanet == id);
    let versions = view.versions(id).await?;
    let policy = match datanet.policy {
        ChainPolicy::Open => "open",
        ChainPolicy::AllowList => "allow-list",
    };
    let json = json!({
        "datanet": id,
        "name": text(&datanet.name),
        "owner": datanet.owner,
        "metadata": text(&datanet.metadata),
        "licence": datanet.licence.0,
        "policy": policy,
        "curators": datanet.curators,
        "consent_epoch": datanet.consent_epoch,
        "treasury": view.treasury(id).await?,
        "latest_version": datanet.latest_version,
        "accepted": view.accepted(id).await?,
        "contributions": contributions.iter().map(|(id, c)| contribution(*id, c)).collect::<Vec<_>>(),
        "versions": versions.iter().map(|(number, v)| version(*number, v)).collect::<Vec<_>>(),
    });
    let rows: Vec<Vec<String>> = contributions
        .iter()
        .map(|(id, c)| {
            let status = c.status.name().to_string();
            vec![id.to_string(), text(&c.label), c.records.to_string(), status, c.contributor.to_string()]
        })
        .collect();
    let words = format!(
        "datanet {id}, {}, of {}\nversion {}, {} curators, {policy}\n\n{}",
        text(&datanet.name),
        datanet.owner,
        datanet.latest_version,
        datanet.curators.len(),
        table(&["id", "label", "records", "status", "contributor"], &rows)
    );
    Ok(Output::new(json, words))
}

async fn list(context: &Context) -> anyhow::Result<Output> {
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for (id, datanet) in context.now().await?.datanets().await? {
        let name = text(&datanet.name);
        rows.push(vec![id.to_string(), name.clone(), datanet.latest_version.to_string(), datanet.owner.to_string()]);
        list.push(json!({
            "datanet": id,
            "name": name,
            "owner": datanet.owner,
            "latest_version": datanet.latest_version,
        }));
    }
    let table = table(&["id", "name", "version", "owner"], &rows);
    Ok(Output::new(json!({"datanets": list}), table))
}
