//! A runtime of all product pallets and balances.

use crate::{self as pallet_attribution, *};
use frame_support::{
    parameter_types,
    traits::{fungible::Inspect, ConstU128, ConstU32, Hooks},
};
use frame_system::offchain::{CreateTransactionBase, SigningTypes};
use openledger_primitives::{split::SplitParameters, PPM};
use pallet_payments::fixtures::{account, FUNDS};
use sp_runtime::{generic, MultiSignature, MultiSigner};

pallet_testing::chain!(
    ED;
    40: Datanets = pallet_datanets,
    41: Models = pallet_models,
    42: Payments = pallet_payments,
    43: Providers = pallet_providers,
    44: Attribution = pallet_attribution,
    45: Emission = pallet_emission,
);
pallet_testing::providers!(attributors: 40, delay: 100);
pallet_testing::datanets!(Datanets, payouts: Attribution);
pallet_testing::models!(Models);

impl pallet_payments::Config for Test {
    type CloseDelay = ConstU32<5>;
    type Currency = Balances;
    type MaxClaims = ConstU32<64>;
    type MaxReceipts = ConstU32<1_000_000>;
    type MinDeposit = ConstU128<1>;
    type OnSettlement = Attribution;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_payments::weights::SubstrateWeight<Test>;
}

/// The existential deposit.
pub const ED: Balance = 10;
/// Blocks to commit, and to reveal.
pub const COMMIT: BlockNumber = 10;
pub const REVEAL: BlockNumber = 6;
/// Blocks to challenge.
pub const WINDOW: BlockNumber = 4;
/// The least bond of a challenge.
pub const CHALLENGE: Balance = 1_000;
/// What a prover or challenger gets of what liars lose.
pub const REWARD: Ppm = 400_000;

/// What governance set, unless a test sets something else.
pub const PARAMETERS: Parameters = Parameters {
    split: SplitParameters::DEFAULT,
    committee: 3,
    commit_blocks: COMMIT,
    reveal_blocks: REVEAL,
    tolerance: 20_000,
    floor: 1_000,
    trace: 200_000,
    royalty: 100_000,
    max_attempts: 2,
    challenge_blocks: WINDOW,
    challenge_bond: 200_000,
    slash: 100_000,
    silence_slash: 1_000,
    matching: PPM,
};

parameter_types! {
    pub static InForce: Parameters = PARAMETERS;
    pub Treasury: AccountId32 = account("treasury", 0);
    pub Community: AccountId32 = account("community", 0);
}

impl pallet_emission::Config for Test {
    type GovernanceOrigin = frame_system::EnsureRoot<AccountId32>;
    type Period = ConstU32<1>;
    type Rate = ConstU128<1_000_000>;
    type Source = Community;
    type WeightInfo = pallet_emission::weights::SubstrateWeight<Test>;
}

/// Randomness that everybody knows.
pub struct Known;

impl Randomness<H256, BlockNumber> for Known {
    fn random(subject: &[u8]) -> (H256, BlockNumber) {
        (sp_io::hashing::blake2_256(subject).into(), 0)
    }
}

impl Config for Test {
    type AuthorityId = worker::crypto::WorkerKey;
    type MaxJobs = ConstU32<4>;
    type MinChallengeBond = ConstU128<CHALLENGE>;
    type SlashReward = ConstU32<REWARD>;
    type Parameters = InForce;
    type Randomness = Known;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Treasury = Treasury;
    type WeightInfo = weights::SubstrateWeight<Test>;
}

/// A transaction: signer, signature over call and nonce, call.
pub type Extrinsic = generic::UncheckedExtrinsic<AccountId32, RuntimeCall, MultiSignature, ()>;

impl SigningTypes for Test {
    type Public = MultiSigner;
    type Signature = MultiSignature;
}

impl<LocalCall> CreateTransactionBase<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    type Extrinsic = Extrinsic;
    type RuntimeCall = RuntimeCall;
}

impl<LocalCall> CreateSignedTransaction<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    fn create_signed_transaction<C: AppCrypto<MultiSigner, MultiSignature>>(
        call: RuntimeCall,
        public: MultiSigner,
        account: AccountId32,
        nonce: <Test as frame_system::Config>::Nonce,
    ) -> Option<Extrinsic> {
        let signature = C::sign(&(&call, nonce).encode(), public)?;
        Some(Extrinsic::new_signed(call, account, signature, ()))
    }
}

pub fn ext() -> sp_io::TestExternalities {
    let mut ext = begin(storage(vec![
        (Attribution::pot(), ED),
        (Emission::account(), ED),
        (Treasury::get(), ED),
        (Community::get(), FUNDS),
    ]));
    ext.execute_with(|| InForce::set(PARAMETERS));
    ext
}

/// Runs a test and checks all invariants afterwards.
pub fn run(test: impl FnOnce()) {
    ext().execute_with(|| {
        test();
        check();
    });
}

/// Checks all invariants, and that no unit came or went.
pub fn check() {
    InForce::set(PARAMETERS);
    Attribution::integrity_test();
    Attribution::do_try_state().unwrap();
    assert_conserved();
    assert_eq!(
        Balances::total_balance(&Attribution::pot()),
        ED + Attribution::liabilities().total(),
        "{:?}",
        Attribution::liabilities()
    );
}

pub fn signed(who: &AccountId32) -> RuntimeOrigin {
    RuntimeOrigin::signed(who.clone())
}

/// The worker of attributor number `n`.
pub fn worker_of(n: u32) -> RuntimeOrigin {
    RuntimeOrigin::signed(account("worker", n))
}

/// The events of this pallet since the block began.
pub fn events() -> Vec<Event<Test>> {
    System::read_events_for_pallet::<Event<Test>>()
}

pub fn last_event() -> Event<Test> {
    events().pop().unwrap()
}
