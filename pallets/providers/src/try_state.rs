//! What must hold between the storage items.

use crate::*;
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut active = Vec::new();
        for (role, who, provider) in Providers::<T>::iter() {
            ensure!(provider.held() > 0, "a provider without anything on hold");
            ensure!(
                T::Currency::balance_on_hold(&Self::hold_reason(role), &who) == provider.held(),
                "funds on hold differ from bond and unbonding"
            );
            if role == Role::Attributor && provider.bond >= T::MinBond::get() {
                active.push((who, provider.bond));
            }
        }
        active.sort();
        ensure!(active == Self::attributors(), "the list differs from the active attributors");

        let now = now::<T>();
        for (role, who, seen) in LastSeen::<T>::iter() {
            ensure!(Providers::<T>::contains_key(role, &who), "a heartbeat of no provider");
            ensure!(seen <= now, "a heartbeat in the future");
        }
        for operator in Ledgers::<T>::iter_keys() {
            ensure!(
                Providers::<T>::contains_key(Role::Operator, &operator),
                "a ledger of no operator"
            );
        }
        for (worker, attributor) in Workers::<T>::iter() {
            ensure!(
                WorkerOf::<T>::get(&attributor) == Some(worker),
                "a worker that its attributor does not name"
            );
            ensure!(
                Providers::<T>::contains_key(Role::Attributor, &attributor),
                "a worker without an attributor"
            );
        }
        ensure!(
            Workers::<T>::iter().count() == WorkerOf::<T>::iter().count(),
            "an attributor's worker that does not know it"
        );
        Ok(())
    }
}
