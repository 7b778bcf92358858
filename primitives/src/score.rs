//! From quantised vectors to shares: the integer part of attribution, equal on every machine.
//!
//! An attribution index holds one vector of `i16` per contribution, cut into blocks of [`BLOCK`]; a
//! query is one vector of the same shape. Each block `b` has a shift, from the power-of-two scales of
//! the matrix it lies in. `score = Σ_b partial_b · 2^shift_b`, `partial_b = Σ_j q_bj · w_bj`.

use crate::{shares::ShareVector, ContributionId, Ppm, PPM};
use primitive_types::U256;

/// Elements of one block. A matrix is padded with zeros to whole blocks.
pub const BLOCK: usize = 256;

/// The most blocks of one vector: 268,435,456 elements, more than rank 64 on all matrices of a model of 8
/// billion parameters.
pub const MAX_BLOCKS: u32 = 1 << 20;

/// The largest shift: a partial sum has at most 39 bits and a vector fewer than 2^32 blocks, so that
/// a score stays below 2^126.
pub const MAX_SHIFT: u8 = 55;

/// The partial sum of one block: an exact dot product, at most 256 · 2^30 in magnitude.
pub fn partial_sum(query: &[i16], index: &[i16]) -> i64 {
    query.iter().zip(index).fold(0i64, |sum, (q, w)| {
        sum.saturating_add(i64::from(i32::from(*q).saturating_mul(i32::from(*w))))
    })
}

/// The running total after a block: the one before it (0 before the first) plus the block's partial sum,
/// shifted. The last is the score. Shifts are capped at [`MAX_SHIFT`].
pub fn add(total: i128, partial: i64, shift: u8) -> i128 {
    total.saturating_add(i128::from(partial).saturating_mul(1i128 << shift.min(MAX_SHIFT)))
}

/// The shares of one receipt: positive scores over their sum, in parts per million.
///
/// A contribution whose part of the positive sum is below `floor` goes to the pool instead, and so
/// does everything when no score is positive.
pub fn shares(scores: &[(ContributionId, i128)], floor: Ppm) -> ShareVector {
    let positive = || {
        scores
            .iter()
            .filter_map(|(id, score)| u128::try_from(*score).ok().map(|score| (*id, score)))
    };
    let sum = positive().fold(U256::zero(), |sum, (_, s)| sum.saturating_add(U256::from(s)));
    let above = |score: u128| {
        U256::from(score).saturating_mul(U256::from(PPM)) >= sum.saturating_mul(U256::from(floor))
    };
    let below = positive()
        .filter(|(_, score)| !above(*score))
        .fold(0u128, |sum, (_, score)| sum.saturating_add(score));
    ShareVector::from_weights(positive().filter(|(_, score)| above(*score)), below)
}
