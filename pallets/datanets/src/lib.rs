//! # Datanets
//!
//! Community-owned, versioned datasets: who gave which records, who let them in, under which terms
//! they may be used. Bytes lie in a blob store; the chain keeps their content id, Merkle root and
//! count.
//!
//! ## Surface
//!
//! An owner [`create`](Pallet::create)s a datanet with a licence, a policy and curators. Contributors
//! [`contribute`](Pallet::contribute); a curator, or by [`Policy::Vote`] more than half of them,
//! [`review`](Pallet::review)s within [`Config::ReviewPeriod`] blocks, or the contribution [`lapse`](Pallet::lapse)s. A
//! rejected one may [`appeal`](Pallet::appeal) to [`Config::AppealOrigin`]. Owner or curator
//! [`publish`](Pallet::publish) a version, which never changes again. A contributor may
//! [`withdraw`](Pallet::withdraw) from the next version at any time. New terms apply from the next
//! version. Who is paid for a contribution may hand that right on, in two steps.
//!
//! The **consent epoch** of a datanet counts changes of terms and, where its newest version's licence
//! is revocable, withdrawals of what had been published in it, and whatever its licence, the voiding of
//! what is in it. A model may be trained on a version
//! with a revocable licence only while the epoch is still that of the version.
//!
//! A record belongs to the contribution that had it first. Whoever shows by two Merkle proofs that a
//! later one repeats it ([`prove_duplicate`](Pallet::prove_duplicate)) has the later one **voided**: it
//! leaves the next version, versions that list it may not be trained on any more, and what it earns
//! from then on is its datanet's.
//!
//! The same Merkle root gets into a datanet once: a root is free again when its contribution is
//! rejected, lapses or is withdrawn before it was ever published.
//!
//! ## Cross-pallet contract
//!
//! This pallet tells [`Config::OnPayoutChange`] before another account is paid for a contribution, and
//! asks nothing else of the other product pallets. They may ask it:
//! - [`version`](Pallet::version), [`contribution`](Pallet::contribution): versions never change, so
//!   what depends on one can rely on its list.
//! - [`payout_account`](Pallet::payout_account): who is paid for a contribution, whatever became of it;
//!   [`ContributionsOf`]: for which contributions an account is paid.
//! - [`treasury`](Pallet::treasury): where prices for training go.
//!
//! ## Money model
//!
//! A datanet and each live contribution hold a storage deposit ([`Config::Consideration`]) on the
//! owner's or contributor's account. A contribution's deposit returns when it is rejected, lapses, is
//! withdrawn or voided; a datanet's moves to the new owner with the ownership; that of a place on an
//! allow list returns to who paid it, however many owners later. Each live contribution
//! holds a bond as well ([`Config::ContributionBond`], [`HoldReason::Bond`]), which returns with the
//! deposit, but goes to the finder when the contribution is voided. An appeal holds
//! [`Config::AppealBond`] ([`HoldReason::Appeal`]), which a refusal sends to the treasury. So that
//! unvested or otherwise frozen money cannot leave an account in this way, one with a freeze that
//! reaches into its free balance can give neither bond. The treasury of a datanet is an
//! account derived from [`Config::PalletId`] that only its owner can spend from.
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

mod appeal;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod duplicate;
#[cfg(test)]
mod mock;
mod payout;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
mod vote;
pub mod weights;

pub use pallet::*;
pub use payout::OnPayoutChange;
pub use types::*;
pub use weights::WeightInfo;

use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible::{self, hold::Mutate as _, Inspect as _, Mutate as _},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        Consideration, Footprint,
    },
    PalletId,
};
use frame_system::pallet_prelude::*;
use openledger_primitives::{
    hashing::content_id,
    licence::{Licence, WithdrawnRoyalties},
    merkle, Balance, BlockNumber, ContentId, ContributionId, DatanetId, VersionNumber, H256,
};
use sp_runtime::{traits::AccountIdConversion, SaturatedConversion};

/// A datanet as this runtime stores it.
pub type DatanetOf<T> =
    Datanet<<T as frame_system::Config>::AccountId, <T as Config>::Consideration>;
/// A contribution as this runtime stores it.
pub type ContributionOf<T> =
    Contribution<<T as frame_system::Config>::AccountId, <T as Config>::Consideration>;
/// A place on an allow list as this runtime stores it.
pub type AllowanceOf<T> =
    Allowance<<T as frame_system::Config>::AccountId, <T as Config>::Consideration>;
/// Curators as this runtime stores them.
pub type CuratorsOf<T> = Curators<<T as frame_system::Config>::AccountId>;

