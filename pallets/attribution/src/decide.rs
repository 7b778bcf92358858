//! Deciding a settlement: whose shares, who gets what, and who loses what. At most 16 reveals of 256
//! shares each, and as many again where there was a challenge.

use crate::{emission::Income, *};
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::hold::Mutate as _,
        tokens::{Fortitude, Precision, Restriction},
    },
};
use openledger_primitives::{
    pool,
    split::{distribute, portion, royalties, Distribution, Split},
};
use pallet_models::Ancestor;

/// What one member revealed, and for which result.
struct Revealed<AccountId> {
    member: AccountId,
    /// What it revealed; nothing if it was silent.
    shares: Option<ShareVector>,
    /// Whether it was in the committee whose result was challenged.
    challenged: bool,
}

impl<T: Config> Pallet<T> {
    /// Whether `answers` of a committee of `members` are enough: more than half.
    pub(crate) fn is_quorum(answers: usize, members: usize) -> bool {
        answers.saturating_mul(2) > members
    }

    /// Finds the shares by what the committee revealed, and opens the window in which they can be
    /// challenged.
    pub(crate) fn conclude(id: SettlementId, settlement: &mut SettlementOf<T>) {
        let vectors: Vec<_> = settlement
            .committee
            .iter()
            .filter_map(|member| Some(Reveals::<T>::get(id, member)?.shares))
            .collect();
        let shares = ShareVector::median(&vectors);
        Self::release(id, settlement);
        settlement.phase = Phase::Decided;
        settlement.deadline = Self::now().saturating_add(settlement.parameters.challenge_blocks);
        settlement.shares = Some(shares.clone());
        let deadline = settlement.deadline;
        Self::deposit_event(Event::Decided { settlement: id, shares, deadline });
    }

    /// Ends a settlement whose window is over: judges every member, resolves the challenge, and divides
    /// the fee. Returns what that cost.
    pub(crate) fn finalise(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
        answered: bool,
    ) -> Result<Weight, DispatchError> {
        let found = settlement.shares.take().unwrap_or_else(ShareVector::all_to_pool);
        let tolerance = settlement.parameters.tolerance;
        let resolution = settlement.challenge.as_ref().map(|challenge| match answered {
            false => Resolution::Unanswered,
            true if challenge.shares.distance(&found) <= tolerance => Resolution::Upheld,
            true => Resolution::Overturned,
        });
        let first = settlement.challenge.as_ref().map(|challenge| challenge.shares.clone());
        let shares = match (resolution, &first) {
            (Some(Resolution::Upheld | Resolution::Unanswered), Some(first)) => first.clone(),
            _ => found.clone(),
        };

        let all = Self::revealed(id, settlement);
        let named = all.iter().filter_map(|member| member.shares.as_ref()).chain([&shares]);
        let named = named.map(|shares| shares.shares().len()).max().unwrap_or(0);
        let challenged = settlement.challenge.as_ref().map_or(0, |c| c.committee.len());
        let members = settlement.committee.len().max(challenged);
        // Where the first result stands, each is judged by the result of its own committee.
        let near = |shown: &ShareVector, challenged: bool| {
            shown.distance(if challenged { &shares } else { &found }) <= tolerance
        };
        // Of two who disagree, the median is nobody's result: who is right is not known, and nobody is slashed.
        let deciding = all.iter().filter(|member| member.challenged != answered);
        let votes: Vec<_> = deciding
            .filter_map(|member| Some(near(member.shares.as_ref()?, member.challenged)))
            .collect();
        let agreed = Self::is_quorum(votes.iter().filter(|near| **near).count(), votes.len());

        let mut accepted = Vec::new();
        for Revealed { member, shares: revealed, challenged } in all {
            match revealed {
                Some(revealed) if near(&revealed, challenged) => accepted.push(member),
                Some(_) if !agreed => {}
                Some(_) => {
                    let winner = match (&settlement.challenge, resolution) {
                        (Some(challenge), Some(Resolution::Overturned)) if challenged => {
                            Some(&challenge.challenger)
                        }
                        _ => None,
                    };
                    Self::slash(&member, settlement.parameters.slash, winner);
                }
                None => Self::slash_silent(&member, settlement),
            }
        }
        if let (Some(challenge), Some(resolution)) = (&settlement.challenge, resolution) {
            Self::resolve(id, challenge, resolution, &accepted)?;
        }
        let lineage = pallet_models::Pallet::<T>::lineage(settlement.model);
        let split = Self::divide(settlement, &lineage, &shares, &accepted)?;
        Self::forget(id, settlement);
        Self::record(settlement, Phase::Finalised, shares.clone(), split);
        let emission = settlement.emission;
        Self::deposit_event(Event::Finalised { settlement: id, shares, split, emission, accepted });
        Ok(<T as Config>::WeightInfo::advance_finalise(
            members.saturated_into(),
            named.saturated_into(),
            lineage.len().saturated_into(),
        ))
    }

    /// What all members revealed: those whose result was challenged first. Where nobody answered a
    /// challenge, only they.
    fn revealed(id: SettlementId, settlement: &SettlementOf<T>) -> Vec<Revealed<T::AccountId>> {
        let first =
            settlement.challenge.iter().flat_map(|challenge| &challenge.committee).map(|m| {
                Revealed { member: m.clone(), shares: Contested::<T>::get(id, m), challenged: true }
            });
        let last = settlement.committee.iter().map(|m| Revealed {
            member: m.clone(),
            shares: Reveals::<T>::get(id, m).map(|reveal| reveal.shares),
            challenged: false,
        });
        first.chain(last).collect()
    }

