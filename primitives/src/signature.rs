//! Signatures as they travel off chain and in claims. The first two are SCALE-compatible with
//! `sp_runtime::MultiSignature`.

use alloc::{format, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A signature and its scheme. On the wire: one byte for the scheme, then 64 bytes, or 65 of Ethereum.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Signature {
    /// Ed25519.
    #[codec(index = 0)]
    Ed25519([u8; 64]),
    /// Schnorr over Ristretto, context `substrate`.
    #[codec(index = 1)]
    Sr25519([u8; 64]),
    /// ECDSA over secp256k1 by an Ethereum wallet's `personal_sign`: r ‖ s ‖ v, see [`ethereum_hash`].
    #[codec(index = 2)]
    Ethereum([u8; 65]),
}

/// Whose signature counts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Signer<AccountId> {
    /// The Ed25519 or Sr25519 key that an account is.
    #[codec(index = 0)]
    Account(AccountId),
    /// The key of an Ethereum address.
    #[codec(index = 1)]
    Ethereum([u8; 20]),
}

/// Half of the order of secp256k1, rounded down, big-endian: the largest `s` of a signature that is not
/// malleable (EIP-2).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// What an Ethereum wallet signs when asked to `personal_sign` a message (EIP-191):
/// `keccak_256("\x19Ethereum Signed Message:\n" ‖ length in decimal digits ‖ message)`.
pub fn ethereum_hash(message: &[u8]) -> [u8; 32] {
    let mut preimage: Vec<u8> =
        format!("\x19Ethereum Signed Message:\n{}", message.len()).into_bytes();
    preimage.extend_from_slice(message);
    sp_crypto_hashing::keccak_256(&preimage)
}

/// The address of a public key, given as x ‖ y: the last 20 bytes of its Keccak-256.
pub fn ethereum_address(key: &[u8; 64]) -> [u8; 20] {
    let hash = sp_crypto_hashing::keccak_256(key);
    let (_, last) = hash.split_at(12);
    let mut address = [0; 20];
    address.copy_from_slice(last);
    address
}

/// An Ethereum signature with `v` as 0 or 1, whichever way it was written (0, 1, 27, 28); nothing where
/// `v` is another, or `s` is in the upper half: of the two signatures that are equally valid, only one
/// is taken.
pub fn ethereum_canonical(signature: &[u8; 65]) -> Option<[u8; 65]> {
    let (rest, v) = signature.split_at(64);
    let (_, s) = rest.split_at(32);
    if s > HALF_ORDER.as_slice() {
        return None;
    }
    let v = match v {
        [v @ (0 | 1)] => *v,
        [27] => 0,
        [28] => 1,
        _ => return None,
    };
    let mut canonical = *signature;
    if let Some(last) = canonical.last_mut() {
        *last = v;
    }
    Some(canonical)
}

/// As JSON: `0x`, then the hexadecimal SCALE encoding.
#[cfg(feature = "std")]
mod json {
    use super::Signature;
    use codec::{Decode, Encode};
    use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

    impl Serialize for Signature {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            crate::json::hex_bytes::serialize(&self.encode(), serializer)
        }
    }

    impl<'de> Deserialize<'de> for Signature {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let bytes = crate::json::hex_bytes::deserialize(deserializer)?;
            Signature::decode(&mut bytes.as_slice()).map_err(|_| {
                D::Error::custom(
                    "a signature is 0x00 (Ed25519) or 0x01 (Sr25519), then 64 bytes, or 0x02 (Ethereum), then 65",
                )
            })
        }
    }
}
