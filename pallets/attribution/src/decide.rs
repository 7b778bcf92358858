//! From a committee to shares: committing, revealing, and what follows when too few answer.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Whether `answers` of a committee of `members` are enough: more than half.
    pub(crate) fn is_quorum(answers: usize, members: usize) -> bool {
        answers.saturating_mul(2) > members
    }

    /// The settlement and the attributor for whom `worker` signs, if the attributor is in its committee
    /// and the settlement is in `phase` and in time.
    fn member(
        settlement: SettlementId,
        worker: &T::AccountId,
        phase: Phase,
    ) -> Result<(SettlementOf<T>, T::AccountId), Error<T>> {
        let attributor =
            pallet_providers::Pallet::<T>::attributor_of(worker).ok_or(Error::<T>::NotMember)?;
        let entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.phase() == phase, Error::<T>::WrongPhase);
        ensure!(entry.committee().contains(&attributor), Error::<T>::NotMember);
        ensure!(Self::is_in_time(&entry), Error::<T>::Expired);
        Ok((entry, attributor))
    }

    /// Whether the phase of a settlement has not passed its last block.
    pub(crate) fn is_in_time(settlement: &SettlementOf<T>) -> bool {
        settlement.deadline().is_some_and(|deadline| now::<T>() <= deadline)
    }

    /// Whether `shares` name only contributions on which the model's version was trained.
    pub(crate) fn ensure_known(
        shares: &ShareVector,
        model: ModelId,
        version: ModelVersion,
    ) -> Result<(), Error<T>> {
        // Ascending.
        let known = pallet_models::Pallet::<T>::contributions(model, version);
        let all = shares.shares().iter().all(|s| known.binary_search(&s.contribution).is_ok());
        ensure!(all, Error::<T>::UnknownContribution);
        Ok(())
    }

    /// What `attributor` commits to with this result.
    pub(crate) fn commitment(
        attribution: &Attribution,
        settlement: SettlementId,
        attempt: u8,
        attributor: &T::AccountId,
        salt: &H256,
    ) -> H256 {
        attribution.commitment(&genesis::<T>(), settlement, attempt, attributor.as_ref(), salt)
    }

    /// Takes a member's commitment, and with the last one lets the committee reveal.
    pub(crate) fn take_commitment(
        settlement: SettlementId,
        worker: &T::AccountId,
        commitment: H256,
    ) -> DispatchResult {
        let (mut entry, attributor) = Self::member(settlement, worker, Phase::Committing)?;
        ensure!(
            !Commitments::<T>::contains_key(settlement, &attributor),
            Error::<T>::AlreadyExists
        );
        Commitments::<T>::insert(settlement, &attributor, commitment);
        Self::deposit_event(Event::Committed { settlement, attributor });
        if Commitments::<T>::iter_key_prefix(settlement).count() == entry.committee().len() {
            Self::start_reveal(settlement, &mut entry);
            Settlements::<T>::insert(settlement, entry);
        }
        Ok(())
    }

    /// Takes what a member reveals, and with the last one finds the shares. Returns whether it did.
    pub(crate) fn take_reveal(
        settlement: SettlementId,
        worker: &T::AccountId,
        attribution: Attribution,
        salt: &H256,
    ) -> Result<bool, DispatchError> {
        let (mut entry, attributor) = Self::member(settlement, worker, Phase::Revealing)?;
        let commitment =
            Commitments::<T>::get(settlement, &attributor).ok_or(Error::<T>::NotFound)?;
        ensure!(!Reveals::<T>::contains_key(settlement, &attributor), Error::<T>::AlreadyExists);
        Self::ensure_known(&attribution.shares, entry.model, entry.version)?;
        let attempt = entry.attempt;
        ensure!(
            Self::commitment(&attribution, settlement, attempt, &attributor, salt) == commitment,
            Error::<T>::InvalidReveal
        );
        Reveals::<T>::insert(settlement, &attributor, attribution);
        Self::deposit_event(Event::Revealed { settlement, attributor });
        let committed = Commitments::<T>::iter_key_prefix(settlement).count();
        let is_last = Reveals::<T>::iter_key_prefix(settlement).count() >= committed;
        if is_last {
            Self::conclude(settlement, &mut entry);
            Settlements::<T>::insert(settlement, entry);
        }
        Ok(is_last)
    }

    /// Moves a settlement on whose time is up. Returns what that cost; nothing where that is not known,
    /// and the most is charged.
    pub(crate) fn move_on(
        id: SettlementId,
        entry: &mut SettlementOf<T>,
    ) -> Result<Option<Weight>, DispatchError> {
        let in_time = Self::is_in_time(entry);
        match &entry.stage {
            Stage::Undrawn { .. } if in_time => Self::call_again(id, entry)?,
            Stage::Finalised(_) | Stage::Fallback(_) => return Err(Error::<T>::WrongPhase.into()),
            _ if in_time => return Err(Error::<T>::TooEarly.into()),
            Stage::Committing { committee, .. }
                if Self::is_quorum(
                    Commitments::<T>::iter_key_prefix(id).count(),
                    committee.len(),
                ) =>
            {
                Self::start_reveal(id, entry);
                return Ok(Some(<T as Config>::WeightInfo::advance_decide()));
            }
            Stage::Revealing { committee, .. }
                if Self::is_quorum(Reveals::<T>::iter_key_prefix(id).count(), committee.len()) =>
            {
                Self::conclude(id, entry);
                return Ok(Some(<T as Config>::WeightInfo::advance_decide()));
            }
            Stage::Undrawn { .. } | Stage::Committing { .. } | Stage::Revealing { .. } => {
                Self::retry(id, entry)?
            }
            Stage::Decided { committee, shares, .. } => {
                let last = Answer { committee: committee.clone(), shares: shares.clone() };
                return Self::finalise(id, entry, Some(last)).map(Some);
            }
        }
        Ok(None)
    }

    fn start_reveal(id: SettlementId, settlement: &mut SettlementOf<T>) {
        let deadline = now::<T>().saturating_add(settlement.parameters.reveal_blocks);
        let committee = Committee::truncate_from(settlement.committee().to_vec());
        settlement.stage = Stage::Revealing { committee, deadline };
        Self::deposit_event(Event::RevealStarted { settlement: id, deadline });
    }

    /// Finds the shares by what the committee revealed, and opens the window in which they can be
    /// challenged.
    pub(crate) fn conclude(id: SettlementId, settlement: &mut SettlementOf<T>) {
        let committee = Committee::truncate_from(settlement.committee().to_vec());
        let vectors: Vec<_> = committee
            .iter()
            .filter_map(|member| Some(Reveals::<T>::get(id, member)?.shares))
            .collect();
        let shares = ShareVector::median(&vectors);
        Self::release(id, &committee);
        let deadline = now::<T>().saturating_add(settlement.parameters.challenge_blocks);
        settlement.stage = Stage::Decided { committee, shares: shares.clone(), deadline };
        Self::deposit_event(Event::Decided { settlement: id, shares, deadline });
    }

    /// Calls for another committee after one of which too few answered; who was silent loses a little.
    /// After the last, a challenged result stands, and without one the data part goes to the pools.
    ///
    /// Where nobody even committed, nobody loses: it may be that no engine could fetch the batch, and
    /// whoever did not publish it must not be able to have others slashed.
    pub(crate) fn retry(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let committing = settlement.phase() == Phase::Committing;
        let answered = |member: &T::AccountId| match committing {
            true => Commitments::<T>::contains_key(id, member),
            false => Reveals::<T>::contains_key(id, member),
        };
        let (answers, silent): (Vec<_>, Vec<_>) =
            settlement.committee().iter().cloned().partition(answered);
        if !committing || !answers.is_empty() {
            for member in silent {
                Self::slash_silent(&member, settlement);
            }
        }
        Self::release(id, settlement.committee());
        let _ = Reveals::<T>::clear_prefix(id, MAX_COMMITTEE, None);
        let is_last = settlement.attempt_of_round() >= settlement.parameters.max_attempts;
        match (is_last, &settlement.challenge) {
            (true, Some(_)) => Self::finalise(id, settlement, None).map(|_| ()),
            (true, None) => Self::fall_back(id, settlement),
            (false, _) => {
                settlement.attempt = settlement.attempt.saturating_add(1);
                Self::call_committee(id, settlement)
            }
        }
    }
}
