//! A runtime of this pallet, datanets and balances.

use crate as pallet_emission;
use crate::*;
use frame_support::{parameter_types, traits::ConstU32};
use openledger_primitives::licence::Licence;
use sp_runtime::{traits::Dispatchable, AccountId32};

pallet_testing::chain!(ED; 40: Datanets = pallet_datanets, 45: Emission = pallet_emission);
pallet_testing::datanets!(Datanets, payouts: ());

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
    let balances = vec![(account(1), POOL), (Source::get(), POOL), (Emission::account(), ED)];
    let mut ext = begin(storage(balances));
    ext.execute_with(|| {
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
    assert_conserved();
    assert_eq!(pallet_balances::TotalIssuance::<Test>::get(), 2 * POOL + ED);
}
