use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{ensure, Context as _};
use clap::Subcommand;
use openledger_artefacts::{sizes, store_base};
use openledger_chain::{
    call::{self, AdapterVersion},
    scale_decode::{self, DecodeAsType},
    types::{IndexInfo, Kind, Model, PendingPrice},
};
use openledger_primitives::{Balance, BlockNumber, ModelId, ModelVersion};
use serde_json::{json, Value};

use crate::{
    context::{model, Context},
    output::{open, place, table, text, tx, Output},
    parse,
    views::model::newest_base,
};

mod train;

#[derive(Subcommand)]
pub enum Command {
    /// Register a base model from its Hugging Face folder
    #[command(
        after_help = "The folder has config.json, tokenizer.json and model.safetensors (or its shards).\n\
                      Example: openledger --suri //Bob model register-base models/base --name base"
    )]
    RegisterBase {
        /// The folder
        dir: PathBuf,
        /// Its name, for people
        #[arg(long, value_name = "TEXT", value_parser = parse::name)]
        name: String,
        #[command(flatten)]
        prices: Prices,
    },
    /// Fine-tune an adapter on datanet versions, and build its attribution index
    Train(train::Options),
    /// Register an adapter that `model train` made
    #[command(after_help = "Example: openledger --suri //Bob model register ./poet --name poet \
                            --price-in 1 --price-out 4")]
    Register {
        /// The folder of job.json, or that file
        job: PathBuf,
        /// Its name, for people
        #[arg(
            long,
            value_name = "TEXT",
            required_unless_present = "model",
            value_parser = parse::name
        )]
        name: Option<String>,
        /// Register a new version of this model instead
        #[arg(long, conflicts_with_all = ["name", "parents", "price_in", "price_out"])]
        model: Option<String>,
        /// The adapter that its training started from, or each of those it was merged of
        #[arg(long = "parent", value_name = "MODEL")]
        parents: Vec<String>,
        #[command(flatten)]
        prices: Prices,
    },
    /// Show a model and its versions
    Show {
        /// Its id or name
        model: String,
    },
    /// List all models
    List,
    /// Set what a model's answers cost
    Price {
        /// Its id or name
        model: String,
        /// OPEN for 1,000 tokens of a prompt
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        price_in: Balance,
        /// OPEN for 1,000 tokens of an answer
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        price_out: Balance,
    },
}

/// What answers cost.
#[derive(clap::Args)]
pub struct Prices {
    /// OPEN for 1,000 tokens of a prompt
    #[arg(long, value_name = "AMOUNT", value_parser = parse::amount, default_value = "0")]
    price_in: Balance,
    /// OPEN for 1,000 tokens of an answer
    #[arg(long, value_name = "AMOUNT", value_parser = parse::amount, default_value = "0")]
    price_out: Balance,
}

/// `Models.Registered`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Registered {
    model: ModelId,
}

/// `Models.PriceSet`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct PriceSet {
    from: BlockNumber,
}

/// `Models.VersionRegistered`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct VersionRegistered {
    version: ModelVersion,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::RegisterBase { dir, name, prices } => {
            register_base(context, &dir, &name, &prices).await
        }
        Command::Train(options) => train::run(context, options).await,
        Command::Register { job, name, model, parents, prices } => {
            let known = model.as_deref();
            register(context, &job, name.as_deref(), known, &parents, &prices).await
        }
        Command::Show { model } => show(context, &model).await,
        Command::List => list(context).await,
        Command::Price { model, price_in, price_out } => {
            price(context, &model, price_in, price_out).await
        }
    }
}

