//! Worst cases: the longest names, full datanet versions that all have a price, the largest lineage.

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
    Some(IndexInfo {
        content: HASH,
        root: HASH,
        method: HASH,
        blocks: 1,
        variants: 2,
        trace: Some(HASH),
        size: MAX_SIZE,
    })
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
    assert_ok!(Pallet::<T>::register_base(origin, name(), HASH, HASH, MAX_SIZE, UNIT, UNIT));
    id
}

fn derived<T: Config>(
    owner: &T::AccountId,
    base: ModelId,
    parents: &[ModelId],
    trained_on: &TrainedOn,
) -> ModelId {
    let id = NextModelId::<T>::get();
    assert_ok!(Pallet::<T>::register_adapter(
        RawOrigin::Signed(owner.clone()).into(),
        name(),
        base,
        Parents::truncate_from(parents.to_vec()),
        HASH,
        HASH,
        MAX_SIZE,
        trained_on.clone(),
        index(),
        UNIT,
        UNIT,
    ));
    id
}

/// An adapter of `owner` as heavy as one can be, and its version: the largest lineage, and `datanets`
/// versions of `contributions` each. For the benchmarks of pallets that build on models.
pub fn adapter<T: Config>(
    owner: &T::AccountId,
    datanets: u32,
    contributions: u32,
) -> (ModelId, ModelVersion) {
    let owner = funded::<T>(owner.clone());
    let trained_on = self::datanets::<T>(datanets, contributions);
    let base = self::base::<T>(&owner);
    (lineage(MAX_LINEAGE, |parents| derived::<T>(&owner, base, parents, &trained_on)), 1)
}

/// Registers adapters of one base until there is a lineage of so many models with it, each with as many
/// parents as there can be; returns its last. With [`MAX_LINEAGE`] it has [`MAX_DEPTH`] steps.
pub fn lineage(models: u32, mut register: impl FnMut(&[ModelId]) -> ModelId) -> ModelId {
    // Each layer's parents are those of the layer before, in a round: so the last has all as ancestors.
    let mut left = models as usize - 1;
    let mut layers = [1, 4, 8, 10, 10, 10, 10, 10].map(|most: usize| {
        let layer = most.min(left);
        left -= layer;
        layer
    });
    layers.reverse();
    let mut last: Vec<ModelId> = Vec::new();
    for models in layers.into_iter().filter(|models| *models > 0) {
        let parents = |n: usize| -> Vec<ModelId> {
            let round = 0..last.len().min(MAX_PARENTS as usize);
            round.map(|i| last[(n * MAX_PARENTS as usize + i) % last.len()]).collect()
        };
        last = (0..models).map(|n| register(&parents(n))).collect();
    }
    last[0]
}

/// As many parents for one more as there can be, with the largest lineage.
fn parents<T: Config>(owner: &T::AccountId, base: ModelId, trained_on: &TrainedOn) -> Vec<ModelId> {
    let last = lineage(MAX_LINEAGE, |parents| derived::<T>(owner, base, parents, trained_on));
    let Some(Kind::Adapter { parents, .. }) = Models::<T>::get(last).map(|model| model.kind) else {
        panic!("an adapter");
    };
    parents.to_vec()
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_base() {
        let owner = funded::<T>(whitelisted_caller());

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name(), HASH, HASH, MAX_SIZE, UNIT, UNIT);

        assert!(Models::<T>::contains_key(0));
    }

    #[benchmark]
    fn register_adapter(d: Linear<1, MAX_DATANETS>) {
        let owner = funded::<T>(whitelisted_caller());
        let trained_on = datanets::<T>(d, pallet_datanets::MAX_CONTRIBUTIONS);
        let base = base::<T>(&owner);
        // One datanet is enough there: what is trained on counts in the call alone.
        let parents =
            parents::<T>(&owner, base, &TrainedOn::truncate_from(trained_on[..1].to_vec()));
        let model = NextModelId::<T>::get();

        #[extrinsic_call]
        _(
            RawOrigin::Signed(owner),
            name(),
            base,
            Parents::truncate_from(parents),
            HASH,
            HASH,
            MAX_SIZE,
            trained_on,
            index(),
            UNIT,
            UNIT,
        );

        assert_eq!(Pallet::<T>::lineage(model).len(), MAX_LINEAGE as usize);
    }

    #[benchmark]
    fn register_version(d: Linear<0, MAX_DATANETS>) {
        let owner = funded::<T>(whitelisted_caller());
        let trained_on = datanets::<T>(d, pallet_datanets::MAX_CONTRIBUTIONS);
        let base = base::<T>(&owner);
        // Only a base names no datanet, and no index.
        let (model, index) = match d {
            0 => (base, None),
            _ => (derived::<T>(&owner, base, &[], &trained_on), index()),
        };

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model, HASH, HASH, MAX_SIZE, trained_on, index);

        assert_eq!(Models::<T>::get(model).unwrap().latest, 2);
    }

    #[benchmark]
    fn set_price() {
        let owner = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), model, 2 * UNIT, UNIT);

        assert_eq!(PendingPrices::<T>::get(model).unwrap().prices.price_in, 2 * UNIT);
    }

    #[benchmark]
    fn deprecate() {
        let owner = funded::<T>(whitelisted_caller());
        let model = base::<T>(&owner);
        let origin = RawOrigin::Signed(owner.clone());
        assert_ok!(Pallet::<T>::set_price(origin.into(), model, 2 * UNIT, UNIT));

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
