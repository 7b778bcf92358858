//! Integer scores against wide, obvious arithmetic.

use openledger_primitives::{
    score::{add, intervals, partial_sum, rows, shares, BLOCK, MAX_SHIFT, MAX_VARIANTS},
    ContributionId, PPM,
};
use proptest::prelude::*;

/// Contributions, variants, and a score of each row.
fn scored() -> impl Strategy<Value = (Vec<ContributionId>, u8, Vec<i128>)> {
    (1usize..20, 1..=MAX_VARIANTS).prop_flat_map(|(contributions, variants)| {
        let ids = (0..contributions as u32).map(|i| 2 * i + 1).collect();
        let scores =
            prop::collection::vec(-1_000_000i128..1_000_000, contributions * usize::from(variants));
        (Just(ids), Just(variants), scores)
    })
}

/// The sum of the positive scores of one variant.
fn sum_of(variant: usize, variants: u8, scores: &[i128]) -> i128 {
    scores.iter().skip(variant).step_by(variants.into()).map(|score| *score.max(&0)).sum()
}

proptest! {
    #[test]
    fn partial_sum_should_equal_the_wide_dot_product(
        q in prop::collection::vec(any::<i16>(), BLOCK), w in prop::collection::vec(any::<i16>(), BLOCK),
    ) {
        let wide: i128 = q.iter().zip(&w).map(|(q, w)| i128::from(*q) * i128::from(*w)).sum();
        prop_assert_eq!(i128::from(partial_sum(&q, &w)), wide);
    }

    #[test]
    fn shares_should_follow_the_positive_scores_when_there_is_one_variant(
        scores in prop::collection::vec(-1_000_000i128..1_000_000, 1..20),
    ) {
        let ids: Vec<_> = (0..scores.len() as u32).collect();
        let vector = shares(&ids, 1, &scores, 0);
        let positive: i128 = scores.iter().map(|s| *s.max(&0)).sum();
        if positive == 0 {
            prop_assert_eq!(vector.pool(), PPM);
        }
        for (contribution, score) in ids.iter().zip(scores) {
            if positive > 0 {
                let exact = score.max(0) * i128::from(PPM) / positive;
                prop_assert!((i128::from(vector.of(*contribution)) - exact).abs() <= 1);
            }
        }
    }

    #[test]
    fn shares_should_be_the_same_when_a_variant_is_repeated(
        scores in prop::collection::vec(-1_000_000i128..1_000_000, 1..20),
        variants in 1..=MAX_VARIANTS, floor in 0..=PPM,
    ) {
        let ids: Vec<_> = (0..scores.len() as u32).collect();
        let repeated: Vec<i128> =
            scores.iter().flat_map(|score| vec![*score; variants.into()]).collect();
        prop_assert_eq!(shares(&ids, variants, &repeated, floor), shares(&ids, 1, &scores, floor));
    }

    #[test]
    fn who_has_a_share_should_be_above_the_floor_in_every_variant(
        (ids, variants, scores) in scored(), floor in 0u32..200_000,
    ) {
        let vector = shares(&ids, variants, &scores, floor);
        for (id, own) in ids.iter().zip(scores.chunks(variants.into())) {
            let certain = own.iter().enumerate().all(|(variant, score)| {
                let sum = sum_of(variant, variants, &scores);
                *score > 0 && score * i128::from(PPM) >= sum * i128::from(floor)
            });
            prop_assert!(certain || vector.of(*id) == 0, "{} of {:?}", id, vector);
        }
    }

    #[test]
    fn pool_should_have_what_is_positive_and_not_certain((ids, variants, scores) in scored()) {
        // Nothing is: a part is above the whole only if it is the whole.
        let vector = shares(&ids, variants, &scores, PPM);
        let alone = scores.chunks(variants.into()).filter(|own| own.iter().any(|score| *score > 0));
        if alone.count() > 1 {
            prop_assert!(vector.shares().len() <= 1);
        }
        let sums = scores.chunks(variants.into()).map(|own| own.iter().sum::<i128>().max(0));
        let whole: i128 = sums.clone().sum();
        let without = shares(&ids, variants, &scores, 0);
        for (id, sum) in ids.iter().zip(sums) {
            if whole > 0 && without.of(*id) > 0 {
                prop_assert!((i128::from(without.of(*id)) - sum * i128::from(PPM) / whole).abs() <= 1);
            }
        }
    }

    #[test]
    fn interval_should_have_the_parts_of_all_variants((ids, variants, scores) in scored()) {
        let found = intervals(variants, &scores);
        prop_assert_eq!(found.len(), ids.len());
        for ((least, most), own) in found.into_iter().zip(scores.chunks(variants.into())) {
            let parts: Vec<i128> = own
                .iter()
                .enumerate()
                .map(|(variant, score)| match sum_of(variant, variants, &scores) {
                    0 => 0,
                    sum => score.max(&0) * i128::from(PPM) / sum,
                })
                .collect();
            prop_assert_eq!(i128::from(least), *parts.iter().min().unwrap());
            prop_assert_eq!(i128::from(most), *parts.iter().max().unwrap());
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
    let vector = shares(&[0, 1, 2, 3], 1, &[900, 99, 1, -500], 10_000);
    assert_eq!((vector.of(0), vector.of(1), vector.of(2), vector.of(3)), (900_000, 99_000, 0, 0));
    assert_eq!(vector.pool(), 1_000);
}

#[test]
fn shares_whose_interval_crosses_the_floor_should_go_to_the_pool() {
    // Parts of 40 % and 60 %, 55 % and 35 %, 5 % and 5 %, in two variants.
    let scores = [400, 600, 550, 350, 50, 50];
    assert_eq!(intervals(2, &scores), [(400_000, 600_000), (350_000, 550_000), (50_000, 50_000)]);
    let of = |floor| {
        let vector = shares(&[3, 5, 9], 2, &scores, floor);
        [vector.of(3), vector.of(5), vector.of(9), vector.pool()]
    };
    assert_eq!(of(1_000), [500_000, 450_000, 50_000, 0]);
    assert_eq!(of(100_000), [500_000, 450_000, 0, 50_000]);
    assert_eq!(of(375_000), [500_000, 0, 0, 500_000]);
    // Whoever is against in one variant is not certain, and weighs what is left.
    let vector = shares(&[3, 5], 2, &[300, 100, 200, -100], 0);
    assert_eq!((vector.of(3), vector.of(5), vector.pool()), (800_000, 0, 200_000));
    let vector = shares(&[3, 5], 2, &[300, 100, 100, -200], 0);
    assert_eq!((vector.of(3), vector.pool()), (PPM, 0));
}

#[test]
fn shares_should_not_overflow_when_scores_are_extreme() {
    let vector = shares(&[0, 1], 2, &[i128::MAX, i128::MAX, i128::MIN, i128::MAX], 1_000);
    assert_eq!(vector.of(0), PPM);
    assert_eq!(intervals(2, &[i128::MAX; 4]), [(500_000, 500_000); 2]);
    assert_eq!(rows(&[4, 7], 2).collect::<Vec<_>>(), [(4, 0), (4, 1), (7, 0), (7, 1)]);
}

#[test]
fn max_receipts_should_be_what_engines_have_room_for() {
    use openledger_primitives::score::{max_receipts, MAX_BLOCKS, MAX_QUERY_BLOCKS, MAX_VARIANTS};
    // A LoRA of 41.9 million numbers with three variants, as of a model of 8 billion.
    assert_eq!(max_receipts(163_840, 3), 68);
    assert_eq!(max_receipts(0, 0), MAX_QUERY_BLOCKS as u32);
    assert_eq!(max_receipts(MAX_BLOCKS, MAX_VARIANTS), 4);
    for (blocks, variants) in [(1, 1), (270, 3), (1_024, 3), (MAX_BLOCKS, 1)] {
        let most = u64::from(max_receipts(blocks, variants));
        let of_one = u64::from(blocks) * u64::from(variants);
        assert!(most * of_one <= MAX_QUERY_BLOCKS && (most + 1) * of_one > MAX_QUERY_BLOCKS);
    }
}
