use super::*;
use frame_support::traits::fungible::Inspect as _;
use openledger_primitives::licence::Licence;
use sp_runtime::DispatchError;

struct World {
    operator: AccountId32,
    payer: AccountId32,
    model: ModelId,
    channel: ChannelId,
}

/// An adapter, and a channel of 1,000 units.
fn world() -> World {
    let (payer, operator) = (payer::<Test>(), operator::<Test>());
    let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
    let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
    let channel = channel::<Test>(&payer, &operator, 1_000);
    World { operator, payer, model, channel }
}

/// What `settle` is called with besides claims.
struct Batch {
    version: ModelVersion,
    root: H256,
    count: u32,
    total_fee: Balance,
}

impl Batch {
    fn of(total_fee: Balance) -> Self {
        Self { version: 1, root: H256::repeat_byte(8), count: 3, total_fee }
    }

    fn settle(
        self,
        who: &AccountId32,
        model: ModelId,
        claims: Vec<Claim>,
    ) -> DispatchResultWithPostInfo {
        Payments::settle(
            signed(who),
            model,
            self.version,
            claims.try_into().unwrap(),
            self.root,
            H256::repeat_byte(9),
            self.count,
            self.total_fee,
        )
    }
}

/// A claim by a voucher signed as it is.
fn signed_claim(
    world: &World,
    cumulative: Balance,
    expires: BlockNumber,
    amount: Balance,
) -> Claim {
    let voucher = Voucher { channel: world.channel, cumulative, expires };
    let signature = Some(sign::<Test>(&world.payer, &voucher, false));
    Claim { channel: world.channel, cumulative, expires, signature, amount }
}

#[test]
fn settle_should_move_the_fee_to_the_pot_when_vouchers_cover_it() {
    run(|| {
        let world = world();
        let second = payer::<Test>();
        let other = channel::<Test>(&second, &world.operator, 700);
        let claims = vec![claim::<Test>(world.channel, 300, false), claim::<Test>(other, 50, true)];
        let info = Batch::of(350).settle(&world.operator, world.model, claims).unwrap();
        // What it cost, for the contributions that the pot took note of.
        let cost = weights::SubstrateWeight::<Test>::settle(2, ENTERED);
        assert_eq!((info.actual_weight, info.pays_fee), (Some(cost), Pays::Yes));
        assert_eq!((held(&world.payer), held(&second)), (700, 650));
        assert_eq!(Balances::total_balance(&Pot::pot()), ED + 350);
        assert_eq!(
            Handed::get(),
            vec![Settled {
                model: world.model,
                version: 1,
                operator: world.operator.clone(),
                receipts_root: H256::repeat_byte(8),
                batch: H256::repeat_byte(9),
                count: 3,
                total_fee: 350,
            }]
        );
        assert_eq!(
            last_event(),
            Event::Settled {
                settlement: 0,
                model: world.model,
                version: 1,
                operator: world.operator.clone(),
                receipts_root: H256::repeat_byte(8),
                count: 3,
                total_fee: 350,
            }
        );
        assert_eq!(Roots::<Test>::get((world.operator, H256::repeat_byte(8))), Some(0));
    });
}

#[test]
fn settle_should_take_the_difference_when_vouchers_grow() {
    run(|| {
        let world = world();
        settle::<Test>(&world.operator, world.model, world.channel, 300);
        System::set_block_number(2);
        let claim = signed_claim(&world, 450, 9, 150);
        assert_ok!(Batch::of(150).settle(&world.operator, world.model, vec![claim]));
        assert_eq!(Payments::channel(world.channel).unwrap().claimed, 450);
    });
}

#[test]
fn settle_should_take_part_when_the_operator_asks_for_less_than_the_voucher() {
    run(|| {
        let world = world();
        let voucher = signed_claim(&world, 450, 9, 100);
        assert_ok!(Batch::of(100).settle(&world.operator, world.model, vec![voucher]));
        assert_eq!(Payments::channel(world.channel).unwrap().claimed, 100);
    });
}

#[test]
fn settle_should_still_take_the_promised_when_the_payer_asked_to_close() {
    run(|| {
        let world = world();
        assert_ok!(Payments::request_close(signed(&world.payer), world.channel));
        settle::<Test>(&world.operator, world.model, world.channel, 1_000);
        assert_eq!(held(&world.payer), 0);
    });
}

#[test]
fn settle_should_still_take_the_promised_when_the_payer_froze_everything_since() {
    run(|| {
        let world = world();
        freeze(&world.payer, FUNDS);
        settle::<Test>(&world.operator, world.model, world.channel, 1_000);
        assert_eq!(held(&world.payer), 0);
    });
}

