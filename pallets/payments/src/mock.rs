use crate::{self as pallet_payments, *};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU128, ConstU32, Everything, Hooks, LinearStoragePrice,
        VariantCountOf,
    },
    PalletId,
};
use openledger_primitives::UNIT;
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::BuildStorage;

type Block = frame_system::mocking::MockBlockU32<Test>;

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
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(40)]
    pub type Datanets = pallet_datanets;
    #[runtime::pallet_index(41)]
    pub type Models = pallet_models;
    #[runtime::pallet_index(42)]
    pub type Payments = pallet_payments;
    #[runtime::pallet_index(43)]
    pub type Providers = pallet_providers;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountData = pallet_balances::AccountData<Balance>;
    type AccountId = AccountId32;
    type Block = Block;
    type Lookup = sp_runtime::traits::IdentityLookup<AccountId32>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
    pub const DatanetsPalletId: PalletId = PalletId(*b"ol/datan");
    pub const DatanetDeposit: RuntimeHoldReason =
        RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Deposit);
    pub const ModelDeposit: RuntimeHoldReason =
        RuntimeHoldReason::Models(pallet_models::HoldReason::Deposit);
}

type Deposit<Reason> = HoldConsideration<
    AccountId32,
    Balances,
    Reason,
    LinearStoragePrice<ConstU128<10>, ConstU128<1>, Balance>,
>;

impl pallet_providers::Config for Test {
    type Currency = Balances;
    type MaxAttributors = ConstU32<16>;
    type MinBond = ConstU128<UNIT>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UnbondingDelay = ConstU32<10>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Test>;
}

impl pallet_datanets::Config for Test {
    type AppealBond = ConstU128<70>;
    type AppealOrigin = frame_system::EnsureRoot<AccountId32>;
    type AppealPeriod = ConstU32<10>;
    type Consideration = Deposit<DatanetDeposit>;
    type ContributionBond = ConstU128<50>;
    type Currency = Balances;
    type OnPayoutChange = ();
    type PalletId = DatanetsPalletId;
    type ReviewPeriod = ConstU32<10>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
}

impl pallet_models::Config for Test {
    type Consideration = Deposit<ModelDeposit>;
    type Currency = Balances;
    type Methods = Everything;
    type PriceNotice = ConstU32<10>;
    type WeightInfo = pallet_models::weights::SubstrateWeight<Test>;
}

/// The existential deposit.
pub const ED: Balance = 10;
/// The delay before a payer may close.
pub const DELAY: BlockNumber = 5;

parameter_types! {
    /// What the pot was handed, in order.
    pub static Handed: Vec<Settled<AccountId32>> = Vec::new();
    /// Whether the pot refuses.
    pub static Refuses: bool = false;
}

/// How many contributions the pot takes note of.
pub const ENTERED: u32 = 3;

/// A pot that remembers what it was handed.
pub struct Pot;

impl OnSettlement<AccountId32> for Pot {
    fn pot() -> AccountId32 {
        AccountId32::new(*b"the pot of the attribution palle")
    }

    fn on_settlement(settled: Settled<AccountId32>) -> Result<(SettlementId, u32), DispatchError> {
        if Refuses::get() {
            return Err(DispatchError::Other("refused"));
        }
        let mut handed = Handed::get();
        handed.push(settled);
        let id = handed.len() as SettlementId - 1;
        Handed::set(handed);
        Ok((id, ENTERED))
    }
}

impl Config for Test {
    type CloseDelay = ConstU32<DELAY>;
    type Currency = Balances;
    type MaxClaims = ConstU32<64>;
    type MaxReceipts = ConstU32<1_000_000>;
    type MinDeposit = ConstU128<100>;
    type OnSettlement = Pot;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

pub fn ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![(Pot::pot(), ED)],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext.execute_with(|| {
        System::set_block_number(1);
        Handed::set(Vec::new());
        Refuses::set(false);
    });
    ext
}

/// Runs a test, and checks all invariants, and that no unit came or went, afterwards.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        Payments::integrity_test();
        Payments::do_try_state().unwrap();
        let balances = frame_system::Account::<Test>::iter_values()
            .map(|account| account.data.free + account.data.reserved)
            .sum::<Balance>();
        assert_eq!(balances, Balances::total_issuance());
        let handed = Handed::get().iter().map(|settled| settled.total_fee).sum::<Balance>();
        assert_eq!(Balances::total_balance(&Pot::pot()), ED + handed);
    });
}

/// What is on hold for channels of `who`.
pub fn held(who: &AccountId32) -> Balance {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&HoldReason::Channel.into(), who)
}

/// Freezes `amount` units of `who`, as vesting does.
pub fn freeze(who: &AccountId32, amount: Balance) {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    Balances::set_lock(*b"unvested", who, amount, WithdrawReasons::all());
}

pub fn signed(who: &AccountId32) -> RuntimeOrigin {
    RuntimeOrigin::signed(who.clone())
}

/// The event that the pallet deposited last.
pub fn last_event() -> Event<Test> {
    System::read_events_for_pallet::<Event<Test>>().pop().unwrap()
}
