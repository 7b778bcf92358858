//! Results commit to every step of their computation, and can be challenged.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{
    traits::{ConstU32, Get},
    BoundedVec,
};
use openledger_primitives::{
    reads::Phase,
    shares::ShareVector,
    split::{Split, SplitParameters},
    ContentId, ModelId, ModelVersion, Ppm, H256,
};
use pallet_attribution::{Parameters, MAX_COMMITTEE};

use super::{prefix, rewritten, Attribution};
use crate::{
    migrations::{
        v3::attribution::{OldParameters as NewParameters, OldSettlement as NewSettlement},
        Maps, Rewrite, Rewritten,
    },
    AccountId, Balance, BlockNumber, Runtime, System,
};

/// The parameters of a settlement as version 1 had them.
#[derive(Decode, Encode)]
struct OldParameters {
    split: SplitParameters,
    committee: u32,
    commit_blocks: BlockNumber,
    reveal_blocks: BlockNumber,
    tolerance: Ppm,
    floor: Ppm,
    royalty: Ppm,
    max_attempts: u8,
}

impl From<OldParameters> for Parameters {
    /// What version 1 did not have is as governance has it now, but for the emission: it adds nothing to
    /// what was paid before there was one.
    fn from(old: OldParameters) -> Self {
        let now = <Runtime as pallet_attribution::Config>::Parameters::get();
        Self {
            split: old.split,
            committee: old.committee,
            commit_blocks: old.commit_blocks,
            reveal_blocks: old.reveal_blocks,
            tolerance: old.tolerance,
            floor: old.floor,
            royalty: old.royalty,
            max_attempts: old.max_attempts,
            matching: 0,
            ..now
        }
        .in_range()
    }
}

/// A settlement as version 1 had it.
#[derive(Decode, Encode)]
struct OldSettlement {
    model: ModelId,
    version: ModelVersion,
    operator: AccountId,
    receipts_root: H256,
    batch: ContentId,
    count: u32,
    total_fee: Balance,
    submitted: BlockNumber,
    parameters: OldParameters,
    phase: Phase,
    attempt: u8,
    committee: BoundedVec<AccountId, ConstU32<MAX_COMMITTEE>>,
    deadline: BlockNumber,
    decided: Option<BlockNumber>,
    shares: Option<ShareVector>,
    split: Option<Split>,
}

impl Maps for Attribution {
    type Pallet = crate::Attribution;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![
            (prefix::<pallet_attribution::Settlements<Runtime>>(), |_, value, _| settlement(value)),
            // They are of results in another form, which can no longer be revealed or compared.
            (prefix::<pallet_attribution::Commitments<Runtime>>(), |_, _, _| {
                Some(Rewritten::Removed)
            }),
            (prefix::<pallet_attribution::Reveals<Runtime>>(), |_, _, _| Some(Rewritten::Removed)),
        ]
    }
}

/// One that is under way begins anew, with the committee that it has.
fn settlement(value: &[u8]) -> Option<Rewritten> {
    rewritten(value, |old: OldSettlement| {
        let parameters = Parameters::from(old.parameters);
        let (phase, deadline) = match old.decided {
            Some(_) => (old.phase, old.deadline),
            None => {
                let now = System::block_number();
                (Phase::Committing, now.saturating_add(parameters.commit_blocks))
            }
        };
        NewSettlement {
            model: old.model,
            version: old.version,
            operator: old.operator,
            receipts_root: old.receipts_root,
            batch: old.batch,
            count: old.count,
            total_fee: old.total_fee,
            submitted: old.submitted,
            parameters: NewParameters::from(parameters),
            phase,
            attempt: old.attempt,
            committee: old.committee,
            deadline,
            decided: old.decided,
            shares: old.shares,
            split: old.split,
            emission: 0,
            challenge: None,
        }
    })
}
