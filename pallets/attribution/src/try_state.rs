//! What must hold between the storage items, and between them and the pot. One function for each
//! invariant.

use crate::*;
use frame_support::traits::fungible::{hold::Inspect as _, Inspect};
use sp_runtime::TryRuntimeError;

/// What the pot owes, in units, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Liabilities {
    /// Fees of settlements that are not over.
    pub unfinished: Balance,
    /// Credits.
    pub credits: Balance,
    /// Earned by contributions and not claimed, with what lies in pools.
    pub contributions: Balance,
    /// Carried by pools.
    pub carried: Balance,
}

impl Liabilities {
    pub fn total(&self) -> Balance {
        sum([self.unfinished, self.credits, self.contributions, self.carried].into_iter())
    }
}

fn sum(amounts: impl Iterator<Item = Balance>) -> Balance {
    amounts.fold(0, Balance::saturating_add)
}

impl<T: Config> Pallet<T> {
    /// Checks all invariants.
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        for (id, settlement) in Settlements::<T>::iter() {
            Self::check_settlement(id, &settlement)?;
            Self::check_answers(id, &settlement)?;
        }
        Self::check_waiting()?;
        Self::check_jobs()?;
        Self::check_pools()?;
        Self::check_challengers()?;
        Self::check_data()?;
        Self::check_pot()
    }

    /// A settlement has an id that was given, parameters in range, and divides exactly its fee.
    fn check_settlement(
        id: SettlementId,
        settlement: &SettlementOf<T>,
    ) -> Result<(), TryRuntimeError> {
        ensure!(id < NextSettlementId::<T>::get(), "a settlement that never came");
        ensure!(settlement.parameters.is_valid(), "a settlement's parameters are out of range");
        if let Some(outcome) = settlement.outcome() {
            ensure!(outcome.split.total() == settlement.total_fee, "a split differs from its fee");
        }
        Ok(())
    }

    /// Commitments and reveals are those of the present committee in its phase, and contested results
    /// those of the committee in doubt.
    fn check_answers(
        id: SettlementId,
        settlement: &SettlementOf<T>,
    ) -> Result<(), TryRuntimeError> {
        let commitments: Vec<_> = Commitments::<T>::iter_key_prefix(id).collect();
        let reveals: Vec<_> = Reveals::<T>::iter_key_prefix(id).collect();
        let contested: Vec<_> = Contested::<T>::iter_key_prefix(id).collect();
        ensure!(
            commitments.iter().all(|who| settlement.committee().contains(who)),
            "a commitment of somebody outside the committee"
        );
        ensure!(
            reveals.iter().all(|who| settlement.committee().contains(who)),
            "a reveal of somebody outside the committee"
        );
        let doubted = settlement.challenge.as_ref().map(|challenge| &challenge.committee);
        ensure!(
            contested.iter().all(|who| doubted.is_some_and(|c| c.contains(who))),
            "a contested result of somebody outside the committee in doubt"
        );
        let phase = settlement.phase();
        let is_working = matches!(phase, Phase::Committing | Phase::Revealing);
        ensure!(is_working || commitments.is_empty(), "commitments that nobody waits for");
        ensure!(phase != Phase::Committing || reveals.is_empty(), "a reveal before its phase");
        ensure!(
            !settlement.is_over() || (reveals.is_empty() && contested.is_empty()),
            "a settlement that is over has reveals"
        );
        Ok(())
    }

    /// Each settlement that waits for a committee needs one, and waits once.
    fn check_waiting() -> Result<(), TryRuntimeError> {
        let mut waiting = Undrawn::<T>::get().into_inner();
        for id in &waiting {
            ensure!(
                Settlements::<T>::get(id)
                    .is_some_and(|settlement| matches!(settlement.stage, Stage::Undrawn { .. })),
                "a settlement waits for a committee that it does not need"
            );
        }
        waiting.sort_unstable();
        ensure!(waiting.is_sorted_by(|a, b| a < b), "a settlement waits twice for its committee");
        Ok(())
    }

    /// The jobs are those of the members of committees that commit or reveal.
    fn check_jobs() -> Result<(), TryRuntimeError> {
        let mut jobs = 0usize;
        for (id, settlement) in Settlements::<T>::iter() {
            let (Stage::Committing { committee, .. } | Stage::Revealing { committee, .. }) =
                settlement.stage
            else {
                continue;
            };
            ensure!(
                committee.iter().all(|member| JobsOf::<T>::get(member).contains(&id)),
                "a member does not know of its job"
            );
            jobs = jobs.saturating_add(committee.len());
        }
        let known = JobsOf::<T>::iter_values().fold(0usize, |n, j| n.saturating_add(j.len()));
        ensure!(known == jobs, "a job of somebody outside the committee");
        Ok(())
    }

    /// A pool has the units of its contributions' records, and none was paid beyond what it earned.
    fn check_pools() -> Result<(), TryRuntimeError> {
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
        Ok(())
    }

    /// What a challenger has on hold are the bonds of its challenges that are not resolved.
    fn check_challengers() -> Result<(), TryRuntimeError> {
        let mut at_stake = BTreeMap::<T::AccountId, Balance>::new();
        for settlement in Settlements::<T>::iter_values() {
            if let (false, Some(challenge)) = (settlement.is_over(), settlement.challenge) {
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
        Ok(())
    }

    /// All that the data was ever given is what contributions accrued and what pools carry.
    fn check_data() -> Result<(), TryRuntimeError> {
        let given = sum(Settlements::<T>::iter_values().map(|settlement| {
            settlement.outcome().map_or(0, |o| o.split.data.saturating_add(o.emission))
        }));
        let accrued = sum(Self::earners().into_iter().map(|id| Self::earnings(id).accrued));
        ensure!(
            accrued.saturating_add(Self::carried()) == given,
            "what contributions accrued and pools carry differs from the data parts and the emission"
        );
        Ok(())
    }

    /// The pot has what it owes.
    fn check_pot() -> Result<(), TryRuntimeError> {
        ensure!(
            CurrencyOf::<T>::total_balance(&Self::pot()) >= Self::liabilities().total(),
            "the pot cannot pay what it owes"
        );
        Ok(())
    }

    /// What the pot owes now.
    pub(crate) fn liabilities() -> Liabilities {
        let unfinished = Settlements::<T>::iter_values().filter(|settlement| !settlement.is_over());
        let due = Self::earners().into_iter().map(|id| {
            let Earnings { accrued, claimed } = Self::earnings(id);
            accrued.saturating_sub(claimed)
        });
        Liabilities {
            unfinished: sum(unfinished.map(|settlement| settlement.total_fee)),
            credits: sum(Credits::<T>::iter_values()),
            contributions: sum(due),
            carried: Self::carried(),
        }
    }

    /// What the pools carry together.
    fn carried() -> Balance {
        sum(Pools::<T>::iter_values().map(|pool| pool.carry))
    }

    /// All contributions that earned something or are in a pool; ascending.
    fn earners() -> Vec<ContributionId> {
        let mut ids: Vec<_> =
            Earned::<T>::iter_keys().chain(PoolEntries::<T>::iter_keys()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
