use super::*;

#[test]
fn bond_more_should_raise_the_bond_when_registered() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(bond_more(1, Attributor, 7));
        assert_eq!(held(Attributor, 1), MIN_BOND + 7);
        assert_eq!(Pallet::<Test>::attributors(), [(account(1), MIN_BOND + 7)]);
        let event = Event::BondIncreased {
            role: Attributor,
            who: account(1),
            amount: 7,
            bond: MIN_BOND + 7,
        };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn bond_more_should_make_active_again_when_all_was_unbonding() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(unbond(1, Attributor, MIN_BOND));
        assert!(!active(1, Attributor));
        assert_noop!(bond_more(1, Attributor, MIN_BOND - 1), Error::<Test>::InvalidBond);
        assert_ok!(bond_more(1, Attributor, MIN_BOND));
        assert!(active(1, Attributor));
        assert_eq!(held(Attributor, 1), 2 * MIN_BOND);
    });
}

#[test]
fn bond_more_should_fail_when_a_slash_left_too_little() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_eq!(Pallet::<Test>::slash(Operator, &account(1), 50, &account(2)), 50);
        assert_noop!(bond_more(1, Operator, 49), Error::<Test>::InvalidBond);
        assert_ok!(bond_more(1, Operator, 50));
        assert!(active(1, Operator));
    });
}

#[test]
fn bond_more_should_fail_when_others_took_the_last_place() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(unbond(1, Attributor, MIN_BOND));
        for n in 2..=4 {
            assert_ok!(register(n, Attributor, MIN_BOND));
        }
        assert_noop!(bond_more(1, Attributor, MIN_BOND), Error::<Test>::TooMany);
    });
}

#[test]
fn bond_more_should_fail_when_the_amount_is_zero() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(bond_more(1, Operator, 0), Error::<Test>::InvalidAmount);
    });
}

#[test]
fn bond_more_should_fail_when_not_registered() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(bond_more(1, Curator, 1), Error::<Test>::NotFound);
    });
}

#[test]
fn bond_more_should_fail_when_the_funds_are_not_there() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(bond_more(1, Operator, FUNDS), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn bond_more_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::bond_more { role: Operator, amount: 1 }));
}
