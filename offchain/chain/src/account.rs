//! Accounts and keys from what people write.

use openledger_primitives::{
    signature::{ethereum_address, ethereum_canonical, ethereum_hash, Signature, Signer},
    voucher, H256,
};
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
    let wrapped = voucher::wrapped(message);
    match signature {
        Signature::Sr25519(signature) => {
            let signature = sr25519::Signature(*signature);
            let key = sr25519::PublicKey(account.0);
            sr25519::verify(&signature, message, &key) || sr25519::verify(&signature, wrapped, &key)
        }
        Signature::Ed25519(signature) => {
            let signature = ed25519_zebra::Signature::from(*signature);
            ed25519_zebra::VerificationKey::try_from(account.0).is_ok_and(|key| {
                key.verify(&signature, message).is_ok() || key.verify(&signature, &wrapped).is_ok()
            })
        }
        Signature::Ethereum(_) => false,
    }
}

/// Whether `signer` signed `message`: an account as [`verify`] has it, an Ethereum address by `personal_sign`.
pub fn verify_by(signer: &Signer<AccountId>, message: &[u8], signature: &Signature) -> bool {
    match (signer, signature) {
        (Signer::Account(account), signature) => verify(account, message, signature),
        (Signer::Ethereum(address), Signature::Ethereum(signature)) => {
            ethereum_signer(message, signature) == Some(*address)
        }
        (Signer::Ethereum(_), _) => false,
    }
}

/// The Ethereum address whose key signed `message`.
fn ethereum_signer(message: &[u8], signature: &[u8; 65]) -> Option<[u8; 20]> {
    let canonical = ethereum_canonical(signature)?;
    let (rs, v) = canonical.split_at(64);
    let signature = k256::ecdsa::Signature::from_slice(rs).ok()?;
    let v = k256::ecdsa::RecoveryId::from_byte(*v.first()?)?;
    let hash = ethereum_hash(message);
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&hash, &signature, v).ok()?;
    let point = key.to_encoded_point(false);
    Some(ethereum_address(point.as_bytes().get(1..)?.try_into().ok()?))
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

    #[test]
    fn verify_should_take_ed25519_plain_and_wrapped() {
        let key = ed25519_zebra::SigningKey::from([7; 32]);
        let account = AccountId::from(<[u8; 32]>::from(ed25519_zebra::VerificationKey::from(&key)));
        for message in [b"voucher".to_vec(), voucher::wrapped(b"voucher")] {
            let signature = Signature::Ed25519(key.sign(&message).into());
            assert!(verify(&account, b"voucher", &signature));
            assert!(!verify(&account, b"other", &signature));
            assert!(!verify(&parse("//Alice").unwrap(), b"voucher", &signature));
        }
    }

    /// Made with Python's eth_account 0.14.0:
    /// `Account.from_key("0x" + "46" * 32).sign_message(encode_defunct(primitive=b"voucher"))`.
    #[test]
    fn verify_by_should_take_what_an_ethereum_wallet_signed() {
        let bytes = |digits: &str| hex::decode(digits).unwrap();
        let address = bytes("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F").try_into().unwrap();
        let signature: [u8; 65] = bytes(
            "2da4aa21652b064d241302ee263bc8e137a4c5e15e401dacdfbe410460335faf\
             31fd9a1b0646183614ca7a2a935157321b7d8970cc674a2f0f5a40276721990d1c",
        )
        .try_into()
        .unwrap();
        let by = |address, message: &[u8], v| {
            let mut signature = signature;
            signature[64] = v;
            verify_by(&Signer::Ethereum(address), message, &Signature::Ethereum(signature))
        };
        assert!(by(address, b"voucher", 28) && by(address, b"voucher", 1));
        assert!(!by(address, b"voucher", 27) && !by(address, b"voucher", 29));
        assert!(!by(address, b"other", 28) && !by([1; 20], b"voucher", 28));
        let alice = keypair("//Alice").unwrap();
        let (plain, account) = (sign(&alice, b"voucher"), Signer::Account(of(&alice)));
        assert!(verify_by(&account, b"voucher", &plain));
        assert!(!verify_by(&Signer::Ethereum(address), b"voucher", &plain));
        assert!(!verify_by(&account, b"voucher", &Signature::Ethereum(signature)));
    }
}
