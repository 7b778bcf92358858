//! Of `pallet-grandpa`. The SDK's own benchmark checks an equivocation, and reports none.

use alloc::boxed::Box;
use core::marker::PhantomData;

use codec::{Decode, Encode};
use frame_benchmarking::{v2::*, whitelisted_caller};
use frame_support::assert_ok;
use frame_system::RawOrigin;
use sp_consensus_grandpa::{localized_payload, AuthorityId, EquivocationProof, KEY_TYPE};
use sp_core::{crypto::ByteArray, H256};
use sp_runtime::RuntimeAppPublic;

use super::offender;
use crate::{consensus::MAX_AUTHORITIES, AccountId, BlockNumber, Grandpa, Hash, Runtime};

pub trait Config: frame_system::Config {}
impl Config for Runtime {}
pub struct Pallet<T: Config>(PhantomData<T>);

/// Which of the kinds of votes, and of messages, a prevote is.
const PREVOTE: u8 = 0;
/// The round in which the offender votes twice, and the set that votes.
const ROUND: u64 = 1;
const SET: u64 = 0;

/// A vote for a block, with the voter's signature.
fn vote(voter: &AuthorityId, block: u8) -> impl Encode {
    let target = (H256::repeat_byte(block), BlockNumber::from(block));
    let payload = localized_payload(ROUND, SET, &(PREVOTE, target));
    (target, voter.sign(&payload).expect("the key was made here"))
}

/// The proof that a voter voted for two blocks in one round. Its parts are types of a crate that the SDK
/// does not show, so it is put together from bytes.
fn twice(voter: &AuthorityId) -> EquivocationProof<Hash, BlockNumber> {
    let bytes = (SET, PREVOTE, ROUND, voter, vote(voter, 1), vote(voter, 2)).encode();
    Decode::decode(&mut bytes.as_slice()).expect("these are its fields")
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Two prevotes in one round, when `v` validators are seated. There are no nominators.
    #[benchmark]
    fn report_equivocation(v: Linear<1, MAX_AUTHORITIES>, n: Linear<0, 1>) {
        let voter = offender::seated(v).grandpa;
        pallet_grandpa::SetIdSession::<Runtime>::insert(SET, 0);
        let proof = twice(&voter);
        let ownership = offender::ownership(KEY_TYPE, voter.as_slice());
        let reporter: AccountId = whitelisted_caller();

        #[block]
        {
            assert_ok!(Grandpa::report_equivocation(
                RawOrigin::Signed(reporter).into(),
                Box::new(proof),
                ownership,
            ));
        }

        assert!(offender::reported());
    }

    #[benchmark]
    fn note_stalled() {
        #[block]
        {
            assert_ok!(Grandpa::note_stalled(RawOrigin::Root.into(), 1_000, 1));
        }

        assert!(pallet_grandpa::Stalled::<Runtime>::exists());
    }
}
