//! From a settlement's transcripts to shares: what an engine computes, and what an audit computes again.

use codec::Encode;
use openledger_lm::Model;
use openledger_primitives::{
    attribution::Attribution, hashing, merkle, reads::decimal, receipt::Transcript, score,
    shares::ShareVector, work, Balance, ContentId, ContributionId, ModelId, ModelVersion, Ppm,
    SettlementId, H256,
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

/// The most query blocks of one job: their hashes take 1 GiB.
const MAX_QUERY_BLOCKS: usize = 1 << 25;

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
    /// The score of every contribution, ascending by contribution.
    #[serde(with = "scores")]
    pub scores: Vec<(ContributionId, i128)>,
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

/// The scores of all contributions for one query, and what they are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores {
    /// Ascending by contribution.
    pub scores: Vec<(ContributionId, i128)>,
    /// `[contributions, blocks]`.
    pub partials: Vec<i64>,
    /// The shifted partial sums up to each block, added up: `[contributions, blocks]`.
    pub totals: Vec<i128>,
    /// The shift of each block.
    pub shifts: Vec<u8>,
}

/// Compares a query with every contribution of an index of the same shape, in integers alone.
pub fn scores(query: &Query, index: &Index) -> Scores {
    let by_matrix = quantise::shifts(&index.exponents(), &query.exponents);
    let shifts: Vec<u8> =
        index.matrix_of_block().into_iter().map(|matrix| by_matrix[matrix]).collect();
    let vectors: Vec<(ContributionId, &[i16])> = index.vectors().collect();
    let partials: Vec<i64> = vectors
        .par_iter()
        .flat_map_iter(|(_, vector)| {
            let blocks =
                query.values.as_chunks::<BLOCK>().0.iter().zip(vector.as_chunks::<BLOCK>().0);
            blocks.map(|(q, w)| score::partial_sum(q, w))
        })
        .collect();
    let (mut scores, mut totals) = (Vec::new(), Vec::with_capacity(partials.len()));
    for ((contribution, _), sums) in vectors.iter().zip(partials.chunks(shifts.len())) {
        let mut total = 0;
        for (sum, shift) in sums.iter().zip(&shifts) {
            total = score::add(total, *sum, *shift);
            totals.push(total);
        }
        scores.push((*contribution, total));
    }
    Scores { scores, partials, totals, shifts }
}

/// Checks a batch and attributes it. `keep` is given the blob of the work on each receipt in turn.
///
/// Pure given its arguments: no files, no network, no clock. Whether model and index are those of the settlement's
/// model version is the caller's to check, by hash, and with [`Index::check_model`] and [`Index::root`].
///
/// # Errors
/// If a transcript is not as the settlement says, its tokens do not fit the model, the index does not, or the batch
/// is too large.
pub fn attribute(
    model: &Model,
    index: &Index,
    settlement: &Settlement,
    transcripts: &[Transcript],
    floor: Ppm,
    mut keep: impl FnMut(Vec<u8>),
) -> Result<JobReport> {
    settlement.check(transcripts)?;
    index.check_model(index.header().adapter, &model.lora_matrices())?;
    let blocks = index.blocks();
    let too_large =
        || Error::TooLarge { receipts: transcripts.len(), blocks, limit: MAX_QUERY_BLOCKS };
    let query_blocks = transcripts
        .len()
        .checked_mul(blocks)
        .filter(|&n| n <= MAX_QUERY_BLOCKS)
        .ok_or_else(too_large)?;
    let contributions: Vec<ContributionId> = index.contributions().collect();
    let mut query_leaves = Vec::with_capacity(query_blocks);
    let mut step_leaves = Vec::with_capacity(transcripts.len());
    let mut receipts = Vec::with_capacity(transcripts.len());
    let mut sums = Vec::new();
    for (i, transcript) in (0u32..).zip(transcripts) {
        // One answer per pass, so that its gradient depends on nothing else in the batch.
        let query = Query::new(
            model,
            &transcript.prompt_ids,
            &transcript.output_ids,
            index.method().scope,
        )?;
        let receipt = &transcript.signed.receipt;
        let (done, shares) = ReceiptWork::new(query, index, receipt.fee, &sums, floor);
        let roots = done.roots(&contributions);
        query_leaves.extend(done.query_leaves(i));
        step_leaves.push(work::step(i, done.fee, &roots.scores, &roots.sums));
        let blob = done.encode();
        receipts.push(ReceiptReport {
            receipt_id: receipt.id(),
            fee: receipt.fee,
            shares,
            scores: contributions.iter().copied().zip(done.scores).collect(),
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

/// Scores as `[contribution, "decimal"]`: they exceed what JSON's numbers hold.
mod scores {
    use openledger_primitives::ContributionId;
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        scores: &[(ContributionId, i128)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(scores.iter().map(|(id, score)| (id, score.to_string())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(ContributionId, i128)>, D::Error> {
        Vec::<(ContributionId, String)>::deserialize(deserializer)?
            .into_iter()
            .map(|(id, score)| {
                let score = score.parse().map_err(|_| {
                    D::Error::custom(format!("expected a score as a decimal string, got {score:?}"))
                })?;
                Ok((id, score))
            })
            .collect()
    }
}
