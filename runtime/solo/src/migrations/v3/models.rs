//! An attribution index has variants, and a trace index beside it.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives::{ContentId, H256};
use pallet_models::TrainedOn;

use super::{prefix, rewritten, Models};
use crate::{
    migrations::{v4::models::OldVersionInfo as NewVersionInfo, Maps, Rewrite},
    BlockNumber, Runtime,
};

/// An attribution index as version 2 had it.
#[derive(Decode, Encode)]
struct OldIndexInfo {
    content: ContentId,
    root: H256,
    method: H256,
    blocks: u32,
}

/// A version of a model as version 2 of the storage had it.
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
        vec![(prefix::<pallet_models::Versions<Runtime>>(), |_, value, _| {
            rewritten(value, |old: OldVersionInfo| NewVersionInfo {
                artefact: old.artefact,
                config: old.config,
                trained_on: old.trained_on,
                // Its root is over leaves that name no variant: with it, no result could be checked. The
                // owner registers a new version.
                index: None,
                registered: old.registered,
            })
        })]
    }
}
