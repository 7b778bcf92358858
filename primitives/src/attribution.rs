//! What an attributor commits to and reveals, and how a worker agrees to serve it.

use crate::{hashing, shares::ShareVector, ContentId, SettlementId};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

/// The most query blocks of one settlement: receipts × blocks of the index × its variants. Engines refuse more, since
/// the blocks' hashes alone take 1 GiB then; so batches are cut at it.
pub const MAX_QUERY_BLOCKS: u64 = 1 << 25;

/// The bytes that a worker's key signs to agree to serve an attributor: tag ‖ genesis hash ‖ attributor's
/// account (32).
pub fn worker_consent(genesis: &H256, attributor: &[u8; 32]) -> Vec<u8> {
    let mut bytes = hashing::WORKER.to_vec();
    bytes.extend_from_slice(genesis.as_bytes());
    bytes.extend_from_slice(attributor);
    bytes
}

/// The result of one settlement's attribution.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Attribution {
    /// The fee-weighted mean of the receipts' shares.
    pub shares: ShareVector,
    /// Merkle root over all query blocks, receipt by receipt.
    pub query_root: H256,
    /// Merkle root over the steps from these to the shares, receipt by receipt: see [`crate::work`].
    pub work_root: H256,
    /// The job report, in which whoever doubts the result finds how it was computed.
    pub report: ContentId,
}

impl Attribution {
    /// The commitment: `blake2b_256(tag ‖ SCALE((genesis, settlement, attempt, attributor, salt, self)))`.
    ///
    /// It binds the attributor's account, so that nobody can commit to a copy of another's result.
    pub fn commitment(
        &self,
        genesis: &H256,
        settlement: SettlementId,
        attempt: u8,
        attributor: &[u8; 32],
        salt: &H256,
    ) -> H256 {
        hashing::tagged(
            hashing::COMMITMENT,
            &(genesis, settlement, attempt, attributor, salt, self),
        )
    }
}
