//! What must hold between budgets, weights and the account.

use crate::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// What the account owes to the datanets, in units: their budgets, and what did not divide.
    pub(crate) fn owed() -> Balance {
        Budgets::<T>::iter_keys()
            .map(Self::budget)
            .fold(Distribution::<T>::get().carry, Balance::saturating_add)
    }

    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let distribution = Distribution::<T>::get();
        let mut units: u64 = 0;
        for (datanet, budget) in Budgets::<T>::iter() {
            ensure!(
                pallet_datanets::Datanets::<T>::contains_key(datanet),
                "a budget of a datanet that is not there"
            );
            ensure!(budget != Budget::default(), "an empty budget is kept");
            if let Some(entry) = budget.entry {
                ensure!(entry.units > 0, "a weight of zero is kept");
                ensure!(
                    entry.entry_per_unit <= distribution.per_unit,
                    "a datanet received more than there was"
                );
                units = units.saturating_add(entry.units.into());
            }
        }
        ensure!(units == distribution.units, "the weights differ from their sum");
        let owed = Self::owed();
        ensure!(
            owed.saturating_add(Drawn::<T>::get()) == distribution.received,
            "what dripped is not what is owed and what was drawn"
        );
        // Before anything drips, the account need not exist.
        ensure!(
            T::Currency::total_balance(&Self::account()) >= owed,
            "the account cannot pay what it owes"
        );
        Ok(())
    }
}
