use super::*;

fn seen(n: u8, role: Role) -> Option<BlockNumber> {
    Pallet::<Test>::last_seen(role, account(n))
}

#[test]
fn heartbeat_should_store_the_block_of_the_last() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_eq!(seen(1, Operator), None);
        assert_ok!(heartbeat(1, Operator));
        assert_eq!(last_event(), Event::Heartbeat { role: Operator, who: account(1) }.into());
        System::set_block_number(7);
        assert_ok!(heartbeat(1, Operator));
        assert_eq!((seen(1, Operator), seen(1, Attributor)), (Some(7), None));
    });
}

#[test]
fn heartbeat_should_be_forgotten_when_the_role_is_given_up() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_ok!(heartbeat(1, Operator));
        assert_ok!(unbond(1, Operator, MIN_BOND));
        System::set_block_number(1 + DELAY);
        assert_eq!(seen(1, Operator), Some(1));
        assert_ok!(withdraw(1, Operator));
        assert_eq!(seen(1, Operator), None);
    });
}

#[test]
fn heartbeat_should_fail_when_not_registered() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_noop!(heartbeat(1, Curator), Error::<Test>::NotFound);
        assert_noop!(heartbeat(2, Operator), Error::<Test>::NotFound);
    });
}

#[test]
fn heartbeat_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::heartbeat { role: Operator }));
}
