//! Costs at the worst: a datanet that has a weight and earned by it.

use crate::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;
use openledger_primitives::{licence::Licence, UNIT};

/// A datanet with this weight, and a source that has something to give.
fn datanet<T: Config>(weight: u32) -> Result<DatanetId, BenchmarkError> {
    let owner: T::AccountId = account("owner", 0, 0);
    for who in [&owner, &T::Source::get()] {
        T::Currency::set_balance(who, 1_000_000 * UNIT);
    }
    T::Currency::set_balance(&Pallet::<T>::account(), T::Currency::minimum_balance());
    let id = pallet_datanets::NextDatanetId::<T>::get();
    pallet_datanets::Pallet::<T>::create(
        RawOrigin::Signed(owner).into(),
        b"datanet".to_vec().try_into().unwrap(),
        Default::default(),
        Licence::OPEN,
        pallet_datanets::Policy::Open,
        Default::default(),
    )?;
    Pallet::<T>::set_weight(governance::<T>()?, id, weight)?;
    Ok(id)
}

fn governance<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

fn pass_period<T: Config>() {
    let later = now::<T>() + T::Period::get();
    frame_system::Pallet::<T>::set_block_number(later.into());
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// Something is due to it when its weight changes.
    #[benchmark]
    fn set_weight() -> Result<(), BenchmarkError> {
        let datanet = datanet::<T>(1)?;
        pass_period::<T>();
        let origin = governance::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, datanet, 7);
        assert_eq!(Pallet::<T>::weight(datanet), 7);
        assert!(Budgets::<T>::get(datanet).unspent > 0);
        Ok(())
    }

    #[benchmark]
    fn drip() -> Result<(), BenchmarkError> {
        let datanet = datanet::<T>(1)?;
        pass_period::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(whitelisted_caller()));
        assert!(Pallet::<T>::budget(datanet) > 0);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
