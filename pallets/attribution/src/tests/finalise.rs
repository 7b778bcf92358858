use super::*;

#[test]
fn fee_should_be_divided_to_the_last_unit_when_the_committee_agrees() {
    run(|| {
        let world = world(3);
        let fee = 1_000_003;
        let id = world.settle(fee);
        world.decide_alike(id, &[(0, 123_457), (2, 500_000)]);
        let split = stored(id).outcome().unwrap().split;
        assert_eq!(
            split,
            Split::of(fee, &SplitParameters::DEFAULT, &shares(&[(0, 123_457), (2, 500_000)]), 3)
        );
        assert_eq!(split.total(), fee);
        assert_eq!(Credits::<Test>::get(&world.operator), split.operator);
        for who in &world.attributors {
            assert_eq!(Credits::<Test>::get(who), split.attributors / 3);
        }
        let owner = Credits::<Test>::get(account("owner", world.model));
        let base = Credits::<Test>::get(account("base owner", 0));
        assert_eq!((owner + base, base), (split.owner, split.owner / 10));
        assert_eq!(Balances::free_balance(Treasury::get()), ED + split.treasury + split.remainder);
        assert_eq!(Earned::<Test>::get(0).accrued, 500_001 * 123_457 / 1_000_000);
        assert_eq!(Earned::<Test>::get(1).accrued, 0);
        let pooled = Pools::<Test>::get(0).received + Pools::<Test>::get(1).received;
        assert_eq!(
            Earned::<Test>::get(0).accrued + Earned::<Test>::get(2).accrued + pooled,
            split.data
        );
        assert_eq!(
            last_event(),
            Event::Finalised {
                settlement: id,
                shares: stored(id).shares().unwrap().clone(),
                split,
                emission: 0,
                accepted: stored(id).committee().to_vec()
            }
        );
    });
}

#[test]
fn shares_should_be_the_median_and_the_far_member_unpaid_when_one_disagrees() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000_000);
        let near = result(&[(0, 600_000), (1, 400_000)]);
        let also = result(&[(0, 604_000), (1, 396_000)]);
        let far = result(&[(2, PPM)]);
        world.decide(id, &[(0, near.clone()), (1, far), (2, also)]);
        let decided = stored(id).shares().unwrap().clone();
        // Entry by entry 600,000 and 396,000, renormalised.
        assert_eq!(decided, ShareVector::from_weights([(0, 600_000), (1, 396_000)], 0));
        assert!(decided.distance(&near.shares) <= PARAMETERS.tolerance);
        assert_eq!(Credits::<Test>::get(account("attributor", 0)), 25_000);
        assert_eq!(Credits::<Test>::get(account("attributor", 1)), 0);
        assert_eq!(Credits::<Test>::get(account("attributor", 2)), 25_000);
        assert_eq!([bond(0), bond(1), bond(2)], [BONDED, BONDED - BONDED / 10, BONDED]);
    });
}

#[test]
fn attributors_part_should_go_to_the_treasury_when_nobody_is_near_the_median() {
    run(|| {
        let world = world(2);
        let id = world.settle(1_000_000);
        world.decide(id, &[(0, result(&[(0, PPM)])), (1, result(&[(1, PPM)]))]);
        let split = stored(id).outcome().unwrap().split;
        assert_eq!((split.attributors, split.remainder), (0, 50_000));
        // Who of two is right is not known: both keep their bonds.
        assert_eq!([bond(0), bond(1)], [BONDED; 2]);
        assert_eq!(stored(id).shares(), Some(&shares(&[(0, 500_000), (1, 500_000)])));
    });
}

#[test]
fn owners_part_should_follow_the_lineage_when_the_model_is_derived() {
    run(|| {
        let world = world(1);
        let child = adapter::<Test>(0, &[world.model], &[0], true);
        let id = world.settle_for(child, 1_000_000);
        world.decide_alike(id, &[]);
        assert_eq!(Credits::<Test>::get(account("owner", child)), 135_000);
        assert_eq!(Credits::<Test>::get(account("owner", world.model)), 13_500);
        assert_eq!(Credits::<Test>::get(account("base owner", 0)), 1_500);
    });
}

#[test]
fn owners_part_should_follow_every_parent_when_the_model_is_merged() {
    run(|| {
        let world = world(1);
        let other = adapter::<Test>(0, &[], &[0], true);
        let child = adapter::<Test>(0, &[world.model, other], &[0], true);
        let id = world.settle_for(child, 1_000_000);
        world.decide_alike(id, &[]);
        // A tenth of 150,000 to the two parents; of their 7,500 each, a tenth to the base.
        assert_eq!(Credits::<Test>::get(account("owner", child)), 135_000);
        for parent in [world.model, other] {
            assert_eq!(Credits::<Test>::get(account("owner", parent)), 6_750);
        }
        assert_eq!(Credits::<Test>::get(account("base owner", 0)), 1_500);
    });
}

#[test]
fn credits_should_add_up_when_one_account_has_several_roles() {
    run(|| {
        let world = world(1);
        register::<Test>(pallet_providers::Role::Operator, &world.attributors[0], 1);
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &world.attributors[0], 1_000_000);
        let id = settle::<Test>(&world.attributors[0], world.model, channel, 1_000_000);
        draw();
        world.decide_alike(id, &[]);
        assert_eq!(Credits::<Test>::get(&world.attributors[0]), 300_000);
    });
}

#[test]
fn treasury_should_be_credited_when_it_cannot_receive_its_part() {
    run(|| {
        let world = world(1);
        // A treasury without an account, and a part below the existential deposit.
        <Balances as frame_support::traits::fungible::Mutate<_>>::set_balance(&Treasury::get(), 0);
        let id = world.settle(100);
        world.decide_alike(id, &[]);
        assert_eq!(stored(id).phase(), Phase::Finalised);
        let owed = Credits::<Test>::get(Treasury::get());
        assert!(owed > 0 && owed < ED);
        for _ in 0..2 {
            let id = world.settle(100);
            world.decide_alike(id, &[]);
        }
        assert_ok!(Attribution::claim(anyone(), Treasury::get()));
        assert!(Balances::free_balance(Treasury::get()) >= ED);
    });
}

#[test]
fn pools_should_get_everything_when_no_contribution_had_influence() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[]);
        assert_eq!(Pools::<Test>::get(0).received, 400_000);
        assert_eq!(Pools::<Test>::get(1).received, 200_000);
        assert_eq!(Attribution::earnings(0).accrued, 100_000);
        assert_eq!(Attribution::earnings(1).accrued, 300_000);
        assert_eq!(Attribution::earnings(2).accrued, 200_000);
    });
}

#[test]
fn pool_should_pay_a_contribution_only_from_its_entry_on_when_it_comes_later() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[]);
        let (late, model) = newcomer(40, &[2]);
        let id = world.settle_for(model, 1_600_000);
        world.decide_alike(id, &[]);
        // 800,000 over 80 records, on top of the 400,000 over 40 of before.
        assert_eq!(Attribution::earnings(0).accrued, 100_000 + 100_000);
        assert_eq!(Attribution::earnings(1).accrued, 300_000 + 300_000);
        assert_eq!(Attribution::earnings(late).accrued, 400_000);
    });
}
