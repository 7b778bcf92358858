//! A version of a model states how many bytes its files have, and those of its index.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use openledger_primitives::{ContentId, H256};
use pallet_models::{IndexInfo, ModelVersionInfo, TrainedOn};

use super::{prefix, rewritten, Models};
use crate::{
    migrations::{Maps, Rewrite},
    BlockNumber, Runtime,
};

/// An attribution index as version 3 had it.
#[derive(Decode, Encode)]
pub struct OldIndexInfo {
    pub content: ContentId,
    pub root: H256,
    pub method: H256,
    pub blocks: u32,
    pub variants: u8,
    pub trace: Option<ContentId>,
}

/// A version of a model as version 3 of the storage had it.
#[derive(Decode, Encode)]
pub struct OldVersionInfo {
    pub artefact: ContentId,
    pub config: ContentId,
    pub trained_on: TrainedOn,
    pub index: Option<OldIndexInfo>,
    pub registered: BlockNumber,
}

impl Maps for Models {
    type Pallet = crate::Models;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![(prefix::<pallet_models::Versions<Runtime>>(), |_, value, _| {
            // Nobody said how large the files are. Zero says so, and can no longer be registered.
            rewritten(value, |old: OldVersionInfo| ModelVersionInfo {
                artefact: old.artefact,
                config: old.config,
                size: 0,
                trained_on: old.trained_on,
                index: old.index.map(|index| IndexInfo {
                    content: index.content,
                    root: index.root,
                    method: index.method,
                    blocks: index.blocks,
                    variants: index.variants,
                    trace: index.trace,
                    size: 0,
                }),
                registered: old.registered,
            })
        })]
    }
}
