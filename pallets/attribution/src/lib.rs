//! # Attribution
//!
//! Divides the fee of each settlement among everybody who made its answers possible, by a computation
//! that a committee does off chain and anybody can repeat.
//!
//! ## Surface
//!
//! A settlement arrives from `pallet-payments` (`submission`). Then:
//!
//! 1. A *committee* of attributors is drawn at random, weighted by bond ([`draw`]).
//! 2. Each member's off-chain worker ([`worker`]) has its engine compute the *share vector* and
//!    [`commit`](Pallet::commit)s to it.
//! 3. When all have committed, or the time is up, the workers [`reveal`](Pallet::reveal) their vectors.
//!    The entry-wise median of what more than half revealed are the shares (`decide`).
//! 4. A window is open in which anybody can doubt them. [`challenge`](Pallet::challenge) has a larger
//!    committee compute them again, and the loser pays the winner (`judge`).
//!    [`prove_fraud`](Pallet::prove_fraud) shows one member's wrong step, which voids its result (`fraud`).
//! 5. When the window is over, every member is judged (`judge`) and the fee is divided (`divide`).
//! 6. Everybody takes what is theirs (`accounts`): [`claim`](Pallet::claim),
//!    [`claim_contributions`](Pallet::claim_contributions).
//!
//! Anyone can [`advance`](Pallet::advance) a settlement whose time is up. Where too few answered, another
//! committee is drawn. After [`Parameters::max_attempts`] committees, the pools of the datanets get all of
//! the data's part.
//!
//! A hook draws the committees, at most [`MAX_DRAWS`] in a block, in the block after the one that called for
//! them: whoever sends a transaction must not know what it draws. No hook pays or judges.
//!
//! ## Cross-pallet contract
//!
//! - `pallet-payments` calls [`OnSettlement`] with the fee in the pot already; its `Currency` is the
//!   one of this pallet.
//! - `pallet-providers` knows the attributors, their bonds, and for whom a worker signs.
//! - `pallet-models` knows what a version was trained on, who owns its lineage, and what its licences
//!   demand for the data; `pallet-datanets` who is paid for a contribution and how many records it has.
//! - `pallet-emission` keeps the datanets' budgets: when a settlement ends, they add to what its data
//!   earned (`matching.rs`).
//! - `pallet-datanets` calls [`OnPayoutChange`] before another account is paid for a contribution: what
//!   it earned until then, in its pool too, is credited to who was paid so far.
//! - The runtime gives randomness, the parameters that governance sets, and the treasury's account. It
//!   endows the [pot](Pallet::pot) with the existential deposit at genesis, which stays there for ever:
//!   so the first fee may be below it, and the last claim need not leave it behind.
//!
//! ## Money model
//!
//! All that is settled and not yet paid out lies in the pot. At any time
//!
//! ```text
//! pot ≥ existential deposit
//!     + Σ total_fee of settlements that are not over
//!     + Σ Credits                              operators, attributors, owners, former payees
//!     + Σ Earned.accrued − Earned.claimed      contributions: direct, and collected from pools
//!     + Σ PoolEntries.units × (Pools.per_unit − entry_per_unit)   contributions: still in the pools
//!     + Σ Pools.carry                          pools: what did not divide
//! ```
//!
//! with equality unless somebody made the pot a present. When a settlement ends, its fee leaves the
//! second line and goes to the lines below and, in one transfer, to the treasury. What the emission adds
//! comes from outside and goes to the contributions and the pools. `try_state` checks that what
//! contributions accrued and pools carry is exactly what the data was ever given.
//!
//! Everything rounds down, and what that leaves is the treasury's. If the treasury cannot receive its
//! part, the part is credited and claimed later. A claim fails, and the credit stays, when the receiver
//! has no account and would get less than the existential deposit.
//!
//! A challenger's bond is on hold on its own account, for [`HoldReason::Challenge`], until the challenge
//! ends. What attributors lose of their bonds goes straight to the treasury. Where a challenger or a
//! prover was right, [`Config::SlashReward`] of it goes to them.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(any(test, feature = "runtime-benchmarks")),
    deny(
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing
    )
)]

extern crate alloc;

mod accounts;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod decide;
mod divide;
pub mod draw;
mod fraud;
mod judge;
mod matching;
#[cfg(test)]
mod mock;
mod parameters;
mod submission;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;
pub mod worker;

