use super::*;
use openledger_primitives::split::portion;
use proptest::prelude::*;

/// Gives datanets 0 and 1 these weights, and lets a million units drip.
fn drip(weights: [u32; 2]) {
    for (datanet, weight) in (0..).zip(weights) {
        assert_ok!(Emission::set_weight(RuntimeOrigin::root(), datanet, weight));
    }
    System::set_block_number(System::block_number() + 1);
    assert_ok!(Emission::drip(anyone()));
}

fn budgets() -> [Balance; 2] {
    [Emission::budget(0), Emission::budget(1)]
}

#[test]
fn emission_should_match_the_treasurys_part_by_what_was_earned_when_budgets_suffice() {
    run(|| {
        let world = world(1);
        drip([1, 1]);
        assert_eq!(budgets(), [500_000, 500_000]);
        // Of 500,000 for the data, the first datanet earns 300,000 with contribution 0 and two thirds of
        // the pools' 100,000 by its 40 of 60 records; the second 100,000 and a third.
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(0, 600_000), (2, 200_000)]);
        assert_eq!(stored(id).outcome().unwrap().split.treasury, 50_000);
        assert_eq!(stored(id).outcome().unwrap().emission, 49_999);
        let first = 366_667 * 50_000 / 500_000;
        let second = 133_333 * 50_000 / 500_000;
        assert_eq!(budgets(), [500_000 - first, 500_000 - second]);
        assert_eq!(Earned::<Test>::get(0).accrued, 300_000 + first * 300_000 / 366_667);
        assert_eq!(Earned::<Test>::get(1).accrued, 0);
        assert_eq!(Earned::<Test>::get(2).accrued, 100_000 + second * 100_000 / 133_333);
        // What the pools earned is matched in the pools, with what rounding left.
        let direct = [0, 2].map(|id| Earned::<Test>::get(id).accrued).iter().sum::<Balance>();
        let pools = [0, 1].map(|id| Pools::<Test>::get(id).received).iter().sum::<Balance>();
        assert_eq!(direct + pools, 500_000 + stored(id).outcome().unwrap().emission);
        let Event::Finalised { emission, .. } = last_event() else { panic!("not finalised") };
        assert_eq!(emission, stored(id).outcome().unwrap().emission);
    });
}

#[test]
fn emission_should_add_what_is_there_when_a_budget_is_short() {
    run(|| {
        let world = world(1);
        drip([1, 0]);
        let id = world.settle(FUNDS / 4);
        world.decide_alike(id, &[(0, 500_000), (2, 500_000)]);
        // All that the first datanet has, for its contribution; nothing for the second's.
        assert_eq!((stored(id).outcome().unwrap().emission, budgets()), (1_000_000, [0, 0]));
        let data = FUNDS / 16;
        assert_eq!(Earned::<Test>::get(0).accrued, data + 1_000_000);
        assert_eq!(Earned::<Test>::get(2).accrued, data);
    });
}

#[test]
fn emission_should_add_as_much_as_governance_says_when_the_settlement_is_submitted() {
    for (matching, expected) in [(0, 0), (500_000, 25_000), (PPM, 50_000), (Ppm::MAX, 50_000)] {
        run(|| {
            let world = world(1);
            drip([1, 0]);
            InForce::set(Parameters { matching, ..PARAMETERS });
            let id = world.settle(1_000_000);
            InForce::set(PARAMETERS);
            world.decide_alike(id, &[(0, PPM)]);
            assert_eq!(stored(id).outcome().unwrap().emission, expected);
            assert_eq!(Earned::<Test>::get(0).accrued, 500_000 + expected);
        });
    }
}

#[test]
fn emission_should_add_to_the_pools_when_no_committee_answered() {
    run(|| {
        let world = world(1);
        drip([1, 1]);
        let id = world.settle(1_200_000);
        for _ in 0..PARAMETERS.max_attempts {
            pass_deadline(id);
            assert_ok!(advance(id));
        }
        assert_eq!(
            (stored(id).phase(), stored(id).outcome().unwrap().emission),
            (Phase::Fallback, 60_000)
        );
        assert_eq!(Pools::<Test>::get(0).received, 400_000 + 40_000);
        assert_eq!(Pools::<Test>::get(1).received, 200_000 + 20_000);
    });
}

