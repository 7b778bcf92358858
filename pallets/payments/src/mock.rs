//! A runtime of this pallet, those below it, and balances.

use crate::{self as pallet_payments, *};
use frame_support::{
    parameter_types,
    traits::{fungible::Inspect, ConstU128, ConstU32, Hooks},
};
use sp_runtime::AccountId32;

pallet_testing::chain!(
    ED;
    40: Datanets = pallet_datanets,
    41: Models = pallet_models,
    42: Payments = pallet_payments,
    43: Providers = pallet_providers,
);
pallet_testing::providers!(attributors: 16, delay: 10);
pallet_testing::datanets!(Datanets, payouts: ());
pallet_testing::models!(Models);

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
    let mut ext = begin(storage(vec![(Pot::pot(), ED)]));
    ext.execute_with(|| {
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
        assert_conserved();
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
