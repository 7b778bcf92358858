//! What each call costs: estimates by reads and writes, until the benchmarks have run.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of this pallet's calls; `d` is the number of datanet versions named.
pub trait WeightInfo {
    fn register_base() -> Weight;
    fn register_adapter(d: u32) -> Weight;
    fn register_version(d: u32) -> Weight;
    fn set_price() -> Weight;
    fn deprecate() -> Weight;
    fn transfer_ownership() -> Weight;
    fn accept_ownership() -> Weight;
}

/// Weights for a Substrate node.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
    fn estimate(reads: u64, writes: u64) -> Weight {
        Weight::from_parts(60_000_000, 20_000)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    /// A datanet, its version, and a transfer to its treasury.
    fn datanets(d: u32) -> Weight {
        Weight::from_parts(60_000_000, 10_000)
            .saturating_add(T::DbWeight::get().reads_writes(3, 1))
            .saturating_mul(d.into())
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register_base() -> Weight {
        Self::estimate(3, 5)
    }
    fn register_adapter(d: u32) -> Weight {
        // Parents and all that they derive from.
        Self::estimate(72, 5).saturating_add(Self::datanets(d))
    }
    fn register_version(d: u32) -> Weight {
        Self::estimate(4, 4).saturating_add(Self::datanets(d))
    }
    fn set_price() -> Weight {
        Self::estimate(2, 2)
    }
    fn deprecate() -> Weight {
        Self::estimate(1, 2)
    }
    fn transfer_ownership() -> Weight {
        Self::estimate(1, 1)
    }
    fn accept_ownership() -> Weight {
        Self::estimate(6, 6)
    }
}
