//! `openledger model train`: from datanet versions to an adapter and its index, and `job.json`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context as _};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use openledger_chain::View;
use openledger_factory::{
    run as run_job,
    training_set::{Count, Refused},
    Event, Job, Outcome, Settings,
};
use openledger_primitives::{DatanetId, ModelId, VersionNumber};
use openledger_store::record;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

use crate::{
    context::{model, Context},
    files::{read, write},
    output::{tell, Output},
    parse,
    views::{
        datanet::{self, find_version},
        model::{contributions, newest_base},
    },
};

/// Records that the base does not take which are named on the way.
const NAMED: usize = 5;
/// The most datanet versions that a model is registered with.
const MAX_DATANETS: usize = 8;

#[derive(Args)]
#[command(
    after_help = "Example: openledger model train --base base --datanets 0:1,2:1 --out ./poet --epochs 4"
)]
pub struct Options {
    /// The base model: its id or name
    #[arg(long, value_name = "MODEL")]
    base: String,
    /// Versions of datanets to train on, separated by commas
    #[arg(
        long,
        required = true,
        value_delimiter = ',',
        value_parser = parse::version,
        value_name = "DATANET:VERSION"
    )]
    datanets: Vec<(DatanetId, VersionNumber)>,
    /// A folder for job.json, which `model register` wants
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// JSONL of records that are only measured on, before and after
    #[arg(long, value_name = "FILE")]
    heldout: Option<PathBuf>,
    /// Rank of the adapter
    #[arg(long, value_name = "N", default_value_t = Settings::default().rank)]
    rank: usize,
    /// Its branches are scaled by alpha / rank
    #[arg(long, value_name = "X", default_value_t = Settings::default().alpha)]
    alpha: f64,
    /// How often each record is seen
    #[arg(long, value_name = "N", default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Records of one step
    #[arg(long, value_name = "N", default_value_t = Settings::default().rows)]
    rows: usize,
    /// The highest, after a warm-up
    #[arg(long, value_name = "X", default_value_t = Settings::default().learning_rate)]
    learning_rate: f64,
    /// Decides initial values and the order of the records
    #[arg(long, value_name = "N", default_value_t = Settings::default().seed)]
    seed: u64,
    /// The most records to train on, 0 for all
    #[arg(
        long,
        value_name = "N",
        default_value_t = Settings::default().records_cap.unwrap_or(0)
    )]
    records_cap: usize,
    /// How progress is shown: bars on a terminal, lines of JSON, or not
    #[arg(long, value_enum, default_value = "auto")]
    progress: Show,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Show {
    Auto,
    Json,
    None,
}

/// What `job.json` holds: all in one object.
#[derive(Debug)]
pub struct Trained {
    /// What was trained, on the chain.
    pub task: Task,
    /// What the job made.
    pub outcome: Outcome,
}

/// What is trained on what.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    /// The base model's id.
    pub base_model: ModelId,
    /// The datanet versions, ascending.
    pub trained_on: Vec<(DatanetId, VersionNumber)>,
}

impl Trained {
    /// Reads `job.json`, or the one in a folder.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let path = if path.is_dir() { path.join("job.json") } else { path.to_owned() };
        let expected = || {
            let path = path.display();
            format!("{path}: expected the job.json that `openledger model train` wrote")
        };
        let bytes = read(&path).with_context(expected)?;
        // Twice, since serde reads no fractions through a flattened field where numbers are kept as text.
        let task = serde_json::from_slice(&bytes).with_context(expected)?;
        let outcome = serde_json::from_slice(&bytes).with_context(expected)?;
        Ok(Self { task, outcome })
    }

    fn to_json(&self) -> anyhow::Result<Value> {
        let mut json = serde_json::to_value(&self.outcome)?;
        json["base_model"] = self.task.base_model.into();
        json["trained_on"] = serde_json::to_value(&self.task.trained_on)?;
        Ok(json)
    }
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let heldout = match &options.heldout {
        Some(path) => {
            record::parse_jsonl(&read(path)?).with_context(|| path.display().to_string())?
        }
        None => Vec::new(),
    };
    let settings = settings(&options);
    settings.check()?;
    let (store, view) = (context.store()?, context.now().await?);
    let (base_model, _) = model(&view, &options.base).await?;
    let base = newest_base(&view, base_model).await?;
    let trained_on: BTreeSet<_> = options.datanets.iter().copied().collect();
    let trained_on: Vec<_> = trained_on.into_iter().collect();
    ensure!(
        trained_on.len() <= MAX_DATANETS,
        "a model is trained on at most {MAX_DATANETS} versions of datanets, these are {}",
        trained_on.len()
    );
    for (datanet, number) in &trained_on {
        check_licence(&view, *datanet, *number).await?;
    }
    let contributions = contributions(&view, &store, &trained_on).await?;
    let job = Job { base, contributions, heldout, settings };
    let mut progress = Progress::new(options.progress);
    let outcome =
        run_job(job, &store, &context.cache()?, move |event| progress.show(event)).await?;

    let trained = Trained { task: Task { base_model, trained_on }, outcome };
    let json = trained.to_json()?;
    write(&options.out.join("job.json"), format!("{json:#}\n").as_bytes())?;
    let words = words(&trained.outcome, &options.out);
    Ok(Output::new(json, words))
}

fn settings(options: &Options) -> Settings {
    Settings {
        rank: options.rank,
        alpha: options.alpha,
        epochs: options.epochs,
        rows: options.rows,
        learning_rate: options.learning_rate,
        seed: options.seed,
        records_cap: (options.records_cap > 0).then_some(options.records_cap),
        ..Settings::default()
    }
}

