//! Drawing a committee: a pure function of a seed and the bonds.

use alloc::vec::Vec;
use openledger_primitives::{Balance, H256, U256};

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
