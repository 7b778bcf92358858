//! Of `pallet-babe`. The SDK's own benchmark checks an equivocation, and reports none.

use alloc::{boxed::Box, vec};
use core::marker::PhantomData;

use frame_benchmarking::{v2::*, whitelisted_caller};
use frame_support::assert_ok;
use frame_system::RawOrigin;
use sp_consensus_babe::{
    digests::{CompatibleDigestItem, NextConfigDescriptor, PreDigest, SecondaryPlainPreDigest},
    AllowedSlots, AuthorityId, EquivocationProof, Slot, KEY_TYPE,
};
use sp_core::{crypto::ByteArray, H256};
use sp_runtime::{traits::Header as _, Digest, DigestItem, RuntimeAppPublic};

use super::offender;
use crate::{consensus::MAX_AUTHORITIES, AccountId, Babe, Header, Runtime};

pub trait Config: frame_system::Config {}
impl Config for Runtime {}
pub struct Pallet<T: Config>(PhantomData<T>);

/// A header of the first authority, with its seal.
fn sealed(author: &AuthorityId, slot: Slot, number: u32) -> Header {
    let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot });
    let logs = vec![DigestItem::babe_pre_digest(digest)];
    let nothing = H256::zero();
    let mut header = Header::new(number, nothing, nothing, nothing, Digest { logs });
    let seal = author.sign(&header.hash()).expect("the key was made here");
    header.digest_mut().push(DigestItem::babe_seal(seal));
    header
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Two blocks for the first slot of the chain, when `v` validators are seated. There are no nominators.
    #[benchmark]
    fn report_equivocation(v: Linear<1, MAX_AUTHORITIES>, n: Linear<0, 1>) {
        let author = offender::seated(v).babe;
        let slot = Slot::from(1);
        pallet_babe::GenesisSlot::<Runtime>::put(slot);
        let proof = EquivocationProof {
            first_header: sealed(&author, slot, 1),
            second_header: sealed(&author, slot, 2),
            offender: author.clone(),
            slot,
        };
        let ownership = offender::ownership(KEY_TYPE, author.as_slice());
        let reporter: AccountId = whitelisted_caller();

        #[block]
        {
            assert_ok!(Babe::report_equivocation(
                RawOrigin::Signed(reporter).into(),
                Box::new(proof),
                ownership,
            ));
        }

        assert!(offender::reported());
    }

    #[benchmark]
    fn plan_config_change() {
        let allowed_slots = AllowedSlots::PrimarySlots;
        let config = NextConfigDescriptor::V1 { c: (1, 4), allowed_slots };

        #[block]
        {
            assert_ok!(Babe::plan_config_change(RawOrigin::Root.into(), config));
        }

        assert!(pallet_babe::PendingEpochConfigChange::<Runtime>::exists());
    }
}
