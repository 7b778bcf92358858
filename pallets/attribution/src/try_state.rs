//! What must hold between the storage items, and between them and the pot.

use crate::*;
use frame_support::traits::fungible::{hold::Inspect as _, Inspect};
use sp_runtime::TryRuntimeError;

/// What the pot owes, in units, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Liabilities {
    /// Fees of settlements not decided.
    pub undecided: Balance,
    /// Credits.
    pub credits: Balance,
    /// Earned by contributions and not claimed, what lies in pools included.
    pub contributions: Balance,
    /// Carried by pools.
    pub carried: Balance,
}

impl Liabilities {
    pub fn total(&self) -> Balance {
        [self.undecided, self.credits, self.contributions, self.carried]
            .into_iter()
            .fold(0, Balance::saturating_add)
    }
}

impl<T: Config> Pallet<T> {
    /// What the pot owes now.
    pub(crate) fn liabilities() -> Liabilities {
        let mut owed = Liabilities {
            credits: Credits::<T>::iter_values().fold(0, Balance::saturating_add),
            carried: Pools::<T>::iter_values()
                .map(|pool| pool.carry)
                .fold(0, Balance::saturating_add),
            ..Default::default()
        };
        for settlement in Settlements::<T>::iter_values() {
            if settlement.decided.is_none() {
                owed.undecided = owed.undecided.saturating_add(settlement.total_fee);
            }
        }
        for id in Self::earners() {
            let earned = Self::earnings(id);
            let due = earned.accrued.saturating_sub(earned.claimed);
            owed.contributions = owed.contributions.saturating_add(due);
        }
        owed
    }

    /// All contributions that earned something or are in a pool; ascending.
    fn earners() -> Vec<ContributionId> {
        let mut ids: Vec<_> =
            Earned::<T>::iter_keys().chain(PoolEntries::<T>::iter_keys()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut to_data: Balance = 0;
        let mut jobs = 0usize;
        for (id, settlement) in Settlements::<T>::iter() {
            ensure!(id < NextSettlementId::<T>::get(), "a settlement that never came");
            ensure!(settlement.parameters.is_valid(), "a settlement's parameters are out of range");
            let is_decided = matches!(settlement.phase, Phase::Finalised | Phase::Fallback);
            ensure!(
                [settlement.decided.is_some(), settlement.split.is_some()] == [is_decided; 2],
                "a settlement is half decided"
            );
            ensure!(
                settlement.shares.is_some() == (is_decided || settlement.phase == Phase::Decided),
                "a settlement has shares that nobody found"
            );
            if let Some(split) = settlement.split {
                ensure!(split.total() == settlement.total_fee, "a split differs from its fee");
                to_data = to_data.saturating_add(split.data).saturating_add(settlement.emission);
            } else {
                ensure!(settlement.emission == 0, "an undecided settlement has emission");
            }
            let commitments: Vec<_> = Commitments::<T>::iter_key_prefix(id).collect();
            let reveals: Vec<_> = Reveals::<T>::iter_key_prefix(id).collect();
            ensure!(
                commitments.iter().all(|who| settlement.committee.contains(who)),
                "a commitment of somebody outside the committee"
            );
            ensure!(
                reveals.iter().all(|who| settlement.committee.contains(who)),
                "a reveal of somebody outside the committee"
            );
            let contested: Vec<_> = Contested::<T>::iter_key_prefix(id).collect();
            let doubted = settlement.challenge.as_ref().map(|challenge| &challenge.committee);
            ensure!(
                contested.iter().all(|who| doubted.is_some_and(|c| c.contains(who))),
                "a contested result of somebody outside the committee in doubt"
            );
            let is_working = matches!(settlement.phase, Phase::Committing | Phase::Revealing);
            ensure!(is_working || commitments.is_empty(), "commitments that nobody waits for");
            if is_decided {
                ensure!(
                    reveals.is_empty() && contested.is_empty(),
                    "a settlement that is over has reveals"
                );
            }
            ensure!(
                settlement.phase != Phase::Committing || reveals.is_empty(),
                "a reveal before its phase"
            );
            if !is_working {
                continue;
            }
            for member in &settlement.committee {
                ensure!(
                    JobsOf::<T>::get(member).contains(&id),
                    "a member does not know of its job"
                );
            }
            jobs = jobs.saturating_add(settlement.committee.len());
        }
        let mut waiting = Undrawn::<T>::get().into_inner();
        for id in &waiting {
            ensure!(
                Settlements::<T>::get(id).is_some_and(|settlement| {
                    settlement.phase == Phase::Committing && settlement.committee.is_empty()
                }),
                "a settlement waits for a committee that it does not need"
            );
        }
        waiting.sort_unstable();
        ensure!(waiting.is_sorted_by(|a, b| a < b), "a settlement waits twice for its committee");
        let known = JobsOf::<T>::iter_values().fold(0usize, |n, j| n.saturating_add(j.len()));
        ensure!(known == jobs, "a job of somebody outside the committee");

        let mut units = BTreeMap::<DatanetId, u64>::new();
        for (id, entry) in PoolEntries::<T>::iter() {
            let contribution = pallet_datanets::Pallet::<T>::contribution(id)
                .ok_or("a pool has a contribution that never was")?;
            let sum = units.entry(contribution.datanet).or_default();
            *sum = sum.saturating_add(entry.units.into());
            ensure!(
                entry.entry_per_unit <= Pools::<T>::get(contribution.datanet).per_unit,
                "a contribution was paid more than its pool earned"
            );
        }
        for (datanet, pool) in Pools::<T>::iter() {
            ensure!(
                units.get(&datanet).copied().unwrap_or(0) == pool.units,
                "a pool's units differ from its contributions' records"
            );
        }

        let mut at_stake = BTreeMap::<T::AccountId, Balance>::new();
        for settlement in Settlements::<T>::iter_values() {
            if let (None, Some(challenge)) = (settlement.decided, settlement.challenge) {
                let sum = at_stake.entry(challenge.challenger).or_default();
                *sum = sum.saturating_add(challenge.bond);
            }
        }
        for (challenger, bonds) in at_stake {
            ensure!(
                CurrencyOf::<T>::balance_on_hold(&Self::hold_reason(), &challenger) == bonds,
                "a challenger's hold differs from its bonds"
            );
        }

        let owed = Self::liabilities();
        let accrued = Self::earners()
            .into_iter()
            .map(|id| Self::earnings(id))
            .map(|earned| earned.accrued)
            .fold(0, Balance::saturating_add);
        ensure!(
            accrued.saturating_add(owed.carried) == to_data,
            "what contributions accrued and pools carry differs from the data parts and the emission"
        );
        ensure!(
            CurrencyOf::<T>::total_balance(&Self::pot()) >= owed.total(),
            "the pot cannot pay what it owes"
        );
        Ok(())
    }
}
