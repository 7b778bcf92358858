//! From a settlement's transcripts to shares: what an engine computes, and what an audit computes again.

use codec::Encode;
use openledger_lm::Model;
use openledger_primitives::{
    attribution::{Attribution, MAX_QUERY_BLOCKS},
    hashing, merkle,
    reads::decimal,
    receipt::Transcript,
    score,
    shares::ShareVector,
    trace::Trace,
    work, Balance, ContentId, ContributionId, ModelId, ModelVersion, Ppm, SettlementId, H256,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    batch::Settlement,
    quantise::{self, BLOCK},
    query::Query,
    work::ReceiptWork,
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

/// What a job found, for whoever wants to know why. Stored as a blob of canonical JSON: no blanks, fields as here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// The settlement.
    pub settlement: SettlementId,
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Id of the method.
    pub method: H256,
    /// The fee-weighted mean of the receipts' shares.
    pub shares: ShareVector,
    /// In the order of the batch.
    pub receipts: Vec<ReceiptReport>,
    /// Merkle root over all query blocks.
    pub query_root: H256,
    /// Merkle root over the steps from these to the shares.
    pub work_root: H256,
}

/// What was found of one receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReport {
    /// The receipt's id.
    pub receipt_id: H256,
    /// Its fee, in units.
    #[serde(with = "decimal")]
    pub fee: Balance,
    /// The scores of every contribution, one for each variant; ascending by contribution.
    #[serde(with = "scores")]
    pub scores: Vec<(ContributionId, Vec<i128>)>,
    /// The least and the largest of the parts by influence that a contribution has over the variants, in parts per
    /// million; ascending by contribution.
    pub intervals: Vec<(ContributionId, Ppm, Ppm)>,
    /// What the answer repeats.
    pub trace: Trace,
    /// Who made the answer likely.
    pub shares: ShareVector,
    /// Content id of the numbers in between, see [`ReceiptWork`].
    pub work: ContentId,
}

impl JobReport {
    /// The bytes of the blob.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers, strings and lists always serialise")
    }

    /// What goes on chain.
    pub fn attribution(&self) -> Attribution {
        Attribution {
            shares: self.shares.clone(),
            query_root: self.query_root,
            work_root: self.work_root,
            report: hashing::content_id(&self.to_json()),
        }
    }
}

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

/// Checks a batch and attributes it. `trace` says what the tokens of an answer repeat (nothing where there is no trace
/// index); `keep` is given the blob of the work on each receipt in turn.
///
/// Pure given its arguments: no files, no network, no clock. Whether model and index are those of the settlement's
/// model version is the caller's to check, by hash, and with [`Index::check_model`] and [`Index::root`].
///
/// # Errors
/// If a transcript is not as the settlement says, its tokens do not fit the model, the index does not, a trace credits
/// whom the index does not list, or the batch is too large.
pub fn attribute(
    model: &Model,
    index: &Index,
    settlement: &Settlement,
    transcripts: &[Transcript],
    parameters: Parameters,
    trace: impl Fn(&[u32]) -> Trace,
    mut keep: impl FnMut(Vec<u8>),
) -> Result<JobReport> {
    settlement.check(transcripts)?;
    index.check_model(index.header().adapter, &model.lora_matrices())?;
    let models = index.models(model)?;
    let blocks = index.blocks() * usize::from(index.variants());
    let too_large = || Error::TooLarge {
        receipts: transcripts.len(),
        blocks,
        limit: MAX_QUERY_BLOCKS as usize,
    };
    let query_blocks = transcripts
        .len()
        .checked_mul(blocks)
        .filter(|&n| n <= MAX_QUERY_BLOCKS as usize)
        .ok_or_else(too_large)?;
    let contributions: Vec<ContributionId> = index.contributions().collect();
    let rows = index.rows();
    let mut query_leaves = Vec::with_capacity(query_blocks);
    let mut step_leaves = Vec::with_capacity(transcripts.len());
    let mut receipts = Vec::with_capacity(transcripts.len());
    let mut sums = Vec::new();
    for (i, transcript) in (0u32..).zip(transcripts) {
        let (prompt, answer) = (&transcript.prompt_ids, &transcript.output_ids);
        let query = Query::new(&models, prompt, answer, index.method().scope)?;
        let receipt = &transcript.signed.receipt;
        // Of the answer: the prompt is the payer's.
        let trace = trace(&transcript.output_ids);
        if !trace.is_of(&contributions) {
            return Err(Error::Trace { receipt: i });
        }
        let (done, shares) = ReceiptWork::new(query, trace, index, receipt.fee, &sums, parameters);
        let roots = done.roots(&rows);
        query_leaves.extend(done.query_leaves(i, index.variants()));
        step_leaves.push(work::step(i, done.fee, &roots.scores, &roots.trace, &roots.sums));
        let blob = done.encode();
        let named = || contributions.iter().copied();
        let each = done.scores.chunks(usize::from(index.variants()));
        let intervals = score::intervals(index.variants(), &done.scores);
        receipts.push(ReceiptReport {
            receipt_id: receipt.id(),
            fee: receipt.fee,
            shares,
            scores: named().zip(each.map(<[i128]>::to_vec)).collect(),
            intervals: named()
                .zip(intervals)
                .map(|(id, (least, most))| (id, least, most))
                .collect(),
            trace: done.trace,
            work: hashing::content_id(&blob),
        });
        sums = done.sums;
        keep(blob);
    }
    Ok(JobReport {
        settlement: settlement.settlement,
        model: settlement.model,
        version: settlement.version,
        method: index.method().id(),
        shares: work::mean(&contributions, &sums),
        receipts,
        query_root: merkle::root(&query_leaves),
        work_root: merkle::root(&step_leaves),
    })
}

/// Scores as `[contribution, ["decimal", …]]`: they exceed what JSON's numbers hold.
mod scores {
    use openledger_primitives::ContributionId;
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        scores: &[(ContributionId, Vec<i128>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let decimals = |own: &[i128]| own.iter().map(ToString::to_string).collect::<Vec<_>>();
        serializer.collect_seq(scores.iter().map(|(id, own)| (id, decimals(own))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(ContributionId, Vec<i128>)>, D::Error> {
        let score = |score: String| {
            score.parse().map_err(|_| {
                D::Error::custom(format!("expected a score as a decimal string, got {score:?}"))
            })
        };
        Vec::<(ContributionId, Vec<String>)>::deserialize(deserializer)?
            .into_iter()
            .map(|(id, own)| Ok((id, own.into_iter().map(score).collect::<Result<_, _>>()?)))
            .collect()
    }
}
