//! A runtime of this pallet and balances.

use crate as pallet_datanets;
use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU32},
};
use sp_runtime::AccountId32;

pallet_testing::chain!(EXISTENTIAL_DEPOSIT; 40: DatanetsPallet = pallet_datanets);
pallet_testing::accounts!();

pub const EXISTENTIAL_DEPOSIT: Balance = 10;
pub const REVIEW_PERIOD: BlockNumber = 5;
pub const BOND: Balance = 50;
pub const APPEAL_BOND: Balance = 70;
pub const APPEAL_PERIOD: BlockNumber = 8;
/// What accounts 1 to 9 begin with.
pub const FUNDS: Balance = 1_000_000;

parameter_types! {
    pub const DepositReason: RuntimeHoldReason =
        RuntimeHoldReason::DatanetsPallet(HoldReason::Deposit);
    pub const TreasuryId: PalletId = PalletId(*b"ol/datan");
    /// What [`Ledger`] was told, in order.
    pub static PayoutChanges: Vec<(ContributionId, AccountId32)> = Vec::new();
    /// Whether it refuses.
    pub static LedgerRefuses: bool = false;
}

/// Who keeps account of earnings: remembers whose they were before they changed hands.
pub struct Ledger;

impl OnPayoutChange<AccountId32> for Ledger {
    fn before_payout_change(contribution: ContributionId, payee: &AccountId32) -> DispatchResult {
        if LedgerRefuses::get() {
            return Err(DispatchError::Other("refused"));
        }
        // Before the change, not after.
        assert_eq!(DatanetsPallet::payout_account(contribution).as_ref(), Some(payee));
        PayoutChanges::mutate(|changes| changes.push((contribution, payee.clone())));
        Ok(())
    }

    fn weight() -> Weight {
        Weight::from_parts(7, 7)
    }
}

impl Config for Test {
    type AppealBond = ConstU128<APPEAL_BOND>;
    type AppealOrigin = frame_system::EnsureRoot<AccountId32>;
    type AppealPeriod = ConstU32<APPEAL_PERIOD>;
    type Consideration = pallet_testing::deposit!(DepositReason, 100);
    type ContributionBond = ConstU128<BOND>;
    type Currency = Balances;
    type OnPayoutChange = Ledger;
    type PalletId = TreasuryId;
    type ReviewPeriod = ConstU32<REVIEW_PERIOD>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

/// What account number `n` has on hold as deposits.
pub fn held(n: u8) -> Balance {
    held_for(HoldReason::Deposit, n)
}

/// What account number `n` has on hold as bonds.
pub fn bonded(n: u8) -> Balance {
    held_for(HoldReason::Bond, n)
}

/// What account number `n` has on hold for appeals.
pub fn appealing(n: u8) -> Balance {
    held_for(HoldReason::Appeal, n)
}

fn held_for(reason: HoldReason, n: u8) -> Balance {
    use fungible::InspectHold;
    Balances::balance_on_hold(&reason.into(), &account(n))
}

/// What account number `n` has, on hold or not.
pub fn total(n: u8) -> Balance {
    Balances::total_balance(&account(n))
}

/// Freezes `amount` units of account number `n`, as vesting does.
pub fn freeze(n: u8, amount: Balance) {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    Balances::set_lock(*b"unvested", &account(n), amount, WithdrawReasons::all());
}

/// The deposit for a footprint.
pub fn deposit(footprint: Footprint) -> Balance {
    100 + Balance::from(footprint.size)
}

pub fn ext() -> sp_io::TestExternalities {
    let mut ext = begin(storage((1..10).map(|n| (account(n), FUNDS)).collect()));
    ext.execute_with(|| {
        PayoutChanges::set(Vec::new());
        LedgerRefuses::set(false);
    });
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
    DatanetsPallet::integrity_test();
    DatanetsPallet::do_try_state().unwrap();
    for n in 1..10 {
        let owner = account(n);
        let datanets = Datanets::<Test>::iter_values().filter(|d| d.owner == owner).count();
        let allowed = Allowed::<Test>::iter_values().filter(|place| place.payer == owner).count();
        let live: Vec<_> = Contributions::<Test>::iter_values()
            .filter(|c| c.contributor == owner && c.status.is_live())
            .map(|c| Datanets::<Test>::get(c.datanet).unwrap().policy)
            .map(|policy| deposit(DatanetsPallet::contribution_footprint(policy)))
            .collect();
        let expected = datanets as Balance * deposit(DatanetsPallet::datanet_footprint())
            + live.iter().sum::<Balance>()
            + allowed as Balance * deposit(DatanetsPallet::allowance_footprint());
        assert_eq!(held(n), expected, "deposits of account {n}");
        assert_eq!(bonded(n), live.len() as Balance * BOND, "bonds of account {n}");
    }
    assert_conserved();
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
