//! What is told of a settlement: who made its answers likely, and why.

use openledger_primitives::{
    attribution::Attribution, hashing, json::decimal, shares::ShareVector, trace::Trace, Balance,
    ContentId, ContributionId, ModelId, ModelVersion, Ppm, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

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
    /// Content id of the numbers in between, see [`crate::work::ReceiptWork`].
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
