use super::*;

#[test]
fn register_should_hold_the_bond_when_it_is_enough() {
    run(|| {
        for role in ROLES {
            assert_ok!(register(1, role, MIN_BOND));
            assert_eq!(held(role, 1), MIN_BOND);
            assert!(active(1, role));
            assert_eq!(
                last_event(),
                Event::Registered { role, who: account(1), bond: MIN_BOND }.into()
            );
        }
        assert_eq!(stored(1, Operator).since, 1);
        assert_eq!(Balances::free_balance(account(1)), FUNDS - 3 * MIN_BOND);
    });
}

#[test]
fn register_should_list_attributors_by_account_when_they_come_in_any_order() {
    run(|| {
        assert_ok!(register(3, Attributor, 300));
        assert_ok!(register(1, Attributor, 100));
        assert_ok!(register(2, Operator, 200));
        assert_eq!(Pallet::<Test>::attributors(), [(account(1), 100), (account(3), 300)]);
    });
}

#[test]
fn register_should_fail_when_registered_already() {
    run(|| {
        assert_ok!(register(1, Curator, MIN_BOND));
        assert_noop!(register(1, Curator, MIN_BOND), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn register_should_fail_when_the_bond_is_below_the_minimum() {
    run(|| {
        assert_noop!(register(1, Operator, MIN_BOND - 1), Error::<Test>::InvalidBond);
    });
}

#[test]
fn register_should_fail_when_the_funds_are_not_there() {
    run(|| {
        assert_noop!(register(1, Operator, FUNDS + 1), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn register_should_fail_when_there_are_too_many_attributors() {
    run(|| {
        for n in 1..=3 {
            assert_ok!(register(n, Attributor, MIN_BOND));
        }
        assert_noop!(register(4, Attributor, MIN_BOND), Error::<Test>::TooMany);
        // The list bounds attributors alone.
        assert_ok!(register(4, Operator, MIN_BOND));
    });
}

#[test]
fn register_should_fail_when_not_signed() {
    run(|| {
        assert_needs_signature(Call::register {
            role: Operator,
            bond: MIN_BOND,
            metadata: Metadata::default(),
        })
    });
}
