//! `openledger model train`: from datanet versions to an adapter and its index, and `job.json`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_chain::View;
use openledger_factory::{run as run_job, BaseIds, Event, Job, Outcome, Settings};
use openledger_primitives::{ContributionId, DatanetId, ModelId, VersionNumber};
use openledger_store::{
    contribution,
    record::{self, Record},
    BlobStore,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    args::pair,
    commands::records::write,
    context::{model, Context},
    output::Output,
};

#[derive(Args)]
pub struct Options {
    /// The base model: its id or name
    #[arg(long)]
    base: String,
    /// DATANET:VERSION, separated by commas
    #[arg(long, required = true, value_delimiter = ',', value_parser = pair, value_name = "0:1,2:1")]
    datanets: Vec<(DatanetId, VersionNumber)>,
    /// A folder for job.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Records that are only measured on
    #[arg(long, value_name = "FILE")]
    heldout: Option<PathBuf>,
    /// Rank of the adapter
    #[arg(long)]
    rank: Option<usize>,
    /// Its branches are scaled by alpha / rank
    #[arg(long)]
    alpha: Option<f64>,
    /// How often each record is seen
    #[arg(long)]
    epochs: Option<usize>,
    /// Records of one step
    #[arg(long)]
    rows: Option<usize>,
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Decides initial values and the order of the records
    #[arg(long)]
    seed: Option<u64>,
    /// The most records to train on; 0 for all
    #[arg(long)]
    records_cap: Option<usize>,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value = "auto")]
    progress: Show,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Bars on a terminal, otherwise nothing
    Auto,
    /// Lines of JSON
    Json,
    /// Nothing
    None,
}

/// What `job.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trained {
    /// The base model's id on the chain.
    pub base_model: ModelId,
    /// The datanet versions, ascending.
    pub trained_on: Vec<(DatanetId, VersionNumber)>,
    /// What the job made.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Trained {
    /// Reads `job.json`, or the one in a folder.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let path = if path.is_dir() { path.join("job.json") } else { path.to_owned() };
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{}: expected what `openledger model train` wrote", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
    }
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let (store, view) = (context.store()?, context.now().await?);
    let base_model = model(&view, &options.base).await?;
    let base = base_ids(&view, base_model).await?;
    let trained_on: Vec<_> = options.datanets.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let contributions = contributions(&view, &store, &trained_on).await?;
    let heldout = match &options.heldout {
        Some(path) => {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            record::parse_jsonl(&bytes).with_context(|| path.display().to_string())?
        },
        None => Vec::new(),
    };
    let defaults = Settings::default();
    let settings = Settings {
        rank: options.rank.unwrap_or(defaults.rank),
        alpha: options.alpha.unwrap_or(defaults.alpha),
        epochs: options.epochs.unwrap_or(defaults.epochs),
        rows: options.rows.unwrap_or(defaults.rows),
        learning_rate: options.learning_rate.unwrap_or(defaults.learning_rate),
        seed: options.seed.unwrap_or(defaults.seed),
        records_cap: match options.records_cap {
            Some(0) => None,
            Some(cap) => Some(cap),
            None => defaults.records_cap,
        },
        method: defaults.method,
    };
    let job = Job { base, contributions, heldout, settings };
    let mut progress = Progress::new(options.progress);
    let outcome = run_job(job, &store, &context.cache()?, move |event| progress.show(event)).await?;

    let trained = Trained { base_model, trained_on, outcome };
    let json = serde_json::to_value(&trained)?;
    let path = options.out.join("job.json");
    write(&path, format!("{json:#}\n").as_bytes())?;
    let outcome = &trained.outcome;
    let loss = match (outcome.heldout_loss_base, outcome.heldout_loss_adapter) {
        (Some(before), Some(after)) => format!("held-out loss {before:.3} before, {after:.3} after\n"),
        _ => String::new(),
    };
    let text = format!(
        "{loss}trained in {:.0} s, indexed in {:.0} s\nadapter    {:?}\nindex root {:?}\nregister it with \
         `openledger model register {} --name NAME`",
        outcome.train_seconds,
        outcome.index_seconds,
        outcome.adapter.artefact,
        outcome.index.root,
        options.out.display()
    );
    Ok(Output::new(json, text))
}

