//! Banks: models retrained on parts of the records, which every method is measured against.
//!
//! One file for each retraining, `bank/<design>/<number>-<seed>.json`, written when it is done: whoever is stopped goes on
//! where it was, and several processes may share the work. What was trained stays beside it.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use rand::{seq::SliceRandom, Rng};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::files;

/// Which records are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// Half of the records, at random.
    RecordHalves,
    /// One record of a hundred, at random.
    RecordPercent,
    /// Half of the contributions, at random.
    ContributionHalves,
    /// One contribution after the other.
    ContributionOut,
}

/// One retraining.
#[derive(Serialize, Deserialize)]
pub struct Retrained {
    /// The records that it was trained on.
    pub kept: Vec<usize>,
    pub seed: u64,
    /// The loss of each query.
    pub queries: Vec<f32>,
}

impl Design {
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().into()).unwrap_or_default()
    }

    /// The records that are kept, of retraining number `number`; none beyond the last.
    pub fn kept(self, contributions: &[u32], number: usize) -> Option<Vec<usize>> {
        let mut rng = ChaCha8Rng::seed_from_u64(0x6c64_7300 + self as u64);
        rng.set_stream(number as u64);
        let records = contributions.len();
        let mut distinct = contributions.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let without = |out: &[u32]| {
            (0..records).filter(|&i| !out.contains(&contributions[i])).collect::<Vec<_>>()
        };
        let left = |rng: &mut ChaCha8Rng, out: usize| {
            let mut order: Vec<usize> = (0..records).collect();
            order.shuffle(rng);
            let mut kept = order.split_off(out);
            kept.sort_unstable();
            kept
        };
        match self {
            Self::RecordHalves => Some(left(&mut rng, records / 2)),
            Self::RecordPercent => Some(left(&mut rng, records.div_ceil(100))),
            Self::ContributionHalves => {
                distinct.shuffle(&mut rng);
                // Of an odd number, the one in the middle goes either way.
                let odd = usize::from(distinct.len() % 2 == 1 && rng.random());
                Some(without(&distinct[..distinct.len() / 2 + odd]))
            }
            Self::ContributionOut => distinct.get(number).map(|out| without(&[*out])),
        }
    }
}

/// Retrains what is not there yet, numbers `first` to `count`, and says how far it is.
pub fn fill(
    folder: &Path,
    design: Design,
    contributions: &[u32],
    numbers: std::ops::Range<usize>,
    seed: u64,
    mut retrain: impl FnMut(&[usize], u64, &Path) -> Result<Vec<f32>>,
) -> Result<()> {
    let bank = folder.join("bank").join(design.name());
    let progress = indicatif::ProgressBar::new(numbers.len() as u64).with_style(
        indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
            .context("the template of a progress bar")?,
    );
    progress.set_message(design.name());
    for number in numbers {
        let name = format!("{number:04}-{seed}");
        let path = bank.join(format!("{name}.json"));
        let Some(kept) = design.kept(contributions, number) else { break };
        if !path.exists() {
            let queries = retrain(&kept, seed, &bank.join(&name))?;
            files::write(&path, &Retrained { kept, seed, queries })?;
        }
        progress.inc(1);
    }
    progress.finish();
    Ok(())
}