// What the attributes below expand to has an `expect` here and there, and calls take what they take.
#[allow(clippy::expect_used, clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// Where treasuries have their funds, and bonds are held.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;

        /// The storage deposit of a datanet, a contribution or a place on an allow list, held under [`HoldReason::Deposit`].
        type Consideration: Consideration<Self::AccountId, Footprint>;

        /// Told before another account is paid for a contribution: the pallet that knows what it earned.
        type OnPayoutChange: OnPayoutChange<Self::AccountId>;

        /// What treasuries' accounts are derived from.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// What a contributor holds for each live contribution, and whoever proves it a duplicate gets.
        #[pallet::constant]
        type ContributionBond: Get<Balance>;

        /// What an appeal holds of the contributor's; at least the existential deposit.
        #[pallet::constant]
        type AppealBond: Get<Balance>;

        /// Blocks in which a rejection may be appealed, and then an appeal resolved.
        #[pallet::constant]
        type AppealPeriod: Get<BlockNumber>;

        /// Who resolves appeals.
        type AppealOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Blocks that curators have to review a contribution.
        #[pallet::constant]
        type ReviewPeriod: Get<BlockNumber>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why funds are on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For what a datanet, a contribution or a place on an allow list occupies on chain.
        Deposit,
        /// For whoever proves a contribution a duplicate.
        Bond,
        /// For an appeal of a rejection.
        Appeal,
    }

    /// All datanets.
    #[pallet::storage]
    pub type Datanets<T: Config> = StorageMap<_, Twox64Concat, DatanetId, DatanetOf<T>>;

    /// The id of the next datanet.
    #[pallet::storage]
    pub type NextDatanetId<T: Config> = StorageValue<_, DatanetId, ValueQuery>;

    /// To whom the owner of a datanet offered it.
    #[pallet::storage]
    pub type PendingOwners<T: Config> = StorageMap<_, Twox64Concat, DatanetId, T::AccountId>;

    /// Who may contribute to a datanet with an allow list.
    #[pallet::storage]
    pub type Allowed<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        DatanetId,
        Blake2_128Concat,
        T::AccountId,
        AllowanceOf<T>,
        OptionQuery,
    >;

    /// All contributions ever made.
    #[pallet::storage]
    pub type Contributions<T: Config> =
        StorageMap<_, Twox64Concat, ContributionId, ContributionOf<T>>;

    /// The id of the next contribution.
    #[pallet::storage]
    pub type NextContributionId<T: Config> = StorageValue<_, ContributionId, ValueQuery>;

    /// For which contributions an account is paid.
    #[pallet::storage]
    pub type ContributionsOf<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, ContributionId, ()>;

    /// To whom the payee of a contribution offered to be paid for it.
    #[pallet::storage]
    pub type PendingPayees<T: Config> = StorageMap<_, Twox64Concat, ContributionId, T::AccountId>;

    /// What curators voted about pending contributions of datanets where more than one decides.
    #[pallet::storage]
    pub type Votes<T: Config> =
        StorageMap<_, Twox64Concat, ContributionId, VoteList<T::AccountId>, ValueQuery>;

    /// Appeals that are not resolved.
    #[pallet::storage]
    pub type Appeals<T: Config> = StorageMap<_, Twox64Concat, ContributionId, Appeal>;

    /// What the next version of a datanet will list; ascending.
    #[pallet::storage]
    pub type Accepted<T: Config> =
        StorageMap<_, Twox64Concat, DatanetId, ContributionIds, ValueQuery>;

    /// Which contribution brought a Merkle root into a datanet.
    #[pallet::storage]
    pub type Roots<T: Config> = StorageMap<_, Blake2_128Concat, (DatanetId, H256), ContributionId>;

    /// All versions.
    #[pallet::storage]
    pub type Versions<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        DatanetId,
        Twox64Concat,
        VersionNumber,
        Version,
        OptionQuery,
    >;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// There is a new datanet.
        Created {
            /// The datanet.
            datanet: DatanetId,
            /// Its owner.
            owner: T::AccountId,
        },
        /// A datanet has these curators now.
        CuratorsSet {
            /// The datanet.
            datanet: DatanetId,
            /// Its curators.
            curators: CuratorsOf<T>,
        },
        /// A datanet's next version will have these terms.
        LicenceSet {
            /// The datanet.
            datanet: DatanetId,
            /// The terms.
            licence: Licence,
            /// The consent epoch now.
            consent_epoch: u32,
        },
        /// An account was put on a datanet's allow list, or taken off it.
        AllowedSet {
            /// The datanet.
            datanet: DatanetId,
            /// The account.
            who: T::AccountId,
            /// Whether it may contribute.
            allowed: bool,
        },
        /// Somebody contributed.
        Contributed {
            /// The contribution.
            contribution: ContributionId,
            /// To this datanet.
            datanet: DatanetId,
            /// By this account.
            contributor: T::AccountId,
            /// This many records.
            records: u32,
            /// This many bytes.
            bytes: u64,
        },
        /// A curator, or more than half of them, decided about a contribution.
        Reviewed {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// Who decided, or whose vote did.
            curator: T::AccountId,
            /// What.
            verdict: Verdict,
        },
        /// No curator reviewed a contribution in time.
        Lapsed {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
        },
        /// A contributor took a contribution back.
        Withdrawn {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// The contributor.
            contributor: T::AccountId,
        },
        /// Consent to the newest version was withdrawn under its revocable licence, or a contribution in it
        /// was voided: it may not be trained on any more.
        ConsentRevoked {
            /// The datanet.
            datanet: DatanetId,
            /// The consent epoch now.
            consent_epoch: u32,
        },
        /// A datanet has a new version.
        Published {
            /// The datanet.
            datanet: DatanetId,
            /// The version.
            version: VersionNumber,
            /// Its Merkle root.
            root: H256,
            /// How many contributions are in it.
            contributions: u32,
            /// How many records.
            records: u64,
        },
        /// A datanet's owner spent from its treasury.
        Spent {
            /// The datanet.
            datanet: DatanetId,
            /// To whom.
            dest: T::AccountId,
            /// How much, in units.
            amount: Balance,
        },
        /// A datanet was offered to another account.
        OwnershipOffered {
            /// The datanet.
            datanet: DatanetId,
            /// To whom.
            to: T::AccountId,
        },
        /// A datanet has a new owner.
        OwnershipTransferred {
            /// The datanet.
            datanet: DatanetId,
            /// Whose it was.
            from: T::AccountId,
            /// Whose it is.
            to: T::AccountId,
        },
        /// The right to be paid for a contribution was offered to another account.
        PayoutOffered {
            /// The contribution.
            contribution: ContributionId,
            /// To whom.
            to: T::AccountId,
        },
        /// Another account is paid for a contribution from now on.
        PayoutTransferred {
            /// The contribution.
            contribution: ContributionId,
            /// Who was paid until now, and keeps what was earned.
            from: T::AccountId,
            /// Who is paid.
            to: T::AccountId,
        },
        /// A contribution was proven a duplicate.
        Voided {
            /// The contribution.
            contribution: ContributionId,
            /// Its datanet, whose treasury gets what it earns from now on.
            datanet: DatanetId,
            /// The earlier contribution, perhaps of another datanet.
            by: ContributionId,
            /// The hash of the record that is in both.
            record: H256,
            /// Who proved it.
            finder: T::AccountId,
            /// What the finder was paid, in units: the contributor's bond.
            bond: Balance,
        },
        /// A curator voted about a contribution.
        Voted {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// Who voted.
            curator: T::AccountId,
            /// For what.
            verdict: Verdict,
        },
        /// The contributor of a rejected contribution appealed.
        Appealed {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// What is on hold for it, in units.
            bond: Balance,
            /// The last block in which it may be resolved.
            until: BlockNumber,
        },
        /// An appeal was resolved.
        AppealResolved {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// Whether the contribution is accepted after all.
            upheld: bool,
            /// The bond, in units: returned if so, else paid to the datanet's treasury.
            bond: Balance,
        },
        /// Nobody resolved an appeal in time: the contribution stays rejected.
        AppealLapsed {
            /// The contribution.
            contribution: ContributionId,
            /// The datanet.
            datanet: DatanetId,
            /// What was returned to the contributor, in units.
            bond: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such datanet, contribution, version or appeal, or nothing was offered.
        NotFound,
        /// The datanet has a contribution with the same Merkle root.
        AlreadyExists,
        /// Only the owner of the datanet, the contributor, who is paid for the contribution, or to whom it
        /// was offered, may do this.
        NotOwner,
        /// Only a curator of the datanet may do this.
        NotCurator,
        /// The datanet takes contributions only from accounts on its allow list.
        NotMember,
        /// The contribution is no longer pending, or no longer in the next version or any other; or it is
        /// not rejected, or its appeal was its last.
        WrongPhase,
        /// A version has no room for another contribution, or there are no ids left.
        TooMany,
        /// The review period, or that of the appeal, is not over.
        TooEarly,
        /// The review period is over: the contribution can only lapse. Or the time to appeal, or to resolve
        /// the appeal, is.
        Expired,
        /// The newest version has the same contributions and terms already.
        Stale,
        /// A name has at least one byte.
        InvalidName,
        /// A least data share is at most 1,000,000 ppm, and a price for training is zero or at least
        /// the existential deposit.
        InvalidLicence,
        /// A contribution has a root, a content id, at least one record and at least one byte.
        InvalidContribution,
        /// A version lists at least one accepted contribution.
        InvalidVersion,
        /// The proof does not show that the record is in the contribution, at this index.
        InvalidProof,
        /// The contribution with the higher id is the duplicate; and a contributor's own records in another
        /// datanet are none.
        NotDuplicate,
        /// Some of the account's free money is frozen or unvested: a bond, which may be paid to another
        /// account, is not taken from it.
        InvalidPayer,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::ReviewPeriod::get() > 0, "curators need time to review");
            assert!(T::AppealPeriod::get() > 0, "appeals need time");
            assert!(
                T::AppealBond::get() >= T::Currency::minimum_balance(),
                "an empty treasury must be able to receive the bond of a refused appeal"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Create a datanet that you own.
        ///
        /// `name` and `metadata` are for people. `licence` is what users of its first version may do,
        /// `policy` who may contribute, `curators` who decides what gets in, by policy one of them or more
        /// than half: name yourself, if you want to. A storage deposit is held on your account.
        #[pallet::call_index(0)]
        pub fn create(
            origin: OriginFor<T>,
            name: Name,
            metadata: Metadata,
            licence: Licence,
            policy: Policy,
            curators: CuratorsOf<T>,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            ensure!(!name.is_empty(), Error::<T>::InvalidName);
            Self::ensure_valid(&licence)?;
            let datanet = Self::next_id::<NextDatanetId<T>>()?;
            let deposit = T::Consideration::new(&owner, Self::datanet_footprint())?;
            Datanets::<T>::insert(
                datanet,
                Datanet {
                    owner: owner.clone(),
                    name,
                    metadata,
                    licence,
                    consent_epoch: 0,
                    policy,
                    curators: sorted(curators),
                    deposit,
                    latest_version: 0,
                    tainted: 0,
                },
            );
            Self::deposit_event(Event::Created { datanet, owner });
            Ok(())
        }

        /// Replace the curators of a datanet that you own, 16 at most.
        #[pallet::call_index(1)]
        pub fn set_curators(
            origin: OriginFor<T>,
            datanet: DatanetId,
            curators: CuratorsOf<T>,
        ) -> DispatchResult {
            let curators = sorted(curators);
            Self::with_owned(origin, datanet, |stored| stored.curators = curators.clone())?;
            Self::deposit_event(Event::CuratorsSet { datanet, curators });
            Ok(())
        }

        /// Set the terms of the next version of a datanet that you own.
        ///
        /// Versions that are published keep their terms. But a model can be registered only where its
        /// version's terms and the ones you set now both allow it.
        #[pallet::call_index(2)]
        pub fn set_licence(
            origin: OriginFor<T>,
            datanet: DatanetId,
            licence: Licence,
        ) -> DispatchResult {
            Self::ensure_valid(&licence)?;
            let consent_epoch = Self::with_owned(origin, datanet, |stored| {
                stored.licence = licence;
                stored.consent_epoch = stored.consent_epoch.saturating_add(1);
                stored.consent_epoch
            })?;
            Self::deposit_event(Event::LicenceSet { datanet, licence, consent_epoch });
            Ok(())
        }

        /// Allow an account to contribute to a datanet that you own, or no longer.
        ///
        /// It matters where the datanet's policy is an allow list. What was contributed stays. A storage
        /// deposit is held on your account while the account is on the list. Allow an account again that a
        /// former owner allowed, to pay for it instead. Who paid for an account may take it off the list as
        /// well, as no owner any more, to have the deposit back.
        #[pallet::call_index(3)]
        pub fn allow(
            origin: OriginFor<T>,
            datanet: DatanetId,
            who: T::AccountId,
            allowed: bool,
        ) -> DispatchResult {
            let caller = ensure_signed(origin)?;
            let owner = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?.owner;
            let place = Allowed::<T>::get(datanet, &who);
            let pays = place.as_ref().is_some_and(|place| place.payer == caller);
            ensure!(caller == owner || (pays && !allowed), Error::<T>::NotOwner);
            if !(allowed && pays) {
                if let Some(Allowance { payer, ticket }) = place {
                    ticket.drop(&payer)?;
                    Allowed::<T>::remove(datanet, &who);
                }
                if allowed {
                    let ticket = T::Consideration::new(&caller, Self::allowance_footprint())?;
                    Allowed::<T>::insert(datanet, &who, Allowance { payer: caller, ticket });
                }
            }
            Self::deposit_event(Event::AllowedSet { datanet, who, allowed });
            Ok(())
        }

        /// Contribute records to a datanet, under its licence.
        ///
        /// `root` is the Merkle root over the record hashes, `content` the content id of the bytes,
        /// which curators and trainers must be able to fetch; `label` is for people. A storage deposit
        /// and a bond are held on your account until the contribution is rejected, lapses, or you withdraw
        /// it. If one of its records is in an earlier contribution, whoever proves it gets the bond, and
        /// you earn nothing any more: leave out what is not yours or was given before.
        #[pallet::call_index(4)]
        pub fn contribute(
            origin: OriginFor<T>,
            datanet: DatanetId,
            root: H256,
            content: ContentId,
            records: u32,
            bytes: u64,
            label: Name,
        ) -> DispatchResult {
            let contributor = ensure_signed(origin)?;
            let policy = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?.policy;
            ensure!(
                policy != Policy::AllowList || Allowed::<T>::contains_key(datanet, &contributor),
                Error::<T>::NotMember
            );
            ensure!(
                !root.is_zero() && !content.is_zero() && records > 0 && bytes > 0,
                Error::<T>::InvalidContribution
            );
            ensure!(!Roots::<T>::contains_key((datanet, root)), Error::<T>::AlreadyExists);
            let id = Self::next_id::<NextContributionId<T>>()?;
            // First, while what is on hold as deposit does not yet cover a freeze.
            let bond = Self::hold_bond(&contributor)?;
            let ticket = T::Consideration::new(&contributor, Self::contribution_footprint(policy))?;
            let submitted = Self::now();
            let until = submitted.saturating_add(T::ReviewPeriod::get());
            Roots::<T>::insert((datanet, root), id);
            ContributionsOf::<T>::insert(&contributor, id, ());
            Contributions::<T>::insert(
                id,
                Contribution {
                    datanet,
                    contributor: contributor.clone(),
                    payee: contributor.clone(),
                    root,
                    content,
                    records,
                    bytes,
                    label,
                    status: Status::Pending { until },
                    submitted,
                    ticket: Some(ticket),
                    bond,
                    last_version: 0,
                },
            );
            Self::deposit_event(Event::Contributed {
                contribution: id,
                datanet,
                contributor,
                records,
                bytes,
            });
            Ok(())
        }

        /// As a curator of its datanet, accept or reject a pending contribution.
        ///
        /// Check the bytes first: content id, root, records, and whether they belong here. A rejected
        /// contribution's deposit and bond return to its contributor, whatever the reason. Where curators
        /// vote, this is your vote, which you can change until more than half of them agree. Its contributor
        /// may appeal.
        #[pallet::call_index(5)]
        #[pallet::weight(
            <T as Config>::WeightInfo::review_accept()
                .max(<T as Config>::WeightInfo::review_reject())
        )]
        pub fn review(
            origin: OriginFor<T>,
            contribution: ContributionId,
            verdict: Verdict,
        ) -> DispatchResult {
            let curator = ensure_signed(origin)?;
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            let datanet = stored.datanet;
            let Datanet { curators, policy, .. } =
                Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
            ensure!(curators.binary_search(&curator).is_ok(), Error::<T>::NotCurator);
            let Status::Pending { until } = stored.status else {
                return Err(Error::<T>::WrongPhase.into());
            };
            ensure!(Self::now() <= until, Error::<T>::Expired);
            let mut verdict = verdict;
            if policy == Policy::Vote {
                let decided = Self::vote(contribution, &curators, &curator, verdict)?;
                let voter = curator.clone();
                Self::deposit_event(Event::Voted {
                    contribution,
                    datanet,
                    curator: voter,
                    verdict,
                });
                let Some(decided) = decided else { return Ok(()) };
                verdict = decided;
            }
            match verdict {
                Verdict::Accept => {
                    Votes::<T>::remove(contribution);
                    Self::accept(contribution, &mut stored)?;
                }
                Verdict::Reject(reason) => {
                    let appeal_until = Some(Self::appeal_deadline());
                    let status = Status::Rejected { reason, appeal_until };
                    Self::end(contribution, &mut stored, status)?;
                    Self::release_bond(&mut stored)?;
                }
            }
            Contributions::<T>::insert(contribution, stored);
            Self::deposit_event(Event::Reviewed { contribution, datanet, curator, verdict });
            Ok(())
        }

        /// End a contribution that no curator reviewed in time; anyone may.
        ///
        /// Its deposit and bond return to its contributor, who may contribute it again.
        #[pallet::call_index(6)]
        pub fn lapse(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            ensure_signed(origin)?;
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            let Status::Pending { until } = stored.status else {
                return Err(Error::<T>::WrongPhase.into());
            };
            ensure!(Self::now() > until, Error::<T>::TooEarly);
            let datanet = stored.datanet;
            Self::end(contribution, &mut stored, Status::Lapsed)?;
            Self::release_bond(&mut stored)?;
            Contributions::<T>::insert(contribution, stored);
            Self::deposit_event(Event::Lapsed { contribution, datanet });
            Ok(())
        }

        /// Take back a contribution of yours that is pending or accepted; your deposit and bond return.
        ///
        /// It will not be in the next version. In versions that are published already it stays. Whether it
        /// goes on earning there for whom it earned so far, or for the datanet's treasury from now on, the
        /// licence of the newest one says; where that is revocable, no new model can be registered on it.
        #[pallet::call_index(7)]
        #[pallet::weight(
            <T as Config>::WeightInfo::withdraw().saturating_add(T::OnPayoutChange::weight())
        )]
        pub fn withdraw(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            let contributor = ensure_signed(origin)?;
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(stored.contributor == contributor, Error::<T>::NotOwner);
            ensure!(stored.status.is_live(), Error::<T>::WrongPhase);
            let datanet = stored.datanet;
            let published = Self::end(contribution, &mut stored, Status::Withdrawn)?;
            Self::release_bond(&mut stored)?;
            let licence = published.map(|version| version.licence);
            if licence.is_some_and(|terms| terms.withdrawn == WithdrawnRoyalties::Redirect) {
                Self::set_payee(contribution, &mut stored, Self::treasury(datanet))?;
            }
            Contributions::<T>::insert(contribution, stored);
            Self::deposit_event(Event::Withdrawn { contribution, datanet, contributor });
            if licence.is_some_and(|terms| terms.revocable) {
                Datanets::<T>::mutate_extant(datanet, |stored| {
                    Self::raise_consent_epoch(datanet, stored);
                });
            }
            Ok(())
        }

        /// Publish the accepted contributions of a datanet as its next version.
        ///
        /// You own the datanet or are a curator of it. The version never changes again; it must differ
        /// from the one before in its contributions or its terms.
        #[pallet::call_index(8)]
        #[pallet::weight(<T as Config>::WeightInfo::publish(MAX_CONTRIBUTIONS))]
        pub fn publish(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let mut stored = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
            ensure!(
                stored.owner == who || stored.curators.binary_search(&who).is_ok(),
                Error::<T>::NotCurator
            );
            let contributions = Accepted::<T>::get(datanet);
            ensure!(!contributions.is_empty(), Error::<T>::InvalidVersion);
            if let Some(latest) = Self::version(datanet, stored.latest_version) {
                ensure!(
                    latest.contributions != contributions
                        || latest.consent_epoch != stored.consent_epoch,
                    Error::<T>::Stale
                );
            }
            let number = stored.latest_version.checked_add(1).ok_or(Error::<T>::TooMany)?;
            let (mut leaves, mut records, mut bytes) = (Vec::new(), 0u64, 0u64);
            for id in &contributions {
                let contribution = Self::contribution(*id).ok_or(Error::<T>::NotFound)?;
                leaves.push(content_id(&(id, contribution.root).encode()));
                records = records.saturating_add(contribution.records.into());
                bytes = bytes.saturating_add(contribution.bytes);
            }
            let root = merkle::root(&leaves);
            let count = contributions.len().saturated_into();
            Versions::<T>::insert(
                datanet,
                number,
                Version {
                    root,
                    contributions,
                    records,
                    bytes,
                    licence: stored.licence,
                    consent_epoch: stored.consent_epoch,
                    published: Self::now(),
                },
            );
            stored.latest_version = number;
            Datanets::<T>::insert(datanet, stored);
            Self::deposit_event(Event::Published {
                datanet,
                version: number,
                root,
                contributions: count,
                records,
            });
            Ok(Some(<T as Config>::WeightInfo::publish(count)).into())
        }

        /// Pay `amount` units from the treasury of a datanet that you own to `dest`.
        #[pallet::call_index(9)]
        pub fn spend(
            origin: OriginFor<T>,
            datanet: DatanetId,
            dest: T::AccountId,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            Self::ensure_owner(origin, datanet)?;
            T::Currency::transfer(
                &Self::treasury(datanet),
                &dest,
                amount,
                Preservation::Expendable,
            )?;
            Self::deposit_event(Event::Spent { datanet, dest, amount });
            Ok(())
        }

        /// Offer a datanet that you own to another account, which has to accept it.
        ///
        /// A later offer replaces it; offer it to yourself to take it back.
        #[pallet::call_index(10)]
        pub fn transfer_ownership(
            origin: OriginFor<T>,
            datanet: DatanetId,
            new_owner: T::AccountId,
        ) -> DispatchResult {
            Self::ensure_owner(origin, datanet)?;
            PendingOwners::<T>::insert(datanet, &new_owner);
            Self::deposit_event(Event::OwnershipOffered { datanet, to: new_owner });
            Ok(())
        }

        /// Accept a datanet that was offered to you, with its treasury.
        ///
        /// Its storage deposit is held on your account from now on, and returns to the former owner. That of
        /// its allow list stays with who paid it, who may take those accounts off the list; allow them
        /// again to keep them.
        #[pallet::call_index(11)]
        pub fn accept_ownership(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
            let to = ensure_signed(origin)?;
            let offered = PendingOwners::<T>::take(datanet).ok_or(Error::<T>::NotFound)?;
            ensure!(offered == to, Error::<T>::NotOwner);
            let mut stored = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
            stored.deposit.drop(&stored.owner)?;
            stored.deposit = T::Consideration::new(&to, Self::datanet_footprint())?;
            let from = core::mem::replace(&mut stored.owner, to.clone());
            Datanets::<T>::insert(datanet, stored);
            Self::deposit_event(Event::OwnershipTransferred { datanet, from, to });
            Ok(())
        }

        /// Offer the right to be paid for a contribution, which is yours, to another account, which has to
        /// accept it.
        ///
        /// What it earned until then stays yours. A later offer replaces it; offer it to yourself to take
        /// it back. Who made the contribution, and may withdraw it, does not change.
        #[pallet::call_index(12)]
        pub fn transfer_payout(
            origin: OriginFor<T>,
            contribution: ContributionId,
            to: T::AccountId,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(stored.payee == who, Error::<T>::NotOwner);
            PendingPayees::<T>::insert(contribution, &to);
            Self::deposit_event(Event::PayoutOffered { contribution, to });
            Ok(())
        }

        /// Accept the right to be paid for a contribution that was offered to you.
        ///
        /// You are paid what it earns from now on; what it earned before is credited to who was paid so
        /// far. Its contributor may still withdraw it: where the licence redirects the royalties of what is
        /// withdrawn, or when it is proven a duplicate, you are paid no more.
        #[pallet::call_index(13)]
        #[pallet::weight(
            <T as Config>::WeightInfo::accept_payout().saturating_add(T::OnPayoutChange::weight())
        )]
        pub fn accept_payout(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            let to = ensure_signed(origin)?;
            let offered = PendingPayees::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(offered == to, Error::<T>::NotOwner);
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            Self::set_payee(contribution, &mut stored, to)?;
            Contributions::<T>::insert(contribution, stored);
            Ok(())
        }

        /// Prove that a contribution repeats a record of an earlier one: you get its contributor's bond,
        /// and it is voided.
        ///
        /// `record` is the record's hash, each index its place in the contribution, from 0, and each proof
        /// the siblings of its leaf, from the leaf upwards. `openledger datanet prove-duplicate` finds
        /// them. The contributions may be of different datanets, but then not of the same contributor.
        /// There is no bond where the later one was withdrawn already.
        #[pallet::call_index(14)]
        #[pallet::weight(
            <T as Config>::WeightInfo::prove_duplicate()
                .saturating_add(T::OnPayoutChange::weight())
        )]
        pub fn prove_duplicate(
            origin: OriginFor<T>,
            earlier: ContributionId,
            later: ContributionId,
            record: H256,
            earlier_index: u32,
            earlier_proof: MerkleProof,
            later_index: u32,
            later_proof: MerkleProof,
        ) -> DispatchResult {
            let finder = ensure_signed(origin)?;
            ensure!(earlier < later, Error::<T>::NotDuplicate);
            let first = Contributions::<T>::get(earlier).ok_or(Error::<T>::NotFound)?;
            let second = Contributions::<T>::get(later).ok_or(Error::<T>::NotFound)?;
            Self::ensure_comparable(&first, &second)?;
            Self::ensure_has(&first, &record, earlier_index, &earlier_proof)?;
            Self::ensure_has(&second, &record, later_index, &later_proof)?;
            Self::void(later, second, earlier, record, finder)
        }

        /// Appeal the rejection of a contribution of yours.
        ///
        /// A bond is held on your account. If the appeal is upheld, or nobody resolves it in time, the bond
        /// returns; if it is refused, the bond goes to the datanet's treasury. You can appeal once, within
        /// the appeal period after the rejection. Keep enough for the deposit and the bond of the
        /// contribution, which are held again if you are right.
        #[pallet::call_index(15)]
        pub fn appeal(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            let contributor = ensure_signed(origin)?;
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(stored.contributor == contributor, Error::<T>::NotOwner);
            let Status::Rejected { reason, appeal_until: Some(last) } = stored.status else {
                return Err(Error::<T>::WrongPhase.into());
            };
            ensure!(Self::now() <= last, Error::<T>::Expired);
            let (bond, until) = (T::AppealBond::get(), Self::appeal_deadline());
            Self::hold_free(HoldReason::Appeal, &contributor, bond)?;
            let datanet = stored.datanet;
            stored.status = Status::Rejected { reason, appeal_until: None };
            Contributions::<T>::insert(contribution, stored);
            Appeals::<T>::insert(contribution, Appeal { bond, until });
            Self::deposit_event(Event::Appealed { contribution, datanet, bond, until });
            Ok(())
        }

        /// Decide about an appeal, as the origin that may.
        ///
        /// Upheld, the contribution is in the next version after all, and the appeal's bond returns; it
        /// fails if the datanet has the same Merkle root by now, the version is full, or the contributor
        /// has not enough for deposit and bond. Refused, the bond goes to the datanet's treasury.
        #[pallet::call_index(16)]
        #[pallet::weight(
            <T as Config>::WeightInfo::resolve_appeal_uphold()
                .max(<T as Config>::WeightInfo::resolve_appeal_refuse())
        )]
        pub fn resolve_appeal(
            origin: OriginFor<T>,
            contribution: ContributionId,
            uphold: bool,
        ) -> DispatchResult {
            T::AppealOrigin::ensure_origin(origin)?;
            let Appeal { bond, until } =
                Appeals::<T>::take(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(Self::now() <= until, Error::<T>::Expired);
            let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            let datanet = stored.datanet;
            if uphold {
                Self::release_appeal(&stored.contributor, bond)?;
                Self::reinstate(contribution, &mut stored)?;
                Contributions::<T>::insert(contribution, stored);
            } else {
                Self::forfeit_appeal(&stored.contributor, datanet, bond)?;
            }
            let upheld = uphold;
            Self::deposit_event(Event::AppealResolved { contribution, datanet, upheld, bond });
            Ok(())
        }

        /// End an appeal that nobody resolved in time; anyone may. Its bond returns.
        #[pallet::call_index(17)]
        pub fn lapse_appeal(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            ensure_signed(origin)?;
            let Appeal { bond, until } =
                Appeals::<T>::take(contribution).ok_or(Error::<T>::NotFound)?;
            ensure!(Self::now() > until, Error::<T>::TooEarly);
            let stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
            Self::release_appeal(&stored.contributor, bond)?;
            let datanet = stored.datanet;
            Self::deposit_event(Event::AppealLapsed { contribution, datanet, bond });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A version of a datanet.
        pub fn version(datanet: DatanetId, number: VersionNumber) -> Option<Version> {
            Versions::<T>::get(datanet, number)
        }

        /// The account that is paid for a contribution, whatever became of it: its contributor, or to whom
        /// that right went.
        pub fn payout_account(contribution: ContributionId) -> Option<T::AccountId> {
            Contributions::<T>::get(contribution).map(|stored| stored.payee)
        }

        /// The account of a datanet's treasury.
        pub fn treasury(datanet: DatanetId) -> T::AccountId {
            T::PalletId::get().into_sub_account_truncating(datanet)
        }
    }
}

