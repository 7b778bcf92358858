//! What each call costs: estimates by reads and writes, until the benchmarks have run.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of this pallet's calls, and of [`crate::Pallet::slash`].
pub trait WeightInfo {
    fn register() -> Weight;
    fn bond_more() -> Weight;
    fn unbond() -> Weight;
    fn withdraw_unbonded() -> Weight;
    fn set_metadata() -> Weight;
    fn set_worker() -> Weight;
    fn slash() -> Weight;
    fn heartbeat() -> Weight;
}

/// Weights for a Substrate node.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
    fn estimate(reads: u64, writes: u64) -> Weight {
        Weight::from_parts(60_000_000, 20_000)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register() -> Weight {
        Self::estimate(3, 3)
    }
    fn bond_more() -> Weight {
        Self::estimate(3, 3)
    }
    fn unbond() -> Weight {
        Self::estimate(2, 2)
    }
    fn withdraw_unbonded() -> Weight {
        Self::estimate(3, 5)
    }
    fn set_metadata() -> Weight {
        Self::estimate(1, 1)
    }
    fn set_worker() -> Weight {
        // Two signature checks.
        Self::estimate(3, 3).saturating_add(Weight::from_parts(160_000_000, 0))
    }
    fn slash() -> Weight {
        Self::estimate(5, 7)
    }
    fn heartbeat() -> Weight {
        Self::estimate(1, 1)
    }
}
