//! Proofs that an attributor's integers are wrong, each checked on chain in one transaction.
//!
//! Whoever reveals an [`Attribution`] binds itself to every step from its query blocks to its shares
//! ([`crate::work`]). A [`Fraud`] shows one step with what went into it and what is said to have come
//! out, each under a root that the accused, the model's owner or the operator put on chain; [`check`]
//! takes the step again. The steps follow on each other, so that wrong shares of right queries have a
//! wrong step somewhere.
//!
//! Nothing can be proven of an honest result. Every tree's number of leaves is known to the chain, so
//! a path to a place leads to the one leaf that the accused put there, and of what was honestly put
//! there every step comes out as it says.
//!
//! What cannot be proven: that a query is of other tokens, or that a trace credits what its index does
//! not (the committee's to judge), and anything under a root of which nobody shows the leaves.

use crate::{
    attribution::Attribution,
    merkle,
    receipt::Receipt,
    score::{self, rows, BLOCK},
    trace::Trace,
    work, Balance, ContributionId, Ppm,
};
use alloc::{boxed::Box, vec::Vec};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

/// The most contributions of a model version: 8 datanet versions of 256.
pub const MAX_CONTRIBUTIONS: u32 = 2_048;

/// The most rows of an index, contributions times variants: a [`Fraud::Step`] shows the scores of all.
pub const MAX_ROWS: u32 = 4_096;

/// One running sum for each contribution, and the pool's.
pub type Sums = BoundedVec<u128, ConstU32<{ MAX_CONTRIBUTIONS + 1 }>>;

/// The siblings from a leaf upwards; no tree here has more than 2^64 leaves.
pub type Path = BoundedVec<H256, ConstU32<64>>;

/// What a receipt's step says, and the path to it under the work's root.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct StepProof {
    /// The receipt, counted from 0.
    pub receipt: u32,
    /// Its fee, in units.
    pub fee: Balance,
    /// Root over its scores.
    pub scores: H256,
    /// Hash of its trace.
    pub trace: H256,
    /// Hash of the running sums after it.
    pub sums: H256,
    /// The siblings.
    pub path: Path,
}

/// What is said of one row's score, and the path to it under a step's scores.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ScoreProof {
    /// The contribution.
    pub contribution: ContributionId,
    /// The variant.
    pub variant: u8,
    /// Its score.
    pub score: i128,
    /// Root over its partial sums.
    pub partials: H256,
    /// The siblings.
    pub path: Path,
}

/// One partial sum with its shift, and the path to it under a score's partial sums.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PartialProof {
    /// The block.
    pub block: u32,
    /// By how many bits its sum is shifted in the score.
    pub shift: u8,
    /// The sum.
    pub sum: i64,
    /// The shifted sums up to this block, added up.
    pub total: i128,
    /// The siblings.
    pub path: Path,
}

/// One block of the index, and the path to it under the index's root.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct IndexProof {
    /// Its elements.
    pub values: Box<[i16; BLOCK]>,
    /// The siblings.
    pub path: Path,
}

/// One block of a query, and the path to it under the queries' root.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct QueryProof {
    /// Its shift.
    pub shift: u8,
    /// Its elements.
    pub values: Box<[i16; BLOCK]>,
    /// The siblings.
    pub path: Path,
}

/// A step with the running sums after it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SumsProof {
    /// The step.
    pub step: StepProof,
    /// What its `sums` is the hash of.
    pub sums: Sums,
}

/// A wrong step, and what shows it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Fraud {
    /// A partial sum is not the dot product of query block and index block, or not shifted as the
    /// query block says.
    Partial {
        /// The receipt's step.
        step: StepProof,
        /// The row's score in it.
        score: ScoreProof,
        /// The partial sum.
        partial: PartialProof,
        /// The row's block of the index.
        index: IndexProof,
        /// The block of the receipt's query for the variant.
        query: QueryProof,
    },
    /// A running total is not the one before plus the shifted partial sum, or the last is not the score.
    Score {
        /// The receipt's step.
        step: StepProof,
        /// The score in it.
        score: ScoreProof,
        /// The partial sum whose total, or the last one whose score is wrong.
        partial: PartialProof,
        /// That of the block before; none for the first.
        previous: Option<PartialProof>,
    },
    /// The running sums did not grow by fee × shares, or the trace is one that cannot be.
    Step {
        /// The receipt's step.
        step: StepProof,
        /// All scores and roots over their partial sums, row by row.
        scores: BoundedVec<(i128, H256), ConstU32<MAX_ROWS>>,
        /// What the trace of the answer credits.
        trace: Trace,
        /// The step of the receipt before; none for the first.
        previous: Option<SumsProof>,
    },
    /// A fee is not the receipt's.
    Fee {
        /// The receipt's step.
        step: StepProof,
        /// The receipt.
        receipt: Receipt,
        /// The siblings under the settlement's root over receipts.
        path: Path,
    },
    /// The shares are not those of the last running sums.
    Shares {
        /// The step of the last receipt.
        last: SumsProof,
    },
}

