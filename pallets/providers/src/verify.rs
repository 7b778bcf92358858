//! Whose key made a signature.

use openledger_primitives::{
    signature::{
        ethereum_address, ethereum_canonical, ethereum_hash,
        Signature::{self, Ed25519, Ethereum, Sr25519},
        Signer,
    },
    voucher::wrapped,
};
use sp_core::{ed25519, sr25519};
use sp_io::crypto;
use sp_runtime::AccountId32;

/// Whether `signer` signed `message`: with an account's Ed25519 or Sr25519 key as it is or in
/// `<Bytes>…</Bytes>`, with an Ethereum key by `personal_sign`. An account that is the hash of another
/// kind of key signs nothing here; its owner names an Ethereum address instead.
pub fn verify(signer: &Signer<AccountId32>, message: &[u8], signature: &Signature) -> bool {
    match (signer, signature) {
        (Signer::Account(account), Ed25519(bytes)) => {
            let key = ed25519::Public::from_raw(*account.as_ref());
            let signature = ed25519::Signature::from_raw(*bytes);
            plain_or_wrapped(message, |message| crypto::ed25519_verify(&signature, message, &key))
        }
        (Signer::Account(account), Sr25519(bytes)) => {
            let key = sr25519::Public::from_raw(*account.as_ref());
            let signature = sr25519::Signature::from_raw(*bytes);
            plain_or_wrapped(message, |message| crypto::sr25519_verify(&signature, message, &key))
        }
        (Signer::Ethereum(address), Ethereum(bytes)) => ethereum_canonical(bytes)
            .and_then(|signature| {
                crypto::secp256k1_ecdsa_recover(&signature, &ethereum_hash(message)).ok()
            })
            .is_some_and(|key| ethereum_address(&key) == *address),
        _ => false,
    }
}

fn plain_or_wrapped(message: &[u8], verify: impl Fn(&[u8]) -> bool) -> bool {
    verify(message) || verify(&wrapped(message))
}
