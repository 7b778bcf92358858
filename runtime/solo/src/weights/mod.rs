//! What calls cost, pallet by pallet, as `scripts/weights` measured it for this runtime.

pub mod frame_system;
pub mod frame_system_extensions;
pub mod pallet_attribution;
pub mod pallet_babe;
pub mod pallet_balances;
pub mod pallet_datanets;
pub mod pallet_emission;
pub mod pallet_grandpa;
pub mod pallet_identity;
pub mod pallet_migrations;
pub mod pallet_models;
pub mod pallet_multisig;
pub mod pallet_parameters;
pub mod pallet_payments;
pub mod pallet_preimage;
pub mod pallet_providers;
pub mod pallet_proxy;
pub mod pallet_scheduler;
pub mod pallet_session;
pub mod pallet_sudo;
pub mod pallet_timestamp;
pub mod pallet_transaction_payment;
pub mod pallet_utility;
pub mod pallet_vesting;
