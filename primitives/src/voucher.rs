//! Vouchers: a payer's signed permission to take up to a cumulative amount from a channel; and the
//! statement that ends it.

use crate::{hashing, signature::Signature, Balance, BlockNumber, ChannelId};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use primitive_types::H256;

/// A permission to have taken at most `cumulative` units from `channel` in its whole life.
///
/// On the chain replay is harmless: the amount only grows, and the chain remembers what was taken. A gateway answers
/// nobody for a voucher alone: each request is signed too, see [`crate::session`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Voucher {
    /// The channel it draws on.
    pub channel: ChannelId,
    /// The most that may have been taken, in units, since the channel was opened.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub cumulative: Balance,
    /// The last block in which it may be claimed.
    pub expires: BlockNumber,
}

impl Voucher {
    /// The bytes that the payer signs: tag ‖ genesis hash ‖ channel (8) ‖ cumulative (16) ‖ expires
    /// (4), integers little-endian.
    pub fn preimage(&self, genesis: &H256) -> Vec<u8> {
        let mut bytes = hashing::VOUCHER.to_vec();
        bytes.extend_from_slice(genesis.as_bytes());
        bytes.extend_from_slice(&self.channel.to_le_bytes());
        bytes.extend_from_slice(&self.cumulative.to_le_bytes());
        bytes.extend_from_slice(&self.expires.to_le_bytes());
        bytes
    }
}

/// A voucher and the payer's signature over [`Voucher::preimage`], or over that wrapped in
/// `<Bytes>…</Bytes>` as browser wallets do.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SignedVoucher {
    /// What is signed.
    #[cfg_attr(feature = "std", serde(flatten))]
    pub voucher: Voucher,
    /// By the channel's payer.
    pub signature: Signature,
}

/// By what an operator claims: a voucher, signed unless its channel is a one-off payment, which needs no
/// signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Authority {
    /// What may be taken; of a one-off payment, all of it.
    #[cfg_attr(feature = "std", serde(flatten))]
    pub voucher: Voucher,
    /// By the channel's signer.
    #[cfg_attr(feature = "std", serde(default, skip_serializing_if = "Option::is_none"))]
    pub signature: Option<Signature>,
}

impl Authority {
    /// The signed voucher, if it is one.
    pub fn signed(&self) -> Option<SignedVoucher> {
        let signature = self.signature?;
        Some(SignedVoucher { voucher: self.voucher, signature })
    }
}

impl From<SignedVoucher> for Authority {
    fn from(SignedVoucher { voucher, signature }: SignedVoucher) -> Self {
        Self { voucher, signature: Some(signature) }
    }
}

/// That nothing is owed from `channel` beyond the `claimed` units that the chain paid out.
///
/// Signed by the operator, it lets the payer close the channel at once: the operator serves nothing more
/// from it. The payer signs the same to ask for it, so that nobody else can end its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Closing {
    /// The channel.
    pub channel: ChannelId,
    /// What was taken from it since it was opened, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub claimed: Balance,
}

impl Closing {
    /// The bytes that are signed: tag ‖ genesis hash ‖ channel (8) ‖ claimed (16), integers little-endian.
    pub fn preimage(&self, genesis: &H256) -> Vec<u8> {
        let mut bytes = hashing::CLOSE.to_vec();
        bytes.extend_from_slice(genesis.as_bytes());
        bytes.extend_from_slice(&self.channel.to_le_bytes());
        bytes.extend_from_slice(&self.claimed.to_le_bytes());
        bytes
    }
}

/// A statement that a channel can be closed, and a signature over [`Closing::preimage`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SignedClosing {
    /// What is signed.
    #[cfg_attr(feature = "std", serde(flatten))]
    pub closing: Closing,
    /// By the operator; of a request, by the channel's signer.
    pub signature: Signature,
}

/// `bytes` as a browser wallet wraps them before signing.
pub fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let mut wrapped = b"<Bytes>".to_vec();
    wrapped.extend_from_slice(bytes);
    wrapped.extend_from_slice(b"</Bytes>");
    wrapped
}
