//! How OpenLedger's own pallets are set up: datanets, models, providers, payments, attribution, emission.
//!
//! Every runtime writes [`impl_product_pallets!`](crate::impl_product_pallets) once, with what differs.

use core::marker::PhantomData;

use frame_support::{
    parameter_types,
    traits::{Contains, Get},
    PalletId,
};
use openledger_primitives::{Ppm, H256};
use pallet_attribution::Parameters;
use sp_runtime::traits::AccountIdConversion;

use crate::{
    distribution, params,
    units::{deposit, DAYS, HOURS, MILLI, UNIT},
    AccountId, Balance, BlockNumber,
};

parameter_types! {
    /// The storage deposit of a datanet and of a model, apart from its length.
    pub const DepositBase: Balance = deposit(1, 0);
    /// The same for each byte.
    pub const DepositPerByte: Balance = deposit(0, 1);

    // Datanets.
    pub const DatanetsPalletId: PalletId = PalletId(*b"ol/datan");
    pub const AppealBond: Balance = 10 * UNIT;
    pub const AppealPeriod: BlockNumber = 7 * DAYS;
    pub const ContributionBond: Balance = UNIT;
    pub const ReviewPeriod: BlockNumber = 7 * DAYS;

    // Models.
    pub const PriceNotice: BlockNumber = HOURS;

    // Providers.
    pub const MaxAttributors: u32 = 256;
    pub const MinBond: Balance = 1_000 * UNIT;
    pub const UnbondingDelay: BlockNumber = 7 * DAYS;

    // Payments.
    pub const CloseDelay: BlockNumber = HOURS;
    pub const MaxClaims: u32 = 64;
    pub const MaxReceipts: u32 = 1_000_000;
    pub const MinDeposit: Balance = MILLI;

    // Attribution.
    pub const MaxJobs: u32 = 64;
    pub const MinChallengeBond: Balance = 10 * UNIT;
    /// Half: a liar whose friend proves the lie still loses as much as the friend gets.
    pub const SlashReward: Ppm = 500_000;

    // Emission.
    pub const Period: BlockNumber = HOURS;
    pub CommunityAccount: AccountId = distribution::COMMUNITY.into_account_truncating();
}

/// The reason for which a datanet's deposit is held, as one of the runtime's `Reasons`.
pub struct DatanetDeposit<Reasons>(PhantomData<Reasons>);

impl<Reasons: From<pallet_datanets::HoldReason>> Get<Reasons> for DatanetDeposit<Reasons> {
    fn get() -> Reasons {
        pallet_datanets::HoldReason::Deposit.into()
    }
}

/// The reason for which a model's deposit is held, as one of the runtime's `Reasons`.
pub struct ModelDeposit<Reasons>(PhantomData<Reasons>);

impl<Reasons: From<pallet_models::HoldReason>> Get<Reasons> for ModelDeposit<Reasons> {
    fn get() -> Reasons {
        pallet_models::HoldReason::Deposit.into()
    }
}

/// The methods that governance has chosen. Benchmarks make up their own, and read the list all the same.
pub struct ChosenMethods;

impl Contains<H256> for ChosenMethods {
    fn contains(method: &H256) -> bool {
        let chosen = params::attribution::Methods::get();
        chosen.contains(method) || cfg!(feature = "runtime-benchmarks")
    }
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

/// Sets up the product's pallets for the runtime `Runtime`. Where it is written, `Runtime`, `Balances`,
/// `Attribution` and `RuntimeHoldReason` are in scope, and what differs between runtimes is named:
///
/// - `appeals`: the origin that decides appeals;
/// - `emission`: the origin that sets the weights of datanets in the emission;
/// - `randomness`: what committees are drawn from;
/// - `weights`: the module with the weights measured for this runtime, one in it for each pallet.
#[macro_export]
macro_rules! impl_product_pallets {
    (
        appeals: $appeals:ty,
        emission: $emission:ty,
        randomness: $randomness:ty,
        weights: $weights:ident $(,)?
    ) => {
        impl pallet_datanets::Config for Runtime {
            type AppealBond = $crate::product::AppealBond;
            type AppealOrigin = $appeals;
            type AppealPeriod = $crate::product::AppealPeriod;
            type Consideration = frame_support::traits::fungible::HoldConsideration<
                $crate::AccountId,
                Balances,
                $crate::product::DatanetDeposit<RuntimeHoldReason>,
                frame_support::traits::LinearStoragePrice<
                    $crate::product::DepositBase,
                    $crate::product::DepositPerByte,
                    $crate::Balance,
                >,
            >;
            type ContributionBond = $crate::product::ContributionBond;
            type Currency = Balances;
            type OnPayoutChange = Attribution;
            type PalletId = $crate::product::DatanetsPalletId;
            type ReviewPeriod = $crate::product::ReviewPeriod;
            type RuntimeHoldReason = RuntimeHoldReason;
            type WeightInfo = $weights::pallet_datanets::WeightInfo<Runtime>;
        }

        impl pallet_models::Config for Runtime {
            type Consideration = frame_support::traits::fungible::HoldConsideration<
                $crate::AccountId,
                Balances,
                $crate::product::ModelDeposit<RuntimeHoldReason>,
                frame_support::traits::LinearStoragePrice<
                    $crate::product::DepositBase,
                    $crate::product::DepositPerByte,
                    $crate::Balance,
                >,
            >;
            type Currency = Balances;
            type Methods = $crate::product::ChosenMethods;
            type PriceNotice = $crate::product::PriceNotice;
            type WeightInfo = $weights::pallet_models::WeightInfo<Runtime>;
        }

        impl pallet_providers::Config for Runtime {
            type Currency = Balances;
            type MaxAttributors = $crate::product::MaxAttributors;
            type MinBond = $crate::product::MinBond;
            type RuntimeHoldReason = RuntimeHoldReason;
            type UnbondingDelay = $crate::product::UnbondingDelay;
            type WeightInfo = $weights::pallet_providers::WeightInfo<Runtime>;
        }

        impl pallet_payments::Config for Runtime {
            type CloseDelay = $crate::product::CloseDelay;
            type Currency = Balances;
            type MaxClaims = $crate::product::MaxClaims;
            type MaxReceipts = $crate::product::MaxReceipts;
            type MinDeposit = $crate::product::MinDeposit;
            type OnSettlement = Attribution;
            type RuntimeHoldReason = RuntimeHoldReason;
            type WeightInfo = $weights::pallet_payments::WeightInfo<Runtime>;
        }

        impl pallet_attribution::Config for Runtime {
            type AuthorityId = pallet_attribution::worker::crypto::WorkerKey;
            type MaxJobs = $crate::product::MaxJobs;
            type MinChallengeBond = $crate::product::MinChallengeBond;
            type Parameters = $crate::product::AttributionParameters;
            type Randomness = $randomness;
            type RuntimeHoldReason = RuntimeHoldReason;
            type SlashReward = $crate::product::SlashReward;
            type Treasury = $crate::fees::TreasuryAccount;
            type WeightInfo = $weights::pallet_attribution::WeightInfo<Runtime>;
        }

        impl pallet_emission::Config for Runtime {
            type GovernanceOrigin = $emission;
            type Period = $crate::product::Period;
            type Rate = $crate::params::emission::PerBlock;
            type Source = $crate::product::CommunityAccount;
            type WeightInfo = $weights::pallet_emission::WeightInfo<Runtime>;
        }
    };
}