#[test]
fn settle_should_fail_when_nobody_signs() {
    run(|| {
        let world = world();
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let claims = vec![claim::<Test>(world.channel, 1, false)].try_into().unwrap();
            let root = H256::repeat_byte(8);
            assert_noop!(
                Payments::settle(origin, world.model, 1, claims, root, root, 1, 1),
                BadOrigin
            );
        }
    });
}

#[test]
fn settle_should_fail_when_the_caller_is_not_the_channels_operator() {
    run(|| {
        let world = world();
        let other = funded::<Test>("other operator", 0);
        let claims = || vec![claim::<Test>(world.channel, 1, false)];
        assert_noop!(
            Batch::of(1).settle(&other, world.model, claims()),
            Error::<Test>::NotOperator
        );
        register::<Test>(Role::Operator, &other, 1);
        assert_noop!(
            Batch::of(1).settle(&other, world.model, claims()),
            Error::<Test>::NotOperator
        );
    });
}

#[test]
fn settle_should_fail_when_the_operator_is_not_active_any_more() {
    run(|| {
        let world = world();
        assert_ok!(Providers::unbond(
            signed(&world.operator),
            Role::Operator,
            openledger_primitives::UNIT
        ));
        let claims = vec![claim::<Test>(world.channel, 1, false)];
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims),
            Error::<Test>::NotOperator
        );
    });
}

#[test]
fn settle_should_fail_when_the_count_is_out_of_range() {
    run(|| {
        let world = world();
        for count in [0, 1_000_001] {
            let claims = vec![claim::<Test>(world.channel, 1, false)];
            assert_noop!(
                Batch { count, ..Batch::of(1) }.settle(&world.operator, world.model, claims),
                Error::<Test>::InvalidCount
            );
        }
    });
}

#[test]
fn settle_should_fail_when_the_claims_do_not_sum_to_the_fee() {
    run(|| {
        let world = world();
        for (amount, fee) in [(1, 2), (2, 1)] {
            let claims = vec![claim::<Test>(world.channel, amount, false)];
            assert_noop!(
                Batch::of(fee).settle(&world.operator, world.model, claims),
                Error::<Test>::InvalidFee
            );
        }
        assert_noop!(
            Batch::of(0).settle(&world.operator, world.model, vec![]),
            Error::<Test>::InvalidFee
        );
    });
}

#[test]
fn settle_should_fail_when_amounts_overflow() {
    run(|| {
        let world = world();
        let claims = vec![signed_claim(&world, 1, 9, Balance::MAX), signed_claim(&world, 1, 9, 2)];
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims),
            ArithmeticError::Overflow
        );
    });
}

#[test]
fn settle_should_fail_when_a_claim_takes_nothing() {
    run(|| {
        let world = world();
        let other = channel::<Test>(&payer::<Test>(), &world.operator, 700);
        let claims = vec![claim::<Test>(world.channel, 1, false), claim::<Test>(other, 0, false)];
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims),
            Error::<Test>::InvalidAmount
        );
    });
}

#[test]
fn settle_should_fail_when_a_channel_is_claimed_from_twice() {
    run(|| {
        let world = world();
        let claims = vec![signed_claim(&world, 9, 9, 1), signed_claim(&world, 9, 9, 1)];
        assert_noop!(
            Batch::of(2).settle(&world.operator, world.model, claims),
            Error::<Test>::InvalidClaims
        );
    });
}

#[test]
fn settle_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let world = world();
        let claim = Claim { channel: 99, ..signed_claim(&world, 1, 9, 1) };
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, vec![claim]),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn settle_should_fail_when_there_is_no_such_model_or_version() {
    run(|| {
        let world = world();
        let claims = || vec![claim::<Test>(world.channel, 1, false)];
        assert_noop!(Batch::of(1).settle(&world.operator, 99, claims()), Error::<Test>::NotFound);
        assert_noop!(
            Batch { version: 2, ..Batch::of(1) }.settle(&world.operator, world.model, claims()),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn settle_should_fail_when_the_model_cannot_be_attributed() {
    run(|| {
        let world = world();
        let base = base::<Test>();
        let bare = adapter::<Test>(base, &[], &[0], false);
        let claims = || vec![claim::<Test>(world.channel, 1, false)];
        for model in [base, bare] {
            assert_noop!(
                Batch::of(1).settle(&world.operator, model, claims()),
                Error::<Test>::InvalidModel
            );
        }
        assert_ok!(Models::deprecate(signed(&account("owner", world.model)), world.model));
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims()),
            Error::<Test>::InvalidModel
        );
    });
}

#[test]
fn settle_should_fail_when_the_model_was_settled_in_this_block() {
    run(|| {
        let world = world();
        settle::<Test>(&world.operator, world.model, world.channel, 1);
        let claims = || vec![claim::<Test>(world.channel, 1, false)];
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims()),
            Error::<Test>::TooMany
        );
        System::set_block_number(2);
        assert_ok!(Batch::of(1).settle(&world.operator, world.model, claims()));
    });
}

