//! What must hold between the storage items.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut held = BTreeMap::<T::AccountId, Balance>::new();
        let mut channels = 0usize;
        let now = now::<T>();
        for (id, channel) in Channels::<T>::iter() {
            channels = channels.saturating_add(1);
            ensure!(id < NextChannelId::<T>::get(), "a channel that was never opened");
            ensure!(channel.claimed <= channel.deposit, "more claimed than deposited");
            ensure!(
                ChannelsOf::<T>::contains_key(&channel.payer, id),
                "a channel that its payer's list lacks"
            );
            ensure!(
                channel.request.is_none()
                    || channel.signer == Signer::Account(channel.payer.clone())
                        && channel.former.is_none(),
                "a one-off payment with another signer"
            );
            let longest = now.saturating_add(T::CloseDelay::get());
            ensure!(
                channel.former.as_ref().is_none_or(|(_, until)| *until <= longest),
                "a former key that signs for longer than a closing takes"
            );
            let sum = held.entry(channel.payer.clone()).or_default();
            *sum = sum.saturating_add(channel.left());
        }
        ensure!(ChannelsOf::<T>::iter().count() == channels, "a list names a closed channel");
        let reason = Self::hold_reason();
        for (payer, sum) in held {
            ensure!(
                <T as Config>::Currency::balance_on_hold(&reason, &payer) == sum,
                "funds on hold differ from what the payer's channels have left"
            );
        }
        for (_, block) in LastSettled::<T>::iter() {
            ensure!(block <= now, "a settlement in the future");
        }
        Ok(())
    }
}
