//! Review by vote: more than half of a datanet's curators decide.

use crate::*;

impl<T: Config> Pallet<T> {
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
