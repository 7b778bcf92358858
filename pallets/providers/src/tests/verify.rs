//! Signatures of each kind. That of Ethereum was made with Python's eth_account 0.14.0, an implementation
//! of its own: `Account.from_key("0x" + "46" * 32).sign_message(encode_defunct(primitive=message))`.

use super::*;
use openledger_primitives::{
    signature::{
        ethereum_canonical,
        Signature::{self, Ed25519, Ethereum, Sr25519},
    },
    voucher::wrapped,
};
use sp_core::{bytes::from_hex, crypto::KeyTypeId};
use sp_runtime::AccountId32;

const KEYS: KeyTypeId = KeyTypeId(*b"test");

/// The address of that key.
fn address() -> [u8; 20] {
    bytes("0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F")
}

/// Its signature over the word `voucher`.
fn word() -> [u8; 65] {
    bytes(
        "0x2da4aa21652b064d241302ee263bc8e137a4c5e15e401dacdfbe410460335faf\
         31fd9a1b0646183614ca7a2a935157321b7d8970cc674a2f0f5a40276721990d1c",
    )
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    from_hex(hex).unwrap().try_into().unwrap()
}

/// The same signature with another `v`.
fn with_v(mut signature: [u8; 65], v: u8) -> Signature {
    signature[64] = v;
    Ethereum(signature)
}

#[test]
fn verify_should_take_an_accounts_signature_plain_and_wrapped() {
    run(|| {
        let sr25519 = sp_io::crypto::sr25519_generate(KEYS, None);
        let ed25519 = sp_io::crypto::ed25519_generate(KEYS, None);
        let accounts = [AccountId32::from(sr25519), AccountId32::from(ed25519)];
        for message in [b"voucher".to_vec(), wrapped(b"voucher")] {
            let made = [
                Sr25519(sp_io::crypto::sr25519_sign(KEYS, &sr25519, &message).unwrap().0),
                Ed25519(sp_io::crypto::ed25519_sign(KEYS, &ed25519, &message).unwrap().0),
            ];
            for (n, account) in accounts.iter().enumerate() {
                for (m, signature) in made.iter().enumerate() {
                    let signer = Signer::Account(account.clone());
                    assert_eq!(crate::verify(&signer, b"voucher", signature), n == m);
                    assert!(!crate::verify(&signer, b"other", signature));
                }
                assert!(!crate::verify(&Signer::Ethereum(address()), b"voucher", &made[n]));
            }
        }
    });
}

#[test]
fn verify_should_take_an_ethereum_signature_in_each_form_of_v() {
    run(|| {
        let signer = Signer::Ethereum(address());
        for v in [1, 28] {
            assert!(crate::verify(&signer, b"voucher", &with_v(word(), v)));
        }
        for v in [0, 27, 2, 3, 29, 30, 31, 255] {
            assert!(!crate::verify(&signer, b"voucher", &with_v(word(), v)), "{v}");
        }
        assert!(!crate::verify(&signer, b"Voucher", &Ethereum(word())));
        assert!(!crate::verify(&Signer::Ethereum([1; 20]), b"voucher", &Ethereum(word())));
        let same_bytes = Signer::Account(AccountId32::new([1; 32]));
        assert!(!crate::verify(&same_bytes, b"voucher", &Ethereum(word())));
        assert!(!crate::verify(&signer, b"voucher", &Ethereum([0; 65])));
    });
}

#[test]
fn verify_should_refuse_the_other_signature_that_is_as_valid() {
    run(|| {
        // s becomes the order of the curve less s, and v turns.
        let order = from_hex("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        let order = sp_core::U256::from_big_endian(&order.unwrap());
        let s = sp_core::U256::from_big_endian(&word()[32..64]);
        let mut malleated = word();
        malleated[32..64].copy_from_slice(&(order - s).to_big_endian());
        malleated[64] = 0;
        // It is as valid: the key is that of the address.
        let hash = openledger_primitives::signature::ethereum_hash(b"voucher");
        let key = sp_io::crypto::secp256k1_ecdsa_recover(&malleated, &hash).ok().unwrap();
        assert_eq!(openledger_primitives::signature::ethereum_address(&key), address());
        assert!(!crate::verify(&Signer::Ethereum(address()), b"voucher", &Ethereum(malleated)));
        // The largest that is taken is half the order.
        let mut edge = word();
        edge[32..64].copy_from_slice(&(order / 2).to_big_endian());
        assert!(ethereum_canonical(&edge).is_some());
        edge[32..64].copy_from_slice(&(order / 2 + 1).to_big_endian());
        assert_eq!(ethereum_canonical(&edge), None);
    });
}
