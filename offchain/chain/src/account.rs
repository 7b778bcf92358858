//! Accounts and keys from what people write.

use openledger_primitives::{signature::Signature, voucher, H256};
use subxt_signer::{
    sr25519::{self, Keypair},
    SecretUri,
};

use crate::{Error, Result};

/// 32 bytes; SS58 with prefix 42 as text.
pub type AccountId = subxt::utils::AccountId32;

/// The account of a key.
pub fn of(keypair: &Keypair) -> AccountId {
    AccountId::from(keypair.public_key().0)
}

/// The account's bytes, as receipts have them.
pub fn bytes(account: &AccountId) -> H256 {
    H256(account.0)
}

/// The account of 32 bytes.
pub fn from_bytes(bytes: &H256) -> AccountId {
    AccountId::from(bytes.0)
}

/// Reads an SS58 address, `0x` and 32 bytes in hexadecimal, or a SURI such as `//Alice`.
///
/// # Errors
/// If it is none of these.
pub fn parse(text: &str) -> Result<AccountId> {
    let refused = |reason: String| Error::Account { what: "account", text: text.into(), reason };
    if text.starts_with("//") {
        return Ok(of(&keypair(text)?));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        let mut bytes = [0; 32];
        return hex::decode_to_slice(digits, &mut bytes)
            .map(|()| AccountId::from(bytes))
            .map_err(|_| refused("expected 32 bytes, as 0x and 64 hexadecimal digits".into()));
    }
    text.parse().map_err(|_| {
        refused(
            "expected an SS58 address, 0x and 64 hexadecimal digits, or a name such as //Alice"
                .into(),
        )
    })
}

/// Reads a SURI: `//Alice`, a phrase, `phrase//path///password`, or `0x` and a seed.
///
/// # Errors
/// If it is no SURI. What it says instead is not repeated: it may be a secret.
pub fn keypair(suri: &str) -> Result<Keypair> {
    let refused = |reason: &str| Error::Account {
        what: "secret key",
        text: String::new(),
        reason: format!("{reason}expected a SURI: //Alice, a phrase of words, or 0x and a seed"),
    };
    let uri: SecretUri = suri.parse().map_err(|_| refused(""))?;
    Keypair::from_uri(&uri).map_err(|error| refused(&format!("{error}; ")))
}

/// Whether `account` signed `message`, plain or in `<Bytes>` as browser wallets wrap it.
pub fn verify(account: &AccountId, message: &[u8], signature: &Signature) -> bool {
    let Signature::Sr25519(signature) = signature else { return false };
    let signature = sr25519::Signature(*signature);
    let key = sr25519::PublicKey(account.0);
    sr25519::verify(&signature, message, &key)
        || sr25519::verify(&signature, voucher::wrapped(message), &key)
}

/// Signs a message, plain.
pub fn sign(keypair: &Keypair, message: &[u8]) -> Signature {
    Signature::Sr25519(keypair.sign(message).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_should_read_the_same_account_in_every_form() {
        let alice = parse("//Alice").unwrap();
        assert_eq!(alice.to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
        assert_eq!(parse(&alice.to_string()).unwrap(), alice);
        assert_eq!(parse(&format!("0x{}", hex::encode(alice.0))).unwrap(), alice);
    }

    #[test]
    fn parse_should_refuse_when_it_is_no_account() {
        for text in ["", "Alice", "0x12", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ"] {
            assert!(matches!(parse(text), Err(Error::Account { .. })), "{text}");
        }
    }

    #[test]
    fn keypair_should_not_repeat_a_secret_when_it_refuses() {
        let error = keypair("this is nearly a phrase").unwrap_err().to_string();
        assert!(!error.contains("nearly"), "{error}");
    }

    #[test]
    fn verify_should_take_plain_and_wrapped_messages_of_that_account_only() {
        let (alice, bob) = (keypair("//Alice").unwrap(), keypair("//Bob").unwrap());
        let plain = sign(&alice, b"voucher");
        let wrapped = sign(&alice, &voucher::wrapped(b"voucher"));
        assert!(verify(&of(&alice), b"voucher", &plain));
        assert!(verify(&of(&alice), b"voucher", &wrapped));
        assert!(!verify(&of(&bob), b"voucher", &plain));
        assert!(!verify(&of(&alice), b"other", &plain));
    }
}
