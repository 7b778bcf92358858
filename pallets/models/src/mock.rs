//! A runtime of this pallet, datanets and balances.

use crate as pallet_models;
use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, Equals},
};

pallet_testing::chain!(
    EXISTENTIAL_DEPOSIT;
    40: DatanetsPallet = pallet_datanets,
    41: ModelsPallet = pallet_models,
);
pallet_testing::accounts!();
pallet_testing::datanets!(DatanetsPallet, payouts: ());

pub const EXISTENTIAL_DEPOSIT: Balance = 10;
/// What accounts 1 to 9 begin with.
pub const FUNDS: Balance = 1_000_000;
/// Blocks until a higher price holds.
pub const NOTICE: BlockNumber = 10;

parameter_types! {
    pub const DepositReason: RuntimeHoldReason =
        RuntimeHoldReason::ModelsPallet(HoldReason::Deposit);
    /// The only method: that of the benchmarks too.
    pub const Method: H256 = H256([1; 32]);
}

impl Config for Test {
    type Consideration = pallet_testing::deposit!(DepositReason, 100);
    type Currency = Balances;
    type Methods = Equals<Method>;
    type PriceNotice = ConstU32<NOTICE>;
    type WeightInfo = weights::SubstrateWeight<Test>;
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
    begin(storage((1..10).map(|n| (account(n), FUNDS)).collect()))
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
    assert_conserved();
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
