//! What answers of a model cost, and from when on.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Sets the prices of a model: what falls at once, what rises after a notice.
    pub(crate) fn do_set_price(
        origin: OriginFor<T>,
        model: ModelId,
        price_in: Balance,
        price_out: Balance,
    ) -> DispatchResult {
        let mut stored = Self::owned(origin, model)?;
        ensure!(!stored.deprecated, Error::<T>::WrongPhase);
        Self::ensure_allowed(&stored.kind, stored.terms, price_in, price_out)?;
        let now = now::<T>();
        let present = Self::prices(model, &stored);
        stored.price_in = present.price_in.min(price_in);
        stored.price_out = present.price_out.min(price_out);
        let from = if (stored.price_in, stored.price_out) == (price_in, price_out) {
            PendingPrices::<T>::remove(model);
            now
        } else {
            let from = now.saturating_add(T::PriceNotice::get());
            let prices = Prices { price_in, price_out };
            PendingPrices::<T>::insert(model, PendingPrice { prices, from });
            from
        };
        Models::<T>::insert(model, stored);
        Self::deposit_event(Event::PriceSet { model, price_in, price_out, from });
        Ok(())
    }

    /// The prices that hold now.
    pub(crate) fn prices(model: ModelId, stored: &ModelOf<T>) -> Prices {
        match PendingPrices::<T>::get(model) {
            Some(pending) if now::<T>() >= pending.from => pending.prices,
            _ => Prices { price_in: stored.price_in, price_out: stored.price_out },
        }
    }

    /// The higher of the prices that hold, or may hold without another call.
    pub(crate) fn highest(model: ModelId, stored: &ModelOf<T>) -> Prices {
        // What is pending is never below what it replaces.
        PendingPrices::<T>::get(model)
            .map_or(Prices { price_in: stored.price_in, price_out: stored.price_out }, |pending| {
                pending.prices
            })
    }
}
