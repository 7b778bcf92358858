use crate::{self as pallet_attribution, *};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{HoldConsideration, Inspect},
        ConstU128, ConstU32, Everything, Hooks, LinearStoragePrice, VariantCountOf,
    },
};
use frame_system::offchain::{CreateTransactionBase, SigningTypes};
use openledger_primitives::{split::SplitParameters, UNIT};
use pallet_payments::fixtures::{account, FUNDS};
use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
use sp_runtime::{generic, BuildStorage, MultiSignature, MultiSigner};

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
    #[runtime::pallet_index(41)]
    pub type Models = pallet_models;
    #[runtime::pallet_index(42)]
    pub type Payments = pallet_payments;
    #[runtime::pallet_index(43)]
    pub type Providers = pallet_providers;
    #[runtime::pallet_index(44)]
    pub type Attribution = pallet_attribution;
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
    pub const ModelDeposit: RuntimeHoldReason =
        RuntimeHoldReason::Models(pallet_models::HoldReason::Deposit);
}

type Price = LinearStoragePrice<ConstU128<10>, ConstU128<1>, Balance>;
type Deposit<Reason> = HoldConsideration<AccountId32, Balances, Reason, Price>;

impl pallet_providers::Config for Test {
    type Currency = Balances;
    type MaxAttributors = ConstU32<40>;
    type MinBond = ConstU128<UNIT>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UnbondingDelay = ConstU32<100>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Test>;
}

impl pallet_datanets::Config for Test {
    type AppealBond = ConstU128<70>;
    type AppealOrigin = frame_system::EnsureRoot<AccountId32>;
    type AppealPeriod = ConstU32<10>;
    type Consideration = Deposit<DatanetDeposit>;
    type ContributionBond = ConstU128<50>;
    type Currency = Balances;
    type OnPayoutChange = Attribution;
    type PalletId = DatanetsPalletId;
    type ReviewPeriod = ConstU32<10>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_datanets::weights::SubstrateWeight<Test>;
}

impl pallet_models::Config for Test {
    type Consideration = Deposit<ModelDeposit>;
    type Currency = Balances;
    type Methods = Everything;
    type PriceNotice = ConstU32<10>;
    type WeightInfo = pallet_models::weights::SubstrateWeight<Test>;
}

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
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![
            (Attribution::pot(), ED),
            (Emission::account(), ED),
            (Treasury::get(), ED),
            (Community::get(), FUNDS),
        ],
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext.execute_with(|| {
        System::set_block_number(1);
        InForce::set(PARAMETERS);
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

/// Checks all invariants, and that no unit came or went.
pub fn check() {
    InForce::set(PARAMETERS);
    Attribution::integrity_test();
    Attribution::do_try_state().unwrap();
    let balances = frame_system::Account::<Test>::iter_values()
        .map(|account| account.data.free + account.data.reserved)
        .sum::<Balance>();
    assert_eq!(balances, Balances::total_issuance());
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