impl Fraud {
    /// Its kind, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Partial { .. } => "partial",
            Self::Score { .. } => "score",
            Self::Step { .. } => "step",
            Self::Fee { .. } => "fee",
            Self::Shares { .. } => "shares",
        }
    }
}

/// What the chain knows of an accused result.
#[derive(Clone, Copy, Debug)]
pub struct Accused<'a> {
    /// The result.
    pub attribution: &'a Attribution,
    /// All contributions of the model's version, ascending.
    pub contributions: &'a [ContributionId],
    /// Variants of a contribution's vector in the index.
    pub variants: u8,
    /// Blocks of one vector.
    pub blocks: u32,
    /// The index's root.
    pub index_root: H256,
    /// The settlement's root over receipts.
    pub receipts_root: H256,
    /// How many receipts there are.
    pub receipts: u32,
    /// Shares of a receipt below this go to the pool.
    pub floor: Ppm,
    /// How much of what a trace explains follows the trace; zero where the model's version has no trace index.
    pub trace: Ppm,
}

/// Why a [`Fraud`] proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// There is no such receipt, contribution or block.
    OutOfRange,
    /// Something shown is not under the root that it must be under.
    NotUnderRoot,
    /// The step is right.
    Right,
}

/// Whether `fraud` proves that the accused computed wrongly.
///
/// # Errors
/// Why not.
pub fn check(accused: &Accused, fraud: &Fraud) -> Result<(), NotProven> {
    let wrong = match fraud {
        Fraud::Partial { step, score, partial, index, query } => {
            accused.shows_step(step)?;
            let position = accused.shows_score(step, score)?;
            accused.shows_partial(score, partial)?;
            let (blocks, block) = (u64::from(accused.blocks), u64::from(partial.block));
            // Both positions are below their count, as block, contribution and receipt are.
            let place = |row: u64| row.saturating_mul(blocks).saturating_add(block);
            let count = |rows: u64| rows.saturating_mul(blocks);
            let ScoreProof { contribution, variant, .. } = score;
            let leaf = work::index_block(*contribution, *variant, partial.block, &index.values);
            let rows = accused.rows();
            shows(&accused.index_root, &leaf, place(position), count(rows), &index.path)?;
            let (receipt, shift) = (step.receipt, query.shift);
            let leaf = work::query_block(receipt, *variant, partial.block, shift, &query.values);
            let variants = u64::from(accused.variants);
            let row = u64::from(receipt).saturating_mul(variants).saturating_add((*variant).into());
            let rows = u64::from(accused.receipts).saturating_mul(variants);
            let root = &accused.attribution.query_root;
            shows(root, &leaf, place(row), count(rows), &query.path)?;
            partial.shift != query.shift
                || partial.sum != score::partial_sum(&query.values[..], &index.values[..])
        }
        Fraud::Score { step, score, partial, previous } => {
            accused.shows_step(step)?;
            accused.shows_score(step, score)?;
            accused.shows_partial(score, partial)?;
            let before = match (partial.block.checked_sub(1), previous) {
                (None, None) => 0,
                (Some(before), Some(previous)) if previous.block == before => {
                    accused.shows_partial(score, previous)?;
                    previous.total
                }
                _ => return Err(NotProven::OutOfRange),
            };
            let is_last = accused.blocks.checked_sub(1) == Some(partial.block);
            partial.total != score::add(before, partial.sum, partial.shift)
                || (is_last && partial.total != score.score)
        }
        Fraud::Step { step, scores, trace, previous } => {
            accused.shows_step(step)?;
            let Accused { contributions, variants, .. } = *accused;
            ensure(scores.len() as u64 == accused.rows(), NotProven::OutOfRange)?;
            let leaves: Vec<H256> = rows(contributions, variants)
                .zip(scores)
                .map(|((id, variant), (score, root))| work::score(id, variant, *score, root))
                .collect();
            ensure(merkle::root(&leaves) == step.scores, NotProven::NotUnderRoot)?;
            ensure(trace.hash() == step.trace, NotProven::NotUnderRoot)?;
            let before = match (step.receipt.checked_sub(1), previous) {
                (None, None) => &[][..],
                (Some(before), Some(previous)) if previous.step.receipt == before => {
                    accused.shows_sums(previous)?;
                    &previous.sums[..]
                }
                _ => return Err(NotProven::OutOfRange),
            };
            let scores: Vec<i128> = scores.iter().map(|(score, _)| *score).collect();
            let influence = score::shares(contributions, variants, &scores, accused.floor);
            let shares = trace.mix(&influence, accused.trace);
            let sums = work::accumulate(before, contributions, step.fee, &shares);
            !trace.is_of(contributions) || step.sums != work::accumulated(&sums)
        }
        Fraud::Fee { step, receipt, path } => {
            accused.shows_step(step)?;
            let (index, count) = (u64::from(step.receipt), u64::from(accused.receipts));
            shows(&accused.receipts_root, &receipt.id(), index, count, path)?;
            step.fee != receipt.fee
        }
        Fraud::Shares { last } => {
            if accused.receipts.checked_sub(1) != Some(last.step.receipt) {
                return Err(NotProven::OutOfRange);
            }
            accused.shows_sums(last)?;
            accused.attribution.shares != work::mean(accused.contributions, &last.sums)
        }
    };
    if wrong {
        Ok(())
    } else {
        Err(NotProven::Right)
    }
}

