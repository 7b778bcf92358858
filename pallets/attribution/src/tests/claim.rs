use super::*;
use sp_runtime::TokenError;

#[test]
fn claim_should_pay_the_credit_when_anyone_asks() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_000_000);
        world.decide_alike(id, &[(0, PPM)]);
        let before = Balances::free_balance(&world.operator);
        assert_eq!(Attribution::claimable(world.operator.clone()).credit, 250_000);
        assert_ok!(Attribution::claim(anyone(), world.operator.clone()));
        assert_eq!(Balances::free_balance(&world.operator), before + 250_000);
        assert_eq!(Attribution::claimable(world.operator.clone()).credit, 0);
        assert_eq!(
            last_event(),
            Event::Claimed { account: world.operator.clone(), amount: 250_000 }
        );
        assert_noop!(Attribution::claim(anyone(), world.operator), Error::<Test>::NotFound);
    });
}

#[test]
fn claim_should_fail_when_nobody_signs() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Attribution::claim(origin, account("operator", 0)), BadOrigin);
        }
    });
}

#[test]
fn claim_should_fail_when_there_is_no_credit() {
    run(|| {
        assert_noop!(Attribution::claim(anyone(), account("operator", 0)), Error::<Test>::NotFound);
    });
}

#[test]
fn claim_should_fail_and_keep_the_credit_when_the_account_would_be_too_small() {
    run(|| {
        let world = world(1);
        // An owner without an account.
        pallet_models::Models::<Test>::mutate(world.model, |model| {
            model.as_mut().unwrap().owner = account("nobody", 0)
        });
        let id = world.settle(60);
        world.decide_alike(id, &[]);
        let nobody = account("nobody", 0);
        // 15 % of 60, of which a tenth goes to the base's owner: 9 is below the existential deposit.
        assert_eq!(Credits::<Test>::get(&nobody), 9);
        assert_noop!(Attribution::claim(anyone(), nobody.clone()), TokenError::BelowMinimum);
        let id = world.settle(60);
        world.decide_alike(id, &[]);
        assert_ok!(Attribution::claim(anyone(), nobody.clone()));
        assert_eq!(Balances::free_balance(&nobody), 18);
    });
}
