//! What an owner does with its model besides its prices: it takes it out of service, or hands it on.

use crate::*;

impl<T: Config> Pallet<T> {
    /// A model of who calls.
    pub(crate) fn owned(origin: OriginFor<T>, model: ModelId) -> Result<ModelOf<T>, DispatchError> {
        let who = ensure_signed(origin)?;
        let stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        ensure!(stored.owner == who, Error::<T>::NotOwner);
        Ok(stored)
    }

    /// Takes a model out of service.
    pub(crate) fn do_deprecate(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
        let mut stored = Self::owned(origin, model)?;
        ensure!(!stored.deprecated, Error::<T>::WrongPhase);
        stored.deprecated = true;
        PendingPrices::<T>::remove(model);
        Models::<T>::insert(model, stored);
        Self::deposit_event(Event::Deprecated { model });
        Ok(())
    }

    /// Offers a model to another account.
    pub(crate) fn do_transfer_ownership(
        origin: OriginFor<T>,
        model: ModelId,
        new_owner: T::AccountId,
    ) -> DispatchResult {
        Self::owned(origin, model)?;
        PendingOwners::<T>::insert(model, &new_owner);
        Self::deposit_event(Event::OwnershipOffered { model, to: new_owner });
        Ok(())
    }

    /// Gives a model to the account that it was offered to, which holds its deposit from now on.
    pub(crate) fn do_accept_ownership(to: T::AccountId, model: ModelId) -> DispatchResult {
        let offered = PendingOwners::<T>::take(model).ok_or(Error::<T>::NotFound)?;
        ensure!(offered == to, Error::<T>::NotOwner);
        let mut stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        stored.ticket.drop(&stored.owner)?;
        stored.ticket = <T as Config>::Consideration::new(&to, Self::footprint(stored.latest))?;
        let from = core::mem::replace(&mut stored.owner, to.clone());
        Models::<T>::insert(model, stored);
        Self::deposit_event(Event::OwnershipTransferred { model, from, to });
        Ok(())
    }
}
