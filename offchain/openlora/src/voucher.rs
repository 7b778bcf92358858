//! Whether a voucher pays for a request.

use openledger_chain::{account, types::Channel, AccountId};
use openledger_primitives::{
    signature::Signer,
    voucher::{Authority, SignedVoucher, Voucher},
    BlockNumber, ChannelId, H256,
};

use crate::refusal::Refusal;

/// What the chain says, against which a voucher is held.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// Who serves.
    pub operator: &'a AccountId,
    /// The voucher's channel.
    pub channel: &'a Channel,
    /// The newest block.
    pub best: BlockNumber,
    /// Blocks for which voucher and channel must still hold: time enough to settle.
    pub margin: BlockNumber,
}

/// What is shown to pay for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// A voucher.
    Voucher(SignedVoucher),
    /// A one-off payment for this very request.
    Once {
        /// Its channel.
        channel: ChannelId,
        /// Content id of the request's body.
        request: H256,
    },
}

impl Payment {
    /// The channel that pays.
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::Voucher(signed) => signed.voucher.channel,
            Self::Once { channel, .. } => *channel,
        }
    }
}

/// Checks that what is shown can be claimed: the channel, the signature, the last block, the request. Returns by what.
///
/// # Errors
/// 402, with what was expected and what came.
pub fn check(payment: &Payment, terms: &Terms) -> Result<Authority, Refusal> {
    let Terms { channel, best, .. } = *terms;
    let until = best.saturating_add(terms.margin);
    let id = payment.channel();
    let refuse = |code, message| Err(Refusal::payment(code, message, None));
    if channel.operator != *terms.operator {
        return refuse(
            "channel_of_other_operator",
            format!("channel {id} pays {}, this gateway is {}", channel.operator, terms.operator),
        );
    }
    if channel.closing.is_some() {
        return refuse("channel_closing", format!("channel {id} is being closed: open another"));
    }
    if channel.expires < until {
        return refuse(
            "channel_expired",
            format!(
                "channel {id} ends with block {}, now it is {best}: expected {until} or later, open another",
                channel.expires
            ),
        );
    }
    let signed = match (payment, channel.request) {
        (Payment::Voucher(signed), None) => signed,
        (Payment::Once { request, .. }, Some(expected)) if *request == expected => {
            let voucher =
                Voucher { channel: id, cumulative: channel.deposit, expires: channel.expires };
            return Ok(Authority { voucher, signature: None });
        }
        (Payment::Once { request, .. }, Some(expected)) => {
            return refuse(
                "other_request",
                format!(
                "channel {id} is a payment for the request {expected:?}, this one is {request:?}"
            ),
            )
        }
        (Payment::Once { .. }, None) => {
            return refuse(
                "voucher_missing",
                format!("channel {id} is no one-off payment: expected a signed voucher"),
            )
        }
        (Payment::Voucher(_), Some(_)) => {
            return refuse(
                "other_request",
                format!(
                "channel {id} is a one-off payment: expected {{\"channel\":{id}}} and its request"
            ),
            )
        }
    };
    let voucher = &signed.voucher;
    // By the key that signs now: vouchers of the former can be claimed for some time only.
    let preimage = voucher.preimage(&terms.genesis);
    if !account::verify_by(&channel.signer.0, &preimage, &signed.signature) {
        return refuse(
            "bad_signature",
            format!(
                "expected a voucher for channel {id} of the chain {:?}, signed by {}",
                terms.genesis,
                name(&channel.signer.0)
            ),
        );
    }
    if voucher.expires < until {
        return refuse(
            "voucher_expired",
            format!(
                "the voucher ends with block {}, now it is {best}: expected {until} or later",
                voucher.expires
            ),
        );
    }
    if voucher.cumulative > channel.deposit {
        return refuse(
            "beyond_deposit",
            format!(
                "the voucher is for {} units, the deposit of channel {id} is {}: top it up first",
                voucher.cumulative, channel.deposit
            ),
        );
    }
    Ok(signed.clone().into())
}

/// Whether the chain takes a claim up to block `until`: signed by the channel's signer or the former one, or by a
/// one-off payment.
pub fn holds(authority: &Authority, channel: &Channel, genesis: &H256, until: BlockNumber) -> bool {
    let Some(signed) = authority.signed() else {
        return channel.request.is_some() && channel.expires >= until;
    };
    let former = channel.former.iter().filter(|(_, last)| *last >= until);
    let mut signers = std::iter::once(&channel.signer).chain(former.map(|(signer, _)| signer));
    let preimage = signed.voucher.preimage(genesis);
    signers.any(|signer| account::verify_by(&signer.0, &preimage, &signed.signature))
}

