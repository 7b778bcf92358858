use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use openledger_chain::{
    call::{self, AdapterVersion},
    scale_decode::{self, DecodeAsType},
    types::{IndexInfo, Kind, Model},
};
use openledger_primitives::{Balance, ModelId, ModelVersion};
use serde_json::{json, Value};

use crate::{
    args::amount,
    context::{model, Context},
    output::{open, place, table, text, tx, Output},
};

mod train;

pub use train::contributions;

#[derive(Subcommand)]
pub enum Command {
    /// Register a base model from its Hugging Face folder
    RegisterBase {
        dir: PathBuf,
        #[arg(long)]
        name: String,
        #[command(flatten)]
        prices: Prices,
    },
    /// Fine-tune an adapter on datanet versions, and build its attribution index
    Train(train::Options),
    /// Register an adapter from what `model train` wrote
    Register {
        /// The folder of job.json, or that file
        job: PathBuf,
        #[arg(long, required_unless_present = "model")]
        name: Option<String>,
        /// A new version of this model instead
        #[arg(long, conflicts_with_all = ["name", "parent", "price_in", "price_out"])]
        model: Option<String>,
        /// The adapter that its training started from
        #[arg(long)]
        parent: Option<String>,
        #[command(flatten)]
        prices: Prices,
    },
    /// A model and its versions
    Show { model: String },
    /// All models
    List,
    /// Set prices for 1,000 tokens
    Price {
        model: String,
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        price_in: Balance,
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        price_out: Balance,
    },
}

/// For 1,000 tokens.
#[derive(clap::Args)]
pub struct Prices {
    /// OPEN for 1,000 tokens of a prompt
    #[arg(long, value_name = "AMOUNT", value_parser = amount, default_value = "0")]
    price_in: Balance,
    /// OPEN for 1,000 tokens of an answer
    #[arg(long, value_name = "AMOUNT", value_parser = amount, default_value = "0")]
    price_out: Balance,
}

/// `Models.Registered`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Registered {
    model: ModelId,
}

/// `Models.VersionRegistered`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct VersionRegistered {
    version: ModelVersion,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::RegisterBase { dir, name, prices } => register_base(context, &dir, &name, &prices).await,
        Command::Train(options) => train::run(context, options).await,
        Command::Register { job, name, model, parent, prices } => {
            register(context, &job, name.as_deref(), model.as_deref(), parent.as_deref(), &prices).await
        },
        Command::Show { model } => show(context, &model).await,
        Command::List => list(context).await,
        Command::Price { model, price_in, price_out } => price(context, &model, price_in, price_out).await,
    }
}