impl<T: Config> Pallet<T> {
    /// A contribution.
    pub fn contribution(id: ContributionId) -> Option<ContributionOf<T>> {
        Contributions::<T>::get(id)
    }

    /// Puts a contribution, which the caller stores, into the next version.
    fn accept(id: ContributionId, contribution: &mut ContributionOf<T>) -> Result<(), Error<T>> {
        Accepted::<T>::try_mutate(contribution.datanet, |accepted| {
            match accepted.binary_search(&id) {
                Ok(_) => Ok(()),
                Err(index) => accepted.try_insert(index, id).map_err(|_| Error::<T>::TooMany),
            }
        })?;
        contribution.status = Status::Accepted;
        Ok(())
    }

    /// Ends a live contribution, which the caller stores: it leaves the next version, its deposit
    /// returns, and its root is free unless it was published; then, the newest version, which lists it,
    /// is returned.
    fn end(
        id: ContributionId,
        contribution: &mut ContributionOf<T>,
        status: Status,
    ) -> Result<Option<Version>, DispatchError> {
        if let Some(ticket) = contribution.ticket.take() {
            ticket.drop(&contribution.contributor)?;
        }
        Votes::<T>::remove(id);
        let datanet = contribution.datanet;
        let published = match core::mem::replace(&mut contribution.status, status) {
            Status::Accepted => {
                Accepted::<T>::mutate(datanet, |accepted| {
                    if let Ok(index) = accepted.binary_search(&id) {
                        accepted.remove(index);
                    }
                });
                // What was ever published and is still live is in the newest version as well.
                Self::latest(datanet)
                    .filter(|(_, version)| version.contributions.binary_search(&id).is_ok())
            }
            _ => None,
        };
        let Some((number, version)) = published else {
            Roots::<T>::remove((datanet, contribution.root));
            return Ok(None);
        };
        contribution.last_version = number;
        Ok(Some(version))
    }

