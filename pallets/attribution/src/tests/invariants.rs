use super::*;
use proptest::prelude::*;

/// What may happen, by small numbers.
#[derive(Clone, Debug)]
enum Happening {
    Settle { fee: Balance },
    Decide { first: Ppm, second: Ppm },
    Silence,
    Claim { contribution: ContributionId },
    ClaimCredit { who: u8 },
    Sell { contribution: ContributionId, to: u32 },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1u128..10_000_000).prop_map(|fee| Happening::Settle { fee }),
        (0u32..=PPM / 2, 0u32..=PPM / 2)
            .prop_map(|(first, second)| Happening::Decide { first, second }),
        Just(Happening::Silence),
        (0u32..3).prop_map(|contribution| Happening::Claim { contribution }),
        (0u8..6).prop_map(|who| Happening::ClaimCredit { who }),
        (0u32..3, 0u32..3).prop_map(|(contribution, to)| Happening::Sell { contribution, to }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn money_should_be_conserved_whatever_happens(
        happenings in proptest::collection::vec(happening(), 1..24),
    ) {
        run(|| {
            let world = world(2);
            let mut open = Vec::new();
            for happening in happenings {
                System::set_block_number(System::block_number() + 1);
                match happening {
                    Happening::Settle { fee } => open.push(world.settle(fee)),
                    Happening::Decide { first, second } => {
                        if let Some(id) = open.pop() {
                            let list: Vec<_> = [(0, first), (1, second)]
                                .into_iter()
                                .filter(|(_, ppm)| *ppm > 0)
                                .collect();
                            if Some(System::block_number()) <= stored(id).deadline() {
                                world.decide_alike(id, &list);
                            }
                        }
                    }
                    Happening::Silence => {
                        if let Some(id) = open.first().copied() {
                            if !stored(id).is_over() {
                                pass_deadline(id);
                                assert_ok!(advance(id));
                            }
                        }
                    }
                    // Both fail when there is nothing; what is due is paid.
                    Happening::Claim { contribution } => {
                        let ids = vec![contribution].try_into().unwrap();
                        let _ = Attribution::claim_contributions(anyone(), ids);
                    }
                    Happening::ClaimCredit { who } => {
                        let who = match who {
                            0 => world.operator.clone(),
                            1 => account("owner", world.model),
                            2 => account("base owner", 0),
                            3 => account("attributor", 0),
                            n => account("contributor", u32::from(n) - 4),
                        };
                        let _ = Attribution::claim(anyone(), who);
                    }
                    Happening::Sell { contribution, to } => {
                        sell(contribution, &account("contributor", to));
                    }
                }
                check();
            }
        });
    }
}

#[test]
fn pot_should_keep_only_its_endowment_and_the_carry_when_everybody_claimed() {
    run(|| {
        let world = world(3);
        for fee in [999_983, 7, 123_456_789] {
            let id = world.settle(fee);
            world.decide_alike(id, &[(0, 333_333), (1, 333_333)]);
        }
        let ids = vec![0, 1, 2].try_into().unwrap();
        assert_ok!(Attribution::claim_contributions(anyone(), ids));
        for who in Credits::<Test>::iter_keys().collect::<Vec<_>>() {
            assert_ok!(Attribution::claim(anyone(), who));
        }
        let carried = Pools::<Test>::iter_values().map(|pool| pool.carry).sum::<Balance>();
        assert_eq!(Balances::total_balance(&Attribution::pot()), ED + carried);
        assert!(carried < 40 + 20);
    });
}

#[test]
fn calls_should_stay_far_below_a_block_when_they_are_at_their_worst() {
    use weights::SubstrateWeight as W;
    for weight in [
        W::<Test>::reveal_last(),
        W::<Test>::advance_decide(),
        W::<Test>::advance_redraw(),
        W::<Test>::advance_finalise(MAX_COMMITTEE, MAX_SHARES, MAX_LINEAGE),
        W::<Test>::challenge(),
        W::<Test>::prove_fraud(),
        W::<Test>::claim_contributions(MAX_CLAIMED),
    ] {
        // A tenth of a block of two seconds.
        assert!(weight.ref_time() < 200_000_000_000, "{weight:?}");
    }
}
