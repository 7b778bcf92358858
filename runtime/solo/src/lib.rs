//! The OpenLedger runtime: which pallets make up the chain, and how they are set up.
//!
//! - [`system`], [`money`], [`accounts`], [`consensus`], [`governance`], [`product`]: the settings of the
//!   pallets, by what they are about. What every runtime agrees on lies in
//!   [`openledger_runtime_common`].
//! - [`weights`]: what calls cost, as measured for this runtime.
//! - [`validators`]: who makes and finalises blocks.
//! - [`genesis`]: the presets `development`, `local` and `live`.
//! - [`migrations`]: how older storage becomes what this runtime reads.
//! - [`apis`]: what a node may ask of the runtime.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]

extern crate alloc;

pub mod accounts;
pub mod apis;
pub mod consensus;
pub mod genesis;
pub mod governance;
pub mod migrations;
pub mod money;
pub mod product;
pub mod system;
pub mod validators;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{generic, impl_opaque_keys};
use sp_version::RuntimeVersion;

pub use openledger_runtime_common::{
    fees, params,
    params::{RuntimeParameters, RuntimeParametersKey},
    units, AccountId, Address, Balance, BlockNumber, Hash, Header, Nonce, Signature,
};
pub use pallet_attribution::worker::crypto::KEY_TYPE as WORKER_KEY_TYPE;
pub use pallet_session::historical as session_historical;

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

/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A block as the client handles it: without looking into transactions, whose format may change at an upgrade.
pub mod opaque {
    /// A block of transactions as bytes.
    pub type Block = sp_runtime::generic::Block<super::Header, sp_runtime::OpaqueExtrinsic>;
}
/// A block with its justifications.
pub type SignedBlock = generic::SignedBlock<Block>;
/// What a transaction carries besides its call.
pub type TxExtension = openledger_runtime_common::transactions::TxExtension<Runtime>;
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
