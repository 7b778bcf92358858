//! The benchmarks that the runtime carries, for `openledger-node benchmark pallet`.

mod babe;
mod grandpa;
mod offender;
mod session;

use alloc::{string::String, vec::Vec};
use frame_benchmarking::{
    baseline::Pallet as BaselineBench, BenchmarkBatch, BenchmarkConfig, BenchmarkList,
};
use frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys};
use frame_system_benchmarking::{
    extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
};
use sp_storage::TrackedStorageKey;

use crate::*;

frame_benchmarking::define_benchmarks!(
    [frame_benchmarking, BaselineBench::<Runtime>]
    [frame_system, SystemBench::<Runtime>]
    [frame_system_extensions, SystemExtensionsBench::<Runtime>]
    [pallet_timestamp, Timestamp]
    [pallet_babe, babe::Pallet::<Runtime>]
    [pallet_session, session::Pallet::<Runtime>]
    [pallet_grandpa, grandpa::Pallet::<Runtime>]
    [pallet_migrations, Migrations]
    [pallet_balances, Balances]
    [pallet_transaction_payment, TransactionPayment]
    [pallet_vesting, Vesting]
    [pallet_utility, Utility]
    [pallet_multisig, Multisig]
    [pallet_proxy, Proxy]
    [pallet_identity, Identity]
    [pallet_preimage, Preimage]
    [pallet_scheduler, Scheduler]
    [pallet_parameters, Parameters]
    [pallet_sudo, Sudo]
    [pallet_datanets, Datanets]
    [pallet_models, Models]
    [pallet_payments, Payments]
    [pallet_providers, Providers]
    [pallet_attribution, Attribution]
    [pallet_emission, Emission]
);

impl frame_system_benchmarking::Config for Runtime {}
impl frame_benchmarking::baseline::Config for Runtime {}
impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

/// Which benchmarks there are, and how each pallet's storage looks.
pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
    let mut list = Vec::<BenchmarkList>::new();
    list_benchmarks!(list, extra);
    (list, AllPalletsWithSystem::storage_info())
}

/// Runs what `config` names.
pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
    let whitelist: Vec<TrackedStorageKey> = AllPalletsWithSystem::whitelisted_storage_keys();
    let mut batches = Vec::<BenchmarkBatch>::new();
    let params = (&config, &whitelist);
    add_benchmarks!(params, batches);
    Ok(batches)
}