impl Accused<'_> {
    fn rows(&self) -> u64 {
        (self.contributions.len() as u64).saturating_mul(u64::from(self.variants))
    }

    fn shows_step(&self, step: &StepProof) -> Result<(), NotProven> {
        let leaf = work::step(step.receipt, step.fee, &step.scores, &step.trace, &step.sums);
        let (index, count) = (u64::from(step.receipt), u64::from(self.receipts));
        shows(&self.attribution.work_root, &leaf, index, count, &step.path)
    }

    /// Returns the position of its row.
    fn shows_score(&self, step: &StepProof, score: &ScoreProof) -> Result<u64, NotProven> {
        let ScoreProof { contribution, variant, score, partials, path } = score;
        let found = self.contributions.binary_search(contribution);
        let position = found.map_err(|_| NotProven::OutOfRange)? as u64;
        ensure(*variant < self.variants, NotProven::OutOfRange)?;
        let first = position.saturating_mul(u64::from(self.variants));
        let row = first.saturating_add(u64::from(*variant));
        let leaf = work::score(*contribution, *variant, *score, partials);
        shows(&step.scores, &leaf, row, self.rows(), path)?;
        Ok(row)
    }

    fn shows_partial(&self, score: &ScoreProof, proof: &PartialProof) -> Result<(), NotProven> {
        let PartialProof { block, shift, sum, total, path } = proof;
        let leaf = work::partial(*block, *shift, *sum, *total);
        shows(&score.partials, &leaf, u64::from(*block), u64::from(self.blocks), path)
    }

    fn shows_sums(&self, proof: &SumsProof) -> Result<(), NotProven> {
        self.shows_step(&proof.step)?;
        ensure(proof.step.sums == work::accumulated(&proof.sums), NotProven::NotUnderRoot)
    }
}

/// Whether `leaf` is number `index` of the `count` under `root`.
fn shows(root: &H256, leaf: &H256, index: u64, count: u64, path: &Path) -> Result<(), NotProven> {
    ensure(index < count, NotProven::OutOfRange)?;
    ensure(merkle::verify(root, leaf, index, count, path), NotProven::NotUnderRoot)
}

fn ensure(holds: bool, otherwise: NotProven) -> Result<(), NotProven> {
    if holds {
        Ok(())
    } else {
        Err(otherwise)
    }
}
