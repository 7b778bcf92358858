//! What the ecosystem's emission adds when a settlement ends.
//!
//! The datanets' budgets *match* real use: they add at most [`Parameters::matching`] of what the treasury
//! got by its part of the fee, datanet by datanet in proportion to what the data earned, and inside a
//! datanet in proportion to what each contribution, and the pool, earned. So whoever pays itself, in
//! every role, never gets back more than it paid.

use crate::*;
use frame_support::storage::with_storage_layer;
use openledger_primitives::split::{portion, proportion};

/// What one datanet has of a settlement's data part.
pub(crate) struct Income {
    pub datanet: DatanetId,
    /// What its contributions earned directly.
    pub contributions: Vec<(ContributionId, Balance)>,
    /// What its pool received.
    pub pool: Balance,
}

impl Income {
    fn total(&self) -> Balance {
        self.contributions.iter().fold(self.pool, |sum, (_, amount)| sum.saturating_add(*amount))
    }
}

impl<T: Config> Pallet<T> {
    /// Adds to these incomes out of the budgets, and returns how much that was. Every division rounds
    /// down; inside a datanet, what that leaves is the pool's. If the emission fails, it adds nothing,
    /// and the settlement goes on.
    pub(crate) fn emit(
        settlement: &SettlementOf<T>,
        treasury: Balance,
        incomes: &[Income],
    ) -> Balance {
        let most = portion(treasury, settlement.parameters.matching);
        with_storage_layer(|| Self::match_incomes(most, incomes)).unwrap_or_else(|error| {
            log::error!(target: "openledger::attribution", "the emission failed: {error:?}");
            0
        })
    }

    fn match_incomes(most: Balance, incomes: &[Income]) -> Result<Balance, DispatchError> {
        let totals: Vec<_> = incomes.iter().map(Income::total).collect();
        let all = totals.iter().fold(0, |sum: Balance, total| sum.saturating_add(*total));
        let wanted: Vec<_> = incomes
            .iter()
            .zip(&totals)
            .map(|(income, total)| (income.datanet, proportion(most, *total, all)))
            .collect();
        let given = pallet_emission::Pallet::<T>::draw(&wanted, &Self::pot())?;
        for ((income, total), amount) in incomes.iter().zip(totals).zip(&given) {
            let mut rest = *amount;
            for (contribution, earned) in &income.contributions {
                let part = proportion(*amount, *earned, total);
                Self::earn(*contribution, part)?;
                rest = rest.saturating_sub(part);
            }
            Self::fill_pool(income.datanet, rest);
        }
        Ok(given.into_iter().fold(0, Balance::saturating_add))
    }
}
