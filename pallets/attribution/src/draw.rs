//! Drawing committees: a pure function of a seed and the bonds, and what the chain does by it.

use crate::*;
use openledger_primitives::U256;

/// Draws `size` of `candidates` without replacement, each draw weighted by bond; fewer when there are
/// fewer with a bond. The order is that of the draws.
///
/// Draw number `n` takes `blake2b_256(seed ‖ n as u32, little-endian)`, as a little-endian number,
/// modulo the bonds still in the urn; the candidates lie one after the other on that line, in the
/// order given. Bonds sum to less than 2^90, so the modulus favours nobody by more than 2^-166.
pub fn draw<A>(seed: &H256, candidates: Vec<(A, Balance)>, size: u32) -> Vec<A> {
    let mut urn = candidates;
    let mut drawn = Vec::new();
    for round in 0..size {
        let total =
            urn.iter().fold(U256::zero(), |sum, (_, bond)| sum.saturating_add(U256::from(*bond)));
        let mut preimage = seed.as_bytes().to_vec();
        preimage.extend_from_slice(&round.to_le_bytes());
        let ticket = U256::from_little_endian(&sp_io::hashing::blake2_256(&preimage));
        // No bond is left: nobody else can be drawn.
        let Some(mut ticket) = ticket.checked_rem(total) else { break };
        let winner = urn.iter().position(|(_, bond)| match ticket.checked_sub(U256::from(*bond)) {
            Some(rest) => {
                ticket = rest;
                false
            }
            None => true,
        });
        if let Some(winner) = winner {
            drawn.push(urn.remove(winner).0);
        }
    }
    drawn
}

impl<T: Config> Pallet<T> {
    /// The attributors who can take another job, with their bonds; for a challenge, without the committee
    /// in doubt.
    pub(crate) fn candidates(settlement: &SettlementOf<T>) -> Vec<(T::AccountId, Balance)> {
        let full = <T as Config>::MaxJobs::get() as usize;
        let doubted = settlement.challenge.as_ref().map(|challenge| &challenge.committee);
        pallet_providers::Pallet::<T>::attributors()
            .into_iter()
            .filter(|(who, _)| !doubted.is_some_and(|committee| committee.contains(who)))
            .filter(|(who, _)| JobsOf::<T>::decode_len(who).unwrap_or(0) < full)
            .collect()
    }

    /// Has a committee drawn at the beginning of the next block, by randomness that nobody knows who only
    /// sends a transaction now.
    pub(crate) fn call_committee(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
    ) -> DispatchResult {
        Undrawn::<T>::try_mutate(|waiting| match waiting.contains(&id) {
            true => Ok(()),
            false => waiting.try_push(id).map_err(|_| Error::<T>::TooMany),
        })?;
        let deadline = now::<T>().saturating_add(settlement.parameters.commit_blocks);
        settlement.stage = Stage::Undrawn { deadline };
        Ok(())
    }

    /// Calls for another draw where the last one found nobody, if there is somebody now.
    pub(crate) fn call_again(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let waits = Undrawn::<T>::get().contains(&id);
        let nobody = Self::candidates(settlement).is_empty();
        ensure!(!waits && !nobody, Error::<T>::TooEarly);
        Self::call_committee(id, settlement)
    }

    /// Draws the committees that wait for it, the oldest first, and returns how many.
    pub(crate) fn draw_committees() -> u32 {
        let mut waiting = Undrawn::<T>::take().into_inner();
        let later = waiting.split_off(waiting.len().min(MAX_DRAWS as usize));
        if !later.is_empty() {
            Undrawn::<T>::put(BoundedVec::truncate_from(later));
        }
        for id in &waiting {
            let settlement = Settlements::<T>::get(id)
                .filter(|settlement| matches!(settlement.stage, Stage::Undrawn { .. }));
            if let Some(mut settlement) = settlement {
                let committee = Self::draw_committee(*id, &settlement);
                // Where there is nobody, `advance` calls for another draw, and in the end for another attempt.
                if !committee.is_empty() {
                    Self::convene(*id, &mut settlement, committee);
                    Settlements::<T>::insert(id, settlement);
                }
            }
        }
        waiting.len().saturated_into()
    }

