use super::*;
use sp_runtime::TokenError;

#[test]
fn open_channel_should_hold_the_deposit_when_the_operator_is_active() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_ok!(Payments::open_channel(signed(&payer), operator.clone(), 500, 20));
        assert_eq!(held(&payer), 500);
        assert_eq!(
            Payments::channel(0),
            Some(Channel {
                payer: payer.clone(),
                operator: operator.clone(),
                deposit: 500,
                claimed: 0,
                expires: 20,
                closing: None,
                signer: Signer::Account(payer.clone()),
                former: None,
                request: None,
            })
        );
        assert_eq!(
            last_event(),
            Event::ChannelOpened { channel: 0, payer, operator, deposit: 500, expires: 20 }
        );
    });
}

#[test]
fn open_channel_should_number_channels_when_there_are_several() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_eq!(channel::<Test>(&payer, &operator, 100), 0);
        assert_eq!(channel::<Test>(&payer, &operator, 200), 1);
        assert_eq!(held(&payer), 300);
    });
}

#[test]
fn open_channel_should_fail_when_nobody_signs() {
    run(|| {
        let operator = operator::<Test>();
        assert_noop!(
            Payments::open_channel(RuntimeOrigin::none(), operator.clone(), 500, 20),
            BadOrigin
        );
        assert_noop!(Payments::open_channel(RuntimeOrigin::root(), operator, 500, 20), BadOrigin);
    });
}

#[test]
fn open_channel_should_fail_when_the_operator_is_not_active() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(
            Payments::open_channel(signed(&payer), account("operator", 0), 500, 20),
            Error::<Test>::NotOperator
        );
    });
}

#[test]
fn open_channel_should_fail_when_the_deposit_is_below_the_minimum() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_noop!(
            Payments::open_channel(signed(&payer), operator, 99, 20),
            Error::<Test>::InvalidAmount
        );
    });
}

#[test]
fn open_channel_should_fail_when_it_has_ended_already() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_noop!(
            Payments::open_channel(signed(&payer), operator, 500, 1),
            Error::<Test>::InvalidExpiry
        );
    });
}

#[test]
fn open_channel_should_fail_when_the_payer_has_less() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        assert_noop!(
            Payments::open_channel(signed(&payer), operator, FUNDS + 1, 20),
            TokenError::FundsUnavailable
        );
    });
}

#[test]
fn open_channel_should_fail_when_some_money_is_frozen() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        freeze(&payer, ED + 1);
        assert_noop!(Payments::open_channel(signed(&payer), operator, 500, 20), TokenError::Frozen);
    });
}
