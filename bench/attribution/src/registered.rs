//! The index that a job builds, asked as an engine asks it.

use anyhow::Result;
use openledger_influence::{
    attributor::Attributor,
    build::{self, Example, Variant},
    query::Query,
    settlement::scores,
    Error, Index, Method,
};
use openledger_lm::{Model, Sequence};
use openledger_primitives::{ContributionId, H256};

use crate::lm;

/// An index with the models that its vectors are compared at.
pub struct Registered<'a> {
    index: &'a Index,
    models: Vec<Model>,
}

/// The index of a task's records, each as a contribution of its own.
pub fn build(task: &lm::Task, base: &Model, model: &Model) -> Result<Index> {
    let records = task.records();
    let contributions: Vec<ContributionId> = (0..records.len() as u32).collect();
    let examples: Vec<Example> = contributions
        .iter()
        .zip(records)
        .map(|(&contribution, sequence)| Example { contribution, sequence })
        .collect();
    let method = Method { tokens: task.settings.tokens, ..Method::default() };
    let mut variants = Vec::new();
    for run in 0..method.runs {
        let mut trainer = task.half(base, run)?;
        trainer.run(|_, _| Ok(true))?;
        variants.push(Variant::new(
            trainer.model(),
            run,
            &contributions,
            &examples,
            &method,
            |_| {},
        )?);
    }
    let adapter = H256::default();
    Ok(build::index(model, adapter, &contributions, &examples, &method, &variants)?)
}

impl<'a> Registered<'a> {
    pub fn new(index: &'a Index, model: &Model) -> Result<Self> {
        Ok(Self { index, models: index.models(model)? })
    }
}

impl Attributor for Registered<'_> {
    type Query = Sequence;

    fn scores(&self, query: &Sequence) -> Result<Vec<f64>, Error> {
        let (prompt, answer) = query.ids.split_at(query.from);
        let query = Query::new(&self.models, prompt, answer, self.index.method().scope)?;
        let scores = scores(&query, self.index).scores;
        let each = scores.chunks(usize::from(self.index.variants()));
        Ok(each.map(|own| own.iter().sum::<i128>() as f64).collect())
    }

    fn bytes(&self) -> u64 {
        self.index.to_bytes().len() as u64
    }
}
