//! What is stored about a provider.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{signature::Signature, Balance, BlockNumber};
use scale_info::TypeInfo;

/// The longest endpoint of a provider, in bytes.
pub const MAX_ENDPOINT: u32 = 128;
/// The longest region of a provider, in bytes.
pub const MAX_REGION: u32 = 32;
/// The longest description of a provider's hardware, in bytes.
pub const MAX_HARDWARE: u32 = 96;

/// A provider's description of itself, each part as UTF-8 text or empty. The chain does not read it.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Metadata {
    /// Where to reach it: the URL of an operator's gateway.
    pub endpoint: BoundedVec<u8, ConstU32<MAX_ENDPOINT>>,
    /// Where it is, such as `eu-west`.
    pub region: BoundedVec<u8, ConstU32<MAX_REGION>>,
    /// On what it works, such as `2 x H200`.
    pub hardware: BoundedVec<u8, ConstU32<MAX_HARDWARE>>,
}

/// A worker's account, and its agreement to serve one attributor.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Consent<AccountId> {
    /// The worker's account.
    pub worker: AccountId,
    /// Its signature over [`worker_consent`](openledger_primitives::attribution::worker_consent).
    pub signature: Signature,
}

/// What a provider does off chain. An account may have several roles, each with a bond of its own.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Role {
    /// Serves answers and settles their fees.
    Operator,
    /// Computes whose data made an answer likely.
    Attributor,
    /// Reviews contributions.
    Curator,
}

/// A provider from the first block on: its role, account, bond in units, and worker's account.
pub type GenesisProvider<AccountId> = (Role, AccountId, Balance, Option<AccountId>);

/// One account in one role.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Provider {
    /// What is at stake, in units.
    pub bond: Balance,
    /// What is leaving, in units, and the block from which it may be withdrawn. Still at stake.
    pub unbonding: Option<(Balance, BlockNumber)>,
    /// The provider's description of itself.
    pub metadata: Metadata,
    /// The block it registered in.
    pub since: BlockNumber,
}

impl Provider {
    /// Everything held for this role: what is bonded and what is leaving.
    pub fn held(&self) -> Balance {
        let leaving = self.unbonding.map_or(0, |(amount, _)| amount);
        self.bond.saturating_add(leaving)
    }
}
