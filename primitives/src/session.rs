//! Signatures that authorise one request to a gateway, and certificates of the session keys that may make them.
//!
//! A voucher says how much may be taken from a channel. It does not say who may ask for answers: whoever reads it, on
//! the chain or on the wire, has all of it. So each request carries a [`SignedUse`] as well, by the channel's signer or
//! by a session key that the channel's signer certified.

use crate::{hashing, signature::Signature, Balance, ChannelId};
use alloc::vec::Vec;
use primitive_types::H256;

/// Where a signature counts: on one chain, at one operator, for one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// The operator's account (32 bytes).
    pub operator: H256,
    /// The channel that pays.
    pub channel: ChannelId,
}

impl Scope {
    /// `tag ‖ genesis (32) ‖ operator (32) ‖ channel (8, little-endian)`.
    fn preimage(&self, tag: &[u8]) -> Vec<u8> {
        let mut bytes = tag.to_vec();
        bytes.extend_from_slice(self.genesis.as_bytes());
        bytes.extend_from_slice(self.operator.as_bytes());
        bytes.extend_from_slice(&self.channel.to_le_bytes());
        bytes
    }
}

/// One request, as it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    /// Where it counts.
    pub scope: Scope,
    /// Content id of the request's body; of a request without a body, that of no bytes.
    pub body: H256,
    /// Milliseconds since the Unix epoch, by the caller's clock.
    pub time: u64,
    /// Tells two requests apart that are equal in all else.
    pub nonce: [u8; 16],
    /// Method, one blank, and path below the gateway's address: `POST /v1/completions`.
    pub action: &'a str,
}

impl Use<'_> {
    /// The bytes that are signed: tag ‖ genesis (32) ‖ operator (32) ‖ channel (8) ‖ body (32) ‖ time (8) ‖
    /// nonce (16) ‖ action (the rest), integers little-endian.
    pub fn preimage(&self) -> Vec<u8> {
        let mut bytes = self.scope.preimage(hashing::USE);
        bytes.extend_from_slice(self.body.as_bytes());
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.action.as_bytes());
        bytes
    }

    /// What the request is known by: the content id of [`Use::preimage`]. Two requests with the same id are one request,
    /// which is answered and charged once.
    pub fn id(&self) -> H256 {
        hashing::content_id(&self.preimage())
    }
}

/// What a session key may do, as the channel's signer certifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct Session {
    /// The session's public key, Ed25519 or Sr25519.
    pub key: H256,
    /// The last moment at which it counts, in milliseconds since the Unix epoch.
    pub expires: u64,
    /// The most that the channel may owe in all after an answer to this session, in units since the channel was opened.
    /// `u128::MAX`, in JSON left out, is no limit beside the voucher's.
    #[cfg_attr(
        feature = "std",
        serde(
            default = "no_limit",
            skip_serializing_if = "is_no_limit",
            with = "crate::json::decimal"
        )
    )]
    pub limit: Balance,
}

impl Session {
    /// The bytes that are signed: tag ‖ genesis (32) ‖ operator (32) ‖ channel (8) ‖ key (32) ‖ expires (8) ‖
    /// limit (16), integers little-endian.
    pub fn preimage(&self, scope: &Scope) -> Vec<u8> {
        let mut bytes = scope.preimage(hashing::SESSION);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.expires.to_le_bytes());
        bytes.extend_from_slice(&self.limit.to_le_bytes());
        bytes
    }
}

#[cfg(feature = "std")]
fn no_limit() -> Balance {
    Balance::MAX
}

#[cfg(feature = "std")]
#[allow(clippy::trivially_copy_pass_by_ref)] // serde calls it by reference.
fn is_no_limit(limit: &Balance) -> bool {
    *limit == Balance::MAX
}

/// A session and the certificate of the channel's signer, over [`Session::preimage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct SignedSession {
    /// What is certified.
    pub session: Session,
    /// By the channel's signer.
    pub signature: Signature,
}

/// What a request shows beside its voucher: when it was made, and who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct SignedUse {
    /// See [`Use::time`].
    pub time: u64,
    /// See [`Use::nonce`].
    #[cfg_attr(feature = "std", serde(with = "nonce"))]
    pub nonce: [u8; 16],
    /// Over [`Use::preimage`]: by the session's key where there is a session, else by the channel's signer.
    pub signature: Signature,
    /// The session that signed.
    #[cfg_attr(feature = "std", serde(default, skip_serializing_if = "Option::is_none"))]
    pub certificate: Option<SignedSession>,
}

/// A nonce in JSON: `0x` and 32 hexadecimal digits.
#[cfg(feature = "std")]
mod nonce {
    use serde::{de::Error, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(nonce: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        crate::json::hex_bytes::serialize(nonce, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        let bytes = crate::json::hex_bytes::deserialize(deserializer)?;
        let length = bytes.len();
        bytes.try_into().map_err(|_| {
            D::Error::custom(alloc::format!("a nonce has 16 bytes, this one has {length}"))
        })
    }
}