fn words(outcome: &Outcome, out: &Path) -> String {
    let sum = |of: fn(&Count) -> usize| outcome.counts.iter().map(of).sum::<usize>();
    let mut words = format!(
        "Trained on {} of {} records ({} repeat earlier ones, in {} nothing is learned, {} are refused by the base) in \
         {:.0} s, indexed in {:.0} s.\n",
        sum(|count| count.used),
        sum(|count| count.records),
        sum(|count| count.duplicates),
        sum(|count| count.empty),
        outcome.refused.len(),
        outcome.train_seconds,
        outcome.index_seconds
    );
    let cut = sum(|count| count.cut);
    if cut > 0 {
        words.push_str(&format!(
            "Of {cut} records only the beginning: they are longer than the model's context.\n"
        ));
    }
    if let (Some(before), Some(after)) = (outcome.heldout_loss_base, outcome.heldout_loss_adapter) {
        words.push_str(&format!("Held-out loss: {before:.3} before, {after:.3} after.\n"));
    }
    words.push_str(&format!(
        "\nadapter     {:?}\nindex root  {:?}\n\nNext: openledger --suri … model register {} --name NAME",
        outcome.adapter.artefact,
        outcome.index.root,
        out.display()
    ));
    words
}

/// Refuses now, before the training, what the chain would refuse after it.
async fn check_licence(view: &View, id: DatanetId, number: VersionNumber) -> anyhow::Result<()> {
    let datanet = datanet::find(view, id).await?;
    let version = find_version(view, id, number).await?;
    for licence in [&version.licence.0, &datanet.licence.0] {
        ensure!(
            licence.training,
            "the licence of datanet {id}, version {number}, forbids training; `openledger datanet show \
             {id}` shows its terms"
        );
        if let Some(last) = licence.expires.filter(|last| *last < view.block().number) {
            bail!(
                "the licence of datanet {id}, version {number}, ended with block {last}; train on a \
                 version with another"
            );
        }
    }
    ensure!(
        !version.licence.revocable || version.consent_epoch == datanet.consent_epoch,
        "consent to version {number} of datanet {id} was withdrawn: train on a newer version; \
         `openledger datanet show {id}` lists them"
    );
    ensure!(
        number > datanet.tainted,
        "a duplicate in version {} of datanet {id} was voided: train on a newer version; \
         `openledger datanet show {id}` lists them",
        datanet.tainted
    );
    Ok(())
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
            Show::Json | Show::None => ProgressBar::hidden(),
        };
        let style = ProgressStyle::with_template("{prefix:>10} {bar:32} {pos}/{len} {msg} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { show, bar, stage: "", last: Instant::now() }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Records { counts, refused } => {
                let used: usize = counts.iter().map(|count| count.used).sum();
                let all: usize = counts.iter().map(|count| count.records).sum();
                self.step("records", used, all, None);
                for Refused { contribution, place, reason } in refused.iter().take(NAMED) {
                    self.tell(&format!(
                        "the base does not take record {place} of contribution {contribution}: {reason}"
                    ));
                }
                if refused.len() > NAMED {
                    self.tell(&format!("nor {} others: see job.json", refused.len() - NAMED));
                }
            }
            Event::HeldoutBase(loss) => self.step("heldout_base", 1, 1, Some(loss)),
            Event::Training(progress) => {
                self.step("training", progress.step, progress.steps, Some(progress.loss));
            }
            Event::HeldoutAdapter(loss) => self.step("heldout_adapter", 1, 1, Some(loss)),
            Event::Repeating(progress) => {
                self.step("repeating", progress.step, progress.steps, Some(progress.loss));
            }
            Event::Indexing(progress) => self.step("indexing", progress.done, progress.all, None),
            Event::StartedOver { part, reason } => self.tell(&format!(
                "what an earlier run kept of {part} cannot be used, so it starts over: {reason}"
            )),
        }
    }

    /// What happens once, for people: as a line that no bar draws over.
    fn tell(&self, line: &str) {
        match self.show {
            Show::Auto if !self.bar.is_hidden() => self.bar.println(line),
            Show::Auto => tell(line),
            Show::Json => {
                tell(&json!({"stage": "note", "done": 1, "all": 1, "note": line}).to_string())
            }
            Show::None => {}
        }
    }

    fn step(&mut self, stage: &'static str, done: usize, all: usize, loss: Option<f64>) {
        let begins = self.stage != stage;
        match self.show {
            Show::None => {}
            // A line four times a second is enough to follow.
            Show::Json => {
                if begins || done == all || self.last.elapsed() > Duration::from_millis(250) {
                    let line = json!({"stage": stage, "done": done, "all": all, "loss": loss});
                    tell(&line.to_string());
                    self.last = Instant::now();
                }
            }
            Show::Auto => self.draw(stage, begins, done, all, loss),
        }
        self.stage = stage;
    }

    fn draw(
        &mut self,
        stage: &'static str,
        begins: bool,
        done: usize,
        all: usize,
        loss: Option<f64>,
    ) {
        match (stage, loss) {
            ("records", _) => self.bar.println(format!("{done} of {all} records are trained on")),
            ("heldout_base", Some(loss)) => {
                self.bar.println(format!("held-out loss before training: {loss:.3}"));
            }
            ("heldout_adapter", Some(loss)) => {
                self.bar.println(format!("held-out loss after training: {loss:.3}"));
            }
            _ => {
                if begins {
                    self.bar.reset();
                    self.bar.set_prefix(stage);
                    self.bar.set_message("");
                }
                self.bar.set_length(all as u64);
                self.bar.set_position(done as u64);
                if let Some(loss) = loss {
                    self.bar.set_message(format!("loss {loss:.3}"));
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
