//! # Attribution
//!
//! Divides the fee of each settlement among everybody who made its answers possible, by a computation
//! that a committee does off chain and anybody can repeat.
//!
//! ## Surface
//!
//! A settlement arrives from `pallet-payments`. A *committee* of attributors is drawn at random,
//! weighted by bond. Each member's off-chain worker ([`worker`]) has its engine compute the *share
//! vector*, then [`commit`](Pallet::commit)s to it, and [`reveal`](Pallet::reveal)s it when all have
//! committed or the time is up. The entry-wise median of what more than half revealed are the shares,
//! unless somebody doubts them before their window is over: [`challenge`](Pallet::challenge) has a
//! larger committee compute them again, and the loser pays the winner;
//! [`prove_fraud`](Pallet::prove_fraud) shows one member's wrong step, which voids its result.
//! [`advance`](Pallet::advance) lets anyone move a settlement on when its time is up: with the
//! commitments and reveals there are; with another committee, if they are too few; after
//! [`Parameters::max_attempts`] committees with all of the data part to the pools; and after the window
//! to its end: every member is judged, and the fee divided. Everybody then takes what is theirs:
//! [`claim`](Pallet::claim), [`claim_contributions`](Pallet::claim_contributions). Nothing is paid, or
//! decided, in a hook. The one thing that a hook does is to draw committees, at most [`MAX_DRAWS`] in a
//! block, in the block after the one that called for them: whoever sends a transaction must not know
//! what it draws.
//!
//! ## Cross-pallet contract
//!
//! - `pallet-payments` calls [`OnSettlement`] with the fee in the pot already; its `Currency` is the
//!   one of this pallet.
//! - `pallet-providers` knows the attributors, their bonds, and for whom a worker signs.
//! - `pallet-models` knows what a version was trained on, who owns its lineage, and what its licences
//!   demand for the data; `pallet-datanets` who is paid for a contribution and how many records it has.
//! - `pallet-emission` keeps the datanets' budgets: when a settlement ends, they add to what its data
//!   earned ([`emission`]).
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
//! with equality unless somebody made the pot a present. Ending turns the first line into the others
//! and one transfer to the treasury, and brings what the emission adds, which is the contributions' and
//! the pools' as well. `try_state` checks that all that the data was ever given is exactly what
//! contributions accrued plus what the pools carry. Everything rounds down; what that
//! leaves is the treasury's. If the treasury cannot receive its part, it is credited like anybody else
//! and claimed later. A claim that its receiver cannot take (it would lie below the existential
//! deposit) fails, and the credit stays.
//!
//! A challenger's bond is on hold on its own account, for [`HoldReason::Challenge`], until the challenge
//! ends. What attributors lose of their bonds goes straight to the treasury; where a challenger or a
//! prover was right, [`Config::SlashReward`] of it to them.
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

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod decide;
pub mod draw;
mod emission;
mod fraud;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;
pub mod worker;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{
    dispatch::{Pays, PostDispatchInfo},
    pallet_prelude::*,
    traits::{
        fungible::{hold::Mutate as _, Mutate as _},
        tokens::Preservation,
        Randomness,
    },
    PalletId,
};
use frame_system::{
    offchain::{AppCrypto, CreateSignedTransaction},
    pallet_prelude::*,
};
use openledger_primitives::{
    attribution::Attribution,
    fraud::Fraud,
    pool::{Pool, PoolEntry},
    reads::{Claimable, ContributionClaim, Phase, SettlementState},
    shares::{ShareList, ShareVector, MAX_SHARES},
    Balance, BlockNumber, ContentId, ContributionId, DatanetId, ModelId, ModelVersion, Ppm,
    SettlementId, H256, PPM, U256,
};
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

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(3);

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

        /// The most undecided settlements of one attributor. Whoever has as many is not drawn.
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

    /// What each contribution earned, but for what still lies in its pool.
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
            /// The settlement.
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
            /// The settlement.
            settlement: SettlementId,
            /// The member.
            attributor: T::AccountId,
        },
        /// The committee may reveal.
        RevealStarted {
            /// The settlement.
            settlement: SettlementId,
            /// The last block in which it may.
            deadline: BlockNumber,
        },
        /// A member revealed its result.
        Revealed {
            /// The settlement.
            settlement: SettlementId,
            /// The member.
            attributor: T::AccountId,
        },
        /// A settlement is final: its fee is divided.
        Finalised {
            /// The settlement.
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
            /// The settlement.
            settlement: SettlementId,
            /// How the fee was divided.
            split: openledger_primitives::split::Split,
            /// What the ecosystem's emission added to the data's part, in units.
            emission: Balance,
        },
        /// An account was paid for its work and its models.
        Claimed {
            /// The account.
            account: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
        /// A contributor was paid for a contribution.
        ContributionClaimed {
            /// The contribution.
            contribution: ContributionId,
            /// Who was paid.
            account: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
        /// A committee found the shares of a settlement.
        Decided {
            /// The settlement.
            settlement: SettlementId,
            /// Whose shares.
            shares: ShareVector,
            /// The last block in which they can be challenged.
            deadline: BlockNumber,
        },
        /// The shares of a settlement were challenged.
        Challenged {
            /// The settlement.
            settlement: SettlementId,
            /// By whom.
            challenger: T::AccountId,
            /// What the challenger has at stake, in units.
            bond: Balance,
        },
        /// A member's result was proven wrong, and is void.
        FraudProven {
            /// The settlement.
            settlement: SettlementId,
            /// The member.
            attributor: T::AccountId,
            /// By whom.
            prover: T::AccountId,
            /// What the prover received from the member's bond, in units.
            reward: Balance,
        },
        /// A challenge ended.
        ChallengeResolved {
            /// The settlement.
            settlement: SettlementId,
            /// How.
            resolution: Resolution,
        },
        /// Another account is paid for a contribution from now on: what it had earned was credited.
        EarningsCredited {
            /// The contribution.
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
            let (mut entry, attributor) = Self::member(settlement, &worker, Phase::Committing)?;
            ensure!(
                !Commitments::<T>::contains_key(settlement, &attributor),
                Error::<T>::AlreadyExists
            );
            Commitments::<T>::insert(settlement, &attributor, commitment);
            Self::deposit_event(Event::Committed { settlement, attributor });
            if Commitments::<T>::iter_key_prefix(settlement).count() == entry.committee.len() {
                Self::start_reveal(settlement, &mut entry);
                Settlements::<T>::insert(settlement, entry);
            }
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
            let (mut entry, attributor) = Self::member(settlement, &worker, Phase::Revealing)?;
            let commitment =
                Commitments::<T>::get(settlement, &attributor).ok_or(Error::<T>::NotFound)?;
            ensure!(
                !Reveals::<T>::contains_key(settlement, &attributor),
                Error::<T>::AlreadyExists
            );
            let shares = ShareVector::new(shares, pool).map_err(|_| Error::<T>::InvalidShares)?;
            Self::ensure_known(&shares, entry.model, entry.version)?;
            let attribution = Attribution { shares, query_root, work_root, report };
            ensure!(
                Self::commitment(&attribution, settlement, entry.attempt, &attributor, &salt)
                    == commitment,
                Error::<T>::InvalidReveal
            );
            Reveals::<T>::insert(settlement, &attributor, attribution);
            Self::deposit_event(Event::Revealed { settlement, attributor });
            let committed = Commitments::<T>::iter_key_prefix(settlement).count();
            if Reveals::<T>::iter_key_prefix(settlement).count() < committed {
                return Ok(PostDispatchInfo {
                    actual_weight: Some(<T as Config>::WeightInfo::reveal()),
                    pays_fee: Pays::No,
                });
            }
            Self::conclude(settlement, &mut entry);
            Settlements::<T>::insert(settlement, entry);
            Ok(Pays::No.into())
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
            let is_over = Self::now() > entry.deadline;
            let members = entry.committee.len();
            let decide = <T as Config>::WeightInfo::advance_decide();
            // Where it is not known, what it is charged for is the most.
            let weight = match entry.phase {
                Phase::Committing if members == 0 && !is_over => {
                    let waits = Undrawn::<T>::get().contains(&settlement);
                    let nobody = Self::candidates(&entry).is_empty();
                    ensure!(!waits && !nobody, Error::<T>::TooEarly);
                    Self::call_committee(settlement, &mut entry)?;
                    None
                }
                Phase::Committing | Phase::Revealing | Phase::Decided if !is_over => {
                    return Err(Error::<T>::TooEarly.into());
                }
                Phase::Committing => {
                    let committed = Commitments::<T>::iter_key_prefix(settlement).count();
                    if Self::is_quorum(committed, members) {
                        Self::start_reveal(settlement, &mut entry);
                        Some(decide)
                    } else {
                        Self::retry(settlement, &mut entry)?;
                        None
                    }
                }
                Phase::Revealing => {
                    let revealed = Reveals::<T>::iter_key_prefix(settlement).count();
                    if Self::is_quorum(revealed, members) {
                        Self::conclude(settlement, &mut entry);
                        Some(decide)
                    } else {
                        Self::retry(settlement, &mut entry)?;
                        None
                    }
                }
                Phase::Decided => Some(Self::finalise(settlement, &mut entry, true)?),
                Phase::Finalised | Phase::Fallback => {
                    return Err(Error::<T>::WrongPhase.into());
                }
            };
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
            let amount = Credits::<T>::take(&account);
            ensure!(amount > 0, Error::<T>::NotFound);
            Self::pay(&account, amount)?;
            Self::deposit_event(Event::Claimed { account, amount });
            Ok(())
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
            let mut due = BTreeMap::<T::AccountId, Balance>::new();
            for contribution in ids {
                let account = pallet_datanets::Pallet::<T>::payout_account(contribution)
                    .ok_or(Error::<T>::NotFound)?;
                let amount = Self::settle_earnings(contribution)?;
                if amount == 0 {
                    continue;
                }
                let sum = due.entry(account.clone()).or_default();
                *sum = sum.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                Self::deposit_event(Event::ContributionClaimed { contribution, account, amount });
            }
            ensure!(!due.is_empty(), Error::<T>::NotFound);
            // One payment for each account: small earnings may only together reach the minimum.
            for (account, amount) in due {
                Self::pay(&account, amount)?;
            }
            Ok(())
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
            let mut entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
            ensure!(entry.phase == Phase::Decided, Error::<T>::WrongPhase);
            ensure!(entry.challenge.is_none(), Error::<T>::AlreadyExists);
            ensure!(Self::now() <= entry.deadline, Error::<T>::Expired);
            let bond = Self::challenge_bond(&entry);
            pallet_payments::Pallet::<T>::ensure_unfrozen(&challenger)?;
            CurrencyOf::<T>::hold(&Self::hold_reason(), &challenger, bond)?;
            for member in &entry.committee {
                if let Some(reveal) = Reveals::<T>::take(settlement, member) {
                    Contested::<T>::insert(settlement, member, reveal.shares);
                }
            }
            let doubted = entry.committee.len();
            entry.challenge = Some(Challenge {
                challenger: challenger.clone(),
                bond,
                shares: entry.shares.take().ok_or(Error::<T>::WrongPhase)?,
                committee: core::mem::take(&mut entry.committee),
                attempt: entry.attempt,
            });
            entry.attempt = entry.attempt.checked_add(1).ok_or(Error::<T>::Expired)?;
            Self::deposit_event(Event::Challenged { settlement, challenger, bond });
            ensure!(Self::candidates(&entry).len() > doubted, Error::<T>::TooFew);
            Self::call_committee(settlement, &mut entry)?;
            Settlements::<T>::insert(settlement, entry);
            Ok(())
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
            let mut entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
            ensure!(entry.phase == Phase::Decided, Error::<T>::WrongPhase);
            ensure!(Self::now() <= entry.deadline, Error::<T>::Expired);
            Self::ensure_fraud(settlement, &entry, &attributor, &fraud)?;
            let reward = Self::slash(&attributor, entry.parameters.slash, Some(&prover));
            Self::deposit_event(Event::FraudProven {
                settlement,
                attributor: attributor.clone(),
                prover,
                reward,
            });
            let decided = Self::expel(settlement, &mut entry, &attributor)?;
            Settlements::<T>::insert(settlement, entry);
            let weight = decided.then(<T as Config>::WeightInfo::prove_fraud);
            Ok((weight, Pays::No).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What an account could claim now, for its work and for each contribution that it is paid for.
        pub fn claimable(account: T::AccountId) -> Claimable {
            let contributions = pallet_datanets::ContributionsOf::<T>::iter_key_prefix(&account)
                .map(|contribution| {
                    let earned = Self::earnings(contribution);
                    ContributionClaim {
                        contribution,
                        accrued: earned.accrued,
                        claimed: earned.claimed,
                    }
                })
                .collect();
            Claimable { credit: Credits::<T>::get(account), contributions }
        }

        /// Where a settlement stands.
        pub fn settlement(settlement: SettlementId) -> Option<SettlementState> {
            Settlements::<T>::get(settlement).map(|entry| entry.state(settlement))
        }

        /// The undecided settlements in whose committee an attributor is, ascending.
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

impl<T: Config> OnSettlement<T::AccountId> for Pallet<T> {
    fn pot() -> T::AccountId {
        Self::pot()
    }

    fn on_settlement(settled: Settled<T::AccountId>) -> Result<(SettlementId, u32), DispatchError> {
        let id = NextSettlementId::<T>::get();
        NextSettlementId::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
        let Settled { model, version, operator, receipts_root, batch, count, total_fee } = settled;
        let entered = Self::enter_pools(model, version);
        let mut parameters = T::Parameters::get().in_range();
        let least = pallet_models::Pallet::<T>::min_data_share(model, version);
        parameters.split = with_data_share(parameters.split, least);
        let mut settlement = Settlement {
            model,
            version,
            operator,
            receipts_root,
            batch,
            count,
            total_fee,
            submitted: Self::now(),
            parameters,
            phase: Phase::Committing,
            attempt: 1,
            committee: BoundedVec::new(),
            deadline: 0,
            decided: None,
            shares: None,
            split: None,
            emission: 0,
            challenge: None,
        };
        Self::call_committee(id, &mut settlement)?;
        Settlements::<T>::insert(id, settlement);
        Ok((id, entered))
    }
}

impl<T: Config> OnPayoutChange<T::AccountId> for Pallet<T> {
    fn before_payout_change(contribution: ContributionId, payee: &T::AccountId) -> DispatchResult {
        let amount = Self::settle_earnings(contribution)?;
        if amount > 0 {
            Self::credit(payee, amount)?;
            let account = payee.clone();
            Self::deposit_event(Event::EarningsCredited { contribution, account, amount });
        }
        Ok(())
    }

    fn weight() -> Weight {
        <T as Config>::WeightInfo::payout_change()
    }
}

impl<T: Config> Pallet<T> {
    /// The current block.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// The settlement and the attributor for whom `worker` signs, if the attributor is in its committee
    /// and the settlement is in `phase` and in time.
    fn member(
        settlement: SettlementId,
        worker: &T::AccountId,
        phase: Phase,
    ) -> Result<(SettlementOf<T>, T::AccountId), Error<T>> {
        let attributor =
            pallet_providers::Pallet::<T>::attributor_of(worker).ok_or(Error::<T>::NotMember)?;
        let entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.phase == phase, Error::<T>::WrongPhase);
        ensure!(entry.committee.contains(&attributor), Error::<T>::NotMember);
        ensure!(Self::now() <= entry.deadline, Error::<T>::Expired);
        Ok((entry, attributor))
    }

    /// Whether `shares` name only contributions on which the model's version was trained.
    pub(crate) fn ensure_known(
        shares: &ShareVector,
        model: ModelId,
        version: ModelVersion,
    ) -> Result<(), Error<T>> {
        // Ascending.
        let known = pallet_models::Pallet::<T>::contributions(model, version);
        let all = shares.shares().iter().all(|s| known.binary_search(&s.contribution).is_ok());
        ensure!(all, Error::<T>::UnknownContribution);
        Ok(())
    }

    /// What `attributor` commits to with this result.
    pub(crate) fn commitment(
        attribution: &Attribution,
        settlement: SettlementId,
        attempt: u8,
        attributor: &T::AccountId,
        salt: &H256,
    ) -> H256 {
        let genesis = pallet_payments::Pallet::<T>::genesis();
        attribution.commitment(&genesis, settlement, attempt, attributor.as_ref(), salt)
    }

    /// The attributors who can take another job, with their bonds; for a challenge, without the committee
    /// in doubt.
    fn candidates(settlement: &SettlementOf<T>) -> Vec<(T::AccountId, Balance)> {
        let full = <T as Config>::MaxJobs::get() as usize;
        let doubted = settlement.challenge.as_ref().map(|challenge| &challenge.committee);
        pallet_providers::Pallet::<T>::attributors()
            .into_iter()
            .filter(|(who, _)| !doubted.is_some_and(|committee| committee.contains(who)))
            .filter(|(who, _)| JobsOf::<T>::decode_len(who).unwrap_or(0) < full)
            .collect()
    }

    /// Has a committee drawn at the beginning of the next block: by randomness that nobody knows who only
    /// sends a transaction now.
    fn call_committee(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        Undrawn::<T>::try_mutate(|waiting| match waiting.contains(&id) {
            true => Ok(()),
            false => waiting.try_push(id).map_err(|_| Error::<T>::TooMany),
        })?;
        settlement.committee = BoundedVec::new();
        settlement.phase = Phase::Committing;
        settlement.deadline = Self::now().saturating_add(settlement.parameters.commit_blocks);
        Ok(())
    }

    /// Draws the committees that wait for it, the oldest first, and returns how many.
    pub(crate) fn draw_committees() -> u32 {
        let mut waiting = Undrawn::<T>::take().into_inner();
        let later = waiting.split_off(waiting.len().min(MAX_DRAWS as usize));
        if !later.is_empty() {
            Undrawn::<T>::put(BoundedVec::truncate_from(later));
        }
        for id in &waiting {
            let settlement = Settlements::<T>::get(id).filter(|settlement| {
                settlement.phase == Phase::Committing && settlement.committee.is_empty()
            });
            if let Some(mut settlement) = settlement {
                let committee = Self::draw_committee(*id, &settlement);
                // Where there is nobody, `advance` calls for another draw, and in the end for another attempt.
                if !committee.is_empty() {
                    Self::convene(*id, &mut settlement, committee);
                    Settlements::<T>::insert(id, settlement);
                }
            }
        }
        waiting.len().saturated_into()
    }

    /// Draws a committee. One that judges a challenge has more members than the one in doubt, or none.
    fn draw_committee(id: SettlementId, settlement: &SettlementOf<T>) -> Vec<T::AccountId> {
        let subject = (b"openledger/committee", id, settlement.attempt).encode();
        let (seed, _) = T::Randomness::random(&subject);
        let candidates = Self::candidates(settlement);
        let drawn = draw::draw(&seed, candidates, settlement.committee_size());
        match &settlement.challenge {
            Some(challenge) if drawn.len() <= challenge.committee.len() => Vec::new(),
            _ => drawn,
        }
    }

    /// Gives a settlement its committee and lets it begin.
    fn convene(id: SettlementId, settlement: &mut SettlementOf<T>, committee: Vec<T::AccountId>) {
        // The parameters are in range and full attributors were not drawn, so nothing is cut off.
        settlement.committee = BoundedVec::truncate_from(committee);
        for member in &settlement.committee {
            JobsOf::<T>::mutate(member, |jobs| {
                let pushed = jobs.try_push(id);
                debug_assert!(pushed.is_ok());
            });
        }
        settlement.deadline = Self::now().saturating_add(settlement.parameters.commit_blocks);
        Self::deposit_event(Event::CommitteeDrawn {
            settlement: id,
            attempt: settlement.attempt,
            committee: settlement.committee.to_vec(),
            deadline: settlement.deadline,
        });
    }

    fn start_reveal(id: SettlementId, settlement: &mut SettlementOf<T>) {
        settlement.phase = Phase::Revealing;
        settlement.deadline = Self::now().saturating_add(settlement.parameters.reveal_blocks);
        Self::deposit_event(Event::RevealStarted { settlement: id, deadline: settlement.deadline });
    }

    /// Frees the committee of its job, and forgets its commitments.
    pub(crate) fn release(id: SettlementId, settlement: &SettlementOf<T>) {
        for member in &settlement.committee {
            JobsOf::<T>::mutate_exists(member, |jobs| {
                *jobs = jobs.take().and_then(|mut jobs| {
                    jobs.retain(|job| *job != id);
                    (!jobs.is_empty()).then_some(jobs)
                });
            });
        }
        let _ = Commitments::<T>::clear_prefix(id, MAX_COMMITTEE, None);
    }

    /// Frees the committee of its job, and forgets all that was said.
    pub(crate) fn forget(id: SettlementId, settlement: &SettlementOf<T>) {
        Self::release(id, settlement);
        let _ = Reveals::<T>::clear_prefix(id, MAX_COMMITTEE, None);
        let _ = Contested::<T>::clear_prefix(id, MAX_COMMITTEE, None);
    }

    /// Calls for another committee after one of which too few answered; who was silent loses a little.
    /// After the last, a challenged result stands, and without one the data part goes to the pools.
    ///
    /// Where nobody even committed, nobody loses: it may be that no engine could fetch the batch, and
    /// whoever did not publish it must not be able to have others slashed.
    pub(crate) fn retry(id: SettlementId, settlement: &mut SettlementOf<T>) -> DispatchResult {
        let committing = settlement.phase == Phase::Committing;
        let answered = |member: &T::AccountId| match committing {
            true => Commitments::<T>::contains_key(id, member),
            false => Reveals::<T>::contains_key(id, member),
        };
        let (answers, silent): (Vec<_>, Vec<_>) =
            settlement.committee.iter().cloned().partition(answered);
        if !committing || !answers.is_empty() {
            for member in silent {
                Self::slash_silent(&member, settlement);
            }
        }
        Self::release(id, settlement);
        let _ = Reveals::<T>::clear_prefix(id, MAX_COMMITTEE, None);
        let last = settlement.attempt_of_round() >= settlement.parameters.max_attempts;
        if last && settlement.challenge.is_some() {
            settlement.committee = BoundedVec::new();
            return Self::finalise(id, settlement, false).map(|_| ());
        }
        if last {
            return Self::fall_back(id, settlement);
        }
        settlement.attempt = settlement.attempt.saturating_add(1);
        Self::call_committee(id, settlement)
    }

    /// The most that the end of a settlement can cost.
    fn most_to_finalise() -> Weight {
        <T as Config>::WeightInfo::advance_finalise(MAX_COMMITTEE, MAX_SHARES, MAX_LINEAGE)
    }

    /// What a challenge of this settlement's result costs to make, in units.
    fn challenge_bond(settlement: &SettlementOf<T>) -> Balance {
        let part = U256::from(settlement.total_fee)
            .saturating_mul(settlement.parameters.challenge_bond.into())
            .checked_div(PPM.into())
            .unwrap_or_default();
        // At most ten times the issuance, so nothing is cut off.
        <T as Config>::MinChallengeBond::get().max(part.low_u128())
    }

    pub(crate) fn hold_reason() -> <T as pallet_payments::Config>::RuntimeHoldReason {
        <T as Config>::RuntimeHoldReason::from(HoldReason::Challenge).into()
    }

    /// What a contribution earned by now, its pool included.
    pub(crate) fn earnings(contribution: ContributionId) -> Earnings {
        let mut earned = Earned::<T>::get(contribution);
        let pending = PoolEntries::<T>::get(contribution).and_then(|entry| {
            let datanet = pallet_datanets::Pallet::<T>::contribution(contribution)?.datanet;
            Some(entry.earned(&Pools::<T>::get(datanet)))
        });
        earned.accrued = earned.accrued.saturating_add(pending.unwrap_or(0));
        earned
    }

    /// Collects what a contribution earned in its pool, marks all it earned as claimed, and returns what
    /// had not been.
    fn settle_earnings(contribution: ContributionId) -> Result<Balance, DispatchError> {
        let mut earned = Self::earnings(contribution);
        let due = earned.accrued.checked_sub(earned.claimed).ok_or(ArithmeticError::Underflow)?;
        if due == 0 {
            return Ok(0);
        }
        earned.claimed = earned.accrued;
        Earned::<T>::insert(contribution, earned);
        if let Some(mut entry) = PoolEntries::<T>::get(contribution) {
            let datanet = pallet_datanets::Pallet::<T>::contribution(contribution)
                .ok_or(Error::<T>::NotFound)?
                .datanet;
            entry.entry_per_unit = Pools::<T>::get(datanet).per_unit;
            PoolEntries::<T>::insert(contribution, entry);
        }
        Ok(due)
    }

    /// Pays from the pot, which stays alive.
    fn pay(account: &T::AccountId, amount: Balance) -> DispatchResult {
        CurrencyOf::<T>::transfer(&Self::pot(), account, amount, Preservation::Preserve)?;
        Ok(())
    }
}
