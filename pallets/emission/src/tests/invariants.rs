use super::*;
use proptest::prelude::*;

/// What may happen, by small numbers.
#[derive(Clone, Debug)]
enum Happening {
    Pass(BlockNumber),
    Rate(Balance),
    Weigh(DatanetId, u32),
    Drip,
    Draw(DatanetId, Balance),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..2 * PERIOD).prop_map(Happening::Pass),
        (0..2 * RATE).prop_map(Happening::Rate),
        (0u32..3, 0u32..5).prop_map(|(datanet, weight)| Happening::Weigh(datanet, weight)),
        Just(Happening::Drip),
        (0u32..3, 0..10 * RATE).prop_map(|(datanet, most)| Happening::Draw(datanet, most)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn money_should_be_conserved_whatever_happens(
        happenings in proptest::collection::vec(happening(), 1..64),
    ) {
        run(|| {
            for happening in happenings {
                match happening {
                    Happening::Pass(blocks) => pass(blocks),
                    Happening::Rate(rate) => InForce::set(rate),
                    Happening::Weigh(datanet, weight) => set(datanet, weight).unwrap(),
                    // Fails too early, and when there is nothing.
                    Happening::Drip => drop(drip()),
                    Happening::Draw(datanet, most) => {
                        let before = Emission::budget(datanet);
                        let given = Emission::draw(&[(datanet, most)], &account(1)).unwrap()[0];
                        assert_eq!(given, before.min(most));
                        assert_eq!(Emission::budget(datanet), before - given);
                    }
                }
                check();
            }
        });
    }

    #[test]
    fn drips_should_give_the_same_however_often_they_are_called(
        waits in proptest::collection::vec(PERIOD..3 * PERIOD, 1..12),
        weights in (1u32..100, 1u32..100),
    ) {
        let blocks: BlockNumber = waits.iter().sum();
        let after = |waits: &[BlockNumber]| {
            let mut budgets = [0; 2];
            run(|| {
                assert_ok!(set(0, weights.0));
                assert_ok!(set(1, weights.1));
                for blocks in waits {
                    pass(*blocks);
                    assert_ok!(drip());
                }
                budgets = [0, 1].map(Emission::budget);
            });
            budgets
        };
        prop_assert_eq!(after(&waits), after(&[blocks]));
    }
}
