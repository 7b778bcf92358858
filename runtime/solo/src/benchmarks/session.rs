//! Of `pallet-session`. The SDK's own benchmarks need its staking pallet, which this chain lacks.

use core::marker::PhantomData;

use codec::Encode;
use frame_benchmarking::{v2::*, whitelisted_caller};
use frame_support::assert_ok;
use frame_system::RawOrigin;

use crate::{AccountId, Runtime, Session, SessionKeys};

pub trait Config: frame_system::Config {}
impl Config for Runtime {}
pub struct Pallet<T: Config>(PhantomData<T>);

/// An account that can pay the deposit, keys, and the proof that it has them.
fn candidate() -> (AccountId, SessionKeys, alloc::vec::Vec<u8>) {
    let who: AccountId = whitelisted_caller();
    assert_ok!(Session::ensure_can_pay_key_deposit(&who));
    // Twice: what is held may not be all that there is.
    assert_ok!(Session::ensure_can_pay_key_deposit(&who));
    let generated = SessionKeys::generate(&who.encode(), None);
    (who, generated.keys, generated.proof.encode())
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn set_keys() {
        let (who, keys, proof) = candidate();

        #[block]
        {
            assert_ok!(Session::set_keys(RawOrigin::Signed(who.clone()).into(), keys, proof));
        }

        assert!(pallet_session::NextKeys::<Runtime>::contains_key(who));
    }

    #[benchmark]
    fn purge_keys() {
        let (who, keys, proof) = candidate();
        assert_ok!(Session::set_keys(RawOrigin::Signed(who.clone()).into(), keys, proof));

        #[block]
        {
            assert_ok!(Session::purge_keys(RawOrigin::Signed(who.clone()).into()));
        }

        assert!(!pallet_session::NextKeys::<Runtime>::contains_key(who));
    }
}
