use super::*;
use openledger_primitives::licence::Licence;
use sp_runtime::TokenError;

struct World {
    operator: AccountId32,
    payer: AccountId32,
    model: ModelId,
}

fn world() -> World {
    let (payer, operator) = (payer::<Test>(), operator::<Test>());
    let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
    let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
    World { operator, payer, model }
}

fn request() -> H256 {
    H256::repeat_byte(7)
}

impl World {
    /// Pays 500 units, up to block 20.
    fn pay(&self) -> ChannelId {
        let channel = NextChannelId::<Test>::get();
        let operator = self.operator.clone();
        assert_ok!(Payments::pay(signed(&self.payer), operator, 500, 20, request()));
        channel
    }

    fn settle(&self, claim: Claim) -> DispatchResultWithPostInfo {
        let amount = claim.amount;
        let (claims, root) = (vec![claim].try_into().unwrap(), H256::repeat_byte(8));
        Payments::settle(signed(&self.operator), self.model, 1, claims, root, root, 1, amount)
    }
}

#[test]
fn pay_should_hold_the_amount_for_the_request() {
    run(|| {
        let world = world();
        let channel = world.pay();
        assert_eq!(held(&world.payer), 500);
        let entry = Payments::channel(channel).unwrap();
        assert_eq!((entry.deposit, entry.expires, entry.request), (500, 20, Some(request())));
        assert!(ChannelsOf::<Test>::contains_key(&world.payer, channel));
        let events = System::read_events_for_pallet::<Event<Test>>();
        assert_eq!(events.last(), Some(&Event::Paid { channel, request: request() }));
        assert!(events.contains(&Event::ChannelOpened {
            channel,
            payer: world.payer.clone(),
            operator: world.operator.clone(),
            deposit: 500,
            expires: 20,
        }));
    });
}

#[test]
fn pay_should_let_the_operator_claim_without_a_voucher_up_to_the_last_block() {
    run(|| {
        let world = world();
        let channel = world.pay();
        let claim = |amount| Claim { expires: 1_000, ..claim::<Test>(channel, amount, false) };
        System::set_block_number(20);
        assert_ok!(world.settle(claim(300)));
        assert_eq!((held(&world.payer), Payments::channel(channel).unwrap().claimed), (200, 300));
        // Not more than was paid, and not later: whatever the claim says of itself.
        System::set_block_number(21);
        assert_noop!(world.settle(claim(201)), Error::<Test>::AlreadyExists);
        Roots::<Test>::remove((world.operator.clone(), H256::repeat_byte(8)));
        assert_noop!(world.settle(claim(201)), Error::<Test>::BeyondDeposit);
        assert_noop!(world.settle(claim(200)), Error::<Test>::Expired);
    });
}

#[test]
fn pay_should_return_what_was_not_claimed_when_closed() {
    run(|| {
        let world = world();
        let channel = world.pay();
        assert_ok!(world.settle(claim::<Test>(channel, 300, false)));
        assert_ok!(Payments::request_close(signed(&world.payer), channel));
        System::set_block_number(1 + DELAY);
        assert_ok!(Payments::close(signed(&world.payer), channel));
        assert_eq!((held(&world.payer), Balances::free_balance(&world.payer)), (0, FUNDS - 300));
    });
}

#[test]
fn pay_should_take_no_vouchers_and_no_changes() {
    run(|| {
        let world = world();
        let channel = world.pay();
        let voucher = Voucher { channel, cumulative: 1, expires: BlockNumber::MAX };
        let signature = Some(sign::<Test>(&world.payer, &voucher, false));
        let with_voucher = Claim { signature, ..claim::<Test>(channel, 1, false) };
        assert_noop!(world.settle(with_voucher), Error::<Test>::BadSignature);
        assert_noop!(Payments::top_up(signed(&world.payer), channel, 1), Error::<Test>::Prepaid);
        assert_noop!(
            Payments::set_signer(signed(&world.payer), channel, None),
            Error::<Test>::Prepaid
        );
    });
}

#[test]
fn pay_should_fail_when_nobody_signs() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Payments::pay(origin, nobody_yet(), 500, 20, request()), BadOrigin);
        }
    });
}

fn nobody_yet() -> AccountId32 {
    account("operator", 0)
}

#[test]
fn pay_should_fail_when_the_payee_is_no_active_operator() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(
            Payments::pay(signed(&payer), nobody_yet(), 500, 20, request()),
            Error::<Test>::NotOperator
        );
    });
}

#[test]
fn pay_should_fail_when_amount_or_last_block_are_too_low() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        let pay = |amount, expires| {
            Payments::pay(signed(&payer), operator.clone(), amount, expires, request())
        };
        assert_noop!(pay(99, 20), Error::<Test>::InvalidAmount);
        assert_noop!(pay(100, 1), Error::<Test>::InvalidExpiry);
        assert_ok!(pay(100, 2));
    });
}

#[test]
fn pay_should_fail_when_the_payer_has_less_or_frozen_money() {
    run(|| {
        let (payer, operator) = (payer::<Test>(), operator::<Test>());
        let pay = |amount| Payments::pay(signed(&payer), operator.clone(), amount, 20, request());
        assert_noop!(pay(FUNDS + 1), TokenError::FundsUnavailable);
        freeze(&payer, ED + 1);
        assert_noop!(pay(500), sp_runtime::TokenError::Frozen);
    });
}
