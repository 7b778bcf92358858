//! A runtime of this pallet, datanets and balances.

use crate as pallet_models;
use crate::*;
use frame_support::{
    assert_noop, derive_impl, parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU128, ConstU32, Equals, LinearStoragePrice,
        VariantCountOf,
    },
    PalletId,
};
use sp_runtime::{traits::Dispatchable, AccountId32, BuildStorage};

type Block = frame_system::mocking::MockBlock<Test>;

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
    pub type DatanetsPallet = pallet_datanets;
    #[runtime::pallet_index(41)]
    pub type ModelsPallet = pallet_models;
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
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
}

pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const FUNDS: Balance = 1_000_000;
/// Blocks until a higher price holds.
pub const NOTICE: BlockNumber = 10;

parameter_types! {
    pub const DatanetReason: RuntimeHoldReason =
        RuntimeHoldReason::DatanetsPallet(pallet_datanets::HoldReason::Deposit);
    pub const DepositReason: RuntimeHoldReason =
        RuntimeHoldReason::ModelsPallet(HoldReason::Deposit);
    pub const TreasuryId: PalletId = PalletId(*b"ol/datan");
    /// The only method: that of the benchmarks too.
    pub const Method: H256 = H256([1; 32]);
}

type StoragePrice = LinearStoragePrice<ConstU128<100>, ConstU128<1>, Balance>;

impl pallet_datanets::Config for Test {
    type AppealBond = ConstU128<70>;
    type AppealOrigin = frame_system::EnsureRoot<AccountId32>;
    type AppealPeriod = ConstU32<10>;
    type Consideration = HoldConsideration<AccountId32, Balances, DatanetReason, StoragePrice>;
    type ContributionBond = ConstU128<50>;
    type Currency = Balances;
    type OnPayoutChange = ();
    type PalletId = TreasuryId;
    type ReviewPeriod = ConstU32<5>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
}

impl Config for Test {
    type Consideration = HoldConsideration<AccountId32, Balances, DepositReason, StoragePrice>;
    type Currency = Balances;
    type Methods = Equals<Method>;
    type PriceNotice = ConstU32<NOTICE>;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

/// Account number `n`. Numbers 1 to 9 have [`FUNDS`].
pub fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

/// Sends `call` from account number `n`.
pub fn send(n: u8, call: Call<Test>) -> DispatchResult {
    send_as(RuntimeOrigin::signed(account(n)), call)
}

/// Sends `call` from `origin`, as a transaction would: a failure leaves nothing behind.
pub fn send_as(origin: RuntimeOrigin, call: Call<Test>) -> DispatchResult {
    RuntimeCall::from(call).dispatch(origin).map(|_| ()).map_err(|error| error.error)
}

/// Checks that neither nobody nor Root can send `call`.
pub fn assert_needs_signature(call: Call<Test>) {
    for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
        assert_noop!(send_as(origin, call.clone()), DispatchError::BadOrigin);
    }
}

/// The last event.
pub fn last_event() -> RuntimeEvent {
    System::events().pop().expect("there is an event").event
}

/// What account number `n` has on hold.
pub fn held(n: u8) -> Balance {
    use fungible::InspectHold;
    Balances::balance_on_hold(&DepositReason::get(), &account(n))
}

/// The deposit for a footprint.
pub fn deposit(footprint: Footprint) -> Balance {
    100 + Balance::from(footprint.size)
}

pub fn ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..10).map(|n| (account(n), FUNDS)).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test from an empty chain, and checks all invariants afterwards.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// Checks all invariants, that the deposits on hold are those of what is there, and that no OPEN came
/// or went.
pub fn check() {
    ModelsPallet::integrity_test();
    ModelsPallet::do_try_state().unwrap();
    for n in 1..10 {
        let expected: Balance = Models::<Test>::iter_values()
            .filter(|model| model.owner == account(n))
            .map(|model| deposit(ModelsPallet::footprint(model.latest)))
            .sum();
        assert_eq!(held(n), expected, "deposits of account {n}");
    }
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
