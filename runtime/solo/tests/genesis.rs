//! What each preset puts on the chain.

use crate::common::state_of;
use frame_support::{traits::Currency, PalletId};
use openledger_runtime::{
    fees::TreasuryAccount,
    genesis::{self, worker_account},
    units::{DAYS, MONTHS, TOTAL_ISSUANCE, UNIT},
    AccountId, Attribution, Balance, Balances, BlockNumber, Emission, Providers, Runtime, Session,
    System, Vesting,
};
use openledger_runtime_common::distribution;
use pallet_vesting::Vesting as Schedules;
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::AccountIdConversion;

fn sum_of_balances() -> Balance {
    frame_system::Account::<Runtime>::iter()
        .map(|(_, account)| account.data.free + account.data.reserved)
        .sum()
}

/// What of an account's OPEN may be sent on at `block`, after `vest_other`.
fn free_at(account: &AccountId, block: BlockNumber) -> Balance {
    System::set_block_number(block);
    let locked: Balance = Schedules::<Runtime>::get(account)
        .into_iter()
        .flatten()
        .map(|schedule| schedule.locked_at::<sp_runtime::traits::ConvertInto>(block))
        .sum();
    Balances::total_balance(account) - locked
}

fn held_by(pallet: PalletId) -> AccountId {
    pallet.into_account_truncating()
}

#[test]
fn every_preset_should_issue_exactly_a_thousand_million_open() {
    let names = genesis::preset_names();
    assert_eq!(names, ["development", "local", "live"]);
    for name in names {
        state_of(&name).execute_with(|| {
            assert_eq!(Balances::total_issuance(), TOTAL_ISSUANCE, "{name}");
            assert_eq!(TOTAL_ISSUANCE, 10u128.pow(27));
            assert_eq!(sum_of_balances(), TOTAL_ISSUANCE, "{name}");
        });
    }
}

#[test]
fn sudo_should_have_a_key_in_development_only() {
    let key = |preset| state_of(preset).execute_with(pallet_sudo::Key::<Runtime>::get);
    assert_eq!(key("development"), Some(Sr25519Keyring::Alice.to_account_id()));
    assert_eq!(key("local"), None);
    assert_eq!(key("live"), None);
}

#[test]
fn validators_should_be_those_of_the_preset() {
    let validators = |preset| state_of(preset).execute_with(Session::validators);
    assert_eq!(validators("development"), [Sr25519Keyring::AliceStash.to_account_id()]);
    let mut local = validators("local");
    local.sort();
    let mut expected =
        [Sr25519Keyring::AliceStash, Sr25519Keyring::BobStash, Sr25519Keyring::CharlieStash]
            .map(|key| key.to_account_id());
    expected.sort();
    assert_eq!(local, expected);
    assert!(validators("live").is_empty());
}

#[test]
fn workers_should_have_open_for_their_fees() {
    for preset in ["development", "local"] {
        state_of(preset).execute_with(|| {
            for attributor in [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie]
            {
                assert!(Balances::free_balance(worker_account(attributor)) >= 1_000 * UNIT);
            }
        });
    }
}

#[test]
fn attributors_should_be_registered_with_their_workers_in_local_only() {
    let attributors = [Sr25519Keyring::Alice, Sr25519Keyring::Bob, Sr25519Keyring::Charlie];
    state_of("local").execute_with(|| {
        assert_eq!(Providers::attributors().len(), attributors.len());
        for attributor in attributors {
            assert_eq!(
                Providers::attributor_of(&worker_account(attributor)),
                Some(attributor.to_account_id())
            );
        }
    });
    for preset in ["development", "live"] {
        assert!(state_of(preset).execute_with(Providers::attributors).is_empty(), "{preset}");
    }
}

#[test]
fn live_should_be_split_as_the_distribution_says() {
    state_of("live").execute_with(|| {
        let held = |pallet| Balances::total_balance(&held_by(pallet));
        let percent_hundredths = |amount: Balance| amount * 10_000 / TOTAL_ISSUANCE;
        // The treasury's, the pot's and the emission's beginnings are parts of the community's share.
        let community = held(distribution::COMMUNITY)
            + Balances::total_balance(&TreasuryAccount::get())
            + Balances::total_balance(&Attribution::pot())
            + Balances::total_balance(&Emission::account());
        assert_eq!(percent_hundredths(community), 6_171);
        assert_eq!(percent_hundredths(held(distribution::INVESTORS)), 1_829);
        assert_eq!(percent_hundredths(held(distribution::TEAM)), 1_500);
        assert_eq!(percent_hundredths(held(distribution::LIQUIDITY)), 500);
    });
}

#[test]
fn community_share_should_vest_evenly_over_48_months() {
    state_of("live").execute_with(|| {
        let account = held_by(distribution::COMMUNITY);
        let total = Balances::total_balance(&account);
        assert_eq!(free_at(&account, 0), 0);
        for months in [1, 12, 24, 47] {
            let due = total / 48 * Balance::from(months);
            let free = free_at(&account, months * MONTHS);
            // The amount per block is rounded down, by less than one unit per block.
            assert!(free <= due + 48, "{months} months");
            assert!(free + Balance::from(months * MONTHS) >= due, "{months} months");
        }
        assert_eq!(free_at(&account, 48 * MONTHS + 1), total);
    });
}

#[test]
fn investors_and_team_should_wait_12_months_and_vest_evenly_over_36() {
    state_of("live").execute_with(|| {
        for account in [distribution::INVESTORS, distribution::TEAM].map(held_by) {
            let total = Balances::total_balance(&account);
            assert_eq!(free_at(&account, 0), 0);
            assert_eq!(free_at(&account, 12 * MONTHS), 0);
            let halfway = free_at(&account, (12 + 18) * MONTHS);
            assert!(halfway <= total / 2 && halfway + Balance::from(18 * MONTHS) >= total / 2);
            assert_eq!(free_at(&account, 48 * MONTHS + 1), total);
        }
    });
}

#[test]
fn vesting_should_keep_unvested_open_from_being_sent() {
    state_of("live").execute_with(|| {
        let account = held_by(distribution::TEAM);
        System::set_block_number(13 * MONTHS);
        Vesting::vest_other(
            frame_system::RawOrigin::Signed(Sr25519Keyring::Alice.to_account_id()).into(),
            account.clone().into(),
        )
        .expect("anyone may let what is due go free");
        let spendable = Balances::usable_balance(&account);
        assert_eq!(spendable, free_at(&account, 13 * MONTHS));
        assert!(spendable < Balances::total_balance(&account));
    });
}

#[test]
fn a_month_should_be_a_twelfth_of_a_year() {
    assert_eq!(48 * MONTHS, 4 * 365 * DAYS + DAYS);
}