    /// Draws a committee. One that judges a challenge has more members than the one in doubt, or none.
    fn draw_committee(id: SettlementId, settlement: &SettlementOf<T>) -> Vec<T::AccountId> {
        let subject = (b"openledger/committee", id, settlement.attempt).encode();
        let (seed, _) = T::Randomness::random(&subject);
        let candidates = Self::candidates(settlement);
        let drawn = draw(&seed, candidates, settlement.committee_size());
        match &settlement.challenge {
            Some(challenge) if drawn.len() <= challenge.committee.len() => Vec::new(),
            _ => drawn,
        }
    }

    /// Gives a settlement its committee and lets it begin.
    pub(crate) fn convene(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
        drawn: Vec<T::AccountId>,
    ) {
        for member in &drawn {
            JobsOf::<T>::mutate(member, |jobs| {
                let pushed = jobs.try_push(id);
                debug_assert!(pushed.is_ok());
            });
        }
        let deadline = now::<T>().saturating_add(settlement.parameters.commit_blocks);
        // The parameters are in range and full attributors were not drawn, so nothing is cut off.
        let committee = Committee::truncate_from(drawn.clone());
        settlement.stage = Stage::Committing { committee, deadline };
        Self::deposit_event(Event::CommitteeDrawn {
            settlement: id,
            attempt: settlement.attempt,
            committee: drawn,
            deadline,
        });
    }

    /// Frees a committee of its job, and forgets its commitments.
    pub(crate) fn release(id: SettlementId, committee: &[T::AccountId]) {
        for member in committee {
            JobsOf::<T>::mutate_exists(member, |jobs| {
                *jobs = jobs.take().and_then(|mut jobs| {
                    jobs.retain(|job| *job != id);
                    (!jobs.is_empty()).then_some(jobs)
                });
            });
        }
        let _ = Commitments::<T>::clear_prefix(id, MAX_COMMITTEE, None);
    }

    /// Frees a committee of its job, and forgets all that was said.
    pub(crate) fn forget(id: SettlementId, committee: &[T::AccountId]) {
        Self::release(id, committee);
        let _ = Reveals::<T>::clear_prefix(id, MAX_COMMITTEE, None);
        let _ = Contested::<T>::clear_prefix(id, MAX_COMMITTEE, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seed(n: u64) -> H256 {
        H256::from_low_u64_be(n)
    }

    #[test]
    fn draw_should_be_empty_when_nobody_has_a_bond() {
        assert!(draw::<u8>(&seed(1), Vec::new(), 3).is_empty());
        assert!(draw(&seed(1), vec![(1u8, 0), (2, 0)], 3).is_empty());
    }

    #[test]
    fn draw_should_follow_the_bonds_when_repeated() {
        let times = 4_000;
        let heavy = (0..times)
            .filter(|n| draw(&seed(*n), vec![('a', 1), ('b', 3)], 1) == vec!['b'])
            .count();
        // Three quarters, within six standard deviations.
        assert!((2_835..3_165).contains(&heavy), "{heavy} of {times}");
    }

    proptest! {
        #[test]
        fn draw_should_name_each_bonded_candidate_once_when_all_are_wanted(
            bonds in proptest::collection::vec(0u128..1_000_000, 0..40),
            n: u64,
        ) {
            let candidates: Vec<_> = bonds.iter().copied().enumerate().collect();
            let bonded: Vec<_> =
                candidates.iter().filter(|(_, bond)| *bond > 0).map(|(who, _)| *who).collect();
            let mut drawn = draw(&seed(n), candidates, 40);
            drawn.sort_unstable();
            prop_assert_eq!(drawn, bonded);
        }

        #[test]
        fn draw_should_begin_alike_when_more_are_wanted(
            bonds in proptest::collection::vec(1u128..1_000_000, 1..20),
            size in 1u32..20,
            n: u64,
        ) {
            let candidates: Vec<_> = bonds.iter().copied().enumerate().collect();
            let few = draw(&seed(n), candidates.clone(), size);
            let more = draw(&seed(n), candidates.clone(), size + 1);
            prop_assert_eq!(few.len(), (size as usize).min(bonds.len()));
            prop_assert_eq!(&more[..few.len()], &few[..]);
        }
    }
}
