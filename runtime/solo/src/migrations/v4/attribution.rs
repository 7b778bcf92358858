//! A settlement's phase holds what is known in it.

use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeAll, Encode};
use openledger_primitives::{
    reads::Phase, shares::ShareVector, split::Split, ContentId, ModelId, ModelVersion, H256,
};
use pallet_attribution::{Challenge, Committee, Outcome, Parameters, Settlement, Stage};

use super::{prefix, Attribution};
use crate::{
    migrations::{Maps, Rewrite, Rewritten},
    AccountId, Balance, BlockNumber, Runtime,
};

/// A settlement as version 3 had it: one field for each thing that is known in some phase.
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
    pub parameters: Parameters,
    pub phase: Phase,
    pub attempt: u8,
    pub committee: Committee<AccountId>,
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
            let old = OldSettlement::decode_all(&mut &*value).ok()?;
            Some(Rewritten::Value(settlement(old)?.encode()))
        })]
    }
}

/// The same settlement; nothing where it lacks what its phase must have.
fn settlement(old: OldSettlement) -> Option<Settlement<AccountId>> {
    let OldSettlement { committee, deadline, .. } = old;
    let stage = match old.phase {
        Phase::Committing if committee.is_empty() => Stage::Undrawn { deadline },
        Phase::Committing => Stage::Committing { committee, deadline },
        Phase::Revealing => Stage::Revealing { committee, deadline },
        Phase::Decided => Stage::Decided { committee, shares: old.shares?, deadline },
        phase => {
            let outcome = Outcome {
                ended: old.decided?,
                committee,
                shares: old.shares?,
                split: old.split?,
                emission: old.emission,
            };
            match phase {
                Phase::Fallback => {
                    Stage::Fallback(Outcome { committee: Committee::new(), ..outcome })
                }
                _ => Stage::Finalised(outcome),
            }
        }
    };
    Some(Settlement {
        model: old.model,
        version: old.version,
        operator: old.operator,
        receipts_root: old.receipts_root,
        batch: old.batch,
        count: old.count,
        total_fee: old.total_fee,
        submitted: old.submitted,
        parameters: old.parameters,
        attempt: old.attempt,
        challenge: old.challenge,
        stage,
    })
}
