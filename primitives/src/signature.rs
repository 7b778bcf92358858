//! Signatures as they travel off chain: SCALE-compatible with `sp_runtime::MultiSignature`.

use codec::{Decode, Encode};

/// A signature and its scheme. On the wire: one byte for the scheme, then 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Signature {
    /// Ed25519.
    #[codec(index = 0)]
    Ed25519([u8; 64]),
    /// Schnorr over Ristretto, context `substrate`.
    #[codec(index = 1)]
    Sr25519([u8; 64]),
}

/// As JSON: `0x`, then the hexadecimal SCALE encoding.
#[cfg(feature = "std")]
mod json {
    use super::Signature;
    use codec::{Decode, Encode};
    use serde::{de::Error, Deserialize, Deserializer, Serialize, Serializer};

    impl Serialize for Signature {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            crate::reads::hex_bytes::serialize(&self.encode(), serializer)
        }
    }

    impl<'de> Deserialize<'de> for Signature {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let bytes = crate::reads::hex_bytes::deserialize(deserializer)?;
            Signature::decode(&mut bytes.as_slice()).map_err(|_| {
                D::Error::custom("a signature is 0x00 (Ed25519) or 0x01 (Sr25519), then 64 bytes")
            })
        }
    }
}
