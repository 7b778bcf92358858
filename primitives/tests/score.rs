//! Integer scores against wide, obvious arithmetic.

use openledger_primitives::{
    score::{add, partial_sum, shares, BLOCK, MAX_SHIFT},
    PPM,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn partial_sum_should_equal_the_wide_dot_product(
        q in prop::collection::vec(any::<i16>(), BLOCK), w in prop::collection::vec(any::<i16>(), BLOCK),
    ) {
        let wide: i128 = q.iter().zip(&w).map(|(q, w)| i128::from(*q) * i128::from(*w)).sum();
        prop_assert_eq!(i128::from(partial_sum(&q, &w)), wide);
    }

    #[test]
    fn shares_should_follow_the_positive_scores(
        scores in prop::collection::vec(-1_000_000i128..1_000_000, 1..20),
    ) {
        let scores: Vec<_> = (0u32..).zip(scores).collect();
        let vector = shares(&scores, 0);
        let positive: i128 = scores.iter().map(|(_, s)| *s.max(&0)).sum();
        if positive == 0 {
            prop_assert_eq!(vector.pool(), PPM);
        }
        for (contribution, score) in scores {
            if positive > 0 {
                let exact = score.max(0) * i128::from(PPM) / positive;
                prop_assert!((i128::from(vector.of(contribution)) - exact).abs() <= 1);
            }
        }
    }
}

#[test]
fn partial_sum_should_not_overflow_when_every_element_is_extreme() {
    let extreme = [i16::MIN; BLOCK];
    assert_eq!(partial_sum(&extreme, &extreme), 256 * (1i64 << 30));
    let total = (0..1024).fold(0, |total, _| add(total, 1 << 38, MAX_SHIFT));
    assert_eq!(total, 1i128 << (38 + 10 + MAX_SHIFT));
}

#[test]
fn scores_below_the_floor_should_go_to_the_pool() {
    let vector = shares(&[(0, 900), (1, 99), (2, 1), (3, -500)], 10_000);
    assert_eq!((vector.of(0), vector.of(1), vector.of(2), vector.of(3)), (900_000, 99_000, 0, 0));
    assert_eq!(vector.pool(), 1_000);
}
