use super::*;
use openledger_primitives::{licence::Licence, signature::Signature};

/// The address of the private key that is 32 times 0x46.
const ADDRESS: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
/// Its signature over a voucher.
const VOUCHER: &str = "0x45e46d6c324c886a33968de7440d39fa81e504257118d753f592849a0874e798\
     2767e2cf767ec6f27cbdb5cab80d1aa5a52180eb215badc49f9206c0572e706d1b";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    sp_core::bytes::from_hex(hex).unwrap().try_into().unwrap()
}

struct World {
    operator: AccountId32,
    payer: AccountId32,
    model: ModelId,
    channel: ChannelId,
}

fn world() -> World {
    let (payer, operator) = (payer::<Test>(), operator::<Test>());
    let datanet = datanet::<Test>(Licence::OPEN, &[1]).0;
    let model = adapter::<Test>(base::<Test>(), &[], &[datanet], true);
    let channel = channel::<Test>(&payer, &operator, 1_000);
    World { operator, payer, model, channel }
}

impl World {
    /// Settles one more unit, in a new block, by a voucher that `signer` signed.
    fn settle(&self, signer: &AccountId32) -> DispatchResultWithPostInfo {
        let cumulative = Payments::channel(self.channel).unwrap().claimed + 1;
        let voucher = Voucher { channel: self.channel, cumulative, expires: 1_000 };
        self.settle_with(voucher, sign::<Test>(signer, &voucher, false))
    }

    fn settle_with(&self, voucher: Voucher, signature: Signature) -> DispatchResultWithPostInfo {
        LastSettled::<Test>::remove(self.model);
        let Voucher { channel, cumulative, expires } = voucher;
        let signature = Some(signature);
        let claim = Claim { channel, cumulative, expires, signature, amount: 1 };
        let root = sp_io::hashing::blake2_256(&cumulative.encode()).into();
        let claims = vec![claim].try_into().unwrap();
        Payments::settle(signed(&self.operator), self.model, 1, claims, root, root, 1, 1)
    }

    fn set(&self, signer: Option<Signer<AccountId32>>) -> DispatchResult {
        Payments::set_signer(signed(&self.payer), self.channel, signer)
    }
}

#[test]
fn set_signer_should_take_vouchers_of_both_keys_until_the_delay_is_over() {
    run(|| {
        let world = world();
        let new = payer::<Test>();
        let refused = Err(Error::<Test>::BadSignature.into());
        assert_eq!(world.settle(&new), refused);
        assert_ok!(world.set(Some(Signer::Account(new.clone()))));
        let event = Event::SignerSet {
            channel: world.channel,
            signer: Signer::Account(new.clone()),
            former_until: 1 + DELAY,
        };
        assert_eq!(last_event(), event);
        assert_ok!(world.settle(&new));
        System::set_block_number(1 + DELAY);
        assert_ok!(world.settle(&world.payer));
        System::set_block_number(2 + DELAY);
        assert_eq!(world.settle(&world.payer), refused);
        assert_ok!(world.settle(&new));
        // And back: to the payer's own key.
        assert_ok!(world.set(None));
        assert_ok!(world.settle(&world.payer));
        assert_eq!(Payments::channel(world.channel).unwrap().claimed, 4);
    });
}

#[test]
fn set_signer_should_take_what_an_ethereum_wallet_signed() {
    run(|| {
        let world = world();
        // Made with Python's eth_account 0.14.0, as those in `pallet-providers`: for channel 0, 500 units,
        // block 9, of a chain whose genesis hash is 32 times 69, as it is in the mock.
        let voucher = Voucher { channel: world.channel, cumulative: 500, expires: 9 };
        let signature = Signature::Ethereum(bytes(VOUCHER));
        let refused = Err(Error::<Test>::BadSignature.into());
        assert_eq!(world.settle_with(voucher, signature), refused);
        assert_ok!(world.set(Some(Signer::Ethereum(bytes(ADDRESS)))));
        let more = Voucher { cumulative: 501, ..voucher };
        assert_eq!(world.settle_with(more, signature), refused);
        assert_ok!(world.settle_with(voucher, signature));
    });
}

#[test]
fn set_signer_should_fail_when_nobody_signs() {
    run(|| {
        let World { channel, .. } = world();
        assert_noop!(Payments::set_signer(RuntimeOrigin::none(), channel, None), BadOrigin);
        assert_noop!(Payments::set_signer(RuntimeOrigin::root(), channel, None), BadOrigin);
    });
}

#[test]
fn set_signer_should_fail_when_there_is_no_such_channel() {
    run(|| {
        let payer = payer::<Test>();
        assert_noop!(Payments::set_signer(signed(&payer), 0, None), Error::<Test>::NotFound);
    });
}

#[test]
fn set_signer_should_fail_when_somebody_else_asks() {
    run(|| {
        let World { operator, channel, .. } = world();
        assert_noop!(
            Payments::set_signer(signed(&operator), channel, None),
            Error::<Test>::NotPayer
        );
    });
}

#[test]
fn set_signer_should_fail_when_the_channel_is_closing() {
    run(|| {
        let world = world();
        assert_ok!(Payments::request_close(signed(&world.payer), world.channel));
        assert_noop!(world.set(None), Error::<Test>::WrongPhase);
    });
}

#[test]
fn set_signer_should_fail_when_vouchers_of_the_former_key_are_still_good() {
    run(|| {
        let world = world();
        assert_ok!(world.set(Some(Signer::Ethereum([1; 20]))));
        System::set_block_number(1 + DELAY);
        assert_noop!(world.set(None), Error::<Test>::TooEarly);
        System::set_block_number(2 + DELAY);
        assert_ok!(world.set(None));
    });
}
