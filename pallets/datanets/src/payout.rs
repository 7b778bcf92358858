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
    /// Offers the right to be paid for a contribution to another account.
    pub(crate) fn do_transfer_payout(
        who: T::AccountId,
        contribution: ContributionId,
        to: T::AccountId,
    ) -> DispatchResult {
        let stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        ensure!(stored.payee == who, Error::<T>::NotOwner);
        PendingPayees::<T>::insert(contribution, &to);
        Self::deposit_event(Event::PayoutOffered { contribution, to });
        Ok(())
    }

    /// Gives that right to the account that it was offered to.
    pub(crate) fn do_accept_payout(
        to: T::AccountId,
        contribution: ContributionId,
    ) -> DispatchResult {
        let offered = PendingPayees::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        ensure!(offered == to, Error::<T>::NotOwner);
        let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        Self::set_payee(contribution, &mut stored, to)?;
        Contributions::<T>::insert(contribution, stored);
        Ok(())
    }

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
