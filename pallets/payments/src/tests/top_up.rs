use super::*;
use sp_runtime::TokenError;

#[test]
fn top_up_should_hold_more_when_the_payer_adds() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        let channel = channel::<Test>(&payer, &operator, 500);
        assert_ok!(Payments::top_up(signed(&payer), channel, 1));
        assert_eq!(held(&payer), 501);
        assert_eq!(Payments::channel(channel).unwrap().deposit, 501);
        assert_eq!(last_event(), Event::ToppedUp { channel, amount: 1, deposit: 501 });
    });
}

#[test]
fn top_up_should_fail_when_nobody_signs() {
    run(|| {
        let channel = channel::<Test>(&payer::<Test>(), &operator::<Test>(), 500);
        assert_noop!(Payments::top_up(RuntimeOrigin::none(), channel, 1), BadOrigin);
        assert_noop!(Payments::top_up(RuntimeOrigin::root(), channel, 1), BadOrigin);
    });
}

#[test]
fn top_up_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(Payments::top_up(signed(&payer), 0, 1), Error::<Test>::NotFound);
    });
}

#[test]
fn top_up_should_fail_when_somebody_else_adds() {
    run(|| {
        let operator = operator::<Test>();
        let channel = channel::<Test>(&payer::<Test>(), &operator, 500);
        assert_noop!(Payments::top_up(signed(&operator), channel, 1), Error::<Test>::NotPayer);
    });
}

#[test]
fn top_up_should_fail_when_the_channel_is_closing() {
    run(|| {
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &operator::<Test>(), 500);
        assert_ok!(Payments::request_close(signed(&payer), channel));
        assert_noop!(Payments::top_up(signed(&payer), channel, 1), Error::<Test>::WrongPhase);
    });
}

#[test]
fn top_up_should_fail_when_the_channel_has_ended() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_ok!(Payments::open_channel(signed(&payer), operator, 500, 20));
        System::set_block_number(20);
        assert_ok!(Payments::top_up(signed(&payer), 0, 1));
        System::set_block_number(21);
        assert_noop!(Payments::top_up(signed(&payer), 0, 1), Error::<Test>::Expired);
    });
}

#[test]
fn top_up_should_fail_when_the_amount_is_zero() {
    run(|| {
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &operator::<Test>(), 500);
        assert_noop!(Payments::top_up(signed(&payer), channel, 0), Error::<Test>::InvalidAmount);
    });
}

#[test]
fn top_up_should_fail_when_the_payer_has_less_or_frozen_money() {
    run(|| {
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &operator::<Test>(), 500);
        assert_noop!(
            Payments::top_up(signed(&payer), channel, FUNDS),
            TokenError::FundsUnavailable
        );
        // What is on hold covers a freeze first, and the existential deposit stays in any case.
        freeze(&payer, 500 + ED + 1);
        assert_noop!(Payments::top_up(signed(&payer), channel, 1), sp_runtime::TokenError::Frozen);
    });
}
