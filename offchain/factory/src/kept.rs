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
    /// loss of the last twentieth of the steps. `lost` hears why what was kept of it cannot be used, before it starts
    /// over.
    pub fn train(
        &self,
        name: &str,
        fresh: Trainer,
        mut each: impl FnMut(Progress),
        lost: impl FnOnce(String),
    ) -> Result<(Model, f64)> {
        let folder = self.folder.join(name);
        let steps = fresh.schedule().steps;
        let loss = folder.join(LOSS);
        let mut trainer = match saved(&fresh, &folder) {
            Ok(None) => fresh,
            Ok(Some(kept)) if kept.done() < steps => kept,
            Ok(Some(kept)) => match read_loss(&loss) {
                Ok(known) => return Ok((kept.model().clone(), known)),
                Err(reason) => {
                    lost(reason);
                    fresh
                }
            },
            Err(reason) => {
                lost(reason);
                fresh
            }
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

    /// The variant of a run, if it is there. `lost` hears if it is, and cannot be used.
    pub fn variant(&self, run: u8, lost: impl FnOnce(String)) -> Option<Variant> {
        let path = self.of_variant(run);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                lost(format!("{}: {error}", path.display()));
                return None;
            }
        };
        let variant = Variant::from_bytes(&bytes);
        if variant.is_none() {
            lost(format!("{} is damaged", path.display()));
        }
        variant
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

/// The training that was saved in a folder, if one was.
fn saved(fresh: &Trainer, folder: &Path) -> Result<Option<Trainer>, String> {
    if !Trainer::is_saved(folder) {
        return Ok(None);
    }
    let kept = Trainer::resume(fresh.model().clone(), fresh.data().clone(), folder);
    let kept = kept.map_err(|error| error.to_string())?;
    if kept.schedule() != fresh.schedule() {
        return Err(format!("{} is of another schedule", folder.display()));
    }
    Ok(Some(kept))
}

fn read_loss(path: &Path) -> Result<f64, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| failed(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(&error))
}
