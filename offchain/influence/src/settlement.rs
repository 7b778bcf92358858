//! From a settlement's transcripts to shares: what an engine computes, and what an audit computes again.

use openledger_lm::Model;
use openledger_primitives::{
    attribution::Attribution, hashing, merkle, reads::decimal, receipt::Transcript, score,
    shares::ShareVector, Balance, ContributionId, ModelId, ModelVersion, Ppm, SettlementId, H256,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    batch::Settlement,
    quantise::{self, BLOCK},
    query::Query,
    Error, Index, Result,
};

/// The most partial sums of one job: their hashes take 1 GiB.
const MAX_PARTIALS: usize = 1 << 25;

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
    /// Merkle root over all partial sums.
    pub partials_root: H256,
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
            partials_root: self.partials_root,
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
    let scores = vectors
        .iter()
        .enumerate()
        .map(|(i, (contribution, _))| {
            let partials = &partials[i * shifts.len()..(i + 1) * shifts.len()];
            let blocks = partials.iter().copied().zip(shifts.iter().copied());
            (*contribution, score::score(blocks))
        })
        .collect();
    Scores { scores, partials, shifts }
}

/// Checks a batch and attributes it.
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
) -> Result<JobReport> {
    settlement.check(transcripts)?;
    index.check_model(index.header().adapter, &model.lora_matrices())?;
    let (members, blocks) = (index.header().members.len(), index.blocks());
    let too_large = || Error::TooLarge {
        receipts: transcripts.len(),
        vectors: members,
        blocks,
        limit: MAX_PARTIALS,
    };
    let partials = transcripts
        .len()
        .checked_mul(members)
        .and_then(|n| n.checked_mul(blocks))
        .filter(|&n| n <= MAX_PARTIALS)
        .ok_or_else(too_large)?;
    let mut query_leaves = Vec::with_capacity(transcripts.len() * blocks);
    let mut partial_leaves = Vec::with_capacity(partials);
    let mut receipts = Vec::with_capacity(transcripts.len());
    for (i, transcript) in transcripts.iter().enumerate() {
        // One answer per pass, so that its gradient depends on nothing else in the batch.
        let query = Query::new(
            model,
            &transcript.prompt_ids,
            &transcript.output_ids,
            index.method().scope,
        )?;
        let Scores { scores, partials, shifts } = scores(&query, index);
        let i = i as u32;
        let query_blocks = query.values.as_chunks::<BLOCK>().0;
        query_leaves.par_extend(query_blocks.par_iter().zip(&shifts).enumerate().map(
            |(block, (values, shift))| {
                hashing::tagged(hashing::QUERY_BLOCK, &(i, block as u32, *shift, values))
            },
        ));
        partial_leaves.par_extend(partials.par_iter().enumerate().map(|(at, sum)| {
            let (contribution, _) = scores[at / blocks];
            let block = (at % blocks) as u32;
            hashing::tagged(hashing::PARTIAL_SUM, &(i, contribution, block, *sum))
        }));
        receipts.push(ReceiptReport {
            receipt_id: transcript.signed.receipt.id(),
            fee: transcript.signed.receipt.fee,
            shares: score::shares(&scores, floor),
            scores,
        });
    }
    Ok(JobReport {
        settlement: settlement.settlement,
        model: settlement.model,
        version: settlement.version,
        method: index.method().id(),
        shares: ShareVector::weighted_mean(receipts.iter().map(|r| (r.fee, &r.shares))),
        receipts,
        query_root: merkle::root(&query_leaves),
        partials_root: merkle::root(&partial_leaves),
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