/// Whether the chain takes a claim of all that is allowed up to block `until`.
pub fn usable(
    authority: &Authority,
    channel: &Channel,
    genesis: &H256,
    until: BlockNumber,
) -> bool {
    authority.voucher.expires >= until
        && authority.voucher.cumulative <= channel.deposit
        && holds(authority, channel, genesis, until)
}

/// A signer, in words.
fn name(signer: &Signer<AccountId>) -> String {
    match signer {
        Signer::Account(account) => format!("{account} (Sr25519 or Ed25519)"),
        Signer::Ethereum(address) => {
            format!("0x{} (personal_sign of Ethereum)", hex::encode(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use openledger_chain::types::Static;
    use openledger_primitives::{signature::Signature, voucher::wrapped, Balance};

    use super::*;

    const GENESIS: H256 = H256([7; 32]);

    fn channel() -> Channel {
        Channel {
            payer: account::parse("//Alice").unwrap(),
            operator: account::parse("//Bob").unwrap(),
            deposit: 1_000,
            claimed: 100,
            expires: 5_000,
            closing: None,
            signer: Static(Signer::Account(account::parse("//Alice").unwrap())),
            former: None,
            request: None,
        }
    }

    fn signed(by: &str, cumulative: Balance, expires: BlockNumber) -> SignedVoucher {
        let voucher = Voucher { channel: 3, cumulative, expires };
        let key = account::keypair(by).unwrap();
        SignedVoucher { voucher, signature: account::sign(&key, &voucher.preimage(&GENESIS)) }
    }

    fn code(signed: &SignedVoucher, channel: &Channel) -> Result<(), &'static str> {
        let operator = account::parse("//Bob").unwrap();
        let terms =
            Terms { genesis: GENESIS, operator: &operator, channel, best: 1_000, margin: 100 };
        let authority = check(&Payment::Voucher(signed.clone()), &terms);
        authority
            .map(|found| assert_eq!(found.signed().as_ref(), Some(signed)))
            .map_err(|r| r.code())
    }

    fn once(request: u8, channel: &Channel) -> Result<Authority, &'static str> {
        let operator = account::parse("//Bob").unwrap();
        let terms =
            Terms { genesis: GENESIS, operator: &operator, channel, best: 1_000, margin: 100 };
        let payment = Payment::Once { channel: 3, request: H256([request; 32]) };
        check(&payment, &terms).map_err(|refusal| refusal.code())
    }

    #[test]
    fn check_should_take_a_one_off_payment_for_its_request_alone() {
        let paid = Channel { request: Some(H256([9; 32])), ..channel() };
        let authority = once(9, &paid).unwrap();
        assert_eq!(authority.signature, None);
        assert_eq!(authority.voucher, Voucher { channel: 3, cumulative: 1_000, expires: 5_000 });
        assert!(holds(&authority, &paid, &GENESIS, 5_000));
        assert!(!holds(&authority, &paid, &GENESIS, 5_001));
        assert!(!holds(&authority, &channel(), &GENESIS, 5_000));
        assert_eq!(once(8, &paid), Err("other_request"));
        assert_eq!(once(9, &channel()), Err("voucher_missing"));
        assert_eq!(code(&signed("//Alice", 500, 4_000), &paid), Err("other_request"));
        assert_eq!(once(9, &Channel { expires: 1_099, ..paid.clone() }), Err("channel_expired"));
        assert_eq!(once(9, &Channel { closing: Some(2_000), ..paid }), Err("channel_closing"));
    }

    #[test]
    fn check_should_take_a_voucher_that_can_be_claimed() {
        assert_eq!(code(&signed("//Alice", 500, 4_000), &channel()), Ok(()));
        assert_eq!(code(&signed("//Alice", 500, 1_100), &channel()), Ok(()));
        let voucher = Voucher { channel: 3, cumulative: 500, expires: 4_000 };
        let key = account::keypair("//Alice").unwrap();
        let signature = account::sign(&key, &wrapped(&voucher.preimage(&GENESIS)));
        assert_eq!(code(&SignedVoucher { voucher, signature }, &channel()), Ok(()));
    }

    #[test]
    fn check_should_refuse_when_the_voucher_cannot_be_claimed() {
        let alice = signed("//Alice", 500, 4_000);
        assert_eq!(code(&signed("//Alice", 500, 1_099), &channel()), Err("voucher_expired"));
        assert_eq!(code(&signed("//Bob", 500, 4_000), &channel()), Err("bad_signature"));
        let mut other_channel = alice.clone();
        other_channel.voucher.channel = 4;
        assert_eq!(code(&other_channel, &channel()), Err("bad_signature"));
        let mut more = alice.clone();
        more.voucher.cumulative += 1;
        assert_eq!(code(&more, &channel()), Err("bad_signature"));
        let mut later = alice.clone();
        later.voucher.expires += 1;
        assert_eq!(code(&later, &channel()), Err("bad_signature"));
        let ed25519 = SignedVoucher { signature: Signature::Ed25519([0; 64]), ..alice.clone() };
        assert_eq!(code(&ed25519, &channel()), Err("bad_signature"));
        let key = account::keypair("//Alice").unwrap();
        let signature = account::sign(&key, &alice.voucher.preimage(&H256([8; 32])));
        let other_chain = SignedVoucher { signature, ..alice };
        assert_eq!(code(&other_chain, &channel()), Err("bad_signature"));
    }

    #[test]
    fn a_voucher_beyond_the_deposit_should_pay_for_nothing() {
        let beyond = signed("//Alice", 1_001, 4_000);
        assert_eq!(code(&beyond, &channel()), Err("beyond_deposit"));
        let usable = |signed: SignedVoucher, until| {
            usable(&Authority::from(signed), &channel(), &GENESIS, until)
        };
        assert!(!usable(beyond, 100));
        assert!(usable(signed("//Alice", 1_000, 4_000), 4_000));
        assert!(!usable(signed("//Alice", 1_000, 4_000), 4_001));
        assert!(!usable(signed("//Bob", 1_000, 4_000), 100));
    }

    #[test]
    fn check_should_refuse_when_the_channel_does_not_serve() {
        let voucher = signed("//Alice", 500, 4_000);
        let eve = account::parse("//Eve").unwrap();
        for (channel, expected) in [
            (Channel { operator: eve, ..channel() }, "channel_of_other_operator"),
            (Channel { closing: Some(2_000), ..channel() }, "channel_closing"),
            (Channel { expires: 1_099, ..channel() }, "channel_expired"),
            (Channel { signer: Static(Signer::Account(eve)), ..channel() }, "bad_signature"),
            (Channel { signer: Static(Signer::Ethereum([1; 20])), ..channel() }, "bad_signature"),
        ] {
            assert_eq!(code(&voucher, &channel), Err(expected));
        }
    }

    /// Made with Python's eth_account 0.14.0: `Account.from_key("0x" + "46" * 32).sign_message` of
    /// `encode_defunct(primitive=…)` of the preimage.
    #[test]
    fn check_should_take_what_an_ethereum_wallet_signed() {
        let bytes = |digits: &str| hex::decode(digits).unwrap();
        let address = bytes("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F").try_into().unwrap();
        let signature = bytes(
            "7d7a8946eadd70799750742315bddb2fd3c6b31a856ff008a149f4bb667110bd\
             20e4e75b370cc8d83ac0b4b758d1aaa98f315f4bec9eae928f2bc1c0f680f7731c",
        );
        let signature = Signature::Ethereum(signature.try_into().unwrap());
        let voucher = Voucher { channel: 3, cumulative: 500, expires: 4_000 };
        let signed = SignedVoucher { voucher, signature };
        let theirs = Channel { signer: Static(Signer::Ethereum(address)), ..channel() };
        assert_eq!(code(&signed, &theirs), Ok(()));
        assert_eq!(code(&signed, &channel()), Err("bad_signature"));
    }

    #[test]
    fn holds_should_follow_the_keys_that_the_chain_takes() {
        let (bob, voucher) = (account::parse("//Bob").unwrap(), signed("//Alice", 500, 4_000));
        let authority = Authority::from(voucher.clone());
        let holds = |channel: &Channel, until| holds(&authority, channel, &GENESIS, until);
        let alice = channel().signer;
        assert!(holds(&channel(), 4_000));
        let changed = Channel { signer: Static(Signer::Account(bob)), ..channel() };
        assert!(!holds(&changed, 100));
        let lately = Channel { former: Some((alice, 200)), ..changed };
        assert!(holds(&lately, 200) && !holds(&lately, 201));
        // Nothing more is answered for it.
        assert_eq!(code(&voucher, &lately), Err("bad_signature"));
    }
}
