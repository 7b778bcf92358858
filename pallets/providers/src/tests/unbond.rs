use super::*;

#[test]
fn unbond_should_keep_the_hold_when_it_begins() {
    run(|| {
        assert_ok!(register(1, Operator, 3 * MIN_BOND));
        assert_ok!(unbond(1, Operator, MIN_BOND));
        assert_eq!(held(Operator, 1), 3 * MIN_BOND);
        assert_eq!(stored(1, Operator).unbonding, Some((MIN_BOND, 1 + DELAY)));
        assert!(active(1, Operator));
        let event = Event::UnbondingStarted {
            role: Operator,
            who: account(1),
            amount: MIN_BOND,
            bond: 2 * MIN_BOND,
            until: 1 + DELAY,
        };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn unbond_should_take_off_the_list_at_once_when_nothing_is_left() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(unbond(1, Attributor, MIN_BOND));
        assert_eq!(Pallet::<Test>::attributors(), []);
        // The worker stays, to finish what its attributor was drawn for.
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), Some(account(1)));
    });
}

#[test]
fn unbond_should_fail_when_too_little_would_be_left() {
    run(|| {
        assert_ok!(register(1, Curator, MIN_BOND + 10));
        assert_noop!(unbond(1, Curator, 11), Error::<Test>::InvalidBond);
        assert_ok!(unbond(1, Curator, 10));
    });
}

#[test]
fn unbond_should_fail_when_the_amount_is_zero_or_more_than_is_bonded() {
    run(|| {
        assert_ok!(register(1, Curator, MIN_BOND));
        for amount in [0, MIN_BOND + 1] {
            assert_noop!(unbond(1, Curator, amount), Error::<Test>::InvalidAmount);
        }
    });
}

#[test]
fn unbond_should_fail_when_something_is_unbonding() {
    run(|| {
        assert_ok!(register(1, Curator, 3 * MIN_BOND));
        assert_ok!(unbond(1, Curator, MIN_BOND));
        assert_noop!(unbond(1, Curator, MIN_BOND), Error::<Test>::WrongPhase);
    });
}

#[test]
fn unbond_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(unbond(1, Curator, 1), Error::<Test>::NotFound);
    });
}

#[test]
fn unbond_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::unbond { role: Operator, amount: 1 }));
}
