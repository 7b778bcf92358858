//! What the pallets share, on a chain with balances and one pallet that holds money.

use frame_support::{
    assert_noop, assert_ok, storage_alias,
    traits::{
        fungible::{Inspect, InspectHold},
        LockableCurrency, WithdrawReasons,
    },
};
use pallet_common::{forfeit, genesis, hold_unfrozen, next_id, now, release};
use sp_runtime::{AccountId32, ArithmeticError, TokenError};

const ED: u128 = 10;

pallet_testing::chain!(ED; 43: Providers = pallet_providers);
pallet_testing::providers!(attributors: 3, delay: 10);

const REASON: RuntimeHoldReason =
    RuntimeHoldReason::Providers(pallet_providers::HoldReason::OperatorBond);

fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

/// Account 1 has 1,000 units, account 2 nothing.
fn run(test: impl FnOnce()) {
    begin(storage(vec![(account(1), 1_000)])).execute_with(|| {
        test();
        assert_conserved();
    });
}

fn held() -> u128 {
    Balances::balance_on_hold(&REASON, &account(1))
}

fn hold(amount: u128) -> Result<(), sp_runtime::DispatchError> {
    hold_unfrozen::<Balances, _>(&REASON, &account(1), amount)
}

fn freeze(amount: u128) {
    Balances::set_lock(*b"unvested", &account(1), amount, WithdrawReasons::all());
}

#[test]
fn hold_should_be_refused_when_some_of_the_free_money_is_frozen() {
    run(|| {
        freeze(11);
        assert_noop!(hold(100), TokenError::Frozen);
        freeze(0);
        assert_ok!(hold(100));
        assert_eq!(held(), 100);
        // What is on hold covers the freeze: none of the free money is frozen.
        freeze(100);
        assert_ok!(hold(100));
        assert_noop!(hold(800), TokenError::FundsUnavailable);
    });
}

#[test]
fn release_should_return_all_or_nothing() {
    run(|| {
        assert_ok!(hold(100));
        assert_noop!(
            release::<Balances, _>(&REASON, &account(1), 101),
            TokenError::FundsUnavailable
        );
        assert_ok!(release::<Balances, _>(&REASON, &account(1), 60));
        assert_eq!((held(), Balances::balance(&account(1))), (40, 960));
    });
}

#[test]
fn forfeit_should_pay_all_or_nothing_whatever_was_frozen_since() {
    run(|| {
        let pay = |amount| forfeit::<Balances, _>(&REASON, &account(1), &account(2), amount);
        assert_ok!(hold(100));
        // More than all that is on hold.
        assert_noop!(pay(101), TokenError::Frozen);
        freeze(1_000);
        assert_noop!(pay(ED - 1), TokenError::CannotCreate);
        assert_ok!(pay(60));
        assert_eq!((held(), Balances::balance(&account(2))), (40, 60));
    });
}

#[storage_alias]
type Next = StorageValue<Common, u8, frame_support::pallet_prelude::ValueQuery>;

#[test]
fn next_id_should_count_from_zero_and_never_return() {
    run(|| {
        assert_eq!([next_id::<Next, _>(), next_id::<Next, _>()], [Ok(0), Ok(1)]);
        Next::put(u8::MAX - 1);
        assert_eq!(next_id::<Next, _>(), Ok(u8::MAX - 1));
        assert_eq!(next_id::<Next, _>(), Err(ArithmeticError::Overflow));
        assert_eq!(Next::get(), u8::MAX);
    });
}

#[test]
fn clock_should_be_the_chains() {
    run(|| {
        System::set_block_number(7);
        assert_eq!(now::<Test>(), 7);
        assert_eq!(genesis::<Test>(), System::block_hash(0));
    });
}