#[test]
fn emission_should_count_a_contribution_once_when_two_versions_of_its_datanet_list_it() {
    run(|| {
        let world = world(1);
        let (late, model) = newcomer(40, &[1, 2]);
        drip([1, 0]);
        let id = world.settle_for(model, 1_000_000);
        world.decide_alike(id, &[(0, 500_000), (late, 500_000)]);
        assert_eq!(stored(id).outcome().unwrap().emission, 50_000);
        for contribution in [0, late] {
            assert_eq!(Earned::<Test>::get(contribution).accrued, 250_000 + 25_000);
        }
    });
}

#[test]
fn settlement_should_end_without_emission_when_the_emission_cannot_pay() {
    run(|| {
        let world = world(1);
        drip([1, 0]);
        // Never by a call: what budgets name and the account does not have.
        let account = Emission::account();
        let missing = Balances::free_balance(&account) - ED;
        assert_ok!(<Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
            &account,
            &Community::get(),
            missing,
            frame_support::traits::tokens::Preservation::Preserve,
        ));
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(0, PPM)]);
        assert_eq!(
            (stored(id).phase(), stored(id).outcome().unwrap().emission),
            (Phase::Finalised, 0)
        );
        assert_eq!(Earned::<Test>::get(0).accrued, 500_000);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whoever is payer, operator, owner, attributor and contributor at once.
    #[test]
    fn emission_should_give_back_at_most_what_the_treasury_got_when_somebody_pays_itself(
        fees in proptest::collection::vec(1u128..100_000_000, 1..6),
        first in 0u32..=PPM,
        weights in (0u32..100, 0u32..100),
    ) {
        run(|| {
            let world = world(1);
            drip([weights.0 + 1, weights.1]);
            for fee in fees {
                let before: Balance = budgets().iter().sum();
                let id = world.settle(fee);
                let list: Vec<_> =
                    [(0, first), (2, PPM - first)].into_iter().filter(|s| s.1 > 0).collect();
                world.decide_alike(id, &list);
                let settlement = stored(id);
                let split = settlement.outcome().unwrap().split;
                assert!(settlement.outcome().unwrap().emission <= portion(split.treasury, PARAMETERS.matching));
                assert_eq!(before - budgets().iter().sum::<Balance>(), settlement.outcome().unwrap().emission);
                check();
            }
        });
    }

    #[test]
    fn emission_should_not_grow_when_a_contribution_is_split(
        fee in 1u128..100_000_000,
        part in 0u32..=PPM,
        cut in 0u32..=PPM,
    ) {
        // Contributions 0 and 1 of one datanet: what one owner of both receives, as one or as two.
        let received = |shares: Vec<(ContributionId, Ppm)>| {
            let mut sum = 0;
            run(|| {
                let world = world(1);
                drip([1, 1]);
                let id = world.settle(fee);
                world.decide_alike(id, &shares);
                let pooled = [0, 1].map(Attribution::earnings).map(|earned| earned.accrued);
                sum = pooled.iter().sum::<Balance>();
            });
            sum
        };
        let cut = u64::from(part) * u64::from(cut) / u64::from(PPM);
        let cut = cut as Ppm;
        let list = |shares: Vec<(ContributionId, Ppm)>| {
            shares.into_iter().filter(|(_, ppm)| *ppm > 0).collect::<Vec<_>>()
        };
        let whole = received(list(vec![(0, part)]));
        let split = received(list(vec![(0, cut), (1, part - cut)]));
        // What rounding moves to the pool may make it divide by its 40 records, and not carry the rest.
        prop_assert!(split <= whole + 40, "{split} > {whole}");
    }
}
