use super::*;

fn slash(role: Role, n: u8, amount: Balance) -> Balance {
    Pallet::<Test>::slash(role, &account(n), amount, &account(5))
}

#[test]
fn slash_should_move_the_amount_when_bonded() {
    run(|| {
        assert_ok!(register(1, Attributor, 3 * MIN_BOND));
        assert_eq!(slash(Attributor, 1, MIN_BOND), MIN_BOND);
        assert_eq!(Balances::free_balance(account(5)), FUNDS + MIN_BOND);
        assert_eq!(Pallet::<Test>::attributors(), [(account(1), 2 * MIN_BOND)]);
        let event = Event::Slashed {
            role: Attributor,
            who: account(1),
            amount: MIN_BOND,
            beneficiary: account(5),
        };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn slash_should_make_inactive_when_less_than_the_minimum_is_left() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_eq!(slash(Attributor, 1, 1), 1);
        assert!(!active(1, Attributor));
        assert_eq!(Pallet::<Test>::attributors(), []);
        // What is left can be taken back.
        assert_ok!(unbond(1, Attributor, MIN_BOND - 1));
    });
}

#[test]
fn slash_should_reach_what_is_unbonding_when_the_bond_is_not_enough() {
    run(|| {
        assert_ok!(register(1, Operator, 3 * MIN_BOND));
        assert_ok!(unbond(1, Operator, 2 * MIN_BOND));
        assert_eq!(slash(Operator, 1, 2 * MIN_BOND), 2 * MIN_BOND);
        assert_eq!(stored(1, Operator).bond, 0);
        assert_eq!(stored(1, Operator).unbonding, Some((MIN_BOND, 1 + DELAY)));
    });
}

#[test]
fn slash_should_end_the_registration_when_it_takes_everything() {
    run(|| {
        assert_ok!(register(1, Attributor, 2 * MIN_BOND));
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(unbond(1, Attributor, MIN_BOND));
        assert_eq!(slash(Attributor, 1, FUNDS), 2 * MIN_BOND);
        assert_eq!(Pallet::<Test>::provider(Attributor, account(1)), None);
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), None);
        // The bond of another role is not touched.
        assert_eq!(held(Operator, 1), MIN_BOND);
    });
}

#[test]
fn slash_should_take_nothing_when_there_is_nothing_to_take() {
    run(|| {
        assert_eq!(slash(Operator, 1, MIN_BOND), 0);
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_eq!(slash(Operator, 1, 0), 0);
        assert_eq!(held(Operator, 1), MIN_BOND);
    });
}
