//! A provider's description has parts now.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{traits::ConstU32, BoundedVec};
use pallet_providers::{Metadata, Provider};

use super::{prefix, rewritten, Providers};
use crate::{
    migrations::{Maps, Rewrite},
    Balance, BlockNumber, Runtime,
};

/// A provider as version 1 had it.
#[derive(Decode, Encode)]
struct OldProvider {
    bond: Balance,
    unbonding: Option<(Balance, BlockNumber)>,
    metadata: BoundedVec<u8, ConstU32<256>>,
    since: BlockNumber,
}

impl Maps for Providers {
    type Pallet = crate::Providers;

    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![(prefix::<pallet_providers::Providers<Runtime>>(), |_, value, _| {
            rewritten(value, |old: OldProvider| {
                let OldProvider { bond, unbonding, metadata, since } = old;
                // Where to reach it, if it is short enough to be that; the provider can set the rest.
                let endpoint = BoundedVec::try_from(metadata.into_inner()).unwrap_or_default();
                let metadata = Metadata { endpoint, ..Default::default() };
                Provider { bond, unbonding, metadata, since }
            })
        })]
    }
}
