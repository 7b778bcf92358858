//! What each call costs: estimates by reads and writes, until the benchmarks have run.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of this pallet's calls.
pub trait WeightInfo {
    fn commit() -> Weight;
    /// A reveal that is not the last.
    fn reveal() -> Weight;
    /// The last reveal: finds the shares.
    fn reveal_last() -> Weight;
    /// Finds the shares by the reveals.
    fn advance_decide() -> Weight;
    /// Draws another committee.
    fn advance_redraw() -> Weight;
    fn claim() -> Weight;
    /// For `c` contributions, each of another account.
    fn claim_contributions(c: u32) -> Weight;
    /// Divides the fee of a settlement after a challenge that was lost.
    fn advance_finalise() -> Weight;
    fn challenge() -> Weight;
    /// With as many scores as there can be, and a decision.
    fn prove_fraud() -> Weight;
    /// With `b` partial sums, and a decision.
    fn prove_fraud_score(b: u32) -> Weight;
    /// Credits what a contribution earned to who was paid so far.
    fn payout_change() -> Weight;
}

/// Weights for a Substrate node.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> SubstrateWeight<T> {
    fn estimate(microseconds: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(microseconds.saturating_mul(1_000_000), 50_000)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn commit() -> Weight {
        Self::estimate(60, 20, 2)
    }
    fn reveal() -> Weight {
        Self::estimate(300, 35, 1)
    }
    fn reveal_last() -> Weight {
        Self::estimate(5_000, 60, 40)
    }
    fn advance_decide() -> Weight {
        Self::estimate(5_000, 50, 40)
    }
    fn advance_redraw() -> Weight {
        Self::estimate(3_000, 200, 130)
    }
    fn advance_finalise() -> Weight {
        Self::estimate(15_000, 700, 650)
    }
    fn challenge() -> Weight {
        Self::estimate(3_000, 330, 70)
    }
    fn prove_fraud() -> Weight {
        Self::estimate(60_000, 100, 60)
    }
    fn prove_fraud_score(b: u32) -> Weight {
        Self::estimate(10_000, 100, 60)
            .saturating_add(Weight::from_parts(5_000_000, 0).saturating_mul(b.into()))
    }
    fn claim() -> Weight {
        Self::estimate(60, 3, 3)
    }
    fn claim_contributions(c: u32) -> Weight {
        Self::estimate(30, 1, 1).saturating_add(Self::estimate(60, 5, 4).saturating_mul(c.into()))
    }
    fn payout_change() -> Weight {
        Self::estimate(30, 5, 3)
    }
}
