//! What everybody has earned and not been paid yet. Nothing else writes [`Credits`], [`Earned`],
//! [`Pools`], [`PoolEntries`] and [`Entered`].

use crate::*;
use frame_support::storage::with_storage_layer;

impl<T: Config> Pallet<T> {
    /// Adds to what an account may claim for its work and its models.
    pub(crate) fn credit(account: &T::AccountId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        Credits::<T>::try_mutate(account, |credit| {
            *credit = credit.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Adds to what a contribution earned directly.
    pub(crate) fn earn(contribution: ContributionId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        Earned::<T>::try_mutate(contribution, |earned| {
            earned.accrued = earned.accrued.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Adds to what the contributions in a datanet's pool earn together.
    pub(crate) fn fill_pool(datanet: DatanetId, amount: Balance) {
        if amount > 0 {
            Pools::<T>::mutate(datanet, |pool| pool.receive(amount));
        }
    }

    /// Takes the next contributions of a model's version into the pools of their datanets, at most as
    /// many as one share vector names; those that are in already stay as they are. Returns how many it
    /// looked at.
    pub(crate) fn enter_pools(model: ModelId, version: ModelVersion) -> u32 {
        let contributions = pallet_models::Pallet::<T>::contributions(model, version);
        let entered = Entered::<T>::get(model, version);
        let next = contributions.iter().skip(entered as usize).take(MAX_SHARES as usize);
        let mut taken = 0u32;
        for id in next {
            taken = taken.saturating_add(1);
            if PoolEntries::<T>::contains_key(id) {
                continue;
            }
            if let Some(contribution) = pallet_datanets::Pallet::<T>::contribution(*id) {
                let entry =
                    Pools::<T>::mutate(contribution.datanet, |p| p.enter(contribution.records));
                PoolEntries::<T>::insert(id, entry);
            }
        }
        if taken > 0 {
            Entered::<T>::insert(model, version, entered.saturating_add(taken));
        }
        taken
    }

    /// What a contribution has earned by now, with what still lies in its pool.
    pub(crate) fn earnings(contribution: ContributionId) -> Earnings {
        let mut earned = Earned::<T>::get(contribution);
        let pending = PoolEntries::<T>::get(contribution).and_then(|entry| {
            let datanet = pallet_datanets::Pallet::<T>::contribution(contribution)?.datanet;
            Some(entry.earned(&Pools::<T>::get(datanet)))
        });
        earned.accrued = earned.accrued.saturating_add(pending.unwrap_or(0));
        earned
    }

    /// Collects what a contribution earned in its pool and marks all that it earned as claimed. Returns
    /// what was not claimed before.
    fn settle_earnings(contribution: ContributionId) -> Result<Balance, DispatchError> {
        let mut earned = Self::earnings(contribution);
        let due = earned.accrued.checked_sub(earned.claimed).ok_or(ArithmeticError::Underflow)?;
        if due == 0 {
            return Ok(0);
        }
        earned.claimed = earned.accrued;
        Earned::<T>::insert(contribution, earned);
        if let Some(mut entry) = PoolEntries::<T>::get(contribution) {
            let datanet = pallet_datanets::Pallet::<T>::contribution(contribution)
                .ok_or(Error::<T>::NotFound)?
                .datanet;
            entry.entry_per_unit = Pools::<T>::get(datanet).per_unit;
            PoolEntries::<T>::insert(contribution, entry);
        }
        Ok(due)
    }

    /// Pays an account all of its credit.
    pub(crate) fn pay_credit(account: T::AccountId) -> DispatchResult {
        let amount = Credits::<T>::take(&account);
        ensure!(amount > 0, Error::<T>::NotFound);
        Self::pay(&account, amount)?;
        Self::deposit_event(Event::Claimed { account, amount });
        Ok(())
    }

    /// Pays the payees of these contributions what the contributions earned: one payment for each
    /// account, since small earnings may reach the existential deposit only together.
    pub(crate) fn pay_contributions(
        ids: impl IntoIterator<Item = ContributionId>,
    ) -> DispatchResult {
        let mut due = BTreeMap::<T::AccountId, Balance>::new();
        for contribution in ids {
            let account = pallet_datanets::Pallet::<T>::payout_account(contribution)
                .ok_or(Error::<T>::NotFound)?;
            let amount = Self::settle_earnings(contribution)?;
            if amount == 0 {
                continue;
            }
            let sum = due.entry(account.clone()).or_default();
            *sum = sum.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            Self::deposit_event(Event::ContributionClaimed { contribution, account, amount });
        }
        ensure!(!due.is_empty(), Error::<T>::NotFound);
        for (account, amount) in due {
            Self::pay(&account, amount)?;
        }
        Ok(())
    }

    /// Credits the payee so far with what a contribution earned until now.
    pub(crate) fn credit_payee(
        contribution: ContributionId,
        payee: &T::AccountId,
    ) -> DispatchResult {
        let amount = Self::settle_earnings(contribution)?;
        if amount > 0 {
            Self::credit(payee, amount)?;
            let account = payee.clone();
            Self::deposit_event(Event::EarningsCredited { contribution, account, amount });
        }
        Ok(())
    }

    /// What an account could claim now.
    pub(crate) fn claimable_by(account: T::AccountId) -> Claimable {
        let contributions = pallet_datanets::ContributionsOf::<T>::iter_key_prefix(&account)
            .map(|contribution| {
                let Earnings { accrued, claimed } = Self::earnings(contribution);
                ContributionClaim { contribution, accrued, claimed }
            })
            .collect();
        Claimable { credit: Credits::<T>::get(account), contributions }
    }

    /// Sends the treasury its part. Where the treasury cannot receive it, the part is credited, so that
    /// nothing stops.
    pub(crate) fn pay_treasury(amount: Balance) -> DispatchResult {
        let treasury = T::Treasury::get();
        if amount > 0 && with_storage_layer(|| Self::pay(&treasury, amount)).is_err() {
            Self::credit(&treasury, amount)?;
        }
        Ok(())
    }

    /// Pays from the pot, which stays alive.
    fn pay(account: &T::AccountId, amount: Balance) -> DispatchResult {
        CurrencyOf::<T>::transfer(&Self::pot(), account, amount, Preservation::Preserve)?;
        Ok(())
    }
}

impl<T: Config> OnPayoutChange<T::AccountId> for Pallet<T> {
    fn before_payout_change(contribution: ContributionId, payee: &T::AccountId) -> DispatchResult {
        Self::credit_payee(contribution, payee)
    }

    fn weight() -> Weight {
        <T as Config>::WeightInfo::payout_change()
    }
}