#[test]
fn settle_should_fail_when_the_root_was_settled_before() {
    run(|| {
        let world = world();
        let claims = || vec![claim::<Test>(world.channel, 1, false)];
        assert_ok!(Batch::of(1).settle(&world.operator, world.model, claims()));
        System::set_block_number(2);
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims()),
            Error::<Test>::AlreadyExists
        );
    });
}

#[test]
fn settle_should_succeed_when_another_operator_handed_in_the_root_before() {
    run(|| {
        let world = world();
        let other = funded::<Test>("other operator", 0);
        register::<Test>(Role::Operator, &other, 1);
        let spoiler = channel::<Test>(&payer::<Test>(), &other, 700);
        let claims = vec![claim::<Test>(spoiler, 1, false)];
        assert_ok!(Batch::of(1).settle(&other, world.model, claims));
        System::set_block_number(2);
        let claims = vec![claim::<Test>(world.channel, 1, false)];
        assert_ok!(Batch::of(1).settle(&world.operator, world.model, claims));
    });
}

#[test]
fn settle_should_fail_when_the_voucher_has_expired() {
    run(|| {
        let world = world();
        System::set_block_number(10);
        let claim = signed_claim(&world, 1, 9, 1);
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, vec![claim]),
            Error::<Test>::Expired
        );
        let claim = signed_claim(&world, 1, 10, 1);
        assert_ok!(Batch::of(1).settle(&world.operator, world.model, vec![claim]));
    });
}

#[test]
fn settle_should_fail_when_the_voucher_is_lower_than_the_last() {
    run(|| {
        let world = world();
        settle::<Test>(&world.operator, world.model, world.channel, 300);
        System::set_block_number(2);
        for (cumulative, amount) in [(200, 1), (300, 1), (400, 101), (400, Balance::MAX)] {
            let claim = signed_claim(&world, cumulative, 9, amount);
            assert_noop!(
                Batch::of(amount).settle(&world.operator, world.model, vec![claim]),
                Error::<Test>::Stale
            );
        }
    });
}

#[test]
fn settle_should_fail_when_the_voucher_is_beyond_the_deposit() {
    run(|| {
        let world = world();
        let claim = signed_claim(&world, 1_001, 9, 1);
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, vec![claim]),
            Error::<Test>::BeyondDeposit
        );
    });
}

#[test]
fn settle_should_fail_when_the_signature_is_over_something_else() {
    run(|| {
        let world = world();
        let other = channel::<Test>(&world.payer, &world.operator, 700);
        let good = signed_claim(&world, 500, 9, 1);
        let forged = [
            // For another channel of the same payer.
            Claim { channel: other, ..good.clone() },
            Claim { cumulative: 501, ..good.clone() },
            Claim { expires: 10, ..good.clone() },
            // By another payer.
            Claim {
                signature: Some(sign::<Test>(
                    &payer::<Test>(),
                    &Voucher { channel: world.channel, cumulative: 500, expires: 9 },
                    false,
                )),
                ..good.clone()
            },
            // By nobody.
            Claim { signature: None, ..good.clone() },
        ];
        for claim in forged {
            assert_noop!(
                Batch::of(1).settle(&world.operator, world.model, vec![claim]),
                Error::<Test>::BadSignature
            );
        }
        assert_ok!(Batch::of(1).settle(&world.operator, world.model, vec![good]));
    });
}

#[test]
fn settle_should_fail_when_the_voucher_is_for_another_chain() {
    run(|| {
        let world = world();
        let claim = signed_claim(&world, 500, 9, 1);
        frame_system::BlockHash::<Test>::insert(0, H256::repeat_byte(1));
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, vec![claim]),
            Error::<Test>::BadSignature
        );
    });
}

#[test]
fn settle_should_undo_everything_when_a_later_claim_fails() {
    run(|| {
        let world = world();
        let other = channel::<Test>(&payer::<Test>(), &world.operator, 700);
        let bad = Claim { cumulative: 2, ..claim::<Test>(other, 1, false) };
        let claims = vec![claim::<Test>(world.channel, 1, false), bad];
        assert_noop!(
            Batch::of(2).settle(&world.operator, world.model, claims),
            Error::<Test>::BadSignature
        );
    });
}

#[test]
fn settle_should_undo_everything_when_the_pot_refuses() {
    run(|| {
        let world = world();
        Refuses::set(true);
        let claims = vec![claim::<Test>(world.channel, 1, false)];
        assert_noop!(
            Batch::of(1).settle(&world.operator, world.model, claims),
            DispatchError::Other("refused")
        );
    });
}
