//! BABE, GRANDPA and what they need: sessions, their history, offences, authors, discovery. And what BABE
//! gives: randomness.

use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64},
};
use openledger_runtime_common::{
    randomness,
    units::{deposit, BLOCK_MILLIS, MINUTES},
};
use pallet_babe::{ParentBlockRandomness, RandomnessFromOneEpochAgo};
use pallet_session::{disabling::UpToLimitWithReEnablingDisablingStrategy, historical};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::traits::{ConvertInto, OpaqueKeys};

use crate::{
    validators::{DisableOffenders, FixedSet, NothingMore, REPORTABLE_BLOCKS, REPORTABLE_SESSIONS},
    weights, AccountId, Babe, Balance, Balances, BlockNumber, Historical, Offences, Runtime,
    RuntimeEvent, Session, SessionKeys,
};

/// Slots in a BABE epoch, and blocks in a session where no slot is empty: ten minutes.
pub const SLOTS_PER_EPOCH: BlockNumber = 10 * MINUTES;

/// BABE at genesis: one slot in four has a primary author by VRF, the others a secondary one, who also
/// proves a VRF output, so that each block adds to the randomness.
pub const BABE_GENESIS: BabeEpochConfiguration =
    BabeEpochConfiguration { c: (1, 4), allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

/// The most validators that the chain can hold.
pub const MAX_AUTHORITIES: u32 = 1_000;

/// What committees are drawn from: BABE's randomness of the epoch before, and the VRF output of the parent
/// block's author.
pub type CommitteeRandomness =
    randomness::Mixed<RandomnessFromOneEpochAgo<Runtime>, ParentBlockRandomness<Runtime>>;

type Reports = ConstU64<{ REPORTABLE_BLOCKS as u64 }>;

parameter_types! {
    pub const EpochDuration: u64 = SLOTS_PER_EPOCH as u64;
    /// Babe, Grandpa and AuthorityDiscovery: three keys of 32 bytes, and their three owner entries.
    pub const SessionKeysDeposit: Balance = deposit(4, 3 * 32 * 2);
}

impl pallet_babe::Config for Runtime {
    type DisabledValidators = Session;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type EpochDuration = EpochDuration;
    type EquivocationReportSystem =
        pallet_babe::EquivocationReportSystem<Self, Offences, Historical, Reports>;
    type ExpectedBlockTime = ConstU64<BLOCK_MILLIS>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type WeightInfo = weights::pallet_babe::WeightInfo<Runtime>;
}

impl pallet_grandpa::Config for Runtime {
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, Reports>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<{ REPORTABLE_SESSIONS as u64 }>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_grandpa::WeightInfo<Runtime>;
}

impl pallet_session::Config for Runtime {
    type Currency = Balances;
    type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
    type KeyDeposit = SessionKeysDeposit;
    type Keys = SessionKeys;
    type NextSessionRotation = Babe;
    type RuntimeEvent = RuntimeEvent;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type SessionManager = historical::NoteHistoricalRoot<Self, FixedSet>;
    type ShouldEndSession = Babe;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type WeightInfo = weights::pallet_session::WeightInfo<Runtime>;
}

impl historical::Config for Runtime {
    type FullIdentification = ();
    type FullIdentificationOf = NothingMore;
    type RuntimeEvent = RuntimeEvent;
}

impl pallet_offences::Config for Runtime {
    type IdentificationTuple = historical::IdentificationTuple<Self>;
    type OnOffenceHandler = DisableOffenders;
    type RuntimeEvent = RuntimeEvent;
}

impl pallet_authorship::Config for Runtime {
    type EventHandler = ();
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
}
