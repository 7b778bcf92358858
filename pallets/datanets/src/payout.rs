//! Who is paid for a contribution, and what happens before that changes.

use crate::*;

/// Told before another account is paid for a contribution, so that what was earned until then stays
/// with who earned it.
pub trait OnPayoutChange<AccountId> {
    /// What `contribution` earned until now is `payee`'s; what it earns from now on is not.
    fn before_payout_change(contribution: ContributionId, payee: &AccountId) -> DispatchResult;

    /// What that costs at most.
    fn weight() -> Weight;
}

/// Nothing is earned.
impl<AccountId> OnPayoutChange<AccountId> for () {
    fn before_payout_change(_: ContributionId, _: &AccountId) -> DispatchResult {
        Ok(())
    }

    fn weight() -> Weight {
        Weight::zero()
    }
}

impl<T: Config> Pallet<T> {
    /// Has `to` be paid for a contribution from now on, which the caller stores. An offer of the payout
    /// right ends.
    pub(crate) fn set_payee(
        id: ContributionId,
        contribution: &mut ContributionOf<T>,
        to: T::AccountId,
    ) -> DispatchResult {
        PendingPayees::<T>::remove(id);
        if contribution.payee == to {
            return Ok(());
        }
        T::OnPayoutChange::before_payout_change(id, &contribution.payee)?;
        let from = core::mem::replace(&mut contribution.payee, to.clone());
        ContributionsOf::<T>::remove(&from, id);
        ContributionsOf::<T>::insert(&to, id, ());
        Self::deposit_event(Event::PayoutTransferred { contribution: id, from, to });
        Ok(())
    }
}
