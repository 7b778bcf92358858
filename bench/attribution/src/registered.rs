//! The index that a job builds, asked as an engine asks it.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result};
use openledger_attribution_lab::attributor::Attributor;
use openledger_influence::{
    build::{self, Example, Variant},
    gradients,
    query::Query,
    scores::scores,
    Error, Index, Method,
};
use openledger_lm::{Device, Labels, Model, Sequence};
use openledger_primitives::{score, ContributionId, Ppm, H256};
use serde::Serialize;

use crate::{files, lm};

/// Shares below it are not paid: what the chain begins with.
const FLOOR: Ppm = 1_000;

/// An index with the models that its vectors are compared at.
pub struct Registered {
    index: Index,
    models: Vec<Model>,
}

/// An index, and what it was before its numbers were rounded to integers.
pub struct Built {
    pub index: Index,
    variants: Vec<Variant>,
}

/// The index of a task's records, of which each belongs to one of the contributions.
pub fn build(
    folder: &Path,
    task: &lm::Task,
    owners: &[ContributionId],
    device: Device,
) -> Result<Built> {
    let (base, model) = (lm::Task::base(folder, device)?, lm::Task::model(folder, device)?);
    let mut contributions = owners.to_vec();
    contributions.sort_unstable();
    contributions.dedup();
    let examples: Vec<Example> = owners
        .iter()
        .zip(task.records())
        .map(|(&contribution, sequence)| Example { contribution, sequence })
        .collect();
    let method = Method { tokens: task.settings.tokens, ..Method::default() };
    let ends = task.halves(&base, method.runs)?;
    let variants = build::variants(&ends, &contributions, &examples, &method)?;
    let adapter = H256::default();
    let index = build::index(&model, adapter, &contributions, &examples, &method, &variants)?;
    Ok(Built { index, variants })
}

impl Registered {
    pub fn new(index: Index, model: &Model) -> Result<Self> {
        Ok(Self { models: index.models(model)?, index })
    }

    fn query(&self, asked: &Sequence) -> Result<Query, Error> {
        let (prompt, answer) = asked.ids().split_at(asked.context());
        Query::new(&self.models, prompt, answer, self.index.method().scope)
    }
}

impl Attributor for Registered {
    type Query = Sequence;

    fn scores(&self, query: &Sequence) -> Result<Vec<f64>, Error> {
        let scores = scores(&self.query(query)?, &self.index).scores;
        let each = scores.chunks(usize::from(self.index.variants()));
        Ok(each.map(|own| own.iter().sum::<i128>() as f64).collect())
    }

    fn bytes(&self) -> u64 {
        self.index.to_bytes().len() as u64
    }
}

/// `shares/*.json`: what contributions would be paid for each query.
#[derive(Serialize)]
struct Shares {
    threads: usize,
    /// Of a query, on the mean: none where nothing was rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_seconds: Option<f64>,
    index_bytes: usize,
    /// Instructions that the processor has, of those that matter.
    features: Vec<&'static str>,
    contributions: Vec<ContributionId>,
    /// `[queries, contributions]`: the sums over the variants.
    scores: Vec<Vec<f64>>,
    /// `[queries, contributions]`, in parts per million; what is missing goes to the pools.
    shares: Vec<Vec<Ppm>>,
}

impl Shares {
    /// Of `[queries, rows]`.
    fn new(index: &Index, scores: &[Vec<i128>]) -> Self {
        let contributions: Vec<ContributionId> = index.contributions().collect();
        let variants = index.variants();
        let sum = |of: &Vec<i128>| -> Vec<f64> {
            of.chunks(variants.into()).map(|own| own.iter().sum::<i128>() as f64).collect()
        };
        let shares = scores.iter().map(|scores| {
            let found = score::shares(&contributions, variants, scores, FLOOR);
            contributions.iter().map(|&contribution| found.of(contribution)).collect()
        });
        #[cfg(target_arch = "x86_64")]
        let features = [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let features = [];
        Self {
            threads: rayon::current_num_threads(),
            query_seconds: None,
            index_bytes: index.to_bytes().len(),
            features: features.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect(),
            scores: scores.iter().map(sum).collect(),
            shares: shares.collect(),
            contributions,
        }
    }

    fn write(&self, folder: &Path, label: &str) -> Result<()> {
        files::write(&folder.join("shares").join(format!("{label}.json")), self)
    }
}

/// Writes `index.bin`, of a task's contributions, and `shares/exact.json`: what would be paid if nothing were rounded.
pub fn write_index(folder: &Path, device: Device) -> Result<()> {
    let task = lm::Task::open(folder)?;
    let owners: Option<Vec<ContributionId>> =
        task.records.iter().map(|record| record.contribution).collect();
    let owners = owners.context("expected records of contributions")?;
    let Built { index, variants } = build(folder, &task, &owners, device)?;
    files::replace(&folder.join("index.bin"), &index.to_bytes())?;
    let models = index.models(&lm::Task::model(folder, device)?)?;
    let mut exact = Vec::new();
    for query in task.queries() {
        let mut by_variant = Vec::new();
        for (model, variant) in models.iter().zip(&variants) {
            let gradient =
                gradients::of_records(model, std::slice::from_ref(&query), Labels::Data)?;
            by_variant.push(variant.scores(&gradient[0]));
        }
        // Finer than anything that integers of 16 bits can say.
        let largest = by_variant.iter().flatten().fold(0.0_f64, |top, score| top.max(score.abs()));
        let scale = 2.0_f64.powi(100) / largest;
        let contributions = 0..by_variant[0].len();
        let row = |k: usize| by_variant.iter().map(move |of| (of[k] * scale) as i128);
        exact.push(contributions.flat_map(row).collect());
    }
    Shares::new(&index, &exact).write(folder, "exact")
}

/// Writes `shares/<label>.json` by `index.bin`, of no more than so many queries, as an engine computes them here.
pub fn write_shares(folder: &Path, label: &str, most: usize, device: Device) -> Result<()> {
    let task = lm::Task::open(folder)?;
    let index =
        Index::open(&folder.join("index.bin")).context("expected an index: make it first")?;
    let registered = Registered::new(index, &lm::Task::model(folder, device)?)?;
    let mut queries = task.queries();
    queries.truncate(most);
    let start = Instant::now();
    let scored = queries
        .iter()
        .map(|query| Ok(scores(&registered.query(query)?, &registered.index).scores))
        .collect::<Result<Vec<_>>>()?;
    let each = start.elapsed().as_secs_f64() / queries.len().max(1) as f64;
    Shares { query_seconds: Some(each), ..Shares::new(&registered.index, &scored) }
        .write(folder, label)
}
