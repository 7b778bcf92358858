//! Vouchers: a payer's signed permission to take up to a cumulative amount from a channel.

use crate::{hashing, signature::Signature, Balance, BlockNumber, ChannelId};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use primitive_types::H256;

/// A permission to have taken at most `cumulative` units from `channel` in its whole life.
///
/// Replay is harmless: the amount only grows, and the chain remembers what was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Voucher {
    /// The channel it draws on.
    pub channel: ChannelId,
    /// The most that may have been taken, in units, since the channel was opened.
    #[cfg_attr(feature = "std", serde(with = "crate::reads::decimal"))]
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

/// `bytes` as a browser wallet wraps them before signing.
pub fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let mut wrapped = b"<Bytes>".to_vec();
    wrapped.extend_from_slice(bytes);
    wrapped.extend_from_slice(b"</Bytes>");
    wrapped
}
