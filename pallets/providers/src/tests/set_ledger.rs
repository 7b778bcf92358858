use super::*;

fn set_ledger(n: u8, ledger: u8) -> DispatchResult {
    send(n, Call::set_ledger { ledger: H256::repeat_byte(ledger) })
}

fn ledger(n: u8) -> Option<H256> {
    Pallet::<Test>::ledger_of(account(n))
}

#[test]
fn set_ledger_should_store_the_last_when_an_operator_names_it() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_eq!(ledger(1), None);
        assert_ok!(set_ledger(1, 7));
        assert_ok!(set_ledger(1, 8));
        let named = H256::repeat_byte(8);
        assert_eq!(last_event(), Event::LedgerSet { who: account(1), ledger: named }.into());
        assert_eq!((ledger(1), ledger(2)), (Some(named), None));
    });
}

#[test]
fn ledger_should_be_forgotten_when_the_operator_is_none_any_more() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_ok!(register(1, Curator, MIN_BOND));
        assert_ok!(set_ledger(1, 7));
        assert_ok!(unbond(1, Curator, MIN_BOND));
        assert_ok!(unbond(1, Operator, MIN_BOND));
        System::set_block_number(1 + DELAY);
        assert_ok!(withdraw(1, Curator));
        assert_eq!(ledger(1), Some(H256::repeat_byte(7)));
        assert_ok!(withdraw(1, Operator));
        assert_eq!(ledger(1), None);
    });
}

#[test]
fn set_ledger_should_fail_when_no_operator_names_it() {
    run(|| {
        assert_ok!(register(1, Attributor, MIN_BOND));
        assert_noop!(set_ledger(1, 7), Error::<Test>::NotFound);
        assert_noop!(set_ledger(2, 7), Error::<Test>::NotFound);
    });
}

#[test]
fn set_ledger_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_ledger { ledger: H256::zero() }));
}