    /// Returns the challenger's bond, or divides it among the members that were right.
    fn resolve(
        id: SettlementId,
        challenge: &Challenge<T::AccountId>,
        resolution: Resolution,
        accepted: &[T::AccountId],
    ) -> DispatchResult {
        let (reason, challenger) = (Self::hold_reason(), &challenge.challenger);
        if resolution == Resolution::Upheld {
            let taken = CurrencyOf::<T>::transfer_on_hold(
                &reason,
                challenger,
                &Self::pot(),
                challenge.bond,
                Precision::BestEffort,
                Restriction::Free,
                Fortitude::Force,
            )?;
            let members: Balance = accepted.len().saturated_into();
            let each = taken.checked_div(members).unwrap_or(0);
            for member in accepted {
                Self::credit(member, each)?;
            }
            Self::pay_treasury(taken.saturating_sub(each.saturating_mul(members)))?;
        } else {
            CurrencyOf::<T>::release(&reason, challenger, challenge.bond, Precision::BestEffort)?;
        }
        Self::deposit_event(Event::ChallengeResolved { settlement: id, resolution });
        Ok(())
    }

    /// Takes a part of an attributor's bond, what it is taking back included. Whoever showed that it was
    /// wrong gets [`Config::SlashReward`] of that, which is returned; the treasury the rest.
    pub(crate) fn slash(
        member: &T::AccountId,
        part: Ppm,
        winner: Option<&T::AccountId>,
    ) -> Balance {
        let role = pallet_providers::Role::Attributor;
        let held = pallet_providers::Providers::<T>::get(role, member).map_or(0, |provider| {
            let leaving = provider.unbonding.map_or(0, |(amount, _)| amount);
            provider.bond.saturating_add(leaving)
        });
        let amount = portion(held, part);
        let take = |amount, beneficiary| {
            pallet_providers::Pallet::<T>::slash(role, member, amount, beneficiary)
        };
        let reward =
            winner.map_or(0, |winner| take(portion(amount, T::SlashReward::get()), winner));
        take(amount.saturating_sub(reward), &T::Treasury::get());
        reward
    }

    pub(crate) fn slash_silent(member: &T::AccountId, settlement: &SettlementOf<T>) {
        Self::slash(member, settlement.parameters.silence_slash, None);
    }

    /// Decides a settlement that no committee answered: the data part goes to the pools, that of the
    /// attributors to the treasury.
    pub(crate) fn fall_back(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let shares = ShareVector::all_to_pool();
        let lineage = pallet_models::Pallet::<T>::lineage(settlement.model);
        let split = Self::divide(settlement, &lineage, &shares, &[])?;
        Self::record(settlement, Phase::Fallback, shares, split);
        let emission = settlement.emission;
        Self::deposit_event(Event::FellBack { settlement: id, split, emission });
        Ok(())
    }

    fn record(settlement: &mut SettlementOf<T>, phase: Phase, shares: ShareVector, split: Split) {
        settlement.phase = phase;
        settlement.decided = Some(Self::now());
        settlement.shares = Some(shares);
        settlement.split = Some(split);
    }

    /// Divides a settlement's fee: every unit of it is credited, put into a pool, or sent to the
    /// treasury. The ecosystem's emission adds to the data's part.
    fn divide(
        settlement: &mut SettlementOf<T>,
        lineage: &[Ancestor<T::AccountId>],
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
        settlement.emission = Self::emit(settlement, split.treasury, &incomes);

        // A model without owner or data cannot be settled. Should it ever be, no unit is lost.
        let orphaned = if lineage.is_empty() { split.owner } else { 0 };
        let unpooled = data.pool.saturating_sub(pooled);
        let treasury = [split.treasury, split.remainder, orphaned, unpooled]
            .into_iter()
            .fold(0, Balance::saturating_add);
        Self::pay_treasury(treasury)?;
        Ok(split)
    }

    pub(crate) fn credit(account: &T::AccountId, amount: Balance) -> DispatchResult {
        if amount > 0 {
            Credits::<T>::try_mutate(account, |credit| {
                *credit = credit.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Ok::<_, DispatchError>(())
            })?;
        }
        Ok(())
    }

    pub(crate) fn earn(contribution: ContributionId, amount: Balance) -> DispatchResult {
        if amount > 0 {
            Earned::<T>::try_mutate(contribution, |earned| {
                earned.accrued =
                    earned.accrued.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Ok::<_, DispatchError>(())
            })?;
        }
        Ok(())
    }

    /// What each datanet of a model's version has of the data's part: its contributions directly, and its
    /// pool by the version's records. All of the pools' part, unless there is no datanet.
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

    /// Sends the treasury its part; if it cannot receive it, credits it, so that nothing stops.
    fn pay_treasury(amount: Balance) -> DispatchResult {
        let treasury = T::Treasury::get();
        if amount > 0 && with_storage_layer(|| Self::pay(&treasury, amount)).is_err() {
            Self::credit(&treasury, amount)?;
        }
        Ok(())
    }
}
