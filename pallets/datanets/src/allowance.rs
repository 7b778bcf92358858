//! Places on allow lists, each paid for by whoever gave it.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Puts an account on an allow list, or takes it off.
    pub(crate) fn do_allow(
        caller: T::AccountId,
        datanet: DatanetId,
        who: T::AccountId,
        allowed: bool,
    ) -> DispatchResult {
        let owner = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?.owner;
        let place = Allowed::<T>::get(datanet, &who);
        let pays = place.as_ref().is_some_and(|place| place.payer == caller);
        ensure!(caller == owner || (pays && !allowed), Error::<T>::NotOwner);
        if !(allowed && pays) {
            if let Some(Allowance { payer, ticket }) = place {
                ticket.drop(&payer)?;
                Allowed::<T>::remove(datanet, &who);
            }
            if allowed {
                let ticket = T::Consideration::new(&caller, Self::allowance_footprint())?;
                Allowed::<T>::insert(datanet, &who, Allowance { payer: caller, ticket });
            }
        }
        Self::deposit_event(Event::AllowedSet { datanet, who, allowed });
        Ok(())
    }

    /// What a place on an allow list occupies on chain.
    pub fn allowance_footprint() -> Footprint {
        Footprint::from_mel::<AllowanceOf<T>>()
    }
}
