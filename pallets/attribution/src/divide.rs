//! Dividing a settlement's fee among operator, members, owners and data.

use crate::{matching::Income, *};
use openledger_primitives::{
    pool,
    split::{distribute, portion, royalties, Distribution, Split},
};
use pallet_models::Ancestor;

impl<T: Config> Pallet<T> {
    /// Ends a settlement that no committee answered: the data part goes to the pools, that of the
    /// attributors to the treasury.
    pub(crate) fn fall_back(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let shares = ShareVector::all_to_pool();
        let lineage = pallet_models::Pallet::<T>::lineage(settlement.model);
        let (split, emission) = Self::divide(settlement, &lineage, &shares, &[])?;
        let (ended, committee) = (now::<T>(), Committee::new());
        settlement.stage = Stage::Fallback(Outcome { ended, committee, shares, split, emission });
        Self::deposit_event(Event::FellBack { settlement: id, split, emission });
        Ok(())
    }

    /// Divides a settlement's fee: every unit of it is credited, put into a pool, or sent to the
    /// treasury. Returns the parts, and what the ecosystem's emission added to that of the data.
    pub(crate) fn divide(
        settlement: &SettlementOf<T>,
        lineage: &[Ancestor<T::AccountId>],
        shares: &ShareVector,
        accepted: &[T::AccountId],
    ) -> Result<(Split, Balance), DispatchError> {
        let parts = &settlement.parameters.split;
        let members = accepted.len().saturated_into();
        let split = Split::of(settlement.total_fee, parts, shares, members);

        Self::credit(&settlement.operator, split.operator)?;
        let each = split.attributors.checked_div(members.into()).unwrap_or(0);
        for member in accepted {
            Self::credit(member, each)?;
        }

        let graph = lineage.iter().map(|ancestor| (ancestor.model, ancestor.parents.as_slice()));
        let owners = royalties(split.owner, settlement.parameters.royalty, graph);
        for (ancestor, amount) in lineage.iter().zip(owners) {
            Self::credit(&ancestor.owner, amount)?;
        }

        let data = distribute(portion(settlement.total_fee, parts.data), shares);
        for (contribution, amount) in &data.contributions {
            Self::earn(*contribution, *amount)?;
        }
        let incomes = Self::incomes(settlement.model, settlement.version, &data);
        for income in &incomes {
            Self::fill_pool(income.datanet, income.pool);
        }
        let pooled = incomes.iter().fold(0, |sum: Balance, i| sum.saturating_add(i.pool));
        let emission = Self::emit(settlement, split.treasury, &incomes);

        // A model without owner or data cannot be settled. Should it ever be, no unit is lost.
        let orphaned = if lineage.is_empty() { split.owner } else { 0 };
        let unpooled = data.pool.saturating_sub(pooled);
        let treasury = [split.treasury, split.remainder, orphaned, unpooled]
            .into_iter()
            .fold(0, Balance::saturating_add);
        Self::pay_treasury(treasury)?;
        Ok((split, emission))
    }

    /// What each datanet of a model's version has of the data's part: its contributions directly, and its
    /// pool by the version's records. Together they have all of the pools' part, unless there is no
    /// datanet.
    fn incomes(model: ModelId, version: ModelVersion, data: &Distribution) -> Vec<Income> {
        let trained_on =
            pallet_models::Pallet::<T>::version(model, version).map(|info| info.trained_on);
        let versions: Vec<_> = trained_on
            .into_iter()
            .flatten()
            .filter_map(|(datanet, number)| {
                Some((datanet, pallet_datanets::Pallet::<T>::version(datanet, number)?))
            })
            .collect();
        let records: Vec<u64> = versions.iter().map(|(_, version)| version.records).collect();
        let pools = pool::divide(data.pool, &records);
        let mut left = data.contributions.clone();
        versions
            .into_iter()
            .zip(pools)
            .map(|((datanet, version), pool)| {
                // Two versions of one datanet share contributions: each earned once.
                let (contributions, others) = core::mem::take(&mut left)
                    .into_iter()
                    .partition(|(id, _)| version.contributions.binary_search(id).is_ok());
                left = others;
                Income { datanet, contributions, pool }
            })
            .collect()
    }
}
