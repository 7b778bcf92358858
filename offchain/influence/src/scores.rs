//! A query compared with every row of an index, in integers alone.

use openledger_primitives::score;
use rayon::prelude::*;

use crate::{
    quantise::{self, BLOCK},
    query::Query,
    Index,
};

/// The scores of all rows of an index for one query, and what they are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores {
    /// `[rows]`.
    pub scores: Vec<i128>,
    /// `[rows, blocks]`.
    pub partials: Vec<i64>,
    /// The shifted partial sums up to each block, added up: `[rows, blocks]`.
    pub totals: Vec<i128>,
    /// The shift of each block, `[variants, blocks]`.
    pub shifts: Vec<u8>,
}

/// Compares a query with every row of an index of the same shape, each with the vector of its variant, in integers
/// alone.
pub fn scores(query: &Query, index: &Index) -> Scores {
    let (variants, blocks) = (usize::from(index.variants()), index.blocks());
    // One scale for all variants, so that their scores can be added.
    let by_matrix = quantise::shifts(&index.exponents().repeat(variants), &query.exponents);
    let matrices = index.matrix_of_block();
    let shifts: Vec<u8> = by_matrix
        .chunks(by_matrix.len() / variants)
        .flat_map(|own| matrices.iter().map(|&matrix| own[matrix]))
        .collect();
    let vectors: Vec<&[i16]> = index.vectors().map(|(_, vector)| vector).collect();
    let queries: Vec<&[i16]> = query.values.chunks(blocks * BLOCK).collect();
    let partials: Vec<i64> = vectors
        .par_iter()
        .enumerate()
        .flat_map_iter(|(row, vector)| {
            let query = queries[row % variants].as_chunks::<BLOCK>().0;
            let blocks = query.iter().zip(vector.as_chunks::<BLOCK>().0);
            blocks.map(|(q, w)| score::partial_sum(q, w))
        })
        .collect();
    let (mut scores, mut totals) = (Vec::new(), Vec::with_capacity(partials.len()));
    let shifts_of = shifts.chunks(blocks).cycle();
    for (sums, shifts) in partials.chunks(blocks).zip(shifts_of) {
        let mut total = 0;
        for (sum, shift) in sums.iter().zip(shifts) {
            total = score::add(total, *sum, *shift);
            totals.push(total);
        }
        scores.push(total);
    }
    Scores { scores, partials, totals, shifts }
}
