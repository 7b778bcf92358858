//! Banks: models retrained on parts of the records, which every method is measured against.
//!
//! One file for each retraining, `bank/<design>/<number>-<seed>.json`, written when it is done: whoever is stopped goes on
//! where it was, and several processes may share the work. What was trained stays beside it.

use std::path::{Path, PathBuf};

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
    /// Half of the contributions, at random, and then the other half: for scores to be corrected by. What contributions do
    /// in pairs is the same for both halves, so that it is not taken for what they do alone (Covert and Lee 2021).
    Correction,
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
        let halved = self == Self::Correction;
        rng.set_stream(if halved { number / 2 } else { number } as u64);
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
            Self::ContributionHalves | Self::Correction => {
                distinct.shuffle(&mut rng);
                // Of an odd number, the one in the middle goes either way.
                let odd = usize::from(distinct.len() % 2 == 1 && rng.random());
                let (half, other) = distinct.split_at(distinct.len() / 2 + odd);
                Some(without(if halved && number % 2 == 1 { other } else { half }))
            }
            Self::ContributionOut => distinct.get(number).map(|out| without(&[*out])),
        }
    }
}

/// Where a retraining is kept: a file beside it, with this and `.json`, says what came of it.
pub fn path(folder: &Path, design: Design, number: usize, seed: u64) -> PathBuf {
    folder.join("bank").join(design.name()).join(format!("{number:04}-{seed}"))
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
    let progress = indicatif::ProgressBar::new(numbers.len() as u64).with_style(
        indicatif::ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
            .context("the template of a progress bar")?,
    );
    progress.set_message(design.name());
    for number in numbers {
        let beside = path(folder, design, number, seed);
        let path = beside.with_extension("json");
        let Some(kept) = design.kept(contributions, number) else { break };
        if !path.exists() {
            let queries = retrain(&kept, seed, &beside)?;
            files::write(&path, &Retrained { kept, seed, queries })?;
        }
        progress.inc(1);
    }
    progress.finish();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contributions of 1 to 7 records.
    fn contributions() -> Vec<u32> {
        (1..8).flat_map(|id| vec![id; id as usize]).collect()
    }

    #[test]
    fn kept_should_be_of_the_design_and_always_the_same() {
        let all = contributions();
        for number in 0..50 {
            let kept = |design: Design| {
                let kept = design.kept(&all, number).unwrap();
                assert!(kept.is_sorted_by(|a, b| a < b), "{kept:?}");
                assert_eq!(design.kept(&all, number).unwrap(), kept);
                kept
            };
            assert_eq!(kept(Design::RecordHalves).len(), 14);
            assert_eq!(kept(Design::RecordPercent).len(), 27);
            let halves = kept(Design::ContributionHalves);
            let whole = |id: u32| {
                let of = halves.iter().filter(|&&i| all[i] == id).count();
                assert!(of == 0 || of == id as usize, "{of} records of {id}");
                of > 0
            };
            assert!([3, 4].contains(&(1..8).filter(|&id| whole(id)).count()));
        }
        assert_ne!(Design::RecordHalves.kept(&all, 0), Design::RecordHalves.kept(&all, 1));
    }

    #[test]
    fn contributions_should_be_left_out_one_after_the_other() {
        let all = contributions();
        for number in 0..7 {
            let kept = Design::ContributionOut.kept(&all, number).unwrap();
            assert_eq!(kept.len(), 28 - (number + 1));
            assert!(kept.iter().all(|&i| all[i] != number as u32 + 1));
        }
        assert_eq!(Design::ContributionOut.kept(&all, 7), None);
    }

    #[test]
    fn corrections_should_come_in_halves_of_all() {
        let all = contributions();
        for number in (0..20).step_by(2) {
            let kept = |number| Design::Correction.kept(&all, number).unwrap();
            let mut both = [kept(number), kept(number + 1)].concat();
            both.sort_unstable();
            assert!(both.into_iter().eq(0..28));
            assert_ne!(kept(number), kept(number + 2));
        }
    }

    #[test]
    fn fill_should_not_repeat_what_is_there() {
        let folder = std::env::temp_dir().join(format!("openledger-bank-{}", std::process::id()));
        let mut asked = 0;
        let mut fill = |numbers| {
            let design = Design::ContributionOut;
            super::fill(&folder, design, &contributions(), numbers, 3, |kept, seed, _| {
                asked += 1;
                Ok(vec![kept.len() as f32, seed as f32])
            })
            .unwrap();
            asked
        };
        assert_eq!(fill(0..4), 4);
        assert_eq!(fill(2..6), 6);
        assert_eq!(fill(0..100), 7);
        let path = folder.join("bank/contribution-out/0001-3.json");
        let found: Retrained = files::read(&path).unwrap();
        assert_eq!((found.seed, found.queries), (3, vec![26.0, 3.0]));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
