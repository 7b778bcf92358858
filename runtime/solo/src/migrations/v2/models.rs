//! Adapters can have several parents, and an attribution index says how many blocks a vector has.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use frame_support::BoundedVec;
use openledger_primitives::{ContentId, ModelId, ModelVersion, H256};
use pallet_models::{Kind, Model, Name, Terms, TrainedOn};

use super::{prefix, rewritten, Models};
use crate::{
    migrations::{v4::models::OldVersionInfo as NewVersionInfo, Maps, Rewrite},
    AccountId, Balance, BlockNumber, Runtime,
};

type Ticket = <Runtime as pallet_models::Config>::Consideration;

/// What a model is made of as version 1 had it.
#[derive(Decode, Encode)]
enum OldKind {
    Base,
    Adapter { base: ModelId, parent: Option<ModelId> },
}

impl From<OldKind> for Kind {
    fn from(old: OldKind) -> Self {
        match old {
            OldKind::Base => Self::Base,
            OldKind::Adapter { base, parent } => Self::Adapter {
                base,
                // One fits: four do.
                parents: BoundedVec::truncate_from(parent.into_iter().collect()),
            },
        }
    }
}

/// A model as version 1 had it.
#[derive(Decode, Encode)]
struct OldModel {
    owner: AccountId,
    kind: OldKind,
    name: Name,
    latest: ModelVersion,
    price_in: Balance,
    price_out: Balance,
    deprecated: bool,
    depth: u8,
    terms: Terms,
    ticket: Ticket,
}

/// An attribution index as version 1 had it.
#[derive(Decode, Encode)]
struct OldIndexInfo {
    content: ContentId,
    root: H256,
    method: H256,
}

/// A version of a model as version 1 of the storage had it.
#[derive(Decode, Encode)]
struct OldVersionInfo {
    artefact: ContentId,
    config: ContentId,
    trained_on: TrainedOn,
    index: Option<OldIndexInfo>,
    registered: BlockNumber,
}

impl Maps for Models {
    type Pallet = crate::Models;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![
            (prefix::<pallet_models::Models<Runtime>>(), |_, value, _| {
                rewritten(value, |old: OldModel| Model {
                    owner: old.owner,
                    kind: old.kind.into(),
                    name: old.name,
                    latest: old.latest,
                    price_in: old.price_in,
                    price_out: old.price_out,
                    deprecated: old.deprecated,
                    depth: old.depth,
                    terms: old.terms,
                    ticket: old.ticket,
                })
            }),
            (prefix::<pallet_models::Versions<Runtime>>(), |_, value, _| {
                rewritten(value, |old: OldVersionInfo| NewVersionInfo {
                    artefact: old.artefact,
                    config: old.config,
                    trained_on: old.trained_on,
                    // How many blocks it has is nowhere on chain, and its root is over leaves of another
                    // form: with it, no result could be checked. The owner registers a new version.
                    index: None,
                    registered: old.registered,
                })
            }),
        ]
    }
}
