use super::*;
use frame_support::{
    dispatch::Pays,
    traits::{LockableCurrency, WithdrawReasons},
};

#[test]
fn drip_should_share_what_is_due_by_weight_when_a_period_is_over() {
    run(|| {
        assert_ok!(set(0, 1));
        assert_ok!(set(2, 2));
        pass(PERIOD);
        let before = balance(&Source::get());
        assert_eq!(drip().unwrap().pays_fee, Pays::No);
        let amount = Balance::from(PERIOD) * RATE;
        assert_eq!(last_event(), Event::Dripped { amount }.into());
        assert_eq!(before - balance(&Source::get()), amount);
        // 1,000 by weights of 1 and 2: what does not divide is carried.
        assert_eq!([0, 1, 2].map(Emission::budget), [333, 0, 666]);
        assert_eq!(Distribution::<Test>::get().carry, 1);
        pass(PERIOD + 5);
        assert_ok!(drip());
        assert_eq!([0, 1, 2].map(Emission::budget), [833, 0, 1_666]);
    });
}

#[test]
fn drip_should_fail_when_the_period_is_not_over() {
    run(|| {
        assert_ok!(set(0, 1));
        pass(PERIOD - 1);
        assert_noop!(drip(), Error::<Test>::TooEarly);
        pass(1);
        assert_ok!(drip());
        assert_noop!(drip(), Error::<Test>::TooEarly);
    });
}

#[test]
fn drip_should_fail_when_no_datanet_has_a_weight() {
    run(|| {
        pass(PERIOD);
        assert_noop!(drip(), Error::<Test>::NotFound);
        assert_ok!(set(0, 1));
        assert_ok!(set(0, 0));
        pass(PERIOD);
        assert_noop!(drip(), Error::<Test>::NotFound);
    });
}

#[test]
fn drip_should_give_what_is_there_and_owe_nothing_when_the_source_is_short() {
    run(|| {
        assert_ok!(set(0, 1));
        // All but 150 units are not vested yet.
        let lock = |amount| {
            Balances::set_lock(*b"vesting ", &Source::get(), amount, WithdrawReasons::all())
        };
        lock(POOL - 150);
        pass(PERIOD);
        assert_ok!(drip());
        assert_eq!(Emission::budget(0), 150);
        lock(POOL);
        pass(PERIOD);
        assert_noop!(drip(), Error::<Test>::Empty);
        // The failed drip did not stop the clock: all of the time since the last counts.
        lock(0);
        assert_ok!(drip());
        assert_eq!(Emission::budget(0), 150 + Balance::from(PERIOD) * RATE);
    });
}

#[test]
fn drip_should_leave_the_source_alive_when_all_else_is_gone() {
    run(|| {
        assert_ok!(set(0, 1));
        InForce::set(POOL);
        pass(PERIOD);
        assert_ok!(drip());
        assert_eq!((balance(&Source::get()), Emission::budget(0)), (ED, POOL - ED));
        pass(PERIOD);
        assert_noop!(drip(), Error::<Test>::Empty);
    });
}

#[test]
fn drip_should_fail_when_the_rate_is_zero() {
    run(|| {
        assert_ok!(set(0, 1));
        InForce::set(0);
        pass(PERIOD);
        assert_noop!(drip(), Error::<Test>::Empty);
    });
}

#[test]
fn drip_should_fail_when_not_signed() {
    run(|| {
        assert_ok!(set(0, 1));
        pass(PERIOD);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(send_as(origin, Call::drip {}), BadOrigin);
        }
    });
}
