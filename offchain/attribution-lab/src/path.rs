//! A training run, as the segments that [`crate::unrolled`] follows.

use openledger_lm::{Model, Trainer};

use crate::{unrolled::Segment, Result};

/// Trains to the end, and keeps the end of each of so many segments of about as many steps.
///
/// # Errors
/// As [`Trainer::run`].
pub fn segments(trainer: &mut Trainer, count: usize) -> Result<Vec<Segment<Model>>> {
    let (mut found, mut rates) = (Vec::with_capacity(count), 0.0);
    let (clip, decay) = (trainer.schedule().clip, trainer.schedule().weight_decay);
    trainer.run(|trainer, progress| {
        rates += progress.learning_rate * (clip / progress.gradient).min(1.0);
        let ends = |segments: usize| progress.step >= segments * progress.steps / count;
        if ends(found.len() + 1) {
            found.push(Segment {
                model: trainer.model().clone(),
                preconditioner: trainer.preconditioner(),
                rates,
                decay,
            });
            rates = 0.0;
        }
        Ok(true)
    })?;
    Ok(found)
}
