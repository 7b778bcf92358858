//! What an attributor commits to and reveals.

use crate::{hashing, shares::ShareVector, SettlementId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

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
    /// Merkle root over all partial sums: receipt × contribution × block.
    pub partials_root: H256,
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
