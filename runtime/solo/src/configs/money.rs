//! Balances, transaction fees, vesting.

use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU8, VariantCountOf, WithdrawReasons},
    weights::ConstantMultiplier,
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
    traits::{Bounded, ConvertInto},
    FixedPointNumber, Perquintill,
};

use crate::{
    fees::{ToTreasury, ToTreasuryAndAuthor},
    units::{EXISTENTIAL_DEPOSIT, MICRO, MILLI, UNIT},
    Balance, Balances, Runtime, RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System,
};

parameter_types! {
    pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
}

impl pallet_balances::Config for Runtime {
    type AccountStore = System;
    type Balance = Balance;
    type DoneSlashHandler = ();
    type DustRemoval = ToTreasury;
    type ExistentialDeposit = ExistentialDeposit;
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type ReserveIdentifier = [u8; 8];
    type RuntimeEvent = RuntimeEvent;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    /// Price of a picosecond of execution: a hundredth of an OPEN per millisecond, so about a
    /// thousandth for the base weight of an extrinsic.
    pub const FeePerPicosecond: Balance = 10 * MILLI / 1_000_000_000;
    /// Price of a byte of an extrinsic.
    pub const FeePerByte: Balance = MICRO;
    /// Fees rise while blocks are fuller than this, and fall while they are emptier.
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    pub AdjustmentPerBlock: Multiplier = Multiplier::saturating_from_rational(25, 1_000_000);
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

impl pallet_transaction_payment::Config for Runtime {
    type FeeMultiplierUpdate = TargetedFeeAdjustment<
        Self,
        TargetFullness,
        AdjustmentPerBlock,
        MinimumMultiplier,
        MaximumMultiplier,
    >;
    type LengthToFee = ConstantMultiplier<Balance, FeePerByte>;
    type OnChargeTransaction = FungibleAdapter<Balances, ToTreasuryAndAuthor>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
    type WeightToFee = ConstantMultiplier<Balance, FeePerPicosecond>;
}

parameter_types! {
    pub const MinVestedTransfer: Balance = UNIT;
    /// Unvested OPEN cannot be sent on.
    pub UnvestedFundsAllowedWithdrawReasons: WithdrawReasons =
        WithdrawReasons::except(WithdrawReasons::TRANSFER | WithdrawReasons::RESERVE);
}

impl pallet_vesting::Config for Runtime {
    type BlockNumberProvider = System;
    type BlockNumberToBalance = ConvertInto;
    type Currency = Balances;
    type MinVestedTransfer = MinVestedTransfer;
    type RuntimeEvent = RuntimeEvent;
    type UnvestedFundsAllowedWithdrawReasons = UnvestedFundsAllowedWithdrawReasons;
    type WeightInfo = pallet_vesting::weights::SubstrateWeight<Runtime>;

    const MAX_VESTING_SCHEDULES: u32 = 28;
}
