//! The supply of OPEN stays what it is.

use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::Balanced, tokens::Precision, Contains, Currency, OnUnbalanced},
};
use openledger_runtime::{
    fees::{ToTreasuryAndAuthor, TreasuryAccount},
    units::{EXISTENTIAL_DEPOSIT, UNIT},
    AccountId, Balances, Runtime, RuntimeCall, RuntimeOrigin,
};
use openledger_runtime_common::KeepSupply;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{traits::Dispatchable, BuildStorage};

/// Alice and the treasury hold OPEN.
fn with_alice() -> TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Runtime>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Runtime> {
        balances: vec![(alice(), 100 * UNIT), (TreasuryAccount::get(), UNIT)],
        dev_accounts: None,
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    storage.into()
}

fn alice() -> AccountId {
    Sr25519Keyring::Alice.to_account_id()
}

#[test]
fn burn_should_be_refused() {
    with_alice().execute_with(|| {
        let burn =
            RuntimeCall::Balances(pallet_balances::Call::burn { value: UNIT, keep_alive: true });
        assert!(!KeepSupply::<Runtime>::contains(&burn));
        assert_noop!(
            burn.dispatch(RuntimeOrigin::signed(alice())),
            frame_system::Error::<Runtime>::CallFiltered
        );
    });
}

#[test]
fn dust_should_go_to_the_treasury() {
    with_alice().execute_with(|| {
        let issued = Balances::total_issuance();
        let left_over = EXISTENTIAL_DEPOSIT - 1;
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(alice()),
            Sr25519Keyring::Bob.to_account_id().into(),
            100 * UNIT - left_over,
        ));
        assert_eq!(Balances::total_balance(&alice()), 0);
        assert_eq!(Balances::free_balance(TreasuryAccount::get()), UNIT + left_over);
        assert_eq!(Balances::total_issuance(), issued);
    });
}

#[test]
fn fee_and_tip_should_go_to_the_treasury_when_a_block_has_no_author() {
    with_alice().execute_with(|| {
        let issued = Balances::total_issuance();
        let take = |amount| {
            <Balances as Balanced<AccountId>>::withdraw(
                &alice(),
                amount,
                Precision::Exact,
                frame_support::traits::tokens::Preservation::Preserve,
                frame_support::traits::tokens::Fortitude::Polite,
            )
            .unwrap()
        };
        ToTreasuryAndAuthor::<Runtime>::on_unbalanceds([take(10 * UNIT), take(UNIT)].into_iter());
        assert_eq!(Balances::free_balance(TreasuryAccount::get()), 12 * UNIT);
        assert_eq!(Balances::total_issuance(), issued);
    });
}
