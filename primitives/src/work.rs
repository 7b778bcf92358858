//! The way from query blocks to shares, hashed so that every step of it can be shown alone.
//!
//! ```text
//! query_root   QUERY_BLOCK (receipt, variant, block, shift, values)   receipt by receipt, variant by variant
//! work_root    STEP (receipt, fee, scores, trace, sums)        receipt by receipt
//!   scores       SCORE (contribution, variant, score, partials)   row by row
//!     partials     PARTIAL_SUM (block, shift, sum, total)      block by block
//!   trace        TRACE (bits, credits)
//!   sums         ACCUMULATED [Σ fee × ppm over the receipts up to this one]
//! ```
//!
//! Each indented line is a tree of its own, whose root is in the line above it; only `trace` and `sums`
//! are hashes of what they hold. Rows are as [`crate::score::rows`] has them. How many leaves each tree has is known to the chain, so that a leaf has one place.

use crate::{hashing, score::BLOCK, shares::ShareVector, Balance, ContributionId, Ppm};
use alloc::vec::Vec;
use primitive_types::H256;

/// Leaf of one block of an index.
pub fn index_block(
    contribution: ContributionId,
    variant: u8,
    block: u32,
    values: &[i16; BLOCK],
) -> H256 {
    hashing::tagged(hashing::INDEX_BLOCK, &(contribution, variant, block, values))
}

/// Leaf of one block of a receipt's query for a variant.
pub fn query_block(
    receipt: u32,
    variant: u8,
    block: u32,
    shift: u8,
    values: &[i16; BLOCK],
) -> H256 {
    hashing::tagged(hashing::QUERY_BLOCK, &(receipt, variant, block, shift, values))
}

/// Leaf of the partial sum of one block, for one receipt and row; `total` is the running total
/// of the shifted partial sums up to this block.
pub fn partial(block: u32, shift: u8, sum: i64, total: i128) -> H256 {
    hashing::tagged(hashing::PARTIAL_SUM, &(block, shift, sum, total))
}

/// Leaf of the score of one row for one receipt; `partials` is the root over its partial sums.
pub fn score(contribution: ContributionId, variant: u8, score: i128, partials: &H256) -> H256 {
    hashing::tagged(hashing::SCORE, &(contribution, variant, score, partials))
}

/// Leaf of one receipt; `scores` is the root over its scores, `trace` the hash of its [`crate::trace::Trace`],
/// `sums` that of the running sums.
pub fn step(receipt: u32, fee: Balance, scores: &H256, trace: &H256, sums: &H256) -> H256 {
    hashing::tagged(hashing::STEP, &(receipt, fee, scores, trace, sums))
}

/// Hash of the running sums after a receipt.
pub fn accumulated(sums: &[u128]) -> H256 {
    hashing::tagged(hashing::ACCUMULATED, &sums)
}

/// The running sums after a receipt: those before it (none before the first), each increased by fee ×
/// parts per million. One for each contribution, ascending; the last is the pool's.
pub fn accumulate(
    before: &[u128],
    contributions: &[ContributionId],
    fee: Balance,
    shares: &ShareVector,
) -> Vec<u128> {
    let parts = contributions.iter().map(|id| shares.of(*id)).chain([shares.pool()]);
    let before = before.iter().copied().chain(core::iter::repeat(0));
    let add = |(sum, ppm): (u128, Ppm)| sum.saturating_add(fee.saturating_mul(u128::from(ppm)));
    before.zip(parts).map(add).collect()
}

/// The settlement's shares, from the running sums after its last receipt: what
/// [`ShareVector::weighted_mean`] makes of the receipts' shares.
pub fn mean(contributions: &[ContributionId], sums: &[u128]) -> ShareVector {
    let pool = sums.get(contributions.len()).copied().unwrap_or(0);
    ShareVector::from_weights(contributions.iter().copied().zip(sums.iter().copied()), pool)
}
