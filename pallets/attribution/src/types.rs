//! Settlements and the parameters that they keep.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
    reads::{Phase, SettlementState},
    shares::ShareVector,
    split::{Split, SplitParameters},
    Balance, BlockNumber, ContentId, ModelId, ModelVersion, Ppm, SettlementId, H256, PPM,
};
use scale_info::TypeInfo;

/// The most members of a committee.
pub const MAX_COMMITTEE: u32 = 16;

/// How settlements are attributed. Each settlement keeps those in force when it was submitted.
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
pub struct Parameters {
    /// How the fee is divided.
    pub split: SplitParameters,
    /// How many attributors compute it; 1 to [`MAX_COMMITTEE`].
    pub committee: u32,
    /// Blocks that they have to compute and commit; at least 1.
    pub commit_blocks: BlockNumber,
    /// Blocks that they then have to reveal; at least 1.
    pub reveal_blocks: BlockNumber,
    /// The largest L1 distance from the median at which a member is paid; at most 2,000,000.
    pub tolerance: Ppm,
    /// Shares below this go to the pools; at most 1,000,000.
    pub floor: Ppm,
    /// What each owner in a lineage passes on to the next; at most 1,000,000.
    pub royalty: Ppm,
    /// Committees that are drawn before the pools get the data part; at least 1.
    pub max_attempts: u8,
}

impl Parameters {
    /// Whether every parameter is in its range and the split sums to the whole.
    pub fn is_valid(&self) -> bool {
        *self == self.in_range()
    }

    /// These parameters, each one out of range replaced by the nearest in range, and a split that does
    /// not sum to the whole by [`SplitParameters::DEFAULT`]: a mistake of governance must not stop
    /// payments.
    pub fn in_range(self) -> Self {
        Self {
            split: if self.split.is_valid() { self.split } else { SplitParameters::DEFAULT },
            committee: self.committee.clamp(1, MAX_COMMITTEE),
            commit_blocks: self.commit_blocks.max(1),
            reveal_blocks: self.reveal_blocks.max(1),
            tolerance: self.tolerance.min(PPM.saturating_mul(2)),
            floor: self.floor.min(PPM),
            royalty: self.royalty.min(PPM),
            max_attempts: self.max_attempts.max(1),
        }
    }
}

/// `split` with at least `least` for the data, as the licences demand. The difference is taken from the
/// operator, then from the owner, then from the treasury, then from the attributors.
pub fn with_data_share(split: SplitParameters, least: Ppm) -> SplitParameters {
    let mut adjusted = split;
    let mut missing = least.min(PPM).saturating_sub(split.data);
    for part in [
        &mut adjusted.operator,
        &mut adjusted.owner,
        &mut adjusted.treasury,
        &mut adjusted.attributors,
    ] {
        let taken = missing.min(*part);
        *part = part.saturating_sub(taken);
        adjusted.data = adjusted.data.saturating_add(taken);
        missing = missing.saturating_sub(taken);
    }
    adjusted
}

/// One settlement, from its submission on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Settlement<AccountId> {
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Who served the answers.
    pub operator: AccountId,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch of transcripts.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    pub total_fee: Balance,
    /// The block it was submitted in.
    pub submitted: BlockNumber,
    /// The parameters it is decided by, its licences' demands included.
    pub parameters: Parameters,
    /// Where it stands.
    pub phase: Phase,
    /// Which committee this is, from 1.
    pub attempt: u8,
    /// The committee, in the order drawn; empty when nobody was there to be drawn.
    pub committee: BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>,
    /// The last block of the phase.
    pub deadline: BlockNumber,
    /// The block it was decided in.
    pub decided: Option<BlockNumber>,
    /// Whose shares, once decided.
    pub shares: Option<ShareVector>,
    /// How the fee was divided, once decided.
    pub split: Option<Split>,
}

impl<AccountId> Settlement<AccountId> {
    /// What clients are told of it.
    pub fn state(self, settlement: SettlementId) -> SettlementState {
        SettlementState {
            settlement,
            model: self.model,
            version: self.version,
            receipts_root: self.receipts_root,
            batch: self.batch,
            count: self.count,
            total_fee: self.total_fee,
            phase: self.phase,
            submitted: self.submitted,
            decided: self.decided,
            shares: self.shares,
            split: self.split,
        }
    }
}

/// What a contribution earned, in units: direct shares, and what was collected for it from its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Earnings {
    /// Earned.
    pub accrued: Balance,
    /// Of that, paid out.
    pub claimed: Balance,
}
