//! What each call costs: estimates by reads and writes, until the benchmarks have run.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of this pallet's calls; `n` is the number of accepted contributions.
pub trait WeightInfo {
    fn create() -> Weight;
    fn set_curators() -> Weight;
    fn set_licence() -> Weight;
    fn allow() -> Weight;
    fn contribute() -> Weight;
    /// By the last vote that it takes.
    fn review_accept() -> Weight;
    /// By the last vote that it takes.
    fn review_reject() -> Weight;
    fn lapse() -> Weight;
    /// Without what [`crate::OnPayoutChange`] costs.
    fn withdraw() -> Weight;
    fn publish(n: u32) -> Weight;
    fn spend() -> Weight;
    fn transfer_ownership() -> Weight;
    fn accept_ownership() -> Weight;
    fn transfer_payout() -> Weight;
    /// Without what [`crate::OnPayoutChange`] costs.
    fn accept_payout() -> Weight;
    /// Without what [`crate::OnPayoutChange`] costs.
    fn prove_duplicate() -> Weight;
    fn appeal() -> Weight;
    fn resolve_appeal_uphold() -> Weight;
    fn resolve_appeal_refuse() -> Weight;
    fn lapse_appeal() -> Weight;
    fn set_emission_weight() -> Weight;
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
    fn create() -> Weight {
        Self::estimate(4, 4)
    }
    fn set_curators() -> Weight {
        Self::estimate(1, 1)
    }
    fn set_licence() -> Weight {
        Self::estimate(1, 1)
    }
    fn allow() -> Weight {
        Self::estimate(6, 5)
    }
    fn contribute() -> Weight {
        Self::estimate(7, 6)
    }
    fn review_accept() -> Weight {
        Self::estimate(4, 4)
    }
    fn review_reject() -> Weight {
        Self::estimate(6, 8)
    }
    fn lapse() -> Weight {
        Self::estimate(4, 7)
    }
    fn withdraw() -> Weight {
        Self::estimate(7, 10)
    }
    fn publish(n: u32) -> Weight {
        Self::estimate(3, 2).saturating_add(
            Weight::from_parts(4_000_000, 400)
                .saturating_add(T::DbWeight::get().reads(1))
                .saturating_mul(n.into()),
        )
    }
    fn spend() -> Weight {
        Self::estimate(3, 2)
    }
    fn transfer_ownership() -> Weight {
        Self::estimate(1, 1)
    }
    fn accept_ownership() -> Weight {
        Self::estimate(6, 6)
    }
    fn transfer_payout() -> Weight {
        Self::estimate(1, 1)
    }
    fn accept_payout() -> Weight {
        Self::estimate(2, 4)
    }
    fn prove_duplicate() -> Weight {
        // 66 hashes.
        Self::estimate(10, 11).saturating_add(Weight::from_parts(100_000_000, 0))
    }
    fn appeal() -> Weight {
        Self::estimate(3, 4)
    }
    fn resolve_appeal_uphold() -> Weight {
        Self::estimate(7, 6)
    }
    fn resolve_appeal_refuse() -> Weight {
        Self::estimate(5, 4)
    }
    fn lapse_appeal() -> Weight {
        Self::estimate(4, 3)
    }
    fn set_emission_weight() -> Weight {
        Self::estimate(1, 1)
    }
}
