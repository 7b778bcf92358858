use super::*;
use sp_runtime::TokenError;

fn ids(list: &[ContributionId]) -> BoundedVec<ContributionId, ConstU32<MAX_CLAIMED>> {
    list.to_vec().try_into().unwrap()
}

fn claim_of(who: &AccountId32) -> (Balance, Balance) {
    let claims = Attribution::claimable(who.clone()).contributions;
    claims.into_iter().map(|claim| (claim.accrued, claim.claimed)).next().unwrap()
}

#[test]
fn claim_contributions_should_pay_shares_and_pools_when_anyone_asks() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_200_000);
        world.decide_alike(id, &[(0, 400_000)]);
        // Data 600,000: 240,000 direct; 360,000 pooled, two thirds of it over 40 records.
        let first = account("contributor", 0);
        let second = account("contributor", 1);
        assert_eq!(claim_of(&first), (240_000 + 60_000, 0));
        assert_eq!(claim_of(&second), (180_000, 0));
        let before = Balances::free_balance(&first);
        assert_ok!(Attribution::claim_contributions(anyone(), ids(&[0, 1])));
        assert_eq!(Balances::free_balance(&first), before + 300_000);
        assert_eq!(claim_of(&first), (300_000, 300_000));
        assert_eq!(claim_of(&second), (180_000, 180_000));
        assert!(events().contains(&Event::ContributionClaimed {
            contribution: 1,
            account: second,
            amount: 180_000
        }));
        assert_noop!(
            Attribution::claim_contributions(anyone(), ids(&[0, 1])),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn claim_contributions_should_pay_once_when_an_id_is_named_twice() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(2, PPM)]);
        let who = account("contributor", 2);
        let before = Balances::free_balance(&who);
        assert_ok!(Attribution::claim_contributions(anyone(), ids(&[2, 2, 2])));
        assert_eq!(Balances::free_balance(&who), before + 500_000);
    });
}

#[test]
fn claim_contributions_should_pay_what_came_since_when_claimed_before() {
    run(|| {
        let world = world(1);
        for round in 1..4u128 {
            let id = world.settle(1_200_000);
            world.decide_alike(id, &[(0, 400_000)]);
            assert_ok!(Attribution::claim_contributions(anyone(), ids(&[0, 2])));
            assert_eq!(claim_of(&account("contributor", 0)), (round * 300_000, round * 300_000));
            check();
        }
    });
}

#[test]
fn claim_contributions_should_fail_when_nobody_signs() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Attribution::claim_contributions(origin, ids(&[0])), BadOrigin);
        }
    });
}

#[test]
fn claim_contributions_should_fail_when_there_is_no_such_contribution() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(2, PPM)]);
        assert_noop!(
            Attribution::claim_contributions(anyone(), ids(&[2, 99])),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn claim_contributions_should_fail_when_nothing_was_earned() {
    run(|| {
        world(1);
        assert_noop!(
            Attribution::claim_contributions(anyone(), ids(&[0, 1, 2])),
            Error::<Test>::NotFound
        );
        assert_noop!(Attribution::claim_contributions(anyone(), ids(&[])), Error::<Test>::NotFound);
    });
}

#[test]
fn claim_contributions_should_fail_and_keep_earnings_when_an_account_would_be_too_small() {
    run(|| {
        let world = world(1);
        let nobody = account("nobody", 0);
        pallet_datanets::Contributions::<Test>::mutate(0, |contribution| {
            contribution.as_mut().unwrap().payee = nobody.clone()
        });
        let id = world.settle(18);
        world.decide_alike(id, &[(0, PPM)]);
        assert_noop!(
            Attribution::claim_contributions(anyone(), ids(&[0])),
            TokenError::BelowMinimum
        );
        let id = world.settle(18);
        world.decide_alike(id, &[(0, PPM)]);
        assert_ok!(Attribution::claim_contributions(anyone(), ids(&[0])));
        assert_eq!(Balances::free_balance(&nobody), 18);
    });
}
