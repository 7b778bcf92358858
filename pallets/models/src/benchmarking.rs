//! Worst cases: the longest names, full datanet versions that all have a price, the deepest lineage.

use crate::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::assert_ok;
use frame_system::RawOrigin;
use openledger_primitives::{H256, UNIT};

const FUNDS: Balance = 1_000_000 * UNIT;
const HASH: H256 = H256([1; 32]);

fn name() -> Name {
    Name::truncate_from(vec![b'n'; MAX_NAME as usize])
}

fn index() -> Option<IndexInfo> {
    Some(IndexInfo { content: HASH, root: HASH, method: HASH, blocks: 1 })
}

fn funded<T: Config>(who: T::AccountId) -> T::AccountId {
    <T as Config>::Currency::set_balance(&who, FUNDS);
    who
}

/// This many datanet versions of `contributions` each, all with a price for training.
fn datanets<T: Config>(count: u32, contributions: u32) -> TrainedOn {
    let owner = account("datanets", 0, 0);
    let licence = Licence { training_price: UNIT, ..Licence::OPEN };
    let versions = (0..count)
        .map(|_| pallet_datanets::benchmarking::published::<T>(&owner, licence, contributions));
    TrainedOn::truncate_from(versions.collect())
}

fn base<T: Config>(owner: &T::AccountId) -> ModelId {
    let id = NextModelId::<T>::get();
    let origin = RawOrigin::Signed(owner.clone()).into();
    assert_ok!(Pallet::<T>::register_base(origin, name(), HASH, HASH, UNIT, UNIT));
    id
}

fn derived<T: Config>(
    owner: &T::AccountId,
    base: ModelId,
    parent: Option<ModelId>,
    trained_on: &TrainedOn,
) -> ModelId {
    let id = NextModelId::<T>::get();
    assert_ok!(Pallet::<T>::register_adapter(
        RawOrigin::Signed(owner.clone()).into(),
        name(),
        base,
        parent,
        HASH,
        HASH,
        trained_on.clone(),
        index(),
        UNIT,
        UNIT,
    ));
    id
}

/// An adapter of `owner` as heavy as one can be, and its version: the deepest lineage, and `datanets`
/// versions of `contributions` each. For the benchmarks of pallets that build on models.
pub fn adapter<T: Config>(
    owner: &T::AccountId,
    datanets: u32,
    contributions: u32,
) -> (ModelId, ModelVersion) {
    let owner = funded::<T>(owner.clone());
    let trained_on = self::datanets::<T>(datanets, contributions);
    let base = self::base::<T>(&owner);
    let deepest = (0..MAX_DEPTH)
        .fold(None, |parent, _| Some(derived::<T>(&owner, base, parent, &trained_on)));
    (deepest.unwrap(), 1)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_base() {
        let owner = funded::<T>(whitelisted_caller());

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name(), HASH, HASH, UNIT, UNIT);

        assert!(Models::<T>::contains_key(0));
    }

    #[benchmark]
    fn register_adapter(d: Linear<1, MAX_DATANETS>) {
        let owner = funded::<T>(whitelisted_caller());
        let trained_on = datanets::<T>(d, pallet_datanets::MAX_CONTRIBUTIONS);
        let base = base::<T>(&owner);
        let parent = derived::<T>(&owner, base, None, &trained_on);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            name(),
            base,
            Some(parent),
            HASH,
            HASH,
            trained_on,
            index(),
            UNIT,
            UNIT,
        );

        assert_eq!(Pallet::<T>::lineage(2).len(), 3);
    }

    #[benchmark]
    fn register_version(d: Linear<0, MAX_DATANETS>) {
        let owner = funded::<T>(whitelisted_caller());
        let trained_on = datanets::<T>(d, pallet_datanets::MAX_CONTRIBUTIONS);
        let base = base::<T>(&owner);
        // Only a base names no datanet, and no index.
        let (model, index) = match d {
            0 => (base, None),
            _ => (derived::<T>(&owner, base, None, &trained_on), index()),
        };

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model, HASH, HASH, trained_on, index);

        assert_eq!(Models::<T>::get(model).unwrap().latest, 2);
    }

    #[benchmark]
    fn set_price() {
        let owner = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model, 2 * UNIT, UNIT);

        assert_eq!(Models::<T>::get(model).unwrap().price_in, 2 * UNIT);
    }

    #[benchmark]
    fn deprecate() {
        let owner = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model);

        assert!(Models::<T>::get(model).unwrap().deprecated);
    }

    #[benchmark]
    fn transfer_ownership() {
        let owner = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);
        let to: T::AccountId = account("to", 0, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model, to.clone());

        assert_eq!(PendingOwners::<T>::get(model), Some(to));
    }

    #[benchmark]
    fn accept_ownership() {
        let owner = funded::<T>(account("owner", 0, 0));
        let to = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);
        PendingOwners::<T>::insert(model, &to);

        #[extrinsic_call]
        _(RawOrigin::Signed(to.clone()), model);

        assert_eq!(Models::<T>::get(model).unwrap().owner, to);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
