//! What decisions need: preimages, a scheduler, tunable parameters, and Root.

pub mod origins;

use frame_support::{
    parameter_types,
    traits::{fungible::HoldConsideration, ConstU32, EqualPrivilegeOnly, LinearStoragePrice},
    weights::Weight,
};
use openledger_runtime_common::{params::RuntimeParameters, units::deposit};
use sp_runtime::Perbill;

use crate::{
    system::Weights, weights, AccountId, Balance, Balances, OriginCaller, Preimage, Runtime,
    RuntimeCall, RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, System,
};

parameter_types! {
    pub const PreimageDepositBase: Balance = deposit(2, 64);
    pub const PreimageDepositPerByte: Balance = deposit(0, 1);
    pub const PreimageHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
}

impl pallet_preimage::Config for Runtime {
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        PreimageHoldReason,
        LinearStoragePrice<PreimageDepositBase, PreimageDepositPerByte, Balance>,
    >;
    type Currency = Balances;
    type ManagerOrigin = origins::Preimages;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_preimage::WeightInfo<Runtime>;
}

parameter_types! {
    pub SchedulerWeight: Weight = Perbill::from_percent(80) * Weights::get().max_block;
}

impl pallet_scheduler::Config for Runtime {
    type BlockNumberProvider = System;
    type MaxScheduledPerBlock = ConstU32<50>;
    type MaximumWeight = SchedulerWeight;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type PalletsOrigin = OriginCaller;
    type Preimages = Preimage;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type ScheduleOrigin = origins::Schedule;
    type WeightInfo = weights::pallet_scheduler::WeightInfo<Runtime>;
}

impl pallet_parameters::Config for Runtime {
    type AdminOrigin = origins::Parameters;
    type RuntimeEvent = RuntimeEvent;
    type RuntimeParameters = RuntimeParameters;
    type WeightInfo = weights::pallet_parameters::WeightInfo<Runtime>;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_sudo::WeightInfo<Runtime>;
}
