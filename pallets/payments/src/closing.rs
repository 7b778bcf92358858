//! How a channel ends: when its payer asks, when its operator agrees, or when it is forgotten.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Notes from when on a payer may close its channel.
    pub(crate) fn do_request_close(who: T::AccountId, channel: ChannelId) -> DispatchResult {
        let mut entry = Channels::<T>::get(channel).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.payer == who, Error::<T>::NotPayer);
        ensure!(entry.closing.is_none(), Error::<T>::WrongPhase);
        let from = now::<T>().saturating_add(T::CloseDelay::get());
        entry.closing = Some(from);
        Channels::<T>::insert(channel, entry);
        Self::deposit_event(Event::CloseRequested { channel, from });
        Ok(())
    }

    /// Closes a channel for who may do so by now.
    pub(crate) fn do_close(who: T::AccountId, channel: ChannelId) -> DispatchResult {
        let entry = Channels::<T>::get(channel).ok_or(Error::<T>::NotFound)?;
        let now = now::<T>();
        if now <= entry.expires.saturating_add(T::CloseDelay::get()) && who != entry.operator {
            ensure!(who == entry.payer, Error::<T>::TooEarly);
            let from = entry.closing.ok_or(Error::<T>::WrongPhase)?;
            ensure!(now >= from, Error::<T>::TooEarly);
        }
        Self::end(channel, entry)
    }

    /// Closes a payer's channel with its operator's signature.
    pub(crate) fn do_close_now(
        who: T::AccountId,
        channel: ChannelId,
        claimed: Balance,
        signature: Signature,
    ) -> DispatchResult {
        let entry = Channels::<T>::get(channel).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.payer == who, Error::<T>::NotPayer);
        // A statement of an earlier day says nothing of what was claimed since.
        ensure!(entry.claimed == claimed, Error::<T>::Stale);
        let statement = Closing { channel, claimed }.preimage(&genesis::<T>());
        let operator = Signer::Account(entry.operator.clone());
        ensure!(verify(&operator, &statement, &signature), Error::<T>::BadSignature);
        Self::end(channel, entry)
    }

    /// Returns what is left of a channel to its payer, and forgets it.
    fn end(channel: ChannelId, entry: Channel<T::AccountId>) -> DispatchResult {
        let returned = entry.left();
        release::<<T as Config>::Currency, _>(&Self::hold_reason(), &entry.payer, returned)?;
        Channels::<T>::remove(channel);
        ChannelsOf::<T>::remove(&entry.payer, channel);
        Self::deposit_event(Event::ChannelClosed { channel, payer: entry.payer, returned });
        Ok(())
    }
}
