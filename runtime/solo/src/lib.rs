//! The OpenLedger runtime: which pallets make up the chain, and how they are set up.
//!
//! - [`configs`]: one file of pallet settings for each subject.
//! - [`params`]: what governance tunes without an upgrade.
//! - [`genesis`]: the presets `development`, `local` and `live`.
//! - [`validators`]: who makes and finalises blocks.
//! - [`fees`]: where fees and dust go.
//! - [`migrations`]: how older storage becomes what this runtime reads.
//! - [`apis`]: what a node may ask of the runtime.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]

extern crate alloc;

pub mod apis;
pub mod configs;
pub mod fees;
pub mod genesis;
pub mod migrations;
pub mod params;
pub mod units;
pub mod validators;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

pub use pallet_attribution::worker::crypto::KEY_TYPE as WORKER_KEY_TYPE;
pub use pallet_session::historical as session_historical;
pub use params::{RuntimeParameters, RuntimeParametersKey};

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

/// The runtime's version. `CHANGELOG.md` says what each brought.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("openledger"),
    impl_name: Cow::Borrowed("openledger"),
    authoring_version: 1,
    spec_version: 400,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 4,
    system_version: 1,
};

/// Slots in a BABE epoch, and blocks in a session where no slot is empty: ten minutes.
pub const SLOTS_PER_EPOCH: BlockNumber = 10 * units::MINUTES;

/// BABE at genesis: one slot in four has a primary author by VRF, the others a secondary one, who also
/// proves a VRF output, so that each block adds to the randomness.
pub const BABE_GENESIS: sp_consensus_babe::BabeEpochConfiguration =
    sp_consensus_babe::BabeEpochConfiguration {
        c: (1, 4),
        allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
    };

/// A signature of any of the usual schemes.
pub type Signature = MultiSignature;
/// An account: 32 bytes.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount of OPEN in its smallest unit, of which [`units::UNIT`] make one OPEN.
pub type Balance = u128;
/// A block's number.
pub type BlockNumber = u32;
/// How many transactions an account has sent.
pub type Nonce = u32;
/// A hash.
pub type Hash = sp_core::H256;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block as the client handles it: without looking into transactions, whose format may change at an upgrade.
pub mod opaque {
    /// A block of transactions as bytes.
    pub type Block = sp_runtime::generic::Block<super::Header, sp_runtime::OpaqueExtrinsic>;
}
/// A block with its justifications.
pub type SignedBlock = generic::SignedBlock<Block>;
/// What a transaction carries besides its call: the usual extensions, in the usual order.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);
/// A transaction as it travels.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Runs blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

impl_opaque_keys! {
    /// The keys of a validator.
    pub struct SessionKeys {
        pub babe: Babe,
        pub grandpa: Grandpa,
        pub authority_discovery: AuthorityDiscovery,
    }
}

// Hooks run, and genesis is built, in the order of the indices: accounts have their balances before
// session keys lean on them, and BABE closes an epoch before the session turns.
// 33 to 39 are left for governance.
#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;

    #[runtime::pallet_index(3)]
    pub type Migrations = pallet_migrations;

    #[runtime::pallet_index(5)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(6)]
    pub type TransactionPayment = pallet_transaction_payment;
    #[runtime::pallet_index(7)]
    pub type Vesting = pallet_vesting;

    #[runtime::pallet_index(10)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(11)]
    pub type Offences = pallet_offences;
    #[runtime::pallet_index(12)]
    pub type Historical = session_historical;
    #[runtime::pallet_index(13)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(14)]
    pub type Grandpa = pallet_grandpa;
    #[runtime::pallet_index(15)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    #[runtime::pallet_index(20)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(21)]
    pub type Multisig = pallet_multisig;
    #[runtime::pallet_index(22)]
    pub type Proxy = pallet_proxy;
    #[runtime::pallet_index(23)]
    pub type Identity = pallet_identity;

    #[runtime::pallet_index(30)]
    pub type Preimage = pallet_preimage;
    #[runtime::pallet_index(31)]
    pub type Scheduler = pallet_scheduler;
    #[runtime::pallet_index(32)]
    pub type Parameters = pallet_parameters;

    #[runtime::pallet_index(40)]
    pub type Datanets = pallet_datanets;
    #[runtime::pallet_index(41)]
    pub type Models = pallet_models;
    #[runtime::pallet_index(42)]
    pub type Payments = pallet_payments;
    #[runtime::pallet_index(43)]
    pub type Providers = pallet_providers;
    #[runtime::pallet_index(44)]
    pub type Attribution = pallet_attribution;
    #[runtime::pallet_index(45)]
    pub type Emission = pallet_emission;

    #[runtime::pallet_index(250)]
    pub type Sudo = pallet_sudo;
}
