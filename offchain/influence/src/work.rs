//! The numbers between one receipt's query and its shares: what an attributor publishes beside its result, so that
//! anybody can take each step again. How they are hashed is [`openledger_primitives::work`]'s.

use codec::{Decode, DecodeAll, Encode};
use openledger_primitives::{
    merkle, score, shares::ShareVector, trace::Trace, work, Balance, ContributionId, Ppm, H256,
};
use rayon::prelude::*;

use crate::{
    quantise::BLOCK,
    query::Query,
    scores::{scores, Scores},
    Error, Index, Result,
};

/// What of the chain's parameters decides shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Shares of an answer below this go to the pool.
    pub floor: Ppm,
    /// How much of what a trace explains follows the trace.
    pub trace: Ppm,
}

/// The work on one receipt. Stored as a blob of its SCALE encoding.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ReceiptWork {
    /// The receipt's fee, in units.
    pub fee: Balance,
    /// The shift of each block of the query, `[variants, blocks]`.
    pub query_shifts: Vec<u8>,
    /// The query, `[variants, blocks, BLOCK]`.
    pub query: Vec<i16>,
    /// By how much each partial sum is shifted, `[rows, blocks]`.
    pub shifts: Vec<u8>,
    /// `[rows, blocks]`.
    pub partials: Vec<i64>,
    /// The shifted partial sums of a row up to each block, added up: `[rows, blocks]`.
    pub totals: Vec<i128>,
    /// `[rows]`.
    pub scores: Vec<i128>,
    /// What the trace of the answer credits.
    pub trace: Trace,
    /// Fee × parts per million, summed up over the receipts up to this one: `[contributions + 1]`, the last the pool's.
    pub sums: Vec<u128>,
}

/// What the work on one receipt is committed to by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// For each row, the root over its partial sums.
    pub partials: Vec<H256>,
    /// The root over the scores.
    pub scores: H256,
    /// The hash of the trace.
    pub trace: H256,
    /// The hash of the running sums.
    pub sums: H256,
}

impl ReceiptWork {
    /// All that follows from a query and a trace, in integers alone, and the receipt's shares. `before` are the sums
    /// of the receipt before, none for the first.
    pub fn new(
        query: Query,
        trace: Trace,
        index: &Index,
        fee: Balance,
        before: &[u128],
        parameters: Parameters,
    ) -> (Self, ShareVector) {
        let Scores { scores, partials, totals, shifts } = scores(&query, index);
        let contributions: Vec<ContributionId> = index.contributions().collect();
        let influence = score::shares(&contributions, index.variants(), &scores, parameters.floor);
        let shares = trace.mix(&influence, parameters.trace);
        let work = Self {
            fee,
            query: query.values,
            shifts: shifts.repeat(contributions.len()),
            query_shifts: shifts,
            partials,
            totals,
            scores,
            trace,
            sums: work::accumulate(before, &contributions, fee, &shares),
        };
        (work, shares)
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// If it is not the work on a receipt with the contributions, variants and blocks of this index.
    pub fn from_bytes(bytes: &[u8], index: &Index) -> Result<Self> {
        let (contributions, blocks) = (index.contributions().count(), index.blocks());
        let variants = usize::from(index.variants());
        let rows = contributions * variants;
        let work = Self::decode_all(&mut &*bytes)
            .map_err(|error| Error::Work(format!("a blob does not decode: {error}")))?;
        let same = work.query_shifts.len() == variants * blocks
            && work.query.len() == variants * blocks * BLOCK
            && work.shifts.len() == rows * blocks
            && work.partials.len() == rows * blocks
            && work.totals.len() == rows * blocks
            && work.scores.len() == rows
            && work.sums.len() == contributions + 1;
        if same {
            Ok(work)
        } else {
            Err(Error::Work(format!(
                "it is not of {contributions} contributions with {variants} variants of {blocks} blocks"
            )))
        }
    }

    /// The leaves of its query for so many variants, of receipt number `receipt`.
    pub fn query_leaves(&self, receipt: u32, variants: u8) -> Vec<H256> {
        let blocks = self.query_shifts.len() / usize::from(variants.max(1));
        let each = self.query.as_chunks::<BLOCK>().0.par_iter().zip(&self.query_shifts);
        each.enumerate()
            .map(|(at, (values, shift))| {
                let (variant, block) = ((at / blocks) as u8, (at % blocks) as u32);
                work::query_block(receipt, variant, block, *shift, values)
            })
            .collect()
    }

    /// Shift, partial sum and running total of each block of the row at `position`.
    pub fn partials_of(&self, position: usize) -> impl Iterator<Item = (u8, i64, i128)> + '_ {
        let blocks = self.partials.len() / self.scores.len().max(1);
        let of = position * blocks..(position + 1) * blocks;
        of.map(|at| (self.shifts[at], self.partials[at], self.totals[at]))
    }

    /// The leaves of the partial sums of the row at `position`.
    pub fn partial_leaves(&self, position: usize) -> Vec<H256> {
        let partials = (0u32..).zip(self.partials_of(position));
        partials
            .map(|(block, (shift, sum, total))| work::partial(block, shift, sum, total))
            .collect()
    }

    /// The leaves of the scores, over the roots of their partial sums.
    pub fn score_leaves(&self, rows: &[(ContributionId, u8)], partials: &[H256]) -> Vec<H256> {
        let scores = rows.iter().zip(&self.scores).zip(partials);
        scores
            .map(|(((id, variant), score), partials)| work::score(*id, *variant, *score, partials))
            .collect()
    }

    /// What commits to it; the rows are the index's.
    pub fn roots(&self, rows: &[(ContributionId, u8)]) -> Roots {
        let positions = (0..rows.len()).into_par_iter();
        let partials: Vec<H256> =
            positions.map(|position| merkle::root(&self.partial_leaves(position))).collect();
        let scores = merkle::root(&self.score_leaves(rows, &partials));
        let (trace, sums) = (self.trace.hash(), work::accumulated(&self.sums));
        Roots { partials, scores, trace, sums }
    }
}
