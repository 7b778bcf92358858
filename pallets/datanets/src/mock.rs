//! A runtime of this pallet and balances.

use crate as pallet_datanets;
use crate::*;
use frame_support::{
    assert_noop, derive_impl, parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU128, ConstU32, LinearStoragePrice, VariantCountOf,
    },
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
pub const REVIEW_PERIOD: BlockNumber = 5;
pub const BOND: Balance = 50;
pub const APPEAL_BOND: Balance = 70;
pub const APPEAL_PERIOD: BlockNumber = 8;
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
    type Consideration = HoldConsideration<
        AccountId32,
        Balances,
        DepositReason,
        LinearStoragePrice<ConstU128<100>, ConstU128<1>, Balance>,
    >;
    type ContributionBond = ConstU128<BOND>;
    type Currency = Balances;
    type OnPayoutChange = Ledger;
    type PalletId = TreasuryId;
    type ReviewPeriod = ConstU32<REVIEW_PERIOD>;
    type RuntimeHoldReason = RuntimeHoldReason;
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
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..10).map(|n| (account(n), FUNDS)).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
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
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 9 * FUNDS);
}