/// Content ids of the newest version of a base model.
async fn base_ids(view: &View, id: ModelId) -> anyhow::Result<BaseIds> {
    let model = view
        .model(id)
        .await?
        .with_context(|| format!("there is no model {id}; `openledger model list` shows all"))?;
    let version = view
        .model_version(id, model.latest)
        .await?
        .with_context(|| format!("there is no version {} of model {id}", model.latest))?;
    Ok(BaseIds { artefact: version.artefact, config: version.config })
}

/// The records of all contributions in datanet versions, ascending by contribution, verified against the chain.
pub async fn contributions(
    view: &View,
    store: &BlobStore,
    versions: &[(DatanetId, VersionNumber)],
) -> anyhow::Result<Vec<(ContributionId, Vec<Record>)>> {
    let mut ids = BTreeSet::new();
    for (datanet, number) in versions {
        let version = view.version(*datanet, *number).await?.with_context(|| {
            format!("there is no version {number} of datanet {datanet}; `openledger datanet show {datanet}` lists them")
        })?;
        ids.extend(version.contributions);
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let entry = view
            .contribution(id)
            .await?
            .with_context(|| format!("contribution {id} is not on the chain"))?;
        let records = contribution::fetch(store, &entry.content, &entry.root)
            .await
            .with_context(|| format!("contribution {id}"))?;
        found.push((id, records));
    }
    Ok(found)
}

/// Shows what a job is doing.
struct Progress {
    show: Show,
    bar: ProgressBar,
    stage: &'static str,
    last: Instant,
}

impl Progress {
    fn new(show: Show) -> Self {
        let bar = match show {
            // Hidden by itself where standard error is no terminal.
            Show::Auto => ProgressBar::new(0),
            _ => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{prefix:>10} {bar:32} {pos}/{len} {msg} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { show, bar, stage: "", last: Instant::now() }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Records(counts) => {
                let used: usize = counts.iter().map(|count| count.used).sum();
                let all: usize = counts.iter().map(|count| count.records).sum();
                self.step("records", used, all, None);
            },
            Event::HeldoutBase(loss) => self.step("heldout_base", 1, 1, Some(loss)),
            Event::Training(progress) => {
                self.step("training", progress.step, progress.steps, Some(progress.loss));
            },
            Event::HeldoutAdapter(loss) => self.step("heldout_adapter", 1, 1, Some(loss)),
            Event::Indexing(progress) => self.step("indexing", progress.done, progress.all, None),
        }
    }

    fn step(&mut self, stage: &'static str, done: usize, all: usize, loss: Option<f64>) {
        let ends = done == all || self.stage != stage;
        match self.show {
            Show::None => {},
            // A line four times a second is enough to follow.
            Show::Json if ends || self.last.elapsed() > Duration::from_millis(250) => {
                eprintln!("{}", json!({"stage": stage, "done": done, "all": all, "loss": loss}));
                self.last = Instant::now();
            },
            Show::Json => {},
            Show::Auto => {
                if self.stage != stage {
                    self.bar.reset();
                    self.bar.set_prefix(stage);
                }
                self.bar.set_length(all as u64);
                self.bar.set_position(done as u64);
                if let Some(loss) = loss {
                    self.bar.set_message(format!("loss {loss:.3}"));
                }
                if stage == "records" || stage.starts_with("heldout") {
                    let loss = loss.map_or_else(String::new, |loss| format!(": {loss:.3}"));
                    self.bar.println(format!("{stage}{loss} ({done} of {all})"));
                }
            },
        }
        self.stage = stage;
    }
}
