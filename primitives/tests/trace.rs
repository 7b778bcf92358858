//! Influence and trace in one share vector, against wide, obvious arithmetic.

use openledger_primitives::{
    shares::{ShareVector, MAX_SHARES},
    trace::Trace,
    ContributionId, Ppm, PPM, U256,
};
use proptest::prelude::*;

fn influence() -> impl Strategy<Value = ShareVector> {
    (prop::collection::vec((0u32..40, 0u128..1_000_000), 0..40), 0u128..1_000_000)
        .prop_map(|(weights, pool)| ShareVector::from_weights(weights, pool))
}

/// Credits of up to a quarter of the contributions' ids, and what nobody is credited.
fn trace() -> impl Strategy<Value = Trace> {
    (prop::collection::btree_map(0u32..40, 1u64..1 << 40, 0..20), 0u64..1 << 44).prop_map(
        |(credits, rest)| Trace {
            bits: credits.values().sum::<u64>() + rest,
            credits: credits.into_iter().collect::<Vec<_>>().try_into().expect("few"),
        },
    )
}

fn of(bits: u64, credits: &[(ContributionId, u64)]) -> Trace {
    Trace { bits, credits: credits.to_vec().try_into().expect("few") }
}

fn sum(vector: &ShareVector) -> Ppm {
    vector.shares().iter().map(|share| share.ppm).sum::<Ppm>() + vector.pool()
}

proptest! {
    #[test]
    fn influence_should_be_all_when_nothing_follows_the_trace(
        influence in influence(), trace in trace(), part in 0..=PPM, bits in any::<u64>(),
    ) {
        prop_assert_eq!(trace.mix(&influence, 0), influence.clone());
        prop_assert_eq!(of(bits, &[]).mix(&influence, part), influence);
    }

    #[test]
    fn trace_should_be_all_when_it_explains_everything_and_all_follows_it(
        influence in influence(), trace in trace(),
    ) {
        let bits = trace.credits.iter().map(|(_, credit)| credit).sum();
        let mixed = Trace { bits, ..trace.clone() }.mix(&influence, PPM);
        let credits = trace.credits.iter().map(|(id, credit)| (*id, u128::from(*credit)));
        let expected =
            if bits == 0 { influence } else { ShareVector::from_weights(credits, 0) };
        prop_assert_eq!(mixed, expected);
    }

    /// Each share is what the trace gives it and what of the influence is left, to one part in a million.
    #[test]
    fn share_should_be_the_sum_of_both_when_mixed(
        influence in influence(), trace in trace(), part in 0..=PPM,
    ) {
        let mixed = trace.mix(&influence, part);
        prop_assert_eq!(sum(&mixed), PPM);
        prop_assume!(trace.bits > 0);
        let credited: u64 = trace.credits.iter().map(|(_, credit)| credit).sum();
        // In parts of 10^12 · bits.
        let whole = U256::from(PPM) * U256::from(PPM) * U256::from(trace.bits);
        let left = U256::from(PPM) * trace.bits - U256::from(part) * credited;
        let exact = |credit: u64, ppm: Ppm| {
            let weight = U256::from(PPM) * part * credit + left * ppm;
            (weight * PPM / whole).as_u32()
        };
        for id in 0..40 {
            let credit = trace.credits.iter().find(|(of, _)| *of == id).map_or(0, |(_, c)| *c);
            prop_assert!(mixed.of(id).abs_diff(exact(credit, influence.of(id))) <= 1, "{}", id);
        }
        prop_assert!(mixed.pool().abs_diff(exact(0, influence.pool())) <= 1);
    }

    /// Whose credit grows does not lose, but for the rounding.
    #[test]
    fn share_should_not_fall_when_more_of_the_rest_is_credited(
        influence in influence(), trace in trace(), part in 0..=PPM, pick in any::<prop::sample::Index>(),
        more in 1u64..1 << 40,
    ) {
        prop_assume!(!trace.credits.is_empty());
        let at = pick.index(trace.credits.len());
        let credited: u64 = trace.credits.iter().map(|(_, credit)| credit).sum();
        let mut other = trace.clone();
        let id = other.credits[at].0;
        other.credits[at].1 += more.min(trace.bits - credited);
        prop_assert!(other.mix(&influence, part).of(id) + 1 >= trace.mix(&influence, part).of(id));
    }

    #[test]
    fn trace_should_be_of_the_contributions_that_it_credits(trace in trace()) {
        let ids: Vec<_> = trace.credits.iter().map(|(id, _)| *id).collect();
        prop_assert!(trace.is_of(&ids));
        prop_assert!(trace.is_of(&(0..40).collect::<Vec<_>>()));
        if let Some(missing) = ids.first() {
            let fewer: Vec<_> = (0..40).filter(|id| id != missing).collect();
            prop_assert!(!trace.is_of(&fewer));
        }
    }
}

#[test]
fn trace_should_not_be_taken_when_it_cannot_be() {
    assert!(of(9, &[(1, 4), (2, 5)]).is_of(&[1, 2]));
    assert!(Trace::default().is_of(&[]));
    for wrong in [
        of(9, &[(2, 5), (1, 4)]),
        of(9, &[(1, 4), (1, 5)]),
        of(9, &[(1, 9), (2, 0)]),
        of(8, &[(1, 4), (2, 5)]),
        of(9, &[(1, 4), (3, 5)]),
        of(u64::MAX, &[(1, u64::MAX), (2, u64::MAX)]),
    ] {
        assert!(!wrong.is_of(&[1, 2]), "{wrong:?}");
    }
}

#[test]
fn mix_should_weigh_as_the_book_says() {
    // 200,000 ppm of the quarter that is explained: 5 % of all follow the trace.
    let influence = ShareVector::from_weights([(1, 600), (2, 300)], 100);
    let mixed = of(400, &[(2, 75), (5, 25)]).mix(&influence, 200_000);
    let found = [1, 2, 5].map(|id| mixed.of(id));
    assert_eq!((found, mixed.pool()), ([570_000, 285_000 + 37_500, 12_500], 95_000));
}

#[test]
fn mix_should_keep_the_sum_when_numbers_are_extreme() {
    let influence = ShareVector::from_weights((0..MAX_SHARES).map(|id| (id, 1)), 1);
    for trace in [
        of(u64::MAX, &[(1, u64::MAX)]),
        of(0, &[(1, u64::MAX), (500, u64::MAX)]),
        of(u64::MAX, &(0..2_048).map(|id| (id, u64::MAX)).collect::<Vec<_>>()),
    ] {
        for part in [1, PPM, Ppm::MAX] {
            assert_eq!(sum(&trace.mix(&influence, part)), PPM);
        }
    }
}