async fn register_base(
    context: &Context,
    dir: &Path,
    name: &str,
    prices: &Prices,
) -> anyhow::Result<Output> {
    let (sender, store) = (context.sender().await?, context.store()?);
    let ids = store_base(dir, &store)
        .await
        .with_context(|| format!("{} is no model that can be registered", dir.display()))?;
    let Prices { price_in, price_out } = *prices;
    let size = sizes::base(&store, &ids.artefact).await?;
    let call = call::register_base(name, &ids.artefact, &ids.config, size, price_in, price_out);
    let included = sender.send_one(call).await?;
    let id = included.events::<Registered>("Models", "Registered")?.pop().map(|event| event.model);
    let json = json!({
        "model": id, "version": 1, "artefact": ids.artefact, "config": ids.config, "size": size,
        "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "A base model".into(), |id| format!("Base model {id}"));
    let words = format!(
        "{shown}, {name}, is registered, {}.\n\nartefact  {:?}",
        place(&[included]),
        ids.artefact
    );
    Ok(Output::new(json, words))
}

async fn register(
    context: &Context,
    path: &Path,
    name: Option<&str>,
    known: Option<&str>,
    parents: &[String],
    prices: &Prices,
) -> anyhow::Result<Output> {
    let train::Trained { task, outcome } = train::Trained::read(path)?;
    let sender = context.sender().await?;
    let view = sender.chain.now().await?;
    let newest = newest_base(&view, task.base_model).await?;
    ensure!(
        newest == outcome.base,
        "the adapter was trained on base {:?}, but the newest version of model {} is {:?}: its answers \
         could not be attributed; train it again",
        outcome.base.artefact,
        task.base_model,
        newest.artefact
    );
    let store = context.store()?;
    let size = sizes::adapter(&store, &outcome.adapter).await?;
    let (index, trace) = (&outcome.index.content, outcome.index.trace.as_ref());
    let version = AdapterVersion {
        artefact: outcome.adapter.artefact,
        config: outcome.adapter.config,
        size,
        trained_on: task.trained_on,
        index: IndexInfo {
            content: outcome.index.content,
            root: outcome.index.root,
            method: outcome.index.method,
            blocks: outcome.index.blocks,
            variants: outcome.index.variants,
            trace: outcome.index.trace,
            size: sizes::index(&store, index, trace).await?,
        },
    };
    let (call, known) = match known {
        Some(known) => {
            let (id, found) = model(&view, known).await?;
            let base = task.base_model;
            ensure!(
                matches!(found.kind, Kind::Adapter { base: of, .. } if of == base),
                "model {id} is no adapter of base model {base}, as this one is: register it with --name"
            );
            (call::register_version(id, &version), Some(id))
        }
        None => {
            let mut ids = Vec::new();
            for parent in parents {
                ids.push(model(&view, parent).await?.0);
            }
            let name = name.context("a new model needs a --name")?;
            let Prices { price_in, price_out } = *prices;
            let call =
                call::register_adapter(name, task.base_model, &ids, &version, price_in, price_out);
            (call, None)
        }
    };
    let included = sender.send_one(call).await?;
    let registered = included.events::<Registered>("Models", "Registered")?.pop();
    let newer = included.events::<VersionRegistered>("Models", "VersionRegistered")?.pop();
    let id = known.or(registered.map(|event| event.model));
    let number = match known {
        Some(_) => newer.map(|event| event.version),
        None => Some(1),
    };
    let json = json!({
        "model": id,
        "version": number,
        "artefact": outcome.adapter.artefact,
        "config": outcome.adapter.config,
        "size": size,
        "index_root": outcome.index.root,
        "trace": outcome.index.trace,
        "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "A model".into(), |id| format!("Model {id}"));
    let version = number.map_or_else(|| "a new version".into(), |n| format!("version {n}"));
    let words = format!(
        "{shown}, {version}, is registered, {}.\n\nadapter     {:?}\nindex root  {:?}",
        place(&[included]),
        outcome.adapter.artefact,
        outcome.index.root
    );
    Ok(Output::new(json, words))
}

fn summary(id: ModelId, model: &Model) -> Value {
    let (kind, base, parents) = match &model.kind {
        Kind::Base => ("base", None, &[][..]),
        Kind::Adapter { base, parents } => ("adapter", Some(base), &parents[..]),
    };
    json!({
        "model": id,
        "name": text(&model.name),
        "owner": model.owner,
        "kind": kind,
        "base": base,
        "parents": parents,
        "latest_version": model.latest,
        "price_in": model.price_in.to_string(),
        "price_out": model.price_out.to_string(),
        "deprecated": model.deprecated,
    })
}

fn row(id: ModelId, model: &Model) -> Vec<String> {
    let mut kind = match &model.kind {
        Kind::Base => "base".into(),
        Kind::Adapter { base, parents } if parents.is_empty() => format!("adapter of {base}"),
        Kind::Adapter { base, parents } => {
            let from: Vec<String> = parents.iter().map(ToString::to_string).collect();
            format!("adapter of {base}, from {}", from.join(", "))
        }
    };
    if model.deprecated {
        kind.push_str(", deprecated");
    }
    vec![
        id.to_string(),
        text(&model.name),
        kind,
        model.latest.to_string(),
        open(model.price_in),
        open(model.price_out),
    ]
}

const COLUMNS: [&str; 6] =
    [">id", "name", "kind", ">version", ">1,000 tokens in", ">1,000 tokens out"];

async fn show(context: &Context, name: &str) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let (id, found) = model(&view, name).await?;
    let versions = view.model_versions(id).await?;
    let mut withdrawn = BTreeMap::new();
    for (number, _) in &versions {
        withdrawn.insert(*number, view.withdrawn_data(id, *number).await?);
    }
    let pending = view.pending_price(id).await?;
    let pending = pending.filter(|pending| pending.from > view.block().number);
    let mut json = summary(id, &found);
    json["pending_price"] = json!(pending.map(|PendingPrice { prices, from }| json!({
        "price_in": prices.price_in.to_string(),
        "price_out": prices.price_out.to_string(),
        "from": from,
    })));
    json["versions"] = versions
        .iter()
        .map(|(number, version)| {
            json!({
                "version": number,
                "artefact": version.artefact,
                "config": version.config,
                "size": version.size,
                "trained_on": version.trained_on,
                "index": version.index,
                "registered": version.registered,
                "withdrawn_data": withdrawn[number],
            })
        })
        .collect();
    let mut words = format!("{}\nowner  {}\n", table(&COLUMNS, &[row(id, &found)]), found.owner);
    if let Some(PendingPrice { prices, from }) = pending {
        words.push_str(&format!(
            "\nfrom block {from} on: {} for 1,000 tokens in, {} for 1,000 out\n",
            open(prices.price_in),
            open(prices.price_out)
        ));
    }
    for (number, version) in &versions {
        words.push_str(&format!("\nversion {number}\n  artefact    {:?}\n", version.artefact));
        let on: Vec<String> = version.trained_on.iter().map(|(d, v)| format!("{d}:{v}")).collect();
        if !on.is_empty() {
            words.push_str(&format!("  trained on  {} (datanet:version)\n", on.join(", ")));
        }
        let gone: Vec<String> = withdrawn[number].iter().map(ToString::to_string).collect();
        if !gone.is_empty() {
            let gone = gone.join(", ");
            words.push_str(&format!("  withdrawn   contributions {gone} since, or voided\n"));
        }
        if let Some(index) = &version.index {
            words.push_str(&format!("  index root  {:?}\n", index.root));
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

async fn price(
    context: &Context,
    name: &str,
    price_in: Balance,
    price_out: Balance,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let (id, _) = model(&sender.chain.now().await?, name).await?;
    let included = sender.send_one(call::set_price(id, price_in, price_out)).await?;
    let from = included.events::<PriceSet>("Models", "PriceSet")?.pop().map(|event| event.from);
    let json = json!({
        "model": id,
        "price_in": price_in.to_string(),
        "price_out": price_out.to_string(),
        "from": from,
        "tx": tx(&included),
    });
    let from = from.map_or_else(String::new, |block| {
        format!(" Both hold from block {block} on; what is lower than before, at once.")
    });
    let words = format!(
        "Model {id}: {} for 1,000 tokens of a prompt, {} for 1,000 of an answer, {}.{from}",
        open(price_in),
        open(price_out),
        place(&[included])
    );
    Ok(Output::new(json, words))
}