pub use pallet::*;
pub use parameters::*;
pub use types::*;
pub use weights::WeightInfo;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{
    dispatch::Pays,
    pallet_prelude::*,
    traits::{fungible::Mutate as _, tokens::Preservation, Randomness},
    PalletId,
};
use frame_system::{
    offchain::{AppCrypto, CreateSignedTransaction},
    pallet_prelude::*,
};
use judge::Answer;
use openledger_primitives::{
    attribution::Attribution,
    fraud::Fraud,
    pool::{Pool, PoolEntry},
    reads::{Claimable, ContributionClaim, Phase, SettlementState},
    shares::{ShareList, ShareVector, MAX_SHARES},
    Balance, BlockNumber, ContentId, ContributionId, DatanetId, ModelId, ModelVersion, Ppm,
    SettlementId, H256,
};
use pallet_common::{forfeit, genesis, hold_unfrozen, next_id, now, release};
use pallet_datanets::OnPayoutChange;
use pallet_models::MAX_LINEAGE;
use pallet_payments::{OnSettlement, Settled};
use sp_runtime::{traits::AccountIdConversion, AccountId32, ArithmeticError, SaturatedConversion};

/// The account that holds what is settled and not yet claimed is derived from this.
pub const PALLET_ID: PalletId = PalletId(*b"ol/attrb");
/// The most committees that are drawn in one block.
pub const MAX_DRAWS: u32 = 32;
/// The most settlements that wait for their committees to be drawn.
pub const MAX_UNDRAWN: u32 = 8 * MAX_DRAWS;
/// The most contributions that one call claims for.
pub const MAX_CLAIMED: u32 = 32;

/// Money is what channels hold.
pub(crate) type CurrencyOf<T> = <T as pallet_payments::Config>::Currency;
/// A settlement as this runtime stores it.
pub type SettlementOf<T> = Settlement<<T as frame_system::Config>::AccountId>;

