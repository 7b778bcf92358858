//! Who acts: the well-known accounts, the workers of those that are attributors, and the keys of all.

use std::sync::LazyLock;

use openledger_primitives::{
    signature::{ethereum_address, ethereum_hash, Signature, Signer},
    voucher::wrapped,
};
use openledger_runtime::AccountId;
use sp_core::{ecdsa, ed25519, sr25519, Pair};

/// The accounts that the `local` preset endows, by their derivation paths.
const PATHS: [&str; 12] = [
    "//Alice",
    "//Bob",
    "//Charlie",
    "//Dave",
    "//Eve",
    "//Ferdie",
    "//Alice//stash",
    "//Bob//stash",
    "//Charlie//stash",
    "//Dave//stash",
    "//Eve//stash",
    "//Ferdie//stash",
];

/// An account and its key.
pub struct Key {
    pub account: AccountId,
    pub pair: sr25519::Pair,
}

impl Key {
    fn new(path: &str) -> Self {
        let pair = sr25519::Pair::from_string(path, None).expect("a derivation path");
        Self { account: pair.public().into(), pair }
    }
}

static USERS: LazyLock<Vec<Key>> = LazyLock::new(|| PATHS.map(Key::new).into());
static WORKERS: LazyLock<Vec<Key>> =
    LazyLock::new(|| PATHS.map(|path| Key::new(&format!("{path}//poaw"))).into());
static EDWARDS: LazyLock<(AccountId, ed25519::Pair)> = LazyLock::new(|| {
    let pair = ed25519::Pair::from_string("//Alice", None).expect("a derivation path");
    (pair.public().into(), pair)
});
static ETHEREUM: LazyLock<([u8; 20], ecdsa::Pair)> = LazyLock::new(|| {
    let pair = ecdsa::Pair::from_string("//Alice", None).expect("a derivation path");
    let hash = [1; 32];
    let key = sp_io::crypto::secp256k1_ecdsa_recover(&pair.sign_prehashed(&hash).0, &hash)
        .unwrap_or_else(|_| panic!("a fresh signature has a key"));
    (ethereum_address(&key), pair)
});

/// The accounts that own things and earn.
pub fn users() -> &'static [Key] {
    &USERS
}

/// The accounts with which off-chain workers sign: that of each user, in the same order.
pub fn workers() -> &'static [Key] {
    &WORKERS
}

/// An account without money, whose key is Ed25519.
pub fn edwards() -> AccountId {
    EDWARDS.0.clone()
}

/// The address of an Ethereum key.
pub fn ethereum() -> [u8; 20] {
    ETHEREUM.0
}

/// The Sr25519 key of a user or worker.
pub fn key_of(account: &AccountId) -> Option<&'static sr25519::Pair> {
    users().iter().chain(workers()).find(|key| key.account == *account).map(|key| &key.pair)
}

/// A signature over `message`, plain or as browser wallets wrap it; nothing where the key is not known.
pub fn sign(signer: &Signer<AccountId>, message: &[u8], wrap: bool) -> Option<Signature> {
    let signed = if wrap { wrapped(message) } else { message.to_vec() };
    match signer {
        Signer::Account(account) if *account == EDWARDS.0 => {
            Some(Signature::Ed25519(EDWARDS.1.sign(&signed).0))
        }
        Signer::Account(account) => {
            key_of(account).map(|pair| Signature::Sr25519(pair.sign(&signed).0))
        }
        Signer::Ethereum(address) if *address == ETHEREUM.0 => {
            Some(Signature::Ethereum(ETHEREUM.1.sign_prehashed(&ethereum_hash(message)).0))
        }
        Signer::Ethereum(_) => None,
    }
}
