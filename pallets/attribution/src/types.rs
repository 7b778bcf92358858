//! A settlement, and what its contributions earned.

use crate::{Parameters, MAX_COMMITTEE};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
    reads::{Phase, SettlementState},
    shares::ShareVector,
    split::Split,
    Balance, BlockNumber, ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use scale_info::TypeInfo;

/// The members of a committee, in the order in which they were drawn.
pub type Committee<AccountId> = BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>;

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
    /// The parameters by which it is attributed, with what its licences demand.
    pub parameters: Parameters,
    /// The number of its present committee, from 1.
    pub attempt: u8,
    /// The challenge of its first result, from the call on.
    pub challenge: Option<Challenge<AccountId>>,
    /// Where it stands, and what is known there.
    pub stage: Stage<AccountId>,
}

/// Where a settlement stands, with what is known there and nowhere else. Clients are told its
/// [`Phase`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Stage<AccountId> {
    /// It has no committee: one is drawn at the beginning of the next block, or as soon as there is
    /// somebody who can be drawn.
    Undrawn {
        /// The last block before an attempt without a committee counts as failed.
        deadline: BlockNumber,
    },
    /// The committee computes the shares and commits to them.
    Committing {
        /// Its members.
        committee: Committee<AccountId>,
        /// The last block in which they may commit.
        deadline: BlockNumber,
    },
    /// The committee reveals what it committed to.
    Revealing {
        /// Its members.
        committee: Committee<AccountId>,
        /// The last block in which they may reveal.
        deadline: BlockNumber,
    },
    /// The committee found the shares, and anybody may doubt them.
    Decided {
        /// Its members.
        committee: Committee<AccountId>,
        /// What they found.
        shares: ShareVector,
        /// The last block in which the shares can be challenged, or fraud be proven.
        deadline: BlockNumber,
    },
    /// It is over: the fee was divided by shares that a committee found.
    Finalised(Outcome<AccountId>),
    /// It is over: no committee answered, and the data's part went to the pools.
    Fallback(Outcome<AccountId>),
}

/// What became of a settlement that is over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Outcome<AccountId> {
    /// The block in which it ended.
    pub ended: BlockNumber,
    /// The members of the last committee that answered; empty after a fallback and after a challenge
    /// that nobody answered.
    pub committee: Committee<AccountId>,
    /// The shares by which the data's part was divided.
    pub shares: ShareVector,
    /// How the fee was divided.
    pub split: Split,
    /// What the ecosystem's emission added to the data's part, in units.
    pub emission: Balance,
}

impl<AccountId> Settlement<AccountId> {
    /// The phase, as clients know it: without a committee, a settlement is still committing.
    pub fn phase(&self) -> Phase {
        match self.stage {
            Stage::Undrawn { .. } | Stage::Committing { .. } => Phase::Committing,
            Stage::Revealing { .. } => Phase::Revealing,
            Stage::Decided { .. } => Phase::Decided,
            Stage::Finalised(_) => Phase::Finalised,
            Stage::Fallback(_) => Phase::Fallback,
        }
    }

    /// The members of the present committee, or of the last one.
    pub fn committee(&self) -> &[AccountId] {
        match &self.stage {
            Stage::Undrawn { .. } => &[],
            Stage::Committing { committee, .. }
            | Stage::Revealing { committee, .. }
            | Stage::Decided { committee, .. }
            | Stage::Finalised(Outcome { committee, .. })
            | Stage::Fallback(Outcome { committee, .. }) => committee,
        }
    }

    /// The last block of the phase; none once it is over.
    pub fn deadline(&self) -> Option<BlockNumber> {
        match self.stage {
            Stage::Undrawn { deadline }
            | Stage::Committing { deadline, .. }
            | Stage::Revealing { deadline, .. }
            | Stage::Decided { deadline, .. } => Some(deadline),
            Stage::Finalised(_) | Stage::Fallback(_) => None,
        }
    }

    /// The shares, once a committee found them or none did.
    pub fn shares(&self) -> Option<&ShareVector> {
        match &self.stage {
            Stage::Decided { shares, .. } => Some(shares),
            _ => self.outcome().map(|outcome| &outcome.shares),
        }
    }

    /// What became of it, once it is over.
    pub fn outcome(&self) -> Option<&Outcome<AccountId>> {
        match &self.stage {
            Stage::Finalised(outcome) | Stage::Fallback(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whether its fee was divided.
    pub fn is_over(&self) -> bool {
        self.outcome().is_some()
    }

    /// The number of the present committee among those that seek the present result, from 1.
    pub fn attempt_of_round(&self) -> u8 {
        self.attempt.saturating_sub(self.challenge.as_ref().map_or(0, |c| c.attempt))
    }

    /// How many members the next committee has. One that judges a challenge has more than twice as many
    /// as the one in doubt.
    pub fn committee_size(&self) -> u32 {
        self.challenge.as_ref().map_or(self.parameters.committee, |challenge| {
            let first = challenge.committee.len() as u32;
            first.saturating_mul(2).saturating_add(1).min(MAX_COMMITTEE)
        })
    }

    /// What clients are told of it.
    pub fn state(self, settlement: SettlementId) -> SettlementState {
        SettlementState {
            settlement,
            phase: self.phase(),
            deadline: self.deadline(),
            ended: self.outcome().map(|outcome| outcome.ended),
            shares: self.shares().cloned(),
            split: self.outcome().map(|outcome| outcome.split),
            emission: self.outcome().map_or(0, |outcome| outcome.emission),
            challenged: self.challenge.is_some(),
            model: self.model,
            version: self.version,
            receipts_root: self.receipts_root,
            batch: self.batch,
            count: self.count,
            total_fee: self.total_fee,
            submitted: self.submitted,
        }
    }
}

/// A challenge: whose, of which result, and for how much.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Challenge<AccountId> {
    /// Who doubts the result.
    pub challenger: AccountId,
    /// What the challenger has on hold until the settlement ends.
    pub bond: Balance,
    /// The shares in doubt.
    pub shares: ShareVector,
    /// Who found them.
    pub committee: Committee<AccountId>,
    /// The number of that committee.
    pub attempt: u8,
}

/// How a challenge ended.
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
pub enum Resolution {
    /// The larger committee found the same, within the tolerance. The challenger's bond goes to the
    /// members that are paid.
    Upheld,
    /// The larger committee found something else, which counts. Those who were wrong pay the challenger.
    Overturned,
    /// No larger committee answered. The first result stands, and the bond returns.
    Unanswered,
}

/// What a contribution earned, in units: direct shares, and what was collected for it from its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Earnings {
    /// Earned.
    pub accrued: Balance,
    /// Of that, paid out.
    pub claimed: Balance,
}
