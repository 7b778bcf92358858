//! What each call costs: estimates by reads and writes, until the benchmarks have run.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of this pallet's calls.
pub trait WeightInfo {
    fn open_channel() -> Weight;
    fn top_up() -> Weight;
    fn request_close() -> Weight;
    fn close() -> Weight;
    /// With `c` claims; what [`crate::OnSettlement`] does is included.
    fn settle(c: u32) -> Weight;
    fn set_signer() -> Weight;
    fn close_now() -> Weight;
    fn pay() -> Weight;
}

/// Weights for a Substrate node.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn open_channel() -> Weight {
        Weight::from_parts(60_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(4, 5))
    }
    fn top_up() -> Weight {
        Weight::from_parts(50_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(3, 3))
    }
    fn request_close() -> Weight {
        Weight::from_parts(20_000_000, 5_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn close() -> Weight {
        Weight::from_parts(50_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(3, 4))
    }
    fn settle(c: u32) -> Weight {
        // A fixed part with 256 contributions and 100 attributors; four signature checks and three
        // writes for each claim.
        Weight::from_parts(3_000_000_000, 100_000)
            .saturating_add(T::DbWeight::get().reads_writes(640, 280))
            .saturating_add(
                Weight::from_parts(320_000_000, 6_000)
                    .saturating_add(T::DbWeight::get().reads_writes(3, 3))
                    .saturating_mul(c.into()),
            )
    }
    fn set_signer() -> Weight {
        Weight::from_parts(20_000_000, 5_000).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn close_now() -> Weight {
        // Two signature checks on top of a closing.
        Weight::from_parts(210_000_000, 10_000)
            .saturating_add(T::DbWeight::get().reads_writes(4, 4))
    }
    fn pay() -> Weight {
        Weight::from_parts(60_000_000, 10_000).saturating_add(T::DbWeight::get().reads_writes(4, 5))
    }
}
