//! Worst cases: a full list of attributors, the longest description, a worker to dismiss.

use crate::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Inspect, Mutate};
use frame_system::RawOrigin;
use openledger_primitives::{signature::Signature, voucher::wrapped};
use sp_core::crypto::KeyTypeId;

/// The workers' keys in a keystore.
const WORKER: KeyTypeId = KeyTypeId(*b"poaw");

const FUNDED: Balance = 1_000;

/// An account with many bonds' worth of funds.
fn funded<T: Config>(index: u32) -> T::AccountId {
    let who = account("provider", index, 0);
    let existing = T::Currency::minimum_balance();
    T::Currency::set_balance(&who, T::MinBond::get() * FUNDED + existing);
    who
}

fn metadata() -> Metadata {
    let longest = |length: u32| vec![b'm'; length as usize];
    Metadata {
        endpoint: longest(MAX_ENDPOINT).try_into().unwrap(),
        region: longest(MAX_REGION).try_into().unwrap(),
        hardware: longest(MAX_HARDWARE).try_into().unwrap(),
    }
}

/// An attributor with a worker, among as many others as there can be.
fn attributor<T: Config>() -> T::AccountId {
    for index in 1..T::MaxAttributors::get() {
        register::<T>(&funded::<T>(index));
    }
    let who = funded::<T>(0);
    register::<T>(&who);
    Pallet::<T>::appoint(&who, Some(account("worker", 0, 0))).unwrap();
    LastSeen::<T>::insert(Role::Attributor, &who, 0);
    who
}

fn register<T: Config>(who: &T::AccountId) {
    Pallet::<T>::do_register(Role::Attributor, who, T::MinBond::get() * 2, metadata()).unwrap();
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register() {
        for index in 1..T::MaxAttributors::get() {
            super::register::<T>(&funded::<T>(index));
        }
        let who = funded::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Attributor, T::MinBond::get(), metadata());

        assert!(Pallet::<T>::is_active(Role::Attributor, &who));
    }

    #[benchmark]
    fn bond_more() {
        let who = attributor::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Attributor, T::MinBond::get());

        let provider = Providers::<T>::get(Role::Attributor, who).unwrap();
        assert_eq!(provider.bond, T::MinBond::get() * 3);
    }

    #[benchmark]
    fn unbond() {
        let who = attributor::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Attributor, T::MinBond::get() * 2);

        assert!(!Pallet::<T>::is_active(Role::Attributor, &who));
    }

    #[benchmark]
    fn withdraw_unbonded() {
        let who = attributor::<T>();
        let origin = RawOrigin::Signed(who.clone());
        let all = T::MinBond::get() * 2;
        Pallet::<T>::unbond(origin.clone().into(), Role::Attributor, all).unwrap();
        frame_system::Pallet::<T>::set_block_number((1 + T::UnbondingDelay::get()).into());

        #[extrinsic_call]
        _(origin, Role::Attributor);

        assert!(!Providers::<T>::contains_key(Role::Attributor, who));
    }

    #[benchmark]
    fn set_metadata() {
        let who = attributor::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Attributor, metadata());

        assert_eq!(Providers::<T>::get(Role::Attributor, who).unwrap().metadata, metadata());
    }

    #[benchmark]
    fn set_worker() {
        let who = attributor::<T>();
        let key = sp_io::crypto::sr25519_generate(WORKER, None);
        let worker = T::AccountId::from(key);
        // Wrapped, so that it is checked twice.
        let message = wrapped(&worker_consent(&pallet_common::genesis::<T>(), who.as_ref()));
        let signature = sp_io::crypto::sr25519_sign(WORKER, &key, &message).unwrap();
        let signature = Signature::Sr25519(signature.0);
        let consent = Consent { worker: worker.clone(), signature };

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Some(consent));

        assert_eq!(Pallet::<T>::attributor_of(&worker), Some(who));
    }

    #[benchmark]
    fn heartbeat() {
        let who = attributor::<T>();
        frame_system::Pallet::<T>::set_block_number(7u32.into());

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), Role::Attributor);

        assert_eq!(LastSeen::<T>::get(Role::Attributor, who), Some(7));
    }

    #[benchmark]
    fn set_ledger() {
        let who = funded::<T>(0);
        Pallet::<T>::do_register(Role::Operator, &who, T::MinBond::get(), metadata()).unwrap();
        Ledgers::<T>::insert(&who, H256::zero());
        let ledger = H256::repeat_byte(7);

        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), ledger);

        assert_eq!(Ledgers::<T>::get(who), Some(ledger));
    }

    #[benchmark]
    fn slash() {
        let who = attributor::<T>();
        let beneficiary = account("beneficiary", 0, 0);
        let all = T::MinBond::get() * 2;
        let taken;

        #[block]
        {
            taken = Pallet::<T>::slash(Role::Attributor, &who, all, &beneficiary);
        }

        assert_eq!(taken, all);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(alloc::vec::Vec::new()), crate::mock::Test);
}
