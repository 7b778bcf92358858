//! OpenLedger's own pallets: datanets, models, providers, payments, attribution, emission.

use frame_support::{
    parameter_types,
    traits::{
        fungible::HoldConsideration, ConstU32, Contains, Get, LinearStoragePrice, Randomness,
    },
    PalletId,
};
use frame_system::EnsureRoot;
use openledger_primitives::H256;
use pallet_attribution::{worker::crypto::WorkerKey, Parameters};
use sp_runtime::traits::AccountIdConversion;

use crate::{
    fees::TreasuryAccount,
    genesis, params,
    units::{deposit, DAYS, HOURS, MILLI, UNIT},
    AccountId, Attribution, Balance, Balances, BlockNumber, Hash, Runtime, RuntimeHoldReason,
};

parameter_types! {
    pub const DatanetsPalletId: PalletId = PalletId(*b"ol/datan");
    pub const DatanetDepositBase: Balance = deposit(1, 0);
    pub const DatanetDepositPerByte: Balance = deposit(0, 1);
    pub const DatanetHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Datanets(pallet_datanets::HoldReason::Deposit);
    pub const AppealBond: Balance = 10 * UNIT;
    pub const ContributionBond: Balance = UNIT;
}

impl pallet_datanets::Config for Runtime {
    type AppealBond = AppealBond;
    type AppealOrigin = EnsureRoot<AccountId>;
    type AppealPeriod = ConstU32<{ 7 * DAYS }>;
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        DatanetHoldReason,
        LinearStoragePrice<DatanetDepositBase, DatanetDepositPerByte, Balance>,
    >;
    type ContributionBond = ContributionBond;
    type Currency = Balances;
    type OnPayoutChange = Attribution;
    type PalletId = DatanetsPalletId;
    type ReviewPeriod = ConstU32<{ 7 * DAYS }>;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_datanets::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const ModelDepositBase: Balance = deposit(1, 0);
    pub const ModelDepositPerByte: Balance = deposit(0, 1);
    pub const ModelHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Models(pallet_models::HoldReason::Deposit);
}

/// The methods that governance has chosen. Benchmarks make up their own, and read the list all the same.
pub struct ChosenMethods;

impl Contains<H256> for ChosenMethods {
    fn contains(method: &H256) -> bool {
        let chosen = params::attribution::Methods::get();
        chosen.contains(method) || cfg!(feature = "runtime-benchmarks")
    }
}

impl pallet_models::Config for Runtime {
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        ModelHoldReason,
        LinearStoragePrice<ModelDepositBase, ModelDepositPerByte, Balance>,
    >;
    type Currency = Balances;
    type Methods = ChosenMethods;
    type PriceNotice = ConstU32<HOURS>;
    type WeightInfo = pallet_models::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const MinBond: Balance = 1_000 * UNIT;
}

impl pallet_providers::Config for Runtime {
    type Currency = Balances;
    type MaxAttributors = ConstU32<256>;
    type MinBond = MinBond;
    type RuntimeHoldReason = RuntimeHoldReason;
    type UnbondingDelay = ConstU32<{ 7 * DAYS }>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const MinChannelDeposit: Balance = MILLI;
}

impl pallet_payments::Config for Runtime {
    type CloseDelay = ConstU32<HOURS>;
    type Currency = Balances;
    type MaxClaims = ConstU32<64>;
    type MaxReceipts = ConstU32<1_000_000>;
    type MinDeposit = MinChannelDeposit;
    type OnSettlement = Attribution;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WeightInfo = pallet_payments::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const MinChallengeBond: Balance = 10 * UNIT;
}

impl pallet_attribution::Config for Runtime {
    type AuthorityId = WorkerKey;
    type MaxJobs = ConstU32<64>;
    type MinChallengeBond = MinChallengeBond;
    // Half: a liar whose friend proves the lie still loses as much as the friend gets.
    type SlashReward = ConstU32<500_000>;
    type Parameters = AttributionParameters;
    type Randomness = CommitteeRandomness;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Treasury = TreasuryAccount;
    type WeightInfo = pallet_attribution::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub CommunityAccount: AccountId = genesis::COMMUNITY.into_account_truncating();
}

impl pallet_emission::Config for Runtime {
    type GovernanceOrigin = EnsureRoot<AccountId>;
    type Period = ConstU32<HOURS>;
    type Rate = params::emission::PerBlock;
    type Source = CommunityAccount;
    type WeightInfo = pallet_emission::weights::SubstrateWeight<Runtime>;
}

/// What governance has set for settlements to come.
pub struct AttributionParameters;

impl Get<Parameters> for AttributionParameters {
    fn get() -> Parameters {
        use params::attribution as tuned;

        Parameters {
            split: tuned::Split::get(),
            committee: tuned::Committee::get(),
            commit_blocks: tuned::CommitBlocks::get(),
            reveal_blocks: tuned::RevealBlocks::get(),
            tolerance: tuned::Tolerance::get(),
            floor: tuned::Floor::get(),
            trace: tuned::Trace::get(),
            royalty: tuned::Royalty::get(),
            max_attempts: tuned::MaxAttempts::get(),
            challenge_blocks: tuned::ChallengeBlocks::get(),
            challenge_bond: tuned::ChallengeBond::get(),
            slash: tuned::Slash::get(),
            silence_slash: tuned::SilenceSlash::get(),
            matching: tuned::Matching::get(),
        }
    }
}

/// BABE's randomness of the epoch before, and the VRF output of the parent block's author.
///
/// The first is known for a whole epoch: alone, it would let whoever submits a settlement choose the
/// moment at which the committee suits. Committees are drawn at the beginning of a block, so the second is
/// that of the block whose transactions called for them: only its author knew it before.
pub struct CommitteeRandomness;

impl Randomness<Hash, BlockNumber> for CommitteeRandomness {
    fn random(subject: &[u8]) -> (Hash, BlockNumber) {
        let (epoch, since) = pallet_babe::RandomnessFromOneEpochAgo::<Runtime>::random(subject);
        match pallet_babe::ParentBlockRandomness::<Runtime>::random(epoch.as_bytes()) {
            (Some(both), parent) => (both, parent),
            (None, _) => (epoch, since),
        }
    }
}
