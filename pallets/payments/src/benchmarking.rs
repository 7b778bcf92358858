//! Costs at the worst: all claims there may be, each with an sr25519 signature over a wrapped voucher by
//! the key that signed before (so that it is checked four times), for a model that names up to 256
//! contributions never settled before.

use crate::{
    fixtures::{account, *},
    *,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Inspect, Mutate};
use frame_system::RawOrigin;
use openledger_primitives::{licence::Licence, UNIT};

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn open_channel() {
        let (payer, operator) = (payer::<T>(), operator::<T>());
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), operator, UNIT.max(T::MinDeposit::get()), BlockNumber::MAX);
        assert!(Channels::<T>::contains_key(0));
    }

    #[benchmark]
    fn top_up() {
        let payer = payer::<T>();
        let channel = channel::<T>(&payer, &operator::<T>(), T::MinDeposit::get());
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 1);
        assert_eq!(Channels::<T>::get(channel).unwrap().deposit, T::MinDeposit::get() + 1);
    }

    #[benchmark]
    fn request_close() {
        let payer = payer::<T>();
        let channel = channel::<T>(&payer, &operator::<T>(), T::MinDeposit::get());
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel);
        assert!(Channels::<T>::get(channel).unwrap().closing.is_some());
    }

    #[benchmark]
    fn close() {
        let operator = operator::<T>();
        let channel = channel::<T>(&payer::<T>(), &operator, T::MinDeposit::get());
        #[extrinsic_call]
        _(RawOrigin::Signed(operator), channel);
        assert!(!Channels::<T>::contains_key(channel));
    }

    #[benchmark]
    fn settle(c: Linear<1, { T::MaxClaims::get() }>, e: Linear<1, MAX_SHARES>) {
        let operator = operator::<T>();
        // As many datanets as there can be with so many contributions.
        let most = pallet_models::MAX_DATANETS.min(e);
        let datanets: Vec<_> = (0..most)
            .map(|n| e / most + u32::from(n < e % most))
            .map(|each| datanet::<T>(Licence::OPEN, &alloc::vec![1; each as usize]).0)
            .collect();
        let model = adapter::<T>(base::<T>(), &[], &datanets, true);
        let fee = <T as Config>::Currency::minimum_balance();
        <T as Config>::Currency::set_balance(&T::OnSettlement::pot(), fee);
        let claims: Vec<_> = (0..c)
            .map(|_| {
                let payer = payer::<T>();
                let channel = channel::<T>(&payer, &operator, T::MinDeposit::get().max(fee));
                let origin = RawOrigin::Signed(payer).into();
                let other = Some(Signer::Account(account("signer", 0)));
                Pallet::<T>::set_signer(origin, channel, other).unwrap();
                claim::<T>(channel, fee, true)
            })
            .collect();
        let root = H256::repeat_byte(8);
        #[extrinsic_call]
        _(
            RawOrigin::Signed(operator.clone()),
            model,
            1,
            claims.try_into().unwrap(),
            root,
            H256::repeat_byte(9),
            T::MaxReceipts::get(),
            fee * Balance::from(c),
        );
        assert!(Roots::<T>::contains_key((operator, root)));
    }

    #[benchmark]
    fn set_signer() {
        let payer = payer::<T>();
        let channel = channel::<T>(&payer, &operator::<T>(), T::MinDeposit::get());
        let (other, signer) = (account("signer", 0), Signer::Ethereum([1; 20]));
        Pallet::<T>::set_signer(
            RawOrigin::Signed(payer.clone()).into(),
            channel,
            Some(Signer::Account(other)),
        )
        .unwrap();
        let later = T::CloseDelay::get() + 10;
        frame_system::Pallet::<T>::set_block_number(later.into());
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, Some(signer.clone()));
        assert_eq!(Channels::<T>::get(channel).unwrap().signer, signer);
    }

    #[benchmark]
    fn close_now() {
        let (payer, operator) = (payer::<T>(), signing_operator::<T>());
        let channel = channel::<T>(&payer, &operator, T::MinDeposit::get());
        let signature = sign_closing::<T>(&operator, channel, 0, true);
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 0, signature);
        assert!(!Channels::<T>::contains_key(channel));
    }

    #[benchmark]
    fn pay() {
        let (payer, operator) = (payer::<T>(), operator::<T>());
        let request = H256::repeat_byte(7);
        #[extrinsic_call]
        _(RawOrigin::Signed(payer), operator, T::MinDeposit::get(), BlockNumber::MAX, request);
        assert_eq!(Channels::<T>::get(0).unwrap().request, Some(request));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
