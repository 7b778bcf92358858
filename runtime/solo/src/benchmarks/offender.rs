//! A validator set with an offender in it, whose keys this node has.

use alloc::vec::Vec;

use codec::{Decode, Encode};
use frame_benchmarking::account;
use frame_support::traits::KeyOwnerProofSystem;
use sp_core::crypto::KeyTypeId;
use sp_runtime::RuntimeAppPublic;
use sp_session::MembershipProof;

use crate::{AccountId, Historical, Runtime, SessionKeys};

/// Seats `validators` validators, and returns the keys of the first.
pub fn seated(validators: u32) -> SessionKeys {
    let offender = SessionKeys {
        babe: RuntimeAppPublic::generate_pair(None),
        grandpa: RuntimeAppPublic::generate_pair(None),
        authority_discovery: RuntimeAppPublic::generate_pair(None),
    };
    let accounts: Vec<AccountId> =
        (0..validators).map(|index| account("validator", index, 0)).collect();
    for (index, validator) in accounts.iter().enumerate() {
        let keys = if index == 0 { offender.clone() } else { made_up(index as u32) };
        pallet_session::NextKeys::<Runtime>::insert(validator, keys);
    }
    pallet_session::Validators::<Runtime>::put(accounts);
    offender
}

/// Keys that nobody has: as many bytes as three keys have, all different.
fn made_up(index: u32) -> SessionKeys {
    let bytes: Vec<u8> =
        (0..3u8).flat_map(|kind| (index, kind).using_encoded(sp_io::hashing::blake2_256)).collect();
    SessionKeys::decode(&mut bytes.as_slice()).expect("any 32 bytes are a key")
}

/// A proof that the offender's `key` is a validator's in the current session. Checking it costs most: it
/// walks over the keys of all validators, while those of earlier sessions have a root.
pub fn ownership(kind: KeyTypeId, key: &[u8]) -> MembershipProof {
    Historical::prove((kind, key)).expect("the offender is a validator")
}

/// Whether an offence was reported.
pub fn reported() -> bool {
    pallet_offences::Reports::<Runtime>::iter().next().is_some()
}
