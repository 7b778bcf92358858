use super::*;

#[test]
fn withdraw_should_free_the_amount_when_the_delay_is_over() {
    run(|| {
        assert_ok!(register(1, Operator, 2 * MIN_BOND));
        assert_ok!(unbond(1, Operator, MIN_BOND));
        System::set_block_number(1 + DELAY);
        assert_ok!(withdraw(1, Operator));
        assert_eq!(held(Operator, 1), MIN_BOND);
        assert_eq!(stored(1, Operator).unbonding, None);
        assert_eq!(
            last_event(),
            Event::Withdrawn { role: Operator, who: account(1), amount: MIN_BOND }.into()
        );
    });
}

#[test]
fn withdraw_should_end_the_registration_when_nothing_is_left() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(unbond(1, Attributor, MIN_BOND));
        System::set_block_number(1 + DELAY);
        assert_ok!(withdraw(1, Attributor));
        assert_eq!(Pallet::<Test>::provider(Attributor, account(1)), None);
        assert_eq!(Pallet::<Test>::attributor_of(&worker(9)), None);
        assert_eq!(Balances::free_balance(account(1)), FUNDS);
        assert_eq!(last_event(), Event::Unregistered { role: Attributor, who: account(1) }.into());
        assert_ok!(register(1, Attributor, MIN_BOND));
    });
}

#[test]
fn withdraw_should_keep_the_worker_when_another_role_ends() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_ok!(register(1, Curator, MIN_BOND));
        assert_ok!(set_worker(1, Some(9)));
        assert_ok!(unbond(1, Curator, MIN_BOND));
        System::set_block_number(1 + DELAY);
        assert_ok!(withdraw(1, Curator));
        assert_eq!(Pallet::<Test>::worker_of(account(1)), Some(worker(9)));
    });
}

#[test]
fn withdraw_should_fail_when_the_delay_is_not_over() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_ok!(unbond(1, Operator, MIN_BOND));
        System::set_block_number(DELAY);
        assert_noop!(withdraw(1, Operator), Error::<Test>::TooEarly);
    });
}

#[test]
fn withdraw_should_fail_when_nothing_is_unbonding() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(withdraw(1, Operator), Error::<Test>::WrongPhase);
    });
}

#[test]
fn withdraw_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(withdraw(1, Operator), Error::<Test>::NotFound);
    });
}

#[test]
fn withdraw_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::withdraw_unbonded { role: Operator }));
}
