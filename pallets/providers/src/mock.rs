//! A runtime of this pallet and balances.

use crate as pallet_providers;
use crate::*;
use frame_support::{
    assert_noop, derive_impl,
    traits::{ConstU128, ConstU32, VariantCountOf},
};
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
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
    type ExistentialDeposit = ConstU128<1>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
}

pub const MIN_BOND: Balance = 100;
pub const DELAY: BlockNumber = 10;
pub const FUNDS: Balance = 10_000;

impl Config for Test {
    type Currency = Balances;
    type MaxAttributors = ConstU32<3>;
    type MinBond = ConstU128<MIN_BOND>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UnbondingDelay = ConstU32<DELAY>;
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

pub fn held(role: Role, n: u8) -> Balance {
    use fungible::InspectHold;
    Balances::balance_on_hold(&HoldReason::from(role).into(), &account(n))
}

pub fn ext(providers: Vec<GenesisProvider<AccountId32>>) -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..10).map(|n| (account(n), FUNDS)).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    pallet_providers::GenesisConfig::<Test> { providers }.assimilate_storage(&mut storage).unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test from an empty registry, and checks all invariants and the total issuance afterwards.
pub fn run(test: impl FnOnce()) {
    ext(Vec::new()).execute_with(|| {
        test();
        check();
    });
}

/// Checks all invariants, and that no OPEN came or went.
pub fn check() {
    Providers::integrity_test();
    Providers::do_try_state().unwrap();
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
