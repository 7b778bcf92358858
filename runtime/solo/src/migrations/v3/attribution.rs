//! A settlement keeps how much of what a trace explains follows the trace.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
    reads::Phase,
    shares::ShareVector,
    split::{Split, SplitParameters},
    ContentId, ModelId, ModelVersion, Ppm, H256,
};
use pallet_attribution::{Challenge, Parameters, MAX_COMMITTEE};

use super::{prefix, rewritten, Attribution};
use crate::{
    migrations::{v4::attribution::OldSettlement as NewSettlement, Maps, Rewrite},
    AccountId, Balance, BlockNumber, Runtime,
};

/// The parameters of a settlement as version 2 had them.
#[derive(Decode, Encode)]
pub struct OldParameters {
    split: SplitParameters,
    committee: u32,
    commit_blocks: BlockNumber,
    reveal_blocks: BlockNumber,
    tolerance: Ppm,
    floor: Ppm,
    royalty: Ppm,
    max_attempts: u8,
    challenge_blocks: BlockNumber,
    challenge_bond: Ppm,
    slash: Ppm,
    silence_slash: Ppm,
    matching: Ppm,
}

impl From<Parameters> for OldParameters {
    fn from(new: Parameters) -> Self {
        Self {
            split: new.split,
            committee: new.committee,
            commit_blocks: new.commit_blocks,
            reveal_blocks: new.reveal_blocks,
            tolerance: new.tolerance,
            floor: new.floor,
            royalty: new.royalty,
            max_attempts: new.max_attempts,
            challenge_blocks: new.challenge_blocks,
            challenge_bond: new.challenge_bond,
            slash: new.slash,
            silence_slash: new.silence_slash,
            matching: new.matching,
        }
    }
}

impl From<OldParameters> for Parameters {
    /// No trace was asked of what was settled before there were any.
    fn from(old: OldParameters) -> Self {
        Self {
            split: old.split,
            committee: old.committee,
            commit_blocks: old.commit_blocks,
            reveal_blocks: old.reveal_blocks,
            tolerance: old.tolerance,
            floor: old.floor,
            trace: 0,
            royalty: old.royalty,
            max_attempts: old.max_attempts,
            challenge_blocks: old.challenge_blocks,
            challenge_bond: old.challenge_bond,
            slash: old.slash,
            silence_slash: old.silence_slash,
            matching: old.matching,
        }
    }
}

/// A settlement as version 2 had it.
#[derive(Decode, Encode)]
pub struct OldSettlement {
    pub model: ModelId,
    pub version: ModelVersion,
    pub operator: AccountId,
    pub receipts_root: H256,
    pub batch: ContentId,
    pub count: u32,
    pub total_fee: Balance,
    pub submitted: BlockNumber,
    pub parameters: OldParameters,
    pub phase: Phase,
    pub attempt: u8,
    pub committee: BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>,
    pub deadline: BlockNumber,
    pub decided: Option<BlockNumber>,
    pub shares: Option<ShareVector>,
    pub split: Option<Split>,
    pub emission: Balance,
    pub challenge: Option<Challenge<AccountId>>,
}

impl Maps for Attribution {
    type Pallet = crate::Attribution;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![(prefix::<pallet_attribution::Settlements<Runtime>>(), |_, value, _| {
            rewritten(value, settlement)
        })]
    }
}

/// What was found before stays found. Whoever has not committed yet can no longer compute it, since the
/// index ended, and loses nothing by silence.
fn settlement(old: OldSettlement) -> NewSettlement {
    let mut parameters = Parameters::from(old.parameters);
    if old.phase == Phase::Committing {
        parameters.silence_slash = 0;
    }
    NewSettlement {
        model: old.model,
        version: old.version,
        operator: old.operator,
        receipts_root: old.receipts_root,
        batch: old.batch,
        count: old.count,
        total_fee: old.total_fee,
        submitted: old.submitted,
        parameters,
        phase: old.phase,
        attempt: old.attempt,
        committee: old.committee,
        deadline: old.deadline,
        decided: old.decided,
        shares: old.shares,
        split: old.split,
        emission: old.emission,
        challenge: old.challenge,
    }
}
