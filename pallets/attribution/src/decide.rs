//! Deciding a settlement: whose shares, and who gets what. At most 16 reveals of 256 shares each.

use crate::*;
use frame_support::storage::with_storage_layer;
use openledger_primitives::{
    shares::MAX_SHARES,
    split::{distribute, portion, royalties, Split},
};

impl<T: Config> Pallet<T> {
    /// Decides a settlement by what its committee revealed.
    pub(crate) fn finalise(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let mut members = Vec::new();
        let mut vectors = Vec::new();
        for member in &settlement.committee {
            if let Some(reveal) = Reveals::<T>::get(id, member) {
                members.push(member.clone());
                vectors.push(reveal.shares);
            }
        }
        let shares = ShareVector::median(&vectors);
        let tolerance = settlement.parameters.tolerance;
        let accepted: Vec<_> = members
            .into_iter()
            .zip(&vectors)
            .filter(|(_, vector)| vector.distance(&shares) <= tolerance)
            .map(|(member, _)| member)
            .collect();
        let split = Self::divide(settlement, &shares, &accepted)?;
        Self::dismiss(id, settlement);
        Self::record(settlement, Phase::Finalised, shares.clone(), split);
        Self::deposit_event(Event::Finalised { settlement: id, shares, split, accepted });
        Ok(())
    }

    /// Decides a settlement that no committee answered: the data part goes to the pools, that of the
    /// attributors to the treasury.
    pub(crate) fn fall_back(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let shares = ShareVector::all_to_pool();
        let split = Self::divide(settlement, &shares, &[])?;
        Self::record(settlement, Phase::Fallback, shares, split);
        Self::deposit_event(Event::FellBack { settlement: id, split });
        Ok(())
    }

    fn record(settlement: &mut SettlementOf<T>, phase: Phase, shares: ShareVector, split: Split) {
        settlement.phase = phase;
        settlement.decided = Some(Self::now());
        settlement.shares = Some(shares);
        settlement.split = Some(split);
    }

    /// Divides a settlement's fee: every unit of it is credited, put into a pool, or sent to the
    /// treasury.
    fn divide(
        settlement: &SettlementOf<T>,
        shares: &ShareVector,
        accepted: &[T::AccountId],
    ) -> Result<Split, DispatchError> {
        let parts = &settlement.parameters.split;
        let members = accepted.len().saturated_into();
        let split = Split::of(settlement.total_fee, parts, shares, members);

        Self::credit(&settlement.operator, split.operator)?;
        let each = split.attributors.checked_div(members.into()).unwrap_or(0);
        for member in accepted {
            Self::credit(member, each)?;
        }

        let lineage = pallet_models::Pallet::<T>::lineage(settlement.model);
        let graph = lineage.iter().map(|ancestor| (ancestor.model, ancestor.parents.as_slice()));
        let owners = royalties(split.owner, settlement.parameters.royalty, graph);
        for (ancestor, amount) in lineage.iter().zip(owners) {
            Self::credit(&ancestor.owner, amount)?;
        }

        let data = distribute(portion(settlement.total_fee, parts.data), shares);
        for (contribution, amount) in &data.contributions {
            Self::earn(*contribution, *amount)?;
        }
        let pooled = Self::fill_pools(settlement.model, settlement.version, data.pool);

        // A model without owner or data cannot be settled. Should it ever be, no unit is lost.
        let orphaned = if lineage.is_empty() { split.owner } else { 0 };
        let unpooled = data.pool.saturating_sub(pooled);
        let treasury = [split.treasury, split.remainder, orphaned, unpooled]
            .into_iter()
            .fold(0, Balance::saturating_add);
        Self::pay_treasury(treasury)?;
        Ok(split)
    }

    fn credit(account: &T::AccountId, amount: Balance) -> DispatchResult {
        if amount > 0 {
            Credits::<T>::try_mutate(account, |credit| {
                *credit = credit.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Ok::<_, DispatchError>(())
            })?;
        }
        Ok(())
    }

    fn earn(contribution: ContributionId, amount: Balance) -> DispatchResult {
        if amount > 0 {
            Earned::<T>::try_mutate(contribution, |earned| {
                earned.accrued =
                    earned.accrued.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Ok::<_, DispatchError>(())
            })?;
        }
        Ok(())
    }

    /// Divides `amount` among the pools of the version's datanets by their versions' records, and
    /// returns what they received: all of it, unless there is no datanet.
    fn fill_pools(model: ModelId, version: ModelVersion, amount: Balance) -> Balance {
        let Some(info) = pallet_models::Pallet::<T>::version(model, version) else { return 0 };
        if amount == 0 || info.trained_on.is_empty() {
            return 0;
        }
        let records: Vec<u64> = info
            .trained_on
            .iter()
            .map(|(datanet, number)| {
                pallet_datanets::Pallet::<T>::version(*datanet, *number)
                    .map_or(0, |version| version.records)
            })
            .collect();
        let parts = pool::divide(amount, &records);
        for ((datanet, _), part) in info.trained_on.iter().zip(parts) {
            Pools::<T>::mutate(datanet, |pool| pool.receive(part));
        }
        amount
    }

    /// Takes the next contributions of a model's version into the pools of their datanets, at most as
    /// many as one share vector names; those that are in already stay as they are.
    pub(crate) fn enter_pools(model: ModelId, version: ModelVersion) {
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
    }

    /// Sends the treasury its part; if it cannot receive it, credits it, so that nothing stops.
    fn pay_treasury(amount: Balance) -> DispatchResult {
        let treasury = T::Treasury::get();
        if amount > 0 && with_storage_layer(|| Self::pay(&treasury, amount)).is_err() {
            Self::credit(&treasury, amount)?;
        }
        Ok(())
    }
}
