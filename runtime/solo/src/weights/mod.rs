//! What calls cost, pallet by pallet.

pub mod frame_system {
    pub type WeightInfo<T> = frame_system::weights::SubstrateWeight<T>;
}
pub mod frame_system_extensions {
    pub type WeightInfo<T> = frame_system::SubstrateExtensionsWeight<T>;
}
pub mod pallet_attribution {
    pub type WeightInfo<T> = pallet_attribution::weights::SubstrateWeight<T>;
}
pub mod pallet_balances {
    pub type WeightInfo<T> = pallet_balances::weights::SubstrateWeight<T>;
}
pub mod pallet_datanets {
    pub type WeightInfo<T> = pallet_datanets::weights::SubstrateWeight<T>;
}
pub mod pallet_emission {
    pub type WeightInfo<T> = pallet_emission::weights::SubstrateWeight<T>;
}
pub mod pallet_identity {
    pub type WeightInfo<T> = pallet_identity::weights::SubstrateWeight<T>;
}
pub mod pallet_migrations {
    pub type WeightInfo<T> = pallet_migrations::weights::SubstrateWeight<T>;
}
pub mod pallet_models {
    pub type WeightInfo<T> = pallet_models::weights::SubstrateWeight<T>;
}
pub mod pallet_multisig {
    pub type WeightInfo<T> = pallet_multisig::weights::SubstrateWeight<T>;
}
pub mod pallet_payments {
    pub type WeightInfo<T> = pallet_payments::weights::SubstrateWeight<T>;
}
pub mod pallet_preimage {
    pub type WeightInfo<T> = pallet_preimage::weights::SubstrateWeight<T>;
}
pub mod pallet_providers {
    pub type WeightInfo<T> = pallet_providers::weights::SubstrateWeight<T>;
}
pub mod pallet_proxy {
    pub type WeightInfo<T> = pallet_proxy::weights::SubstrateWeight<T>;
}
pub mod pallet_scheduler {
    pub type WeightInfo<T> = pallet_scheduler::weights::SubstrateWeight<T>;
}
pub mod pallet_session {
    pub type WeightInfo<T> = pallet_session::weights::SubstrateWeight<T>;
}
pub mod pallet_sudo {
    pub type WeightInfo<T> = pallet_sudo::weights::SubstrateWeight<T>;
}
pub mod pallet_timestamp {
    pub type WeightInfo<T> = pallet_timestamp::weights::SubstrateWeight<T>;
}
pub mod pallet_transaction_payment {
    pub type WeightInfo<T> = pallet_transaction_payment::weights::SubstrateWeight<T>;
}
pub mod pallet_utility {
    pub type WeightInfo<T> = pallet_utility::weights::SubstrateWeight<T>;
}
pub mod pallet_vesting {
    pub type WeightInfo<T> = pallet_vesting::weights::SubstrateWeight<T>;
}
