//! From quantised vectors to shares: the integer part of attribution, equal on every machine.
//!
//! An attribution index holds one vector of `i16` per contribution and variant (a *row*), cut into blocks of
//! [`BLOCK`]; a query is one vector of the same shape. Each block `b` has a shift, from the power-of-two scales of
//! the matrix it lies in. `score = Σ_b partial_b · 2^shift_b`, `partial_b = Σ_j q_bj · w_bj`.
//!
//! Variants are estimates of the same thing. All have the scales in common, so that their scores can be added.

use crate::{shares::ShareVector, ContributionId, Ppm, PPM};
use alloc::{vec, vec::Vec};
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
    query.chunks(BLOCK).zip(index.chunks(BLOCK)).fold(0i64, |sum, (query, index)| {
        // The halves of each product apart: 32 bits hold the sums of both over a block, so that a processor adds up
        // several at a time.
        let (mut high, mut low) = (0i32, 0i32);
        for (q, w) in query.iter().zip(index) {
            let product = i32::from(*q).wrapping_mul(i32::from(*w));
            high = high.wrapping_add(product >> 16);
            low = low.wrapping_add(product & 0xffff);
        }
        sum.saturating_add((i64::from(high) << 16).saturating_add(low.into()))
    })
}

/// The running total after a block: the one before it (0 before the first) plus the block's partial sum,
/// shifted. The last is the score. Shifts are capped at [`MAX_SHIFT`].
pub fn add(total: i128, partial: i64, shift: u8) -> i128 {
    total.saturating_add(i128::from(partial).saturating_mul(1i128 << shift.min(MAX_SHIFT)))
}

/// The most variants of a contribution's vector.
pub const MAX_VARIANTS: u8 = 8;

/// The most query blocks that an engine computes for one settlement: their hashes take 1 GiB. A query has `blocks`
/// blocks for each variant, so a settlement of larger adapters has fewer receipts, see [`max_receipts`].
pub const MAX_QUERY_BLOCKS: u64 = 1 << 25;

/// The most receipts of one settlement that an engine attributes where a vector has so many blocks and a contribution
/// so many variants. Whoever settles must not put more into a batch: its fee would go to the pools.
pub fn max_receipts(blocks: u32, variants: u8) -> u32 {
    let of_one = u64::from(blocks).saturating_mul(variants.into()).max(1);
    MAX_QUERY_BLOCKS.checked_div(of_one).and_then(|most| most.try_into().ok()).unwrap_or(u32::MAX)
}

/// The rows of an index: every contribution with each of its variants, in the order in which they lie in it.
pub fn rows(
    contributions: &[ContributionId],
    variants: u8,
) -> impl Iterator<Item = (ContributionId, u8)> + Clone + '_ {
    contributions.iter().flat_map(move |id| (0..variants).map(move |variant| (*id, variant)))
}

/// The shares of one receipt by influence, from the scores of all rows.
///
/// Of each variant, a contribution has a part of the sum of the positive scores. Where every one of these parts is
/// at least `floor`, and above zero, the contribution weighs what its scores sum to; where one is not, that goes to
/// the pool, if it is positive. Without any weight, everything goes to the pool.
pub fn shares(
    contributions: &[ContributionId],
    variants: u8,
    scores: &[i128],
    floor: Ppm,
) -> ShareVector {
    let sums = positive_sums(variants, scores);
    let is_certain = |own: &[i128]| {
        own.iter().zip(&sums).all(|(score, sum)| {
            let product = positive(*score).saturating_mul(U256::from(PPM));
            *score > 0 && product >= sum.saturating_mul(U256::from(floor))
        })
    };
    let mut weights = Vec::new();
    let mut pool = 0u128;
    for (id, own) in contributions.iter().zip(scores.chunks(usize::from(variants.max(1)))) {
        let sum = own.iter().fold(0i128, |sum, score| sum.saturating_add(*score));
        match u128::try_from(sum) {
            Ok(weight) if is_certain(own) => weights.push((*id, weight)),
            Ok(weight) => pool = pool.saturating_add(weight),
            Err(_) => {}
        }
    }
    ShareVector::from_weights(weights, pool)
}

/// The least and the largest of a contribution's parts over the variants, in parts per million rounded down: one
/// pair for each contribution, in the order of the scores.
pub fn intervals(variants: u8, scores: &[i128]) -> Vec<(Ppm, Ppm)> {
    let sums = positive_sums(variants, scores);
    let part = |(score, sum): (&i128, &U256)| {
        let product = positive(*score).saturating_mul(U256::from(PPM));
        // At most 1,000,000, since the score is one of the summands.
        product.checked_div(*sum).map_or(0, |part| part.low_u32())
    };
    let bounds = |own: &[i128]| {
        let parts = own.iter().zip(&sums).map(part);
        let widen = |(least, most): (Ppm, Ppm), part| (least.min(part), most.max(part));
        parts.fold((Ppm::MAX, 0), widen)
    };
    scores.chunks(usize::from(variants.max(1))).map(bounds).collect()
}

/// For each variant, the sum of the positive scores.
fn positive_sums(variants: u8, scores: &[i128]) -> Vec<U256> {
    let variants = usize::from(variants.max(1));
    let mut sums = vec![U256::zero(); variants];
    for own in scores.chunks(variants) {
        for (sum, score) in sums.iter_mut().zip(own) {
            *sum = sum.saturating_add(positive(*score));
        }
    }
    sums
}

fn positive(score: i128) -> U256 {
    U256::from(u128::try_from(score).unwrap_or(0))
}
