//! A fine-tuning job.

use std::{cell::RefCell, time::Instant};

use openledger_artefacts::{
    base_name, fetch_base, store_adapter, store_traces, AdapterIds, BaseIds, Cache, IndexIds,
};
use openledger_influence::{
    build::{self, Variant},
    Index,
};
use openledger_lm::{Config, Model, Sequence, Tokenizer};
use openledger_primitives::ContributionId;
use openledger_store::{record::Record, BlobStore};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{
    kept::Kept,
    rendering::Renderer,
    traces,
    training_set::{Count, Refused, TrainingSet},
    Error, Result, Settings,
};

/// What to train on what.
#[derive(Clone, Debug)]
pub struct Job {
    /// The base model.
    pub base: BaseIds,
    /// The contributions of the datanet versions with their records, strictly ascending.
    pub contributions: Vec<(ContributionId, Vec<Record>)>,
    /// Records that are only measured on; may be empty.
    pub heldout: Vec<Record>,
    /// How to train.
    pub settings: Settings,
}

/// What a job is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The training set stands.
    Records {
        /// Of each contribution.
        counts: Vec<Count>,
        /// What the base does not take.
        refused: Vec<Refused>,
    },
    /// The base's held-out loss, in nats per token.
    HeldoutBase(f64),
    /// A step of training was done.
    Training(openledger_lm::Progress),
    /// The adapter's held-out loss, in nats per token.
    HeldoutAdapter(f64),
    /// A step of a training of half the steps was done; those of all such trainings are counted together.
    Repeating(openledger_lm::Progress),
    /// Some records went into the index.
    Indexing(build::Progress),
    /// What was kept of an earlier run of this job cannot be used, so it is computed again.
    StartedOver {
        /// Which part.
        part: String,
        /// Why.
        reason: String,
    },
}

/// Everything that is registered of an adapter, and how the job went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The base that it belongs to.
    pub base: BaseIds,
    /// The adapter.
    pub adapter: AdapterIds,
    /// Its attribution index, and its trace index.
    pub index: IndexIds,
    /// What became of each contribution's records.
    pub counts: Vec<Count>,
    /// Records that the base does not take, with the reason.
    pub refused: Vec<Refused>,
    /// Mean `-log p` per held-out token before training, in nats; none without held-out records.
    pub heldout_loss_base: Option<f64>,
    /// The same after training.
    pub heldout_loss_adapter: Option<f64>,
    /// Mean loss of the last twentieth of the training steps, in nats per token.
    pub train_loss: f64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of building the attribution index.
    pub index_seconds: f64,
}

/// What a job computes, before it is stored.
struct Computed {
    base: Model,
    model: Model,
    set: TrainingSet,
    kept: Kept,
    /// The folder of the trace index, if there is one.
    traces: Option<TempDir>,
    losses: [Option<f64>; 2],
    train_loss: f64,
    train_seconds: f64,
}

/// Runs a job: fetches the base, trains, builds the indices, and stores adapter, configuration and indices. `each`
/// hears what happens, from the thread that computes. What is done is kept in `cache` on the way: the same job goes on
/// from there if it was killed, and leaves the same.
///
/// # Errors
/// If a setting is out of range, the base cannot be fetched, nothing is left to train on, training diverges, or the
/// store refuses.
pub async fn run(
    job: Job,
    store: &BlobStore,
    cache: &Cache,
    each: impl FnMut(Event) + Send + 'static,
) -> Result<Outcome> {
    job.settings.check()?;
    let folder = fetch_base(store, &job.base, cache).await?;
    let base = job.base;
    let name = base_name(&base.artefact);
    let settings = job.settings.clone();
    let contributions: Vec<ContributionId> = job.contributions.iter().map(|(id, _)| *id).collect();
    let own_cache = cache.clone();
    let (computed, mut each) = tokio::task::spawn_blocking(move || {
        let mut each = each;
        let model = Model::load(&folder)?;
        let length = job.settings.method.tokens as usize;
        let renderer = Renderer::load(&folder, model.config(), length)?;
        Ok::<_, Error>((train(&job, model, &renderer, &own_cache, &mut each)?, each))
    })
    .await??;
    let Computed { base: base_model, model, set, kept, traces, losses, train_loss, train_seconds } =
        computed;
    let adapter = model.adapter().ok_or(openledger_lm::Error::NoAdapter)?;
    let ids = store_adapter(adapter, model.config(), store).await?;

    let start = Instant::now();
    let (index, set, kept): (Index, TrainingSet, Kept) = tokio::task::spawn_blocking(move || {
        let variants =
            variants(&base_model, &name, &contributions, &set, &settings, &kept, &mut each)?;
        let (adapter, method) = (ids.artefact, &settings.method);
        let index =
            build::index(&model, adapter, &contributions, &set.examples, method, &variants)?;
        Ok::<_, Error>((index, set, kept))
    })
    .await??;
    let index_seconds = start.elapsed().as_secs_f64();
    let content = store.put(index.to_bytes()).await?;
    let trace = match &traces {
        Some(folder) => Some(store_traces(folder.path(), store).await?),
        None => None,
    };
    kept.remove()?;
    let [heldout_loss_base, heldout_loss_adapter] = losses;
    Ok(Outcome {
        base,
        adapter: ids,
        index: IndexIds {
            content,
            root: index.root(),
            method: index.method().id(),
            blocks: index.blocks() as u32,
            variants: index.variants(),
            trace,
        },
        counts: set.counts,
        refused: set.refused,
        heldout_loss_base,
        heldout_loss_adapter,
        train_loss,
        train_seconds,
        index_seconds,
    })
}

