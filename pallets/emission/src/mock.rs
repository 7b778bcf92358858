//! A runtime of this pallet, datanets and balances.

use crate as pallet_emission;
use crate::*;
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU128, ConstU32, LinearStoragePrice, VariantCountOf,
    },
};
use openledger_primitives::{licence::Licence, ContributionId};
use sp_runtime::{traits::Dispatchable, AccountId32, BuildStorage};

type Block = frame_system::mocking::MockBlockU32<Test>;

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
    pub type Datanets = pallet_datanets;
    #[runtime::pallet_index(45)]
    pub type Emission = pallet_emission;
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
    type ExistentialDeposit = ConstU128<ED>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
    pub const DatanetsPalletId: PalletId = PalletId(*b"ol/datan");
    pub const DatanetDeposit: RuntimeHoldReason =
        RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Deposit);
}

/// Earnings are none of these tests' business.
pub struct NoEarnings;

impl pallet_datanets::OnPayoutChange<AccountId32> for NoEarnings {
    fn before_payout_change(_: ContributionId, _: &AccountId32) -> DispatchResult {
        Ok(())
    }

    fn weight() -> Weight {
        Weight::zero()
    }
}

impl pallet_datanets::Config for Test {
    type AppealBond = ConstU128<70>;
    type AppealOrigin = frame_system::EnsureRoot<AccountId32>;
    type AppealPeriod = ConstU32<10>;
    type Consideration = HoldConsideration<
        AccountId32,
        Balances,
        DatanetDeposit,
        LinearStoragePrice<ConstU128<10>, ConstU128<1>, Balance>,
    >;
    type ContributionBond = ConstU128<1>;
    type Currency = Balances;
    type OnPayoutChange = NoEarnings;
    type PalletId = DatanetsPalletId;
    type ReviewPeriod = ConstU32<10>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
}

/// The existential deposit.
pub const ED: Balance = 10;
/// What the source has at first.
pub const POOL: Balance = 1_000_000;
/// What drips in a block.
pub const RATE: Balance = 100;
/// The least blocks between two drips.
pub const PERIOD: BlockNumber = 10;

parameter_types! {
    pub Source: AccountId32 = account(9);
    pub static InForce: Balance = RATE;
}

impl Config for Test {
    type GovernanceOrigin = frame_system::EnsureRoot<AccountId32>;
    type Period = ConstU32<PERIOD>;
    type Rate = InForce;
    type Source = Source;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

/// Account number `n`. Number 1 owns the datanets, 9 is the source, 8 is nobody.
pub fn account(n: u8) -> AccountId32 {
    AccountId32::new([n; 32])
}

/// Sends `call` from `origin`, as a transaction would: a failure leaves nothing behind.
pub fn send_as(origin: RuntimeOrigin, call: Call<Test>) -> DispatchResultWithPostInfo {
    RuntimeCall::from(call).dispatch(origin)
}

/// Sets a weight, as governance.
pub fn set(datanet: DatanetId, weight: u32) -> DispatchResult {
    send_as(RuntimeOrigin::root(), Call::set_weight { datanet, weight })
        .map(|_| ())
        .map_err(|error| error.error)
}

/// Lets it drip, as anyone.
pub fn drip() -> DispatchResultWithPostInfo {
    send_as(RuntimeOrigin::signed(account(1)), Call::drip {})
}

/// Goes on by so many blocks.
pub fn pass(blocks: BlockNumber) {
    System::set_block_number(System::block_number() + blocks);
}

/// The last event.
pub fn last_event() -> RuntimeEvent {
    System::events().pop().expect("there is an event").event
}

/// What an account has.
pub fn balance(who: &AccountId32) -> Balance {
    Balances::total_balance(who)
}

/// Datanets 0, 1 and 2, the emission's account with the existential deposit, and the source.
pub fn ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![(account(1), POOL), (Source::get(), POOL), (Emission::account(), ED)],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        InForce::set(RATE);
        for _ in 0..3 {
            Datanets::create(
                RuntimeOrigin::signed(account(1)),
                b"datanet".to_vec().try_into().unwrap(),
                Default::default(),
                Licence::OPEN,
                pallet_datanets::Policy::Open,
                vec![account(1)].try_into().unwrap(),
            )
            .unwrap();
        }
    });
    ext
}

/// Runs a test and checks all invariants afterwards.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// Checks all invariants, that the account has what it owes to the unit, and that none came or went.
pub fn check() {
    Emission::integrity_test();
    Emission::do_try_state().unwrap();
    assert_eq!(balance(&Emission::account()), ED + Emission::owed());
    let all = frame_system::Account::<Test>::iter_values()
        .map(|account| account.data.free + account.data.reserved)
        .sum::<Balance>();
    assert_eq!((all, Balances::total_issuance()), (2 * POOL + ED, 2 * POOL + ED));
}
