//! How an adapter is trained.

use std::sync::Arc;

use openledger_influence::{build, Method};
use openledger_lm::{Adapter, Data, Model, Schedule, Sequence, Target, Trainer};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The most tokens that go through the model at once. A step of longer records is made of several passes.
const TOKENS_OF_A_PASS: usize = 16 * 1024;

/// Everything that decides what comes out of a job, next to base and records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Rank of the adapter, on all linear layers.
    pub rank: usize,
    /// Its alpha: branches are scaled by `alpha / rank`.
    pub alpha: f64,
    /// Times that each record is seen.
    pub epochs: usize,
    /// Records of one step.
    pub rows: usize,
    /// Highest learning rate of AdamW; a cosine to a tenth of it follows a warm-up of 5 % of the steps.
    pub learning_rate: f64,
    /// Decides initial values and the order of the records.
    pub seed: u64,
    /// The most records to train on, or all. Beyond it, the largest contributions are thinned out evenly.
    pub records_cap: Option<usize>,
    /// How the index is built.
    pub method: Method,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rank: 4,
            alpha: 8.0,
            epochs: 4,
            rows: 8,
            // What LoRA is trained with on models of a billion parameters and more. Toys take more.
            learning_rate: 2e-4,
            seed: 0,
            records_cap: None,
            method: Method::default(),
        }
    }
}

impl Settings {
    /// Refuses what no job can run with. The adapter checks rank and alpha itself.
    ///
    /// # Errors
    /// Naming the setting.
    pub fn check(&self) -> Result<()> {
        self.method.check()?;
        let positive = [
            ("epochs", self.epochs),
            ("rows", self.rows),
            ("records_cap", self.records_cap.unwrap_or(1)),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(Error::Setting { name, reason: "expected at least 1, got 0".into() });
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let reason = format!("expected a positive number, got {}", self.learning_rate);
            return Err(Error::Setting { name: "learning_rate", reason });
        }
        Ok(())
    }

    /// The training of a fresh adapter on these records, at its first step. `name` is the base's, as adapters keep it.
    ///
    /// # Errors
    /// If the adapter does not fit the base, makes vectors that the chain does not take, or a record does not fit.
    pub fn trainer(&self, base: &Model, name: &str, records: Vec<Sequence>) -> Result<Trainer> {
        let schedule = self.schedule(self.epochs * records.len(), &records);
        self.scheduled(base, name, records, schedule)
    }

    /// One of half as many steps, with initial values and an order of its own: what the index compares gradients at. `run` counts
    /// these from 0.
    ///
    /// # Errors
    /// As [`Settings::trainer`].
    pub fn half(
        &self,
        base: &Model,
        name: &str,
        records: Vec<Sequence>,
        run: u8,
    ) -> Result<Trainer> {
        let run = Self { seed: self.seed.wrapping_add(run.into()), ..self.clone() };
        let schedule = run.schedule((self.epochs * records.len()).div_ceil(2), &records);
        run.scheduled(base, name, records, schedule)
    }

    /// Where all of these end, one trained after the other.
    ///
    /// # Errors
    /// As [`Settings::half`], and [`Trainer::run`].
    pub fn halves(
        &self,
        base: &Model,
        name: &str,
        records: &[Sequence],
        runs: u8,
    ) -> Result<Vec<Model>> {
        let end = |run| {
            let mut trainer = self.half(base, name, records.to_vec(), run)?;
            trainer.run(|_, _| Ok(true))?;
            Ok(trainer.model().clone())
        };
        (0..runs).map(end).collect()
    }

    fn scheduled(
        &self,
        base: &Model,
        name: &str,
        records: Vec<Sequence>,
        schedule: Schedule,
    ) -> Result<Trainer> {
        let adapter = Adapter::new(base.config(), self.rank, self.alpha, name, self.seed)?;
        let model = base.with_adapter(adapter)?;
        // Before hours of training, not after them.
        build::check_size(&model)?;
        Ok(Trainer::new(model, Target::Adapter, Data::Records(Arc::new(records)), schedule)?)
    }

    /// The schedule for so many of these records, each counted as often as it is seen.
    fn schedule(&self, seen: usize, records: &[Sequence]) -> Schedule {
        let steps = seen.div_ceil(self.rows).max(1);
        let longest = records.iter().map(|record| record.ids().len()).max().unwrap_or(1).max(1);
        // As few passes as leave room, all of as many records.
        let fits = |passes: &usize| {
            self.rows.is_multiple_of(*passes) && self.rows / passes * longest <= TOKENS_OF_A_PASS
        };
        let passes = (1..=self.rows).find(fits).unwrap_or(self.rows);
        Schedule {
            steps,
            rows: self.rows / passes,
            accumulate: passes,
            learning_rate: self.learning_rate,
            final_rate: 0.1,
            warm_up: steps / 20,
            weight_decay: 0.0,
            betas: (0.9, 0.99),
            clip: 1.0,
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_should_cut_a_step_into_passes_when_records_are_long() {
        let settings = Settings { rows: 12, ..Settings::default() };
        let passes = |longest: usize| {
            let records = [Sequence::new(vec![0; 3]), Sequence::new(vec![0; longest])];
            let schedule = settings.schedule(100, &records);
            assert_eq!((schedule.rows * schedule.accumulate, schedule.steps), (12, 9));
            schedule.accumulate
        };
        assert_eq!(passes(512), 1);
        assert_eq!(passes(TOKENS_OF_A_PASS / 12), 1);
        assert_eq!(passes(TOKENS_OF_A_PASS / 12 + 1), 2);
        assert_eq!(passes(TOKENS_OF_A_PASS / 5), 3);
        // A record that has no room by itself is one pass all the same.
        assert_eq!(passes(2 * TOKENS_OF_A_PASS), 12);
    }
}
