//! What is done of a job, kept in the cache until all of it is: a job that was killed goes on where it was.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use codec::Encode;
use openledger_artefacts::{hex, write_whole, BaseIds};
use openledger_influence::build::{Example, Variant};
use openledger_lm::{Model, Progress, Trainer};
use openledger_primitives::hashing;

use crate::{Error, Result, Settings};

/// How often a training is saved.
const EVERY: Duration = Duration::from_secs(30);
/// In a training's folder, once it is done: its loss.
const LOSS: &str = "loss.json";

/// The folder of a job.
pub(crate) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Of the job with these settings on these examples.
    pub fn open(cache: &Path, base: &BaseIds, settings: &Settings, examples: &[Example]) -> Self {
        let settings = serde_json::to_vec(settings).expect("numbers and strings always serialise");
        let examples: Vec<_> = examples
            .iter()
            .map(|example| {
                (example.contribution, example.sequence.counts(), example.sequence.ids())
            })
            .collect();
        let job = (base.artefact, base.config, settings, examples).encode();
        Self { folder: cache.join("jobs").join(hex(&hashing::content_id(&job))) }
    }

    /// Trains to the end, from where the training of this name was; `fresh` is at its first step. The model, and the mean
    /// loss of the last twentieth of the steps.
    pub fn train(
        &self,
        name: &str,
        fresh: Trainer,
        mut each: impl FnMut(Progress),
    ) -> Result<(Model, f64)> {
        let folder = self.folder.join(name);
        let steps = fresh.schedule().steps;
        let loss = folder.join(LOSS);
        let resumed = Trainer::resume(fresh.model().clone(), fresh.data().clone(), &folder).ok();
        let kept = resumed.filter(|kept| kept.schedule() == fresh.schedule());
        let mut trainer = match kept {
            Some(kept) if kept.done() < steps => kept,
            Some(kept) => {
                let known = std::fs::read(&loss).ok();
                match known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                    Some(known) => return Ok((kept.model().clone(), known)),
                    None => fresh,
                }
            }
            None => fresh,
        };
        let last = steps.div_ceil(20);
        let (mut sum, mut saved) = (0.0, Instant::now());
        trainer.run(|trainer, progress| {
            // Nothing is saved where losses count: they would have to be known again.
            if progress.step > steps - last {
                sum += progress.loss;
            } else if saved.elapsed() > EVERY {
                trainer.save(&folder)?;
                saved = Instant::now();
            }
            each(progress);
            Ok(true)
        })?;
        let mean = sum / last as f64;
        write_whole(&folder, &loss, mean.to_string().as_bytes())?;
        trainer.save(&folder)?;
        Ok((trainer.model().clone(), mean))
    }

    /// The variant of a run, if it is there.
    pub fn variant(&self, run: u8) -> Option<Variant> {
        Variant::from_bytes(&std::fs::read(self.of_variant(run)).ok()?)
    }

    /// Keeps the variant of a run.
    pub fn keep(&self, run: u8, variant: &Variant) -> Result<()> {
        Ok(write_whole(&self.folder, &self.of_variant(run), &variant.to_bytes())?)
    }

    fn of_variant(&self, run: u8) -> PathBuf {
        self.folder.join(format!("variant-{run}"))
    }

    /// Forgets all of it.
    pub fn remove(self) -> Result<()> {
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(&self.folder)(error))
            }
            _ => Ok(()),
        }
    }
}
