use super::*;

#[test]
fn request_close_should_start_the_delay_when_the_payer_asks() {
    run(|| {
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &operator::<Test>(), 500);
        assert_ok!(Payments::request_close(signed(&payer), channel));
        assert_eq!(Payments::channel(channel).unwrap().closing, Some(1 + DELAY));
        assert_eq!(last_event(), Event::CloseRequested { channel, from: 1 + DELAY });
        assert_eq!(held(&payer), 500);
    });
}

#[test]
fn request_close_should_fail_when_nobody_signs() {
    run(|| {
        let channel = channel::<Test>(&payer::<Test>(), &operator::<Test>(), 500);
        assert_noop!(Payments::request_close(RuntimeOrigin::none(), channel), BadOrigin);
        assert_noop!(Payments::request_close(RuntimeOrigin::root(), channel), BadOrigin);
    });
}

#[test]
fn request_close_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(Payments::request_close(signed(&payer), 0), Error::<Test>::NotFound);
    });
}

#[test]
fn request_close_should_fail_when_somebody_else_asks() {
    run(|| {
        let operator = operator::<Test>();
        let channel = channel::<Test>(&payer::<Test>(), &operator, 500);
        assert_noop!(Payments::request_close(signed(&operator), channel), Error::<Test>::NotPayer);
    });
}

#[test]
fn request_close_should_fail_when_asked_twice() {
    run(|| {
        let payer = payer::<Test>();
        let channel = channel::<Test>(&payer, &operator::<Test>(), 500);
        assert_ok!(Payments::request_close(signed(&payer), channel));
        System::set_block_number(3);
        assert_noop!(Payments::request_close(signed(&payer), channel), Error::<Test>::WrongPhase);
    });
}
