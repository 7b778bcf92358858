//! Judging the members of a settlement's committees when its window is over, and resolving a challenge.
//! At most 16 reveals of 256 shares each, and as many again where there was a challenge.

use crate::*;
use openledger_primitives::split::{multiple, portion};

/// What the last committee found.
pub(crate) struct Answer<AccountId> {
    pub committee: Committee<AccountId>,
    pub shares: ShareVector,
}

/// What one member revealed, and for which result.
struct Revealed<AccountId> {
    member: AccountId,
    /// What it revealed; nothing if it was silent.
    shares: Option<ShareVector>,
    /// Whether it was in the committee whose result was challenged.
    challenged: bool,
}

impl<T: Config> Pallet<T> {
    /// What a challenge of this settlement's result costs to make, in units.
    pub(crate) fn challenge_bond(settlement: &SettlementOf<T>) -> Balance {
        let part = multiple(settlement.total_fee, settlement.parameters.challenge_bond);
        <T as Config>::MinChallengeBond::get().max(part)
    }

    pub(crate) fn hold_reason() -> <T as pallet_payments::Config>::RuntimeHoldReason {
        <T as Config>::RuntimeHoldReason::from(HoldReason::Challenge).into()
    }

    /// Takes a challenger's bond, puts the first result aside, and calls for a larger committee.
    pub(crate) fn take_challenge(
        challenger: T::AccountId,
        settlement: SettlementId,
    ) -> DispatchResult {
        let mut entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
        let Stage::Decided { committee, shares, .. } = &entry.stage else {
            return Err(Error::<T>::WrongPhase.into());
        };
        ensure!(entry.challenge.is_none(), Error::<T>::AlreadyExists);
        ensure!(Self::is_in_time(&entry), Error::<T>::Expired);
        let bond = Self::challenge_bond(&entry);
        hold_unfrozen::<CurrencyOf<T>, _>(&Self::hold_reason(), &challenger, bond)?;
        for member in committee {
            if let Some(reveal) = Reveals::<T>::take(settlement, member) {
                Contested::<T>::insert(settlement, member, reveal.shares);
            }
        }
        let doubted = committee.len();
        entry.challenge = Some(Challenge {
            challenger: challenger.clone(),
            bond,
            shares: shares.clone(),
            committee: committee.clone(),
            attempt: entry.attempt,
        });
        entry.attempt = entry.attempt.checked_add(1).ok_or(Error::<T>::Expired)?;
        Self::deposit_event(Event::Challenged { settlement, challenger, bond });
        ensure!(Self::candidates(&entry).len() > doubted, Error::<T>::TooFew);
        Self::call_committee(settlement, &mut entry)?;
        Settlements::<T>::insert(settlement, entry);
        Ok(())
    }

    /// Ends a settlement whose window is over: judges every member, resolves the challenge, and divides
    /// the fee. `last` is what the last committee found; nothing where nobody answered a challenge.
    /// Returns what that cost.
    pub(crate) fn finalise(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
        last: Option<Answer<T::AccountId>>,
    ) -> Result<Weight, DispatchError> {
        let answered = last.is_some();
        let Answer { committee, shares: found } = last
            .unwrap_or(Answer { committee: Committee::new(), shares: ShareVector::all_to_pool() });
        let tolerance = settlement.parameters.tolerance;
        let resolution = settlement.challenge.as_ref().map(|challenge| match answered {
            false => Resolution::Unanswered,
            true if challenge.shares.distance(&found) <= tolerance => Resolution::Upheld,
            true => Resolution::Overturned,
        });
        let shares = match (resolution, &settlement.challenge) {
            (Some(Resolution::Upheld | Resolution::Unanswered), Some(challenge)) => {
                challenge.shares.clone()
            }
            _ => found.clone(),
        };

        let all = Self::revealed(id, settlement, &committee);
        let named = all.iter().filter_map(|member| member.shares.as_ref()).chain([&shares]);
        let named = named.map(|shares| shares.shares().len()).max().unwrap_or(0);
        let challenged = settlement.challenge.as_ref().map_or(0, |c| c.committee.len());
        let members = committee.len().max(challenged);
        // Where the first result stands, each is judged by the result of its own committee.
        let near = |shown: &ShareVector, challenged: bool| {
            shown.distance(if challenged { &shares } else { &found }) <= tolerance
        };
        // The median of two members who disagree is what neither of them found. Then nobody knows who is
        // right, and nobody is slashed.
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
        let (split, emission) = Self::divide(settlement, &lineage, &shares, &accepted)?;
        Self::forget(id, &committee);
        let ended = now::<T>();
        settlement.stage =
            Stage::Finalised(Outcome { ended, committee, shares: shares.clone(), split, emission });
        Self::deposit_event(Event::Finalised { settlement: id, shares, split, emission, accepted });
        Ok(<T as Config>::WeightInfo::advance_finalise(
            members.saturated_into(),
            named.saturated_into(),
            lineage.len().saturated_into(),
        ))
    }

    /// The most that the end of a settlement can cost.
    pub(crate) fn most_to_finalise() -> Weight {
        <T as Config>::WeightInfo::advance_finalise(MAX_COMMITTEE, MAX_SHARES, MAX_LINEAGE)
    }

    /// What all members revealed: those whose result was challenged first, then the last committee's.
    fn revealed(
        id: SettlementId,
        settlement: &SettlementOf<T>,
        last: &[T::AccountId],
    ) -> Vec<Revealed<T::AccountId>> {
        let first =
            settlement.challenge.iter().flat_map(|challenge| &challenge.committee).map(|m| {
                Revealed { member: m.clone(), shares: Contested::<T>::get(id, m), challenged: true }
            });
        let last = last.iter().map(|m| Revealed {
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
        let Challenge { challenger, bond, .. } = challenge;
        let (reason, bond) = (Self::hold_reason(), *bond);
        if resolution == Resolution::Upheld {
            forfeit::<CurrencyOf<T>, _>(&reason, challenger, &Self::pot(), bond)?;
            let members: Balance = accepted.len().saturated_into();
            let each = bond.checked_div(members).unwrap_or(0);
            for member in accepted {
                Self::credit(member, each)?;
            }
            Self::pay_treasury(bond.saturating_sub(each.saturating_mul(members)))?;
        } else {
            release::<CurrencyOf<T>, _>(&reason, challenger, bond)?;
        }
        Self::deposit_event(Event::ChallengeResolved { settlement: id, resolution });
        Ok(())
    }

    /// Takes a part of an attributor's bond, with what it is taking back. Whoever showed that it was
    /// wrong gets [`Config::SlashReward`] of that, which is returned; the treasury gets the rest.
    pub(crate) fn slash(
        member: &T::AccountId,
        part: Ppm,
        winner: Option<&T::AccountId>,
    ) -> Balance {
        let role = pallet_providers::Role::Attributor;
        let held = pallet_providers::Providers::<T>::get(role, member)
            .map_or(0, |provider| provider.held());
        let amount = portion(held, part);
        let take = |amount, beneficiary| {
            pallet_providers::Pallet::<T>::slash(role, member, amount, beneficiary)
        };
        let reward =
            winner.map_or(0, |winner| take(portion(amount, T::SlashReward::get()), winner));
        take(amount.saturating_sub(reward), &T::Treasury::get());
        reward
    }

    /// Takes from the bond of a member that did not answer.
    pub(crate) fn slash_silent(member: &T::AccountId, settlement: &SettlementOf<T>) {
        Self::slash(member, settlement.parameters.silence_slash, None);
    }
}
