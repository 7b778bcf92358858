//! What the runtime API and the `openledger_*` RPC answer.

use crate::{
    shares::ShareVector, split::Split, Balance, BlockNumber, ContentId, ContributionId, DatanetId,
    ModelId, ModelVersion, SettlementId, VersionNumber,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

/// What an account could claim now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Claimable {
    /// For work and ownership (operator, attributor, model owner), in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub credit: Balance,
    /// For each of its contributions, in units.
    pub contributions: Vec<ContributionClaim>,
}

/// What one contribution has earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct ContributionClaim {
    /// The contribution.
    pub contribution: ContributionId,
    /// Earned in all, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub accrued: Balance,
    /// Claimed of it, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub claimed: Balance,
}

/// One ancestor of a model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Ancestor {
    /// The ancestor.
    pub model: ModelId,
    /// The models that it derives from, ascending: its parents, or else its base; none of a base.
    pub parents: Vec<ModelId>,
}

/// What a model descends from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Lineage {
    /// The model.
    pub model: ModelId,
    /// Its newest version.
    pub version: ModelVersion,
    /// The models that it derives from, ascending: its parents, or else its base; none of a base.
    pub parents: Vec<ModelId>,
    /// Its ancestors, each once, in descending order of ids: a descendant before its ancestors, a base
    /// model last.
    pub ancestors: Vec<Ancestor>,
    /// The datanet versions that the newest version was trained on.
    pub trained_on: Vec<(DatanetId, VersionNumber)>,
}

/// Where a settlement stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum Phase {
    /// The committee computes the shares and commits to them, or is about to be drawn.
    Committing,
    /// The committee reveals what it committed to.
    Revealing,
    /// The shares are final, the fee is divided and credited.
    Finalised,
    /// No committee answered in as many attempts as there are: the data part went to the datanets' pools.
    Fallback,
    /// A committee found the shares; until the deadline, anyone can challenge them.
    Decided,
}

/// A settlement, as clients ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SettlementState {
    /// Its id.
    pub settlement: SettlementId,
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch of transcripts.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub total_fee: Balance,
    /// Where it stands.
    pub phase: Phase,
    /// The block it was submitted in.
    pub submitted: BlockNumber,
    /// The block in which it ended: its fee was divided. None as long as it is not over.
    pub ended: Option<BlockNumber>,
    /// The shares, once a committee found them or none did.
    pub shares: Option<ShareVector>,
    /// How the fee was divided. None as long as it is not over.
    pub split: Option<Split>,
    /// What the ecosystem's emission added to the data's part, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub emission: Balance,
    /// The last block of the phase. None once it is over.
    pub deadline: Option<BlockNumber>,
    /// Whether its result was challenged.
    pub challenged: bool,
}
