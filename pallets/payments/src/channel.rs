//! Channels while they are open: what is put in, and whose signature makes their vouchers.

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn hold_reason() -> <T as Config>::RuntimeHoldReason {
        HoldReason::Channel.into()
    }

    /// Opens a channel, or a one-off payment for a request.
    pub(crate) fn begin(
        payer: T::AccountId,
        operator: T::AccountId,
        deposit: Balance,
        expires: BlockNumber,
        request: Option<H256>,
    ) -> Result<ChannelId, DispatchError> {
        ensure!(
            pallet_providers::Pallet::<T>::is_active(Role::Operator, &operator),
            Error::<T>::NotOperator
        );
        ensure!(deposit >= T::MinDeposit::get(), Error::<T>::InvalidAmount);
        ensure!(expires > now::<T>(), Error::<T>::InvalidExpiry);
        hold_unfrozen::<<T as Config>::Currency, _>(&Self::hold_reason(), &payer, deposit)?;
        let channel = next_id::<NextChannelId<T>, _>()?;
        ChannelsOf::<T>::insert(&payer, channel, ());
        Channels::<T>::insert(
            channel,
            Channel {
                payer: payer.clone(),
                operator: operator.clone(),
                deposit,
                claimed: 0,
                expires,
                closing: None,
                signer: Signer::Account(payer.clone()),
                former: None,
                request,
            },
        );
        Self::deposit_event(Event::ChannelOpened { channel, payer, operator, deposit, expires });
        Ok(channel)
    }

    /// Puts more into a channel.
    pub(crate) fn do_top_up(
        who: T::AccountId,
        channel: ChannelId,
        amount: Balance,
    ) -> DispatchResult {
        let mut entry = Channels::<T>::get(channel).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.payer == who, Error::<T>::NotPayer);
        ensure!(entry.request.is_none(), Error::<T>::Prepaid);
        ensure!(entry.closing.is_none(), Error::<T>::WrongPhase);
        ensure!(entry.expires >= now::<T>(), Error::<T>::Expired);
        ensure!(amount > 0, Error::<T>::InvalidAmount);
        let reason = Self::hold_reason();
        hold_unfrozen::<<T as Config>::Currency, _>(&reason, &who, amount)?;
        let deposit = entry.deposit.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
        entry.deposit = deposit;
        Channels::<T>::insert(channel, entry);
        Self::deposit_event(Event::ToppedUp { channel, amount, deposit });
        Ok(())
    }

    /// Names the key that signs a channel's vouchers from now on.
    pub(crate) fn do_set_signer(
        who: T::AccountId,
        channel: ChannelId,
        signer: Option<Signer<T::AccountId>>,
    ) -> DispatchResult {
        let mut entry = Channels::<T>::get(channel).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.payer == who, Error::<T>::NotPayer);
        ensure!(entry.request.is_none(), Error::<T>::Prepaid);
        ensure!(entry.closing.is_none(), Error::<T>::WrongPhase);
        let now = now::<T>();
        ensure!(entry.former.as_ref().is_none_or(|(_, until)| now > *until), Error::<T>::TooEarly);
        let former_until = now.saturating_add(T::CloseDelay::get());
        let signer = signer.unwrap_or(Signer::Account(who));
        let former = core::mem::replace(&mut entry.signer, signer.clone());
        entry.former = Some((former, former_until));
        Channels::<T>::insert(channel, entry);
        Self::deposit_event(Event::SignerSet { channel, signer, former_until });
        Ok(())
    }
}