async fn register_base(context: &Context, dir: &Path, name: &str, prices: &Prices) -> anyhow::Result<Output> {
    let (store, chain) = (context.store()?, context.chain().await?);
    let ids = openledger_factory::store_base(dir, &store).await?;
    let call = call::register_base(name, &ids.artefact, &ids.config, prices.price_in, prices.price_out);
    let included = context.submit_one(&chain, call).await?;
    let id = included.events::<Registered>("Models", "Registered")?.pop().map(|event| event.model);
    let json = json!({
        "model": id, "version": 1, "artefact": ids.artefact, "config": ids.config, "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "a model".into(), |id| format!("model {id}"));
    Ok(Output::new(json, format!("{shown}, {name}: {}", place(&[included]))))
}

async fn register(
    context: &Context,
    path: &Path,
    name: Option<&str>,
    known: Option<&str>,
    parent: Option<&str>,
    prices: &Prices,
) -> anyhow::Result<Output> {
    let job = train::Trained::read(path)?;
    let outcome = &job.outcome;
    let version = AdapterVersion {
        artefact: outcome.adapter.artefact,
        config: outcome.adapter.config,
        trained_on: job.trained_on.clone(),
        index: IndexInfo {
            content: outcome.index.content,
            root: outcome.index.root,
            method: outcome.index.method,
        },
    };
    let chain = context.chain().await?;
    let view = chain.now().await?;
    let (call, known) = match known {
        Some(known) => {
            let id = model(&view, known).await?;
            (call::register_version(id, &version), Some(id))
        },
        None => {
            let parent = match parent {
                Some(parent) => Some(model(&view, parent).await?),
                None => None,
            };
            let name = name.context("a new model needs a --name")?;
            let Prices { price_in, price_out } = *prices;
            (call::register_adapter(name, job.base_model, parent, &version, price_in, price_out), None)
        },
    };
    let included = context.submit_one(&chain, call).await?;
    let registered = included.events::<Registered>("Models", "Registered")?.pop();
    let newer = included.events::<VersionRegistered>("Models", "VersionRegistered")?.pop();
    let id = known.or(registered.map(|event| event.model));
    let number = match (known, newer) {
        (Some(_), newer) => newer.map(|event| event.version),
        (None, _) => Some(1),
    };
    let json = json!({
        "model": id,
        "version": number,
        "artefact": outcome.adapter.artefact,
        "config": outcome.adapter.config,
        "index_root": outcome.index.root,
        "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "a model".into(), |id| format!("model {id}"));
    let text = format!("{shown}, version {}: {}", number.map_or_else(|| "?".into(), |n| n.to_string()), place(&[included]));
    Ok(Output::new(json, text))
}

fn summary(id: ModelId, model: &Model) -> Value {
    let (kind, base, parent) = match model.kind {
        Kind::Base => ("base", None, None),
        Kind::Adapter { base, parent } => ("adapter", Some(base), parent),
    };
    json!({
        "model": id,
        "name": text(&model.name),
        "owner": model.owner,
        "kind": kind,
        "base": base,
        "parent": parent,
        "latest_version": model.latest,
        "price_in": model.price_in.to_string(),
        "price_out": model.price_out.to_string(),
        "deprecated": model.deprecated,
    })
}

fn row(id: ModelId, model: &Model) -> Vec<String> {
    let kind = match model.kind {
        Kind::Base => "base".into(),
        Kind::Adapter { base, .. } => format!("adapter of {base}"),
    };
    let prices = [open(model.price_in), open(model.price_out)];
    [id.to_string(), text(&model.name), kind, model.latest.to_string()].into_iter().chain(prices).collect()
}

const COLUMNS: [&str; 6] = ["id", "name", "kind", "version", "1,000 tokens in", "out"];

async fn show(context: &Context, name: &str) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let id = model(&view, name).await?;
    let found = view
        .model(id)
        .await?
        .with_context(|| format!("there is no model {id}; `openledger model list` shows all"))?;
    let versions = view.model_versions(id).await?;
    let mut json = summary(id, &found);
    json["versions"] = versions
        .iter()
        .map(|(number, version)| {
            json!({
                "version": number,
                "artefact": version.artefact,
                "config": version.config,
                "trained_on": version.trained_on,
                "index": version.index,
                "registered": version.registered,
            })
        })
        .collect();
    let mut words = table(&COLUMNS, &[row(id, &found)]);
    for (number, version) in &versions {
        let on: Vec<String> = version.trained_on.iter().map(|(d, v)| format!("{d}:{v}")).collect();
        words.push_str(&format!("\nversion {number}: {:?}\n", version.artefact));
        if !on.is_empty() {
            words.push_str(&format!("  trained on {}\n", on.join(", ")));
        }
        if let Some(index) = &version.index {
            words.push_str(&format!("  index root {:?}\n", index.root));
        }
    }
    Ok(Output::new(json, words))
}

async fn list(context: &Context) -> anyhow::Result<Output> {
    let models = context.now().await?.models().await?;
    let list: Vec<Value> = models.iter().map(|(id, model)| summary(*id, model)).collect();
    let rows: Vec<Vec<String>> = models.iter().map(|(id, model)| row(*id, model)).collect();
    Ok(Output::new(json!({"models": list}), table(&COLUMNS, &rows)))
}

async fn price(context: &Context, name: &str, price_in: Balance, price_out: Balance) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let id = model(&chain.now().await?, name).await?;
    let included = context.submit_one(&chain, call::set_price(id, price_in, price_out)).await?;
    let json = json!({
        "model": id,
        "price_in": price_in.to_string(),
        "price_out": price_out.to_string(),
        "tx": tx(&included),
    });
    let text = format!("model {id}: {} in, {} out for 1,000 tokens", open(price_in), open(price_out));
    Ok(Output::new(json, text))
}
