use super::*;

/// A payer, an operator, and a channel of 500 units that ends with block 20.
fn open() -> (AccountId32, AccountId32) {
    let (payer, operator) = (payer::<Test>(), operator::<Test>());
    assert_ok!(Payments::open_channel(signed(&payer), operator.clone(), 500, 20));
    (payer, operator)
}

fn assert_closed(payer: &AccountId32) {
    assert_eq!(held(payer), 0);
    assert_eq!(Payments::channel(0), None);
    assert!(!ChannelsOf::<Test>::contains_key(payer, 0));
    assert_eq!(
        last_event(),
        Event::ChannelClosed { channel: 0, payer: payer.clone(), returned: 500 }
    );
}

#[test]
fn close_should_return_the_rest_when_the_operator_closes() {
    run(|| {
        let (payer, operator) = open();
        assert_ok!(Payments::close(signed(&operator), 0));
        assert_closed(&payer);
        assert_eq!(Balances::free_balance(&payer), FUNDS);
    });
}

#[test]
fn close_should_return_the_rest_when_the_payer_waited() {
    run(|| {
        let (payer, _) = open();
        assert_ok!(Payments::request_close(signed(&payer), 0));
        System::set_block_number(1 + DELAY);
        assert_ok!(Payments::close(signed(&payer), 0));
        assert_closed(&payer);
    });
}

#[test]
fn close_should_return_the_rest_when_anyone_closes_long_after_the_end() {
    run(|| {
        let (payer, _) = open();
        System::set_block_number(21 + DELAY);
        assert_ok!(Payments::close(signed(&account("stranger", 0)), 0));
        assert_closed(&payer);
    });
}

#[test]
fn close_should_need_no_request_when_the_payer_closes_long_after_the_end() {
    run(|| {
        let (payer, _) = open();
        System::set_block_number(21 + DELAY);
        assert_ok!(Payments::close(signed(&payer), 0));
        assert_closed(&payer);
    });
}

#[test]
fn close_should_succeed_when_nothing_is_left() {
    run(|| {
        let (payer, operator) = open();
        let datanet = datanet::<Test>(openledger_primitives::licence::Licence::OPEN, &[1]).0;
        let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
        settle::<Test>(&operator, model, 0, 500);
        assert_ok!(Payments::close(signed(&operator), 0));
        assert_eq!(last_event(), Event::ChannelClosed { channel: 0, payer, returned: 0 });
    });
}

#[test]
fn close_should_fail_when_nobody_signs() {
    run(|| {
        open();
        assert_noop!(Payments::close(RuntimeOrigin::none(), 0), BadOrigin);
        assert_noop!(Payments::close(RuntimeOrigin::root(), 0), BadOrigin);
    });
}

#[test]
fn close_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(Payments::close(signed(&payer), 0), Error::<Test>::NotFound);
    });
}

#[test]
fn close_should_fail_when_the_payer_has_not_asked() {
    run(|| {
        let (payer, _) = open();
        System::set_block_number(20 + DELAY);
        assert_noop!(Payments::close(signed(&payer), 0), Error::<Test>::WrongPhase);
    });
}

#[test]
fn close_should_fail_when_the_payer_does_not_wait() {
    run(|| {
        let (payer, _) = open();
        assert_ok!(Payments::request_close(signed(&payer), 0));
        System::set_block_number(DELAY);
        assert_noop!(Payments::close(signed(&payer), 0), Error::<Test>::TooEarly);
    });
}

#[test]
fn close_should_fail_when_a_stranger_closes_before_the_end() {
    run(|| {
        let (payer, _) = open();
        assert_ok!(Payments::request_close(signed(&payer), 0));
        System::set_block_number(20 + DELAY);
        assert_noop!(Payments::close(signed(&account("stranger", 0)), 0), Error::<Test>::TooEarly);
    });
}
