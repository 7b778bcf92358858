//! From records to the scores of queries: what a job and an attributor compute.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use openledger_factory::{
    traces,
    training_set::{Count, TrainingSet},
    Renderer, Settings,
};
use openledger_influence::{
    build::{self, Example},
    query::Query,
    scores::scores,
};
use openledger_lm::Model;
use openledger_primitives::{
    hashing,
    trace::{Credits, Trace},
    ContributionId, H256,
};
use openledger_store::record::{Body, Record};
use openledger_trace::Rules;
use serde::{Deserialize, Serialize};

use crate::scene::{Asked, Contributions};

/// What attribution finds, before any of the chain's parameters.
#[derive(Serialize, Deserialize)]
pub struct Found {
    /// Those with a record that counts, ascending.
    pub contributions: Vec<ContributionId>,
    /// Vectors of each.
    pub variants: u8,
    /// Of each query, the scores of all vectors, in decimals: JSON's numbers are too short.
    pub scores: Vec<Vec<String>>,
    /// What each answer repeats.
    pub traces: Vec<Trace>,
}

/// What is trained on.
pub struct Base<'a> {
    pub model: &'a Model,
    pub renderer: &'a Renderer,
}

/// The records that are trained on, with or without the removal of duplicates.
pub fn choose(
    contributions: &Contributions,
    renderer: &Renderer,
    settings: &Settings,
    duplicates: bool,
) -> Result<TrainingSet> {
    if !duplicates {
        return everything(contributions, renderer);
    }
    let records =
        |texts: &[String]| texts.iter().map(|text| record(text)).collect::<Result<Vec<Record>>>();
    let listed: Vec<(ContributionId, Vec<Record>)> = contributions
        .iter()
        .map(|(id, texts)| Ok((*id, records(texts)?)))
        .collect::<Result<_>>()?;
    Ok(TrainingSet::new(&listed, renderer, settings)?)
}

fn record(text: &str) -> Result<Record> {
    Record::new(Body::Text(text.into()), None).map_err(anyhow::Error::msg)
}

/// Every record, whatever it repeats.
fn everything(contributions: &Contributions, renderer: &Renderer) -> Result<TrainingSet> {
    let (examples, places, counts, refused) = Default::default();
    let mut set = TrainingSet { examples, places, counts, refused };
    for (&contribution, texts) in contributions {
        for (place, text) in texts.iter().enumerate() {
            let sequence = renderer.render(&record(text)?)?.sequence;
            set.examples.push(Example { contribution, sequence });
            set.places.push(place);
        }
        let records = texts.len();
        set.counts.push(Count {
            contribution,
            records,
            duplicates: 0,
            empty: 0,
            used: records,
            cut: 0,
        });
    }
    Ok(set)
}

/// What is found with these records, from `folder` if it was found before.
pub fn found(
    folder: &Path,
    base: &Base,
    set: &TrainingSet,
    queries: &[Asked],
    settings: &Settings,
) -> Result<Found> {
    let path = folder.join(format!("{:x}.json", key(set, queries, settings)?));
    if let Ok(bytes) = fs::read(&path) {
        return serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is not as expected: delete it", path.display()));
    }
    let found = attribute(base, set, queries, settings)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Beside it, then into place, so that whoever is killed leaves no half.
    let beside = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&beside, serde_json::to_vec(&found)?)
        .and_then(|()| fs::rename(&beside, &path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(found)
}

/// Whether [`found`] has it already.
pub fn is_found(
    folder: &Path,
    set: &TrainingSet,
    queries: &[Asked],
    settings: &Settings,
) -> Result<bool> {
    Ok(folder.join(format!("{:x}.json", key(set, queries, settings)?)).exists())
}

/// Everything that decides what is found. Which texts count as duplicates did so already.
fn key(set: &TrainingSet, queries: &[Asked], settings: &Settings) -> Result<H256> {
    let examples: Vec<(ContributionId, usize, &[u32])> = set
        .examples
        .iter()
        .zip(&set.places)
        .map(|(example, &place)| (example.contribution, place, example.sequence.ids()))
        .collect();
    let asked: Vec<(&[u32], &[u32])> =
        queries.iter().map(|asked| (&asked.prompt_ids[..], &asked.answer_ids[..])).collect();
    Ok(hashing::content_id(&serde_json::to_vec(&(settings, examples, asked))?))
}

/// Builds both indices, and asks: the order of things in `openledger_factory::job` and
/// `openledger_influence::settlement`. The adapter itself is not trained: it is served, and attribution does not look at
/// it. Contributions of which no record counts are left out: their vectors are zeros.
fn attribute(
    base: &Base,
    set: &TrainingSet,
    queries: &[Asked],
    settings: &Settings,
) -> Result<Found> {
    let mut contributions: Vec<ContributionId> =
        set.examples.iter().map(|example| example.contribution).collect();
    contributions.dedup();
    let method = &settings.method;
    let ends = settings.halves(base.model, "base", &set.sequences(), method.runs)?;
    let variants = build::variants(&ends, &contributions, &set.examples, method)?;
    let (examples, adapter) = (&set.examples, H256::zero());
    let index = build::index(&ends[0], adapter, &contributions, examples, method, &variants)?;

    let spans = tempfile::tempdir()?;
    let traced = traces::build(
        spans.path(),
        base.renderer.tokenizer(),
        base.model.config(),
        &contributions,
        set,
    )?;
    let traced = traced.then(|| openledger_trace::Index::open(spans.path())).transpose()?;

    let (mut of_queries, mut found) = (Vec::new(), Vec::new());
    for asked in queries {
        let query = Query::new(&ends, &asked.prompt_ids, &asked.answer_ids, method.scope)?;
        let of_rows = scores(&query, &index).scores;
        of_queries.push(of_rows.iter().map(ToString::to_string).collect());
        found.push(traced.as_ref().map_or_else(Trace::default, |index| {
            let trace = index.trace(&asked.answer_ids, &Rules::default());
            let credits = Credits::truncate_from(trace.credits.into_iter().collect());
            Trace { bits: trace.bits, credits }
        }));
    }
    Ok(Found { contributions, variants: index.variants(), scores: of_queries, traces: found })
}
