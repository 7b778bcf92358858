use super::*;
use openledger_primitives::licence::Licence;

struct World {
    operator: AccountId32,
    payer: AccountId32,
    channel: ChannelId,
}

/// A channel of 1,000 units, of which 300 were claimed.
fn world() -> World {
    let (payer, operator) = (payer::<Test>(), signing_operator::<Test>());
    let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
    let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
    let channel = channel::<Test>(&payer, &operator, 1_000);
    settle::<Test>(&operator, model, channel, 300);
    World { operator, payer, channel }
}

#[test]
fn close_now_should_return_the_rest_at_once_when_the_operator_agrees() {
    for wrap in [false, true] {
        run(|| {
            let World { operator, payer, channel } = world();
            let signature = sign_closing::<Test>(&operator, channel, 300, wrap);
            assert_ok!(Payments::close_now(signed(&payer), channel, 300, signature));
            assert_eq!((held(&payer), Balances::free_balance(&payer)), (0, FUNDS - 300));
            assert_eq!(Payments::channel(channel), None);
            assert!(!ChannelsOf::<Test>::contains_key(&payer, channel));
            let event = Event::ChannelClosed { channel, payer: payer.clone(), returned: 700 };
            assert_eq!(last_event(), event);
            assert_noop!(
                Payments::close_now(signed(&payer), channel, 300, signature),
                Error::<Test>::NotFound
            );
        });
    }
}

#[test]
fn close_now_should_succeed_when_the_payer_asked_to_close_before() {
    run(|| {
        let World { operator, payer, channel } = world();
        assert_ok!(Payments::request_close(signed(&payer), channel));
        let signature = sign_closing::<Test>(&operator, channel, 300, false);
        assert_ok!(Payments::close_now(signed(&payer), channel, 300, signature));
    });
}

#[test]
fn close_now_should_fail_when_nobody_signs() {
    run(|| {
        let World { operator, channel, .. } = world();
        let signature = sign_closing::<Test>(&operator, channel, 300, false);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Payments::close_now(origin, channel, 300, signature), BadOrigin);
        }
    });
}

#[test]
fn close_now_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let World { operator, payer, .. } = world();
        let signature = sign_closing::<Test>(&operator, 9, 300, false);
        assert_noop!(
            Payments::close_now(signed(&payer), 9, 300, signature),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn close_now_should_fail_when_somebody_else_hands_the_statement_in() {
    run(|| {
        let World { operator, channel, .. } = world();
        let signature = sign_closing::<Test>(&operator, channel, 300, false);
        assert_noop!(
            Payments::close_now(signed(&operator), channel, 300, signature),
            Error::<Test>::NotPayer
        );
    });
}

#[test]
fn close_now_should_fail_when_something_else_was_claimed() {
    run(|| {
        let World { operator, payer, channel } = world();
        for claimed in [0, 299, 301] {
            let signature = sign_closing::<Test>(&operator, channel, claimed, false);
            assert_noop!(
                Payments::close_now(signed(&payer), channel, claimed, signature),
                Error::<Test>::Stale
            );
        }
    });
}

#[test]
fn close_now_should_fail_when_the_signature_is_over_something_else() {
    run(|| {
        let World { operator, payer, channel } = world();
        let genesis = pallet_common::genesis::<Test>();
        let forged = [
            sign_closing::<Test>(&payer, channel, 300, false),
            sign_closing::<Test>(&operator, channel + 1, 300, false),
            sign_closing::<Test>(&operator, channel, 299, false),
            // A voucher is no closing.
            sign::<Test>(
                &operator,
                &Voucher { channel, cumulative: 300, expires: BlockNumber::MAX },
                false,
            ),
        ];
        for signature in forged {
            assert_noop!(
                Payments::close_now(signed(&payer), channel, 300, signature),
                Error::<Test>::BadSignature
            );
        }
        let good = sign_closing::<Test>(&operator, channel, 300, false);
        frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(1));
        assert_noop!(
            Payments::close_now(signed(&payer), channel, 300, good),
            Error::<Test>::BadSignature
        );
        frame_system::BlockHash::<Test>::insert(0, genesis);
        assert_ok!(Payments::close_now(signed(&payer), channel, 300, good));
    });
}