    fn latest(datanet: DatanetId) -> Option<(VersionNumber, Version)> {
        let number = Datanets::<T>::get(datanet)?.latest_version;
        Some((number, Self::version(datanet, number)?))
    }

    /// Lets what was published so far be used for no new model, where consent to it can be withdrawn.
    fn raise_consent_epoch(datanet: DatanetId, stored: &mut DatanetOf<T>) {
        stored.consent_epoch = stored.consent_epoch.saturating_add(1);
        let consent_epoch = stored.consent_epoch;
        Self::deposit_event(Event::ConsentRevoked { datanet, consent_epoch });
    }

    fn ensure_owner(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
        let who = ensure_signed(origin)?;
        let stored = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
        ensure!(stored.owner == who, Error::<T>::NotOwner);
        Ok(())
    }

    fn with_owned<R>(
        origin: OriginFor<T>,
        datanet: DatanetId,
        change: impl FnOnce(&mut DatanetOf<T>) -> R,
    ) -> Result<R, DispatchError> {
        let who = ensure_signed(origin)?;
        Datanets::<T>::try_mutate(datanet, |stored| {
            let stored = stored.as_mut().ok_or(Error::<T>::NotFound)?;
            ensure!(stored.owner == who, Error::<T>::NotOwner);
            Ok(change(stored))
        })
    }

