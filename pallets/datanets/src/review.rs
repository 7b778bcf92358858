//! Reviewing pending contributions: one curator decides, or a vote of more than half of them.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Takes a curator's verdict, or its vote for one.
    pub(crate) fn do_review(
        curator: T::AccountId,
        contribution: ContributionId,
        verdict: Verdict,
    ) -> DispatchResult {
        let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        let datanet = stored.datanet;
        let Datanet { curators, policy, .. } =
            Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
        ensure!(curators.binary_search(&curator).is_ok(), Error::<T>::NotCurator);
        let Status::Pending { until } = stored.status else {
            return Err(Error::<T>::WrongPhase.into());
        };
        ensure!(now::<T>() <= until, Error::<T>::Expired);
        let mut verdict = verdict;
        if policy == Policy::Vote {
            let decided = Self::vote(contribution, &curators, &curator, verdict)?;
            let voter = curator.clone();
            Self::deposit_event(Event::Voted { contribution, datanet, curator: voter, verdict });
            let Some(decided) = decided else { return Ok(()) };
            verdict = decided;
        }
        match verdict {
            Verdict::Accept => {
                Votes::<T>::remove(contribution);
                Self::accept(contribution, &mut stored)?;
            }
            Verdict::Reject(reason) => {
                let appeal_until = Some(Self::appeal_deadline());
                let status = Status::Rejected { reason, appeal_until };
                Self::end(contribution, &mut stored, status)?;
                Self::release_bond(&mut stored)?;
            }
        }
        Contributions::<T>::insert(contribution, stored);
        Self::deposit_event(Event::Reviewed { contribution, datanet, curator, verdict });
        Ok(())
    }

    /// Ends a contribution that nobody reviewed in time.
    pub(crate) fn do_lapse(contribution: ContributionId) -> DispatchResult {
        let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        let Status::Pending { until } = stored.status else {
            return Err(Error::<T>::WrongPhase.into());
        };
        ensure!(now::<T>() > until, Error::<T>::TooEarly);
        let datanet = stored.datanet;
        Self::end(contribution, &mut stored, Status::Lapsed)?;
        Self::release_bond(&mut stored)?;
        Contributions::<T>::insert(contribution, stored);
        Self::deposit_event(Event::Lapsed { contribution, datanet });
        Ok(())
    }

    /// Takes a curator's vote about a pending contribution in place of its former one, and says what is
    /// decided by now, if anything is. Votes of those who are curators no more do not count.
    pub(crate) fn vote(
        contribution: ContributionId,
        curators: &CuratorsOf<T>,
        curator: &T::AccountId,
        verdict: Verdict,
    ) -> Result<Option<Verdict>, Error<T>> {
        let mut votes = Votes::<T>::get(contribution);
        votes.retain(|(who, _)| who != curator && curators.binary_search(who).is_ok());
        votes.try_push((curator.clone(), verdict)).map_err(|_| Error::<T>::TooMany)?;
        let verdicts: Vec<Verdict> = votes.iter().map(|(_, verdict)| *verdict).collect();
        let decided = decision(&verdicts, curators.len());
        if decided.is_none() {
            Votes::<T>::insert(contribution, votes);
        }
        Ok(decided)
    }
}

/// What more than half of so many curators want, by the votes there are, in the order they came. A
/// rejection has the reason of the last vote for it.
fn decision(verdicts: &[Verdict], curators: usize) -> Option<Verdict> {
    let is_majority = |votes: usize| votes > curators / 2;
    let accepting = verdicts.iter().filter(|verdict| **verdict == Verdict::Accept).count();
    if is_majority(accepting) {
        return Some(Verdict::Accept);
    }
    let rejecting = verdicts.len().saturating_sub(accepting);
    let last = verdicts.iter().rfind(|verdict| **verdict != Verdict::Accept);
    last.copied().filter(|_| is_majority(rejecting))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::Accept),
            Just(Verdict::Reject(RejectReason::Malformed)),
            Just(Verdict::Reject(RejectReason::OffTopic)),
        ]
    }

    proptest! {
        #[test]
        fn decision_should_be_that_of_more_than_half(
            verdicts in prop::collection::vec(verdict(), 0..=16),
            absent in 0..16usize,
        ) {
            let curators = verdicts.len() + absent;
            let of = |accepts: bool| {
                verdicts.iter().filter(|verdict| (**verdict == Verdict::Accept) == accepts).count()
            };
            match decision(&verdicts, curators) {
                Some(Verdict::Accept) => prop_assert!(2 * of(true) > curators),
                Some(rejected) => {
                    prop_assert!(2 * of(false) > curators);
                    let last = verdicts.iter().rfind(|v| **v != Verdict::Accept);
                    prop_assert_eq!(Some(&rejected), last);
                }
                None => prop_assert!(2 * of(true) <= curators && 2 * of(false) <= curators),
            }
        }
    }
}
