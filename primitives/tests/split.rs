//! Fees are divided to the last unit.

use openledger_primitives::{
    shares::ShareVector,
    split::{distribute, multiple, portion, royalties, Split, SplitParameters},
    ModelId, PPM, TOTAL_ISSUANCE,
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

type Graph = Vec<(ModelId, Vec<ModelId>)>;

/// A lineage: models by descending id, each derived from models of lower ids, the last from none.
fn graph() -> impl Strategy<Value = Graph> {
    prop::collection::vec(prop::collection::vec(any::<u32>(), 1..5), 0..12).prop_map(|picks| {
        let last = picks.len() as u32;
        let mut graph: Graph = (1..=last)
            .map(|id| {
                let mut parents: Vec<_> =
                    picks[id as usize - 1].iter().map(|pick| pick % id).collect();
                parents.sort_unstable();
                parents.dedup();
                (id, parents)
            })
            .rev()
            .collect();
        graph.push((0, vec![]));
        graph
    })
}

fn along(amount: u128, royalty: u32, graph: &[(ModelId, Vec<ModelId>)]) -> Vec<u128> {
    royalties(amount, royalty, graph.iter().map(|(id, parents)| (*id, parents.as_slice())))
}

/// What reaches model number `i`: asked of each that derives from it.
fn reaches(amount: u128, royalty: u32, graph: &Graph, i: usize) -> u128 {
    if i == 0 {
        return amount;
    }
    let id = graph[i].0;
    (0..i)
        .filter(|child| graph[*child].1.contains(&id))
        .map(|child| {
            let here = reaches(amount, royalty, graph, child);
            portion(here, royalty) / graph[child].1.len() as u128
        })
        .sum()
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
    fn multiple_should_be_the_portion_up_to_the_whole_and_as_often_the_amount_beyond(
        amount in 0u128..TOTAL_ISSUANCE, p in 0u32..=PPM, times in 0u32..4_000,
    ) {
        prop_assert_eq!(multiple(amount, p), portion(amount, p));
        prop_assert_eq!(multiple(amount, times * PPM), amount * u128::from(times));
        prop_assert_eq!(multiple(u128::MAX, PPM.saturating_add(p + 1)), u128::MAX);
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
    fn royalties_should_sum_to_the_amount(
        amount in 0..=TOTAL_ISSUANCE, royalty in any::<u32>(), graph in graph(),
    ) {
        let amounts = along(amount, royalty, &graph);
        prop_assert_eq!(amounts.len(), graph.len());
        prop_assert_eq!(amounts.iter().sum::<u128>(), amount);
    }

    #[test]
    fn royalties_should_sum_to_the_amount_when_the_graph_is_none(
        amount in 0..=TOTAL_ISSUANCE, royalty in 0..=PPM,
        graph in prop::collection::vec((0u32..9, prop::collection::vec(0u32..9, 0..5)), 1..9),
    ) {
        prop_assert_eq!(along(amount, royalty, &graph).iter().sum::<u128>(), amount);
    }

    #[test]
    fn royalties_should_equal_the_recursive_ones(
        amount in 0..=TOTAL_ISSUANCE, royalty in 0..=PPM, graph in graph(),
    ) {
        let slow: Vec<u128> = (0..graph.len())
            .map(|i| {
                let (_, parents) = &graph[i];
                let here = reaches(amount, royalty, &graph, i);
                let number = parents.len() as u128;
                let each = portion(here, royalty).checked_div(number).unwrap_or(0);
                here - each * number
            })
            .collect();
        prop_assert_eq!(along(amount, royalty, &graph), slow);
    }

    #[test]
    fn royalties_should_equal_the_chains_when_everyone_has_one_parent(
        amount in 0..=TOTAL_ISSUANCE, royalty in 0..=PPM, depth in 1u32..9,
    ) {
        let chain: Graph =
            (0..depth).rev().map(|id| (id, id.checked_sub(1).into_iter().collect())).collect();
        let mut left = amount;
        let mut expected = Vec::new();
        for level in 0..depth {
            let passed = if level + 1 == depth { 0 } else { portion(left, royalty) };
            expected.push(left - passed);
            left = passed;
        }
        prop_assert_eq!(along(amount, royalty, &chain), expected);
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
    let chain = vec![(9, vec![4]), (4, vec![0]), (0, vec![])];
    assert_eq!(along(1_000, 200_000, &chain), vec![800, 160, 40]);
    assert_eq!(along(1_000, 200_000, &chain[2..]), vec![1_000]);
    assert!(along(1_000, 200_000, &[]).is_empty());
}

#[test]
fn royalties_should_meet_again_where_parents_have_one_ancestor() {
    // 5 is merged of 4, 3 and 2, and 4 of 3 and 2: what reaches 3 on both ways is divided once.
    let merged = vec![(5, vec![2, 3, 4]), (4, vec![2, 3]), (3, vec![0]), (2, vec![0]), (0, vec![])];
    // 5 passes 300 of 1,000; 4 passes 30 of 100; 2 and 3 have 115 each, and pass 34.5, rounded down.
    assert_eq!(along(1_000, 300_000, &merged), vec![700, 70, 81, 81, 68]);
    // 100 in three parts of 33: the unit that is left stays where it is passed from.
    assert_eq!(
        along(1_000, 100_000, &[(3, vec![0, 1, 2]), (2, vec![]), (1, vec![]), (0, vec![])]),
        vec![901, 33, 33, 33]
    );
}

#[test]
fn attributors_part_should_join_the_remainder_when_nobody_answered() {
    let split = Split::of(1_000, &SplitParameters::DEFAULT, &ShareVector::all_to_pool(), 0);
    assert_eq!((split.attributors, split.remainder), (0, 50));
}
