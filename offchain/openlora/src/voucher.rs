//! Whether a voucher pays for a request.

use openledger_chain::{account, types::Channel, AccountId};
use openledger_primitives::{voucher::SignedVoucher, Balance, BlockNumber, H256};

use crate::refusal::{Refusal, Required};

/// Blocks for which a voucher and its channel must still hold: time enough to settle.
pub const MARGIN: BlockNumber = 100;

/// What a voucher is held against.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// Who serves.
    pub operator: &'a AccountId,
    /// The voucher's channel, as the chain has it.
    pub channel: &'a Channel,
    /// What the channel owes already, in units: what the chain paid out included.
    pub owed: Balance,
    /// The largest cumulative amount of the channel's vouchers so far, in units.
    pub last: Balance,
    /// The newest block.
    pub best: BlockNumber,
    /// The most that the request can cost, in units.
    pub price: Balance,
}

/// Checks a voucher.
///
/// # Errors
/// 402, with what was expected and what came, and with the voucher that would do if a larger amount is all it needs.
pub fn check(signed: &SignedVoucher, terms: &Terms) -> Result<(), Refusal> {
    let Terms { channel, owed, last, best, price, .. } = *terms;
    let voucher = &signed.voucher;
    let id = voucher.channel;
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
    if channel.expires < best.saturating_add(MARGIN) {
        return refuse(
            "channel_expired",
            format!(
                "channel {id} ends with block {}, now it is {best}: open another",
                channel.expires
            ),
        );
    }
    if !account::verify(&channel.payer, &voucher.preimage(&terms.genesis), &signed.signature) {
        return refuse(
            "bad_signature",
            format!("the voucher is not signed by {}, the payer of channel {id}", channel.payer),
        );
    }
    if voucher.expires < best.saturating_add(MARGIN) {
        return refuse(
            "voucher_expired",
            format!(
                "the voucher ends with block {}, now it is {best}: expected {} or later",
                voucher.expires,
                best.saturating_add(MARGIN)
            ),
        );
    }
    if voucher.cumulative > channel.deposit {
        return refuse(
            "beyond_deposit",
            format!(
                "the voucher is for {} units, the deposit of channel {id} is {}",
                voucher.cumulative, channel.deposit
            ),
        );
    }
    let needed = owed.saturating_add(price);
    if needed > channel.deposit {
        return refuse(
            "deposit_too_low",
            format!(
                "channel {id} owes {owed} units and this request may cost {price}: together more than its deposit of \
                 {}; top it up or ask for fewer tokens",
                channel.deposit
            ),
        );
    }
    let cumulative = needed.max(last);
    if voucher.cumulative < last {
        let message = format!(
            "the voucher is for {} units, an earlier one of channel {id} for {last}: vouchers only grow",
            voucher.cumulative
        );
        return Err(Refusal::payment(
            "voucher_stale",
            message,
            Some(Required { channel: id, cumulative }),
        ));
    }
    if voucher.cumulative < needed {
        let message = format!(
            "the voucher is for {} units; channel {id} owes {owed} and this request may cost {price}: expected {needed}",
            voucher.cumulative
        );
        return Err(Refusal::payment(
            "insufficient_voucher",
            message,
            Some(Required { channel: id, cumulative }),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use openledger_primitives::{signature::Signature, voucher::Voucher};

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
        }
    }

    fn signed(by: &str, cumulative: Balance, expires: BlockNumber) -> SignedVoucher {
        let voucher = Voucher { channel: 3, cumulative, expires };
        let key = account::keypair(by).unwrap();
        SignedVoucher { voucher, signature: account::sign(&key, &voucher.preimage(&GENESIS)) }
    }

    fn code(signed: &SignedVoucher, channel: &Channel) -> Result<(), &'static str> {
        let operator = account::parse("//Bob").unwrap();
        let (owed, last, best, price) = (300, 450, 1_000, 200);
        let terms =
            Terms { genesis: GENESIS, operator: &operator, channel, owed, last, best, price };
        check(signed, &terms).map_err(|refusal| refusal.code())
    }

    #[test]
    fn check_should_take_a_voucher_that_covers_what_is_owed_and_the_price() {
        assert_eq!(code(&signed("//Alice", 500, 4_000), &channel()), Ok(()));
        assert_eq!(code(&signed("//Alice", 1_000, 4_000), &channel()), Ok(()));
    }

    #[test]
    fn check_should_refuse_when_the_voucher_does_not_pay() {
        let alice = |cumulative, expires| signed("//Alice", cumulative, expires);
        for (voucher, expected) in [
            (alice(499, 4_000), "insufficient_voucher"),
            (alice(449, 4_000), "voucher_stale"),
            (alice(1_001, 4_000), "beyond_deposit"),
            (alice(500, 1_099), "voucher_expired"),
            (signed("//Bob", 500, 4_000), "bad_signature"),
        ] {
            assert_eq!(code(&voucher, &channel()), Err(expected));
        }
        let mut other = alice(500, 4_000);
        other.voucher.channel = 4;
        assert_eq!(code(&other, &channel()), Err("bad_signature"));
        let ed25519 = SignedVoucher { signature: Signature::Ed25519([0; 64]), ..alice(500, 4_000) };
        assert_eq!(code(&ed25519, &channel()), Err("bad_signature"));
    }

    #[test]
    fn check_should_refuse_when_the_channel_does_not_serve() {
        let voucher = signed("//Alice", 500, 4_000);
        for (channel, expected) in [
            (
                Channel { operator: account::parse("//Eve").unwrap(), ..channel() },
                "channel_of_other_operator",
            ),
            (Channel { closing: Some(2_000), ..channel() }, "channel_closing"),
            (Channel { expires: 1_050, ..channel() }, "channel_expired"),
            (Channel { payer: account::parse("//Eve").unwrap(), ..channel() }, "bad_signature"),
            (Channel { deposit: 499, ..channel() }, "beyond_deposit"),
        ] {
            assert_eq!(code(&voucher, &channel), Err(expected));
        }
        let voucher = signed("//Alice", 450, 4_000);
        assert_eq!(code(&voucher, &Channel { deposit: 460, ..channel() }), Err("deposit_too_low"));
    }

    #[test]
    fn check_should_name_the_voucher_that_would_do() {
        let operator = account::parse("//Bob").unwrap();
        let channel = channel();
        let terms = |last| Terms {
            genesis: GENESIS,
            operator: &operator,
            channel: &channel,
            owed: 300,
            last,
            best: 1_000,
            price: 200,
        };
        for last in [450, 700] {
            let refusal = check(&signed("//Alice", 10, 4_000), &terms(last)).unwrap_err();
            let required = refusal.required().unwrap();
            let voucher = signed("//Alice", required.cumulative, 4_000);
            assert_eq!(check(&voucher, &terms(last)), Ok(()));
        }
    }
}
