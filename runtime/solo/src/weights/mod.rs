//! What calls cost, pallet by pallet, as `scripts/weights` measured it for this runtime. The product's pallets keep
//! theirs beside their calls.

pub mod frame_system;
pub mod frame_system_extensions;
pub mod pallet_attribution {
    pub use pallet_attribution::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_babe;
pub mod pallet_balances;
pub mod pallet_datanets {
    pub use pallet_datanets::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_emission {
    pub use pallet_emission::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_grandpa;
pub mod pallet_identity;
pub mod pallet_migrations;
pub mod pallet_models {
    pub use pallet_models::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_multisig;
pub mod pallet_parameters;
pub mod pallet_payments {
    pub use pallet_payments::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_preimage;
pub mod pallet_providers {
    pub use pallet_providers::weights::SubstrateWeight as WeightInfo;
}
pub mod pallet_proxy;
pub mod pallet_scheduler;
pub mod pallet_session;
pub mod pallet_sudo;
pub mod pallet_timestamp;
pub mod pallet_transaction_payment;
pub mod pallet_utility;
pub mod pallet_vesting;
