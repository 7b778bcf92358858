//! A runtime of this pallet and balances.

use crate as pallet_providers;
use crate::*;
use frame_support::traits::{ConstU128, ConstU32};
use sp_runtime::{AccountId32, BuildStorage};

pallet_testing::chain!(1; 43: Providers = pallet_providers);
pallet_testing::accounts!();

pub const MIN_BOND: Balance = 100;
pub const DELAY: BlockNumber = 10;
/// What accounts 1 to 9 begin with.
pub const FUNDS: Balance = 10_000;

impl Config for Test {
    type Currency = Balances;
    type MaxAttributors = ConstU32<3>;
    type MinBond = ConstU128<MIN_BOND>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UnbondingDelay = ConstU32<DELAY>;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

pub fn held(role: Role, n: u8) -> Balance {
    use fungible::InspectHold;
    Balances::balance_on_hold(&HoldReason::from(role).into(), &account(n))
}

pub fn ext(providers: Vec<GenesisProvider<AccountId32>>) -> sp_io::TestExternalities {
    let mut storage = storage((1..10).map(|n| (account(n), FUNDS)).collect());
    pallet_providers::GenesisConfig::<Test> { providers }.assimilate_storage(&mut storage).unwrap();
    begin(storage)
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
    assert_conserved();
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
