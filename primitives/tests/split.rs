//! Fees are divided to the last unit.

use openledger_primitives::{
    shares::ShareVector,
    split::{distribute, portion, royalties, Split, SplitParameters},
    PPM, TOTAL_ISSUANCE,
};
use proptest::prelude::*;

fn parameters() -> impl Strategy<Value = SplitParameters> {
    prop::array::uniform5(0u32..1_000).prop_map(|weights| {
        let weights = weights.map(|w| u128::from(w) + 1);
        match openledger_primitives::apportion::apportion(&weights, PPM)[..] {
            [treasury, owner, operator, attributors, data] => {
                SplitParameters { treasury, owner, operator, attributors, data }
            }
            _ => unreachable!("five weights give five parts"),
        }
    })
}

fn shares() -> impl Strategy<Value = ShareVector> {
    (prop::collection::vec((0u32..99, 0u128..1_000), 0..99), 0u128..1_000)
        .prop_map(|(weights, pool)| ShareVector::from_weights(weights, pool))
}

proptest! {
    #[test]
    fn split_should_sum_to_the_fee(
        fee in 0..=TOTAL_ISSUANCE, parts in parameters(), shares in shares(), attributors in 0u32..17,
    ) {
        let split = Split::of(fee, &parts, &shares, attributors);
        prop_assert_eq!(split.total(), fee);
        prop_assert_eq!(split.attributors % u128::from(attributors.max(1)), 0);
        prop_assert_eq!(split.data, distribute(portion(fee, parts.data), &shares).total());
    }

    #[test]
    fn remainder_should_be_rounding_only_when_there_are_attributors(
        fee in 0..=TOTAL_ISSUANCE, shares in shares(), attributors in 1u32..17,
    ) {
        let split = Split::of(fee, &SplitParameters::DEFAULT, &shares, attributors);
        // One unit at most for each of five parts, each attributor, each share and the pool.
        prop_assert!(split.remainder < 6 + u128::from(attributors) + shares.shares().len() as u128);
    }

    #[test]
    fn portion_should_round_down_and_grow_with_both(
        a in 0..=TOTAL_ISSUANCE, b in 0..=TOTAL_ISSUANCE, p in 0..=PPM, q in 0..=PPM,
    ) {
        prop_assert_eq!(portion(a, p), a / 1_000_000 * u128::from(p) + a % 1_000_000 * u128::from(p) / 1_000_000);
        prop_assert!(portion(a.min(b), p) <= portion(a.max(b), p));
        prop_assert!(portion(a, p.min(q)) <= portion(a, p.max(q)));
        prop_assert!(portion(a, p) <= a);
    }

    #[test]
    fn splitting_a_payment_should_not_raise_a_portion(
        a in 0..=TOTAL_ISSUANCE / 2, b in 0..=TOTAL_ISSUANCE / 2, p in 0..=PPM,
    ) {
        prop_assert!(portion(a, p) + portion(b, p) <= portion(a + b, p));
    }

    #[test]
    fn royalties_should_sum_to_the_amount(amount in 0..=TOTAL_ISSUANCE, royalty in 0..=PPM, depth in 1u32..9) {
        let amounts = royalties(amount, royalty, depth);
        prop_assert_eq!(amounts.len(), depth as usize);
        prop_assert_eq!(amounts.iter().sum::<u128>(), amount);
    }
}

#[test]
fn default_parameters_should_sum_to_the_whole() {
    assert!(SplitParameters::DEFAULT.is_valid());
    assert!(!SplitParameters { data: 0, ..SplitParameters::DEFAULT }.is_valid());
    assert!(!SplitParameters { data: u32::MAX, ..SplitParameters::DEFAULT }.is_valid());
}

#[test]
fn royalties_should_pass_up_the_lineage_when_there_are_ancestors() {
    assert_eq!(royalties(1_000, 200_000, 3), vec![800, 160, 40]);
    assert_eq!(royalties(1_000, 200_000, 1), vec![1_000]);
    assert!(royalties(1_000, 200_000, 0).is_empty());
}

#[test]
fn attributors_part_should_join_the_remainder_when_nobody_answered() {
    let split = Split::of(1_000, &SplitParameters::DEFAULT, &ShareVector::all_to_pool(), 0);
    assert_eq!((split.attributors, split.remainder), (0, 50));
}