    fn ensure_valid(licence: &Licence) -> Result<(), Error<T>> {
        ensure!(
            types::is_valid(licence, T::Currency::minimum_balance()),
            Error::<T>::InvalidLicence
        );
        Ok(())
    }

    fn next_id<Next: frame_support::StorageValue<u32, Query = u32>>() -> Result<u32, Error<T>> {
        Next::try_mutate(|next| {
            let id = *next;
            *next = id.checked_add(1).ok_or(Error::<T>::TooMany)?;
            Ok(id)
        })
    }

    /// Puts money of `who` on hold that may be paid to another account, if none of its free money is
    /// frozen.
    fn hold_free(reason: HoldReason, who: &T::AccountId, amount: Balance) -> DispatchResult {
        let reducible =
            |force| T::Currency::reducible_balance(who, Preservation::Expendable, force);
        ensure!(
            reducible(Fortitude::Polite) == reducible(Fortitude::Force),
            Error::<T>::InvalidPayer
        );
        T::Currency::hold(&reason.into(), who, amount)
    }

    /// What a datanet occupies on chain.
    pub(crate) fn datanet_footprint() -> Footprint {
        Footprint::from_mel::<DatanetOf<T>>()
    }

    /// What a place on an allow list occupies on chain.
    pub fn allowance_footprint() -> Footprint {
        Footprint::from_mel::<AllowanceOf<T>>()
    }

    /// What a contribution occupies on chain, and the votes about it where there are any; not its bytes,
    /// which lie elsewhere.
    pub(crate) fn contribution_footprint(policy: Policy) -> Footprint {
        let votes = match policy {
            Policy::Open | Policy::AllowList => 0,
            Policy::Vote => VoteList::<T::AccountId>::max_encoded_len(),
        };
        let stored = ContributionOf::<T>::max_encoded_len();
        Footprint::from_parts(1, stored.saturating_add(votes))
    }

    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }
}

/// `curators`, ascending and each once.
fn sorted<AccountId: Ord>(curators: Curators<AccountId>) -> Curators<AccountId> {
    let unique: BTreeSet<_> = curators.into_iter().collect();
    Curators::truncate_from(unique.into_iter().collect())
}