fn train(
    job: &Job,
    base: Model,
    renderer: &Renderer,
    cache: &Cache,
    each: &mut impl FnMut(Event),
) -> Result<Computed> {
    let settings = &job.settings;
    let set = TrainingSet::new(&job.contributions, renderer, settings)?;
    each(Event::Records { counts: set.counts.clone(), refused: set.refused.clone() });
    let traces = trace(job, base.config(), renderer.tokenizer(), &set)?;
    let heldout = heldout(job, renderer)?;
    let measure = |model: &Model| {
        if heldout.is_empty() {
            Ok::<_, Error>(None)
        } else {
            Ok(Some(model.mean_loss(&heldout)?))
        }
    };
    let before = measure(&base)?;
    before.into_iter().for_each(|loss| each(Event::HeldoutBase(loss)));

    let start = Instant::now();
    let kept = Kept::open(cache.folder(), &job.base, settings, &set.examples);
    let trainer = settings.trainer(&base, &base_name(&job.base.artefact), set.sequences())?;
    let each = RefCell::new(each);
    let heard = |progress| each.borrow_mut()(Event::Training(progress));
    let lost = |reason| each.borrow_mut()(started_over("the adapter's training", reason));
    let (model, train_loss) = kept.train("adapter", trainer, heard, lost)?;
    let each = each.into_inner();
    let train_seconds = start.elapsed().as_secs_f64();
    let after = measure(&model)?;
    after.into_iter().for_each(|loss| each(Event::HeldoutAdapter(loss)));
    let losses = [before, after];
    Ok(Computed { base, model, set, kept, traces, losses, train_loss, train_seconds })
}

/// What each of the trainings of half the steps says of all contributions.
fn variants(
    base: &Model,
    name: &str,
    contributions: &[ContributionId],
    set: &TrainingSet,
    settings: &Settings,
    kept: &Kept,
    each: &mut impl FnMut(Event),
) -> Result<Vec<Variant>> {
    let method = &settings.method;
    let runs = usize::from(method.runs);
    let mut variants = Vec::with_capacity(runs);
    for run in 0..method.runs {
        let part = format!("half training {run}");
        let kept_variant = kept.variant(run, |reason| each(started_over(&part, reason)));
        if let Some(variant) = kept_variant {
            variants.push(variant);
            continue;
        }
        let before = usize::from(run);
        let trainer = settings.half(base, name, set.sequences(), run)?;
        let tell = RefCell::new(&mut *each);
        let heard = |progress: openledger_lm::Progress| {
            let (step, steps) = (before * progress.steps + progress.step, runs * progress.steps);
            tell.borrow_mut()(Event::Repeating(openledger_lm::Progress {
                step,
                steps,
                ..progress
            }));
        };
        let lost = |reason| tell.borrow_mut()(started_over(&part, reason));
        let (end, _) = kept.train(&format!("half-{run}"), trainer, heard, lost)?;
        let heard = |progress: build::Progress| {
            let done = before * progress.all + progress.done;
            each(Event::Indexing(build::Progress { done, all: runs * progress.all }));
        };
        let variant = Variant::new(&end, run, contributions, &set.examples, method, heard)?;
        kept.keep(run, &variant)?;
        variants.push(variant);
    }
    Ok(variants)
}

/// The folder of the trace index over a training set, if there is one.
fn trace(
    job: &Job,
    config: &Config,
    tokenizer: &Tokenizer,
    set: &TrainingSet,
) -> Result<Option<TempDir>> {
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    let contributions: Vec<ContributionId> = job.contributions.iter().map(|(id, _)| *id).collect();
    let is_there = traces::build(folder.path(), tokenizer, config, &contributions, set)?;
    Ok(is_there.then_some(folder))
}

fn started_over(part: &str, reason: String) -> Event {
    Event::StartedOver { part: part.into(), reason }
}

/// Held-out records as tokens, without those of which nothing is learned.
fn heldout(job: &Job, renderer: &Renderer) -> Result<Vec<Sequence>> {
    let mut sequences = Vec::with_capacity(job.heldout.len());
    for (place, record) in job.heldout.iter().enumerate() {
        let rendered = renderer.render(record);
        let named = |reason| Error::HeldOut { place, reason: Box::new(reason) };
        let sequence = rendered.map_err(named)?.sequence;
        if sequence.targets() > 0 {
            sequences.push(sequence);
        }
    }
    Ok(sequences)
}
