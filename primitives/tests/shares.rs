//! Share vectors keep their sum whatever they are made from.

use codec::{Decode, Encode};
use openledger_primitives::{
    apportion::apportion,
    shares::{InvalidShares, Share, ShareList, ShareVector, MAX_SHARES},
    PPM,
};
use proptest::prelude::*;

fn vector() -> impl Strategy<Value = ShareVector> {
    (prop::collection::vec((0u32..40, 0u128..1_000_000), 0..40), 0u128..1_000_000)
        .prop_map(|(weights, pool)| ShareVector::from_weights(weights, pool))
}

fn sum(vector: &ShareVector) -> u64 {
    vector.shares().iter().map(|s| u64::from(s.ppm)).sum::<u64>() + u64::from(vector.pool())
}

fn list(shares: &[(u32, u32)]) -> ShareList {
    let shares: Vec<_> =
        shares.iter().map(|&(contribution, ppm)| Share { contribution, ppm }).collect();
    ShareList::try_from(shares).expect("short enough")
}

proptest! {
    #[test]
    fn apportion_should_give_everything_out_when_any_weight_is_positive(
        weights in prop::collection::vec(any::<u128>(), 1..64), total in 0u32..=PPM,
    ) {
        let parts = apportion(&weights, total);
        let given: u64 = parts.iter().map(|p| u64::from(*p)).sum();
        prop_assert_eq!(given, if weights.iter().all(|w| *w == 0) { 0 } else { u64::from(total) });
    }

    #[test]
    fn apportion_should_stay_within_one_part_of_the_exact_quota(
        weights in prop::collection::vec(0u64..1 << 40, 1..32),
    ) {
        let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        prop_assume!(sum > 0);
        let wide: Vec<u128> = weights.iter().map(|w| u128::from(*w)).collect();
        for (weight, part) in wide.iter().zip(apportion(&wide, PPM)) {
            let floor = weight * u128::from(PPM) / sum;
            prop_assert!(u128::from(part) == floor || u128::from(part) == floor + 1);
        }
    }

    #[test]
    fn apportion_should_not_reward_the_lighter_when_weights_differ(
        a in 0u64..1 << 40, b in 0u64..1 << 40, rest in 1u64..1 << 40,
    ) {
        let parts = apportion(&[a.into(), b.into(), rest.into()], PPM);
        prop_assert!((a <= b) || parts[0] >= parts[1]);
        prop_assert!((b <= a) || parts[1] >= parts[0]);
    }

    #[test]
    fn from_weights_should_keep_the_sum_when_given_anything(
        weights in prop::collection::vec((any::<u32>(), any::<u64>()), 0..600), pool in any::<u64>(),
    ) {
        let made = ShareVector::from_weights(
            weights.into_iter().map(|(c, w)| (c, u128::from(w))), pool.into());
        prop_assert_eq!(sum(&made), u64::from(PPM));
        prop_assert!(made.shares().len() <= MAX_SHARES as usize);
        let list = ShareList::try_from(made.shares().to_vec()).expect("bounded");
        prop_assert_eq!(ShareVector::new(list, made.pool()), Ok(made));
    }

    #[test]
    fn splitting_a_weight_should_not_raise_its_total_by_more_than_rounding(
        weight in 2u64..1 << 40, cut in 1u64..1 << 40, others in prop::collection::vec(1u64..1 << 40, 1..16),
    ) {
        let cut = cut % weight;
        let rest = |from: u32| others.iter().enumerate().map(move |(i, w)| (from + i as u32, u128::from(*w)));
        let whole = ShareVector::from_weights(
            [(0, u128::from(weight))].into_iter().chain(rest(2)), 0);
        let split = ShareVector::from_weights(
            [(0, u128::from(weight - cut)), (1, u128::from(cut))].into_iter().chain(rest(2)), 0);
        // Each entry is within one part of its quota, so two entries are within two of theirs.
        prop_assert!(split.of(0) + split.of(1) <= whole.of(0) + 2);
    }

    #[test]
    fn merging_a_weight_named_twice_should_equal_naming_its_sum(
        a in 0u64..1 << 40, b in 0u64..1 << 40, other in 1u64..1 << 40,
    ) {
        let twice = ShareVector::from_weights([(3, a.into()), (5, other.into()), (3, b.into())], 0);
        let once = ShareVector::from_weights([(3, u128::from(a) + u128::from(b)), (5, other.into())], 0);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn median_should_keep_the_sum_when_vectors_disagree(vectors in prop::collection::vec(vector(), 0..9)) {
        prop_assert_eq!(sum(&ShareVector::median(&vectors)), u64::from(PPM));
    }

    #[test]
    fn median_should_be_the_vector_when_all_agree(v in vector(), n in 1usize..8) {
        prop_assert_eq!(ShareVector::median(&vec![v.clone(); n]), v);
    }

    #[test]
    fn median_should_ignore_a_lone_liar_when_the_others_agree(v in vector(), liar in vector()) {
        prop_assert_eq!(ShareVector::median(&[liar, v.clone(), v.clone()]), v);
    }

    #[test]
    fn weighted_mean_should_equal_the_exact_mean_when_computed_slowly(
        vectors in prop::collection::vec((1u128..10u128.pow(24), vector()), 1..8),
    ) {
        let mean = ShareVector::weighted_mean(vectors.iter().map(|(w, v)| (*w, v)));
        prop_assert_eq!(sum(&mean), u64::from(PPM));
        let total: u128 = vectors.iter().map(|(w, _)| w).sum();
        for share in mean.shares() {
            let exact: u128 = vectors.iter().map(|(w, v)| w * u128::from(v.of(share.contribution))).sum();
            prop_assert!(u128::from(share.ppm).abs_diff(exact / total) <= 1);
        }
    }

    #[test]
    fn distance_should_be_a_metric(a in vector(), b in vector(), c in vector()) {
        prop_assert_eq!(a.distance(&a), 0);
        prop_assert_eq!(a.distance(&b), b.distance(&a));
        prop_assert!(a.distance(&c) <= a.distance(&b) + b.distance(&c));
        prop_assert!(a.distance(&b) <= 2 * PPM);
    }

    #[test]
    fn decoding_should_return_what_was_encoded(v in vector()) {
        prop_assert_eq!(ShareVector::decode(&mut v.encode().as_slice()), Ok(v));
    }
}

#[test]
fn new_should_refuse_when_the_list_is_wrong() {
    let new = |shares: &[(u32, u32)], pool| ShareVector::new(list(shares), pool);
    assert_eq!(new(&[(1, 500_000), (2, 499_999)], 0), Err(InvalidShares::WrongSum));
    assert_eq!(new(&[(2, 500_000), (1, 500_000)], 0), Err(InvalidShares::NotAscending));
    assert_eq!(new(&[(1, 500_000), (1, 500_000)], 0), Err(InvalidShares::NotAscending));
    assert_eq!(new(&[(1, 0), (2, PPM)], 0), Err(InvalidShares::Zero));
    assert_eq!(new(&[(1, u32::MAX)], u32::MAX), Err(InvalidShares::WrongSum));
    assert!(new(&[(1, 1)], PPM - 1).is_ok());
}

#[test]
fn decoding_should_fail_when_shares_do_not_sum() {
    let bytes = (list(&[(1, 3)]), 4u32).encode();
    assert!(ShareVector::decode(&mut bytes.as_slice()).is_err());
}

#[test]
fn from_weights_should_send_the_lightest_to_the_pool_when_there_are_too_many() {
    let vector =
        ShareVector::from_weights((0..MAX_SHARES + 1).map(|id| (id, u128::from(id) + 1)), 0);
    assert_eq!(vector.of(0), 0);
    assert!(vector.pool() > 0);
    assert_eq!(vector.shares().len(), MAX_SHARES as usize);
}

#[test]
fn json_should_refuse_a_wrong_sum() {
    let good = serde_json::to_string(&ShareVector::all_to_pool()).expect("serialises");
    assert!(serde_json::from_str::<ShareVector>(&good).is_ok());
    assert!(serde_json::from_str::<ShareVector>(r#"{"shares":[],"pool":1}"#).is_err());
}