// What the attributes below expand to has an `expect` here and there, and calls take what they take.
#[allow(clippy::expect_used, clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(4);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId32, Hash = H256>
        + CreateSignedTransaction<Call<Self>>
        + pallet_datanets::Config
        + pallet_emission::Config
        + pallet_payments::Config
    {
        /// The key with which an attributor's off-chain worker signs: [`worker::crypto::WorkerKey`].
        type AuthorityId: AppCrypto<Self::Public, Self::Signature>;

        /// What committees are drawn by. Nobody who submits a settlement may know it beforehand.
        type Randomness: Randomness<H256, BlockNumberFor<Self>>;

        /// The parameters of settlements to come; those out of range are corrected, see
        /// [`Parameters::in_range`].
        type Parameters: Get<Parameters>;

        /// The treasury's account.
        type Treasury: Get<Self::AccountId>;

        /// The runtime's reasons for a hold.
        type RuntimeHoldReason: From<HoldReason>
            + Into<<Self as pallet_payments::Config>::RuntimeHoldReason>;

        /// The least bond of a challenge, in units.
        #[pallet::constant]
        type MinChallengeBond: Get<Balance>;

        /// What a prover or a challenger who was right receives of what the liars lose of their bonds, in
        /// parts per million; the rest is the treasury's. With all of it, a liar who is about to be
        /// found out would have a friend prove it and lose nothing.
        #[pallet::constant]
        type SlashReward: Get<Ppm>;

        /// The most settlements that one attributor works on at a time. Whoever has as many is not drawn.
        #[pallet::constant]
        type MaxJobs: Get<u32>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why funds are on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A challenger's bond.
        Challenge,
    }

    /// All settlements.
    #[pallet::storage]
    pub type Settlements<T: Config> =
        StorageMap<_, Twox64Concat, SettlementId, SettlementOf<T>, OptionQuery>;

    /// The id of the next settlement.
    #[pallet::storage]
    pub type NextSettlementId<T: Config> = StorageValue<_, SettlementId, ValueQuery>;

    /// The settlements whose committees are drawn at the beginning of the next blocks, the oldest first.
    #[pallet::storage]
    pub type Undrawn<T: Config> =
        StorageValue<_, BoundedVec<SettlementId, ConstU32<MAX_UNDRAWN>>, ValueQuery>;

    /// What the members of the present committee committed to.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        SettlementId,
        Blake2_128Concat,
        T::AccountId,
        H256,
        OptionQuery,
    >;

    /// What the members of the present committee revealed.
    #[pallet::storage]
    pub type Reveals<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        SettlementId,
        Blake2_128Concat,
        T::AccountId,
        Attribution,
        OptionQuery,
    >;

    /// What the members of a committee revealed whose result was challenged.
    #[pallet::storage]
    pub type Contested<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        SettlementId,
        Blake2_128Concat,
        T::AccountId,
        ShareVector,
        OptionQuery,
    >;

    /// The settlements on which an attributor has to work now.
    #[pallet::storage]
    pub type JobsOf<T: Config> = StorageMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        BoundedVec<SettlementId, <T as Config>::MaxJobs>,
        ValueQuery,
    >;

    /// What an account may claim for its work and its models, and for contributions that it was paid for
    /// before another account was, in units.
    #[pallet::storage]
    pub type Credits<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Balance, ValueQuery>;

    /// What each contribution earned, without what still lies in its pool.
    #[pallet::storage]
    pub type Earned<T: Config> = StorageMap<_, Twox64Concat, ContributionId, Earnings, ValueQuery>;

    /// What each datanet's contributions earn together.
    #[pallet::storage]
    pub type Pools<T: Config> = StorageMap<_, Twox64Concat, DatanetId, Pool, ValueQuery>;

    /// How many of a model version's contributions, ascending, have entered their pools. At most 256
    /// enter at each settlement, which bounds its cost.
    #[pallet::storage]
    pub type Entered<T: Config> =
        StorageDoubleMap<_, Twox64Concat, ModelId, Twox64Concat, ModelVersion, u32, ValueQuery>;

    /// The contributions in their datanet's pool.
    #[pallet::storage]
    pub type PoolEntries<T: Config> =
        StorageMap<_, Twox64Concat, ContributionId, PoolEntry, OptionQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A committee was drawn for a settlement.
        CommitteeDrawn {
            /// The settlement whose shares the committee computes.
            settlement: SettlementId,
            /// Which committee this is, from 1.
            attempt: u8,
            /// Its members; nobody, if there was nobody to be drawn.
            committee: Vec<T::AccountId>,
            /// The last block in which they may commit.
            deadline: BlockNumber,
        },
        /// A member committed to its result.
        Committed {
            /// The settlement whose shares were computed.
            settlement: SettlementId,
            /// The member of its committee.
            attributor: T::AccountId,
        },
        /// The committee may reveal.
        RevealStarted {
            /// The settlement whose committee may reveal.
            settlement: SettlementId,
            /// The last block in which it may.
            deadline: BlockNumber,
        },
        /// A member revealed its result.
        Revealed {
            /// The settlement whose shares were revealed.
            settlement: SettlementId,
            /// The member of its committee.
            attributor: T::AccountId,
        },
        /// A settlement is final: its fee is divided.
        Finalised {
            /// The settlement that is over.
            settlement: SettlementId,
            /// Whose shares.
            shares: ShareVector,
            /// How the fee was divided.
            split: openledger_primitives::split::Split,
            /// What the ecosystem's emission added to the data's part, in units.
            emission: Balance,
            /// The members within the tolerance, who are paid.
            accepted: Vec<T::AccountId>,
        },
        /// No committee answered: the data part of a settlement went to the pools.
        FellBack {
            /// The settlement that is over.
            settlement: SettlementId,
            /// How the fee was divided.
            split: openledger_primitives::split::Split,
            /// What the ecosystem's emission added to the data's part, in units.
            emission: Balance,
        },
        /// An account was paid for its work and its models.
        Claimed {
            /// The account that was paid.
            account: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
        /// A contributor was paid for a contribution.
        ContributionClaimed {
            /// The contribution that earned it.
            contribution: ContributionId,
            /// Who was paid.
            account: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
        /// A committee found the shares of a settlement.
        Decided {
            /// The settlement that can be challenged now.
            settlement: SettlementId,
            /// Whose shares.
            shares: ShareVector,
            /// The last block in which they can be challenged.
            deadline: BlockNumber,
        },
        /// The shares of a settlement were challenged.
        Challenged {
            /// The settlement whose shares a larger committee computes again.
            settlement: SettlementId,
            /// The account that doubts the shares.
            challenger: T::AccountId,
            /// What the challenger has at stake, in units.
            bond: Balance,
        },
        /// A member's result was proven wrong, and is void.
        FraudProven {
            /// The settlement in whose committee the member was.
            settlement: SettlementId,
            /// The member that lost part of its bond.
            attributor: T::AccountId,
            /// The account that proved it.
            prover: T::AccountId,
            /// What the prover received from the member's bond, in units.
            reward: Balance,
        },
        /// A challenge ended.
        ChallengeResolved {
            /// The settlement that was challenged.
            settlement: SettlementId,
            /// Who was right.
            resolution: Resolution,
        },
        /// Another account is paid for a contribution from now on: what it had earned was credited.
        EarningsCredited {
            /// The contribution whose payee changes.
            contribution: ContributionId,
            /// Who was paid until now.
            account: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such settlement, commitment or contribution, or nothing to claim.
        NotFound,
        /// This member has committed, or revealed, already.
        AlreadyExists,
        /// The account is no member's worker.
        NotMember,
        /// The settlement is not in the phase that this needs.
        WrongPhase,
        /// The phase is not over yet.
        TooEarly,
        /// The phase is over: `advance` the settlement.
        Expired,
        /// The shares are out of order, zero somewhere, or do not sum to 1,000,000 with the pool.
        InvalidShares,
        /// The shares name a contribution that the model's version was not trained on.
        UnknownContribution,
        /// The commitment was made to something else: another result, salt or attempt.
        InvalidReveal,
        /// There are not enough attributors outside the committee for a larger one.
        TooFew,
        /// The proof shows something that the member did not commit to, or that does not exist.
        InvalidProof,
        /// What the proof shows is right.
        NotWrong,
        /// Too many settlements wait for their committees: try again in the next block.
        TooMany,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(<T as Config>::MaxJobs::get() > 0, "an attributor must be able to work");
            let parameters = T::Parameters::get();
            assert!(parameters.is_valid(), "parameters are out of range");
            assert!(
                parameters.liability() <= <T as pallet_providers::Config>::UnbondingDelay::get(),
                "a bond must outlast what it answers for"
            );
        }

        /// Draws the committees that settlements of the block before wait for. By now that block's own VRF
        /// output is known, and it was not when those transactions were sent.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            <T as Config>::WeightInfo::draw_committees(Self::draw_committees())
        }

        fn offchain_worker(now: BlockNumberFor<T>) {
            worker::run::<T>(now.saturated_into());
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// As the worker of a committee's member, commit to a result.
        ///
        /// `commitment` is the tagged BLAKE2b-256 hash over the genesis hash, the settlement, the
        /// attempt, the attributor's account, a salt that you keep, and the result. Free of charge
        /// when it succeeds. When all members have committed, revealing begins at once.
        #[pallet::call_index(0)]
        pub fn commit(
            origin: OriginFor<T>,
            settlement: SettlementId,
            commitment: H256,
        ) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            Self::take_commitment(settlement, &worker, commitment)?;
            Ok(Pays::No.into())
        }

        /// As the worker of a committee's member, reveal the result that you committed to.
        ///
        /// `shares` are ascending by contribution, none zero, and sum to 1,000,000 parts per million
        /// with `pool`; `query_root` and `work_root` commit to how they were computed, and `report` is
        /// the content id of the job report that shows it. Free of charge when it succeeds. With the
        /// last reveal the shares are found, and the window opens in which they can be challenged.
        #[pallet::call_index(1)]
        #[pallet::weight(<T as Config>::WeightInfo::reveal_last())]
        pub fn reveal(
            origin: OriginFor<T>,
            settlement: SettlementId,
            shares: ShareList,
            pool: Ppm,
            query_root: H256,
            work_root: H256,
            report: ContentId,
            salt: H256,
        ) -> DispatchResultWithPostInfo {
            let worker = ensure_signed(origin)?;
            let shares = ShareVector::new(shares, pool).map_err(|_| Error::<T>::InvalidShares)?;
            let attribution = Attribution { shares, query_root, work_root, report };
            let is_last = Self::take_reveal(settlement, &worker, attribution, &salt)?;
            let weight = (!is_last).then(<T as Config>::WeightInfo::reveal);
            Ok((weight, Pays::No).into())
        }

        /// Move a settlement on whose time is up. Anyone may; free of charge when it succeeds.
        ///
        /// From committing to revealing, and from revealing to shares, if more than half of the
        /// committee answered; if not, another committee is drawn, and after the last attempt the data
        /// part goes to the datanets' pools. From shares that nobody challenged in time to the division
        /// of the fee. A settlement for which nobody could be drawn gets its committee at any time, as
        /// soon as there is somebody. Committees are drawn at the beginning of the next block.
        #[pallet::call_index(2)]
        #[pallet::weight(
            <T as Config>::WeightInfo::advance_decide()
                .max(<T as Config>::WeightInfo::advance_redraw())
                .max(Pallet::<T>::most_to_finalise())
        )]
        pub fn advance(
            origin: OriginFor<T>,
            settlement: SettlementId,
        ) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            let mut entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
            let weight = Self::move_on(settlement, &mut entry)?;
            Settlements::<T>::insert(settlement, entry);
            Ok((weight, Pays::No).into())
        }

        /// Pay an account what it earned as operator, attributor or owner of models, and with contributions
        /// that are no longer its own. Anyone may.
        ///
        /// It fails, and the credit stays, when the account does not exist yet and the credit is less
        /// than the existential deposit.
        #[pallet::call_index(3)]
        pub fn claim(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::pay_credit(account)
        }

        /// Pay contributors what contributions of theirs earned, directly and through the pools. Anyone
        /// may, for at most 32 contributions at once.
        ///
        /// It fails for all, and the earnings stay, when one of the contributors cannot be paid: it has
        /// no account yet and its part is less than the existential deposit.
        #[pallet::call_index(4)]
        #[pallet::weight(
            <T as Config>::WeightInfo::claim_contributions(ids.len().saturated_into())
        )]
        pub fn claim_contributions(
            origin: OriginFor<T>,
            ids: BoundedVec<ContributionId, ConstU32<MAX_CLAIMED>>,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::pay_contributions(ids)
        }

        /// Challenge the shares that a committee found: a larger one, of other attributors, computes
        /// them again.
        ///
        /// A bond in proportion to the fee is held on your account. If the larger committee finds
        /// something else, its result counts, your bond returns, and you receive part of what those lose
        /// who were wrong. If it finds the same, your bond is theirs. One challenge for each
        /// settlement, before its deadline; it freezes this settlement only. An account with frozen or
        /// unvested money cannot challenge.
        #[pallet::call_index(5)]
        pub fn challenge(origin: OriginFor<T>, settlement: SettlementId) -> DispatchResult {
            let challenger = ensure_signed(origin)?;
            Self::take_challenge(challenger, settlement)
        }

        /// Prove that a member of the committee miscalculated: its result is void, and you receive part
        /// of what it loses of its bond; the treasury receives the rest.
        ///
        /// The proof shows one step of the computation, under the roots that the member revealed, and
        /// the chain takes that step again. Free of charge when it succeeds, before the settlement's
        /// deadline. `openledger prove-fraud` finds the step and builds the proof.
        #[pallet::call_index(6)]
        #[pallet::weight(
            <T as Config>::WeightInfo::prove_fraud().saturating_add(
                <T as Config>::WeightInfo::advance_redraw().max(Pallet::<T>::most_to_finalise())
            )
        )]
        pub fn prove_fraud(
            origin: OriginFor<T>,
            settlement: SettlementId,
            attributor: T::AccountId,
            fraud: Box<Fraud>,
        ) -> DispatchResultWithPostInfo {
            let prover = ensure_signed(origin)?;
            let enough = Self::take_proof(prover, settlement, attributor, &fraud)?;
            let weight = enough.then(<T as Config>::WeightInfo::prove_fraud);
            Ok((weight, Pays::No).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What an account could claim now, for its work and for each contribution that it is paid for.
        pub fn claimable(account: T::AccountId) -> Claimable {
            Self::claimable_by(account)
        }

        /// Where a settlement stands.
        pub fn settlement(settlement: SettlementId) -> Option<SettlementState> {
            Settlements::<T>::get(settlement).map(|entry| entry.state(settlement))
        }

        /// The settlements on which an attributor has to work now, ascending.
        pub fn open_jobs(attributor: T::AccountId) -> Vec<SettlementId> {
            let mut jobs = JobsOf::<T>::get(attributor).into_inner();
            jobs.sort_unstable();
            jobs
        }

        /// The account that holds what is settled and not yet claimed.
        pub fn pot() -> T::AccountId {
            PALLET_ID.into_account_truncating()
        }
    }
}
