//! Scores corrected by trainings on half of the contributions, which no bank has.

use std::path::Path;

use anyhow::Result;
use ndarray::Array2;
use openledger_attribution_lab::{
    attributor::{Attributor, Sum, Vectors},
    correction::{corrected, Retrained},
};
use openledger_lm::{Adapter, Model, Sequence};
use rayon::prelude::*;

use crate::{
    bank::{self, Design},
    files,
    lm::{self, Task},
};

/// Of the trainings; none of a bank's.
const SEED: u64 = 1_000;

pub struct Corrected<'a> {
    scores: Sum<Vectors<'a, Model>>,
    models: Vec<Model>,
    /// `[trainings, records]`: 1 where a training had the record.
    kept: Array2<f64>,
}

impl<'a> Corrected<'a> {
    /// By so many trainings, made here as far as they were not before.
    pub fn new(
        folder: &Path,
        scores: Sum<Vectors<'a, Model>>,
        base: &Model,
        trainings: usize,
    ) -> Result<Self> {
        let task = Task::open(folder)?;
        lm::fill(folder, base, Design::Correction, 0..trainings, SEED)?;
        let mut models = Vec::with_capacity(trainings);
        let mut kept = Array2::zeros((trainings, task.records.len()));
        for number in 0..trainings {
            let path = bank::path(folder, Design::Correction, number, SEED);
            let retrained: bank::Retrained = files::read(&path.with_extension("json"))?;
            retrained.kept.iter().for_each(|&record| kept[[number, record]] = 1.0);
            let adapter = Adapter::load(&path, base.config(), None)?;
            models.push(base.clone().with_adapter(adapter)?);
        }
        Ok(Self { scores, models, kept })
    }
}

impl Attributor for Corrected<'_> {
    type Query = Sequence;

    fn scores(&self, query: &Sequence) -> openledger_influence::Result<Vec<f64>> {
        Ok(self.all_scores(&[query])?.remove(0))
    }

    fn all_scores(&self, queries: &[&Sequence]) -> openledger_influence::Result<Vec<Vec<f64>>> {
        let scores = self.scores.all_scores(queries)?.concat();
        let shape = (queries.len(), self.kept.ncols());
        let scores = Array2::from_shape_vec(shape, scores).expect("a score for each record");
        let queries: Vec<Sequence> = queries.iter().map(|&query| query.clone()).collect();
        let losses: Vec<Vec<f32>> = self
            .models
            .par_iter()
            .map(|model| lm::losses(model, &queries))
            .collect::<Result<_, _>>()?;
        let likely = Array2::from_shape_fn((queries.len(), losses.len()), |(query, training)| {
            -f64::from(losses[training][query])
        });
        let found = corrected(scores.view(), &Retrained { kept: self.kept.clone(), likely })?;
        Ok(found.rows().into_iter().map(|row| row.to_vec()).collect())
    }

    fn bytes(&self) -> u64 {
        let values =
            |model: &Model| model.lora_values().iter().map(|matrix| matrix.len()).sum::<usize>();
        self.scores.bytes() + 4 * self.models.iter().map(values).sum::<usize>() as u64
    }
}
