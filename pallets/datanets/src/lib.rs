//! # Datanets
//!
//! Community-owned, versioned datasets: who gave which records, who let them in, under which terms
//! they may be used. Bytes lie in a blob store; the chain keeps their content id, Merkle root and
//! count.
//!
//! ## Surface
//!
//! 1. An owner [`create`](Pallet::create)s a datanet with a licence, a policy and curators.
//! 2. Contributors [`contribute`](Pallet::contribute).
//! 3. A curator [`review`](Pallet::review)s each contribution; by [`Policy::Vote`], more than half of the
//!    curators do. Whatever nobody reviews within [`Config::ReviewPeriod`] blocks can
//!    [`lapse`](Pallet::lapse). The contributor of a rejected contribution may
//!    [`appeal`](Pallet::appeal) to [`Config::AppealOrigin`].
//! 4. The owner or a curator [`publish`](Pallet::publish)es a version, which never changes again.
//!
//! A contributor may [`withdraw`](Pallet::withdraw) from the next version at any time. New terms apply
//! from the next version on. Whoever is paid for a contribution may hand that right to another account,
//! which has to accept it.
//!
//! A datanet has a **consent epoch**. It rises by one when
//!
//! - the owner changes the terms;
//! - a contributor withdraws what the newest version lists, and that version's licence is revocable;
//! - a contribution that the newest version lists is voided.
//!
//! A version remembers the epoch in which it was published. A model may be trained on a version with a
//! revocable licence only while the epoch is still that one.
//!
//! A record belongs to the contribution that had it first. Anybody can show by two Merkle proofs that a
//! later contribution repeats it ([`prove_duplicate`](Pallet::prove_duplicate)). The later one is then
//! **voided**: the next version does not list it, versions that list it may not be trained on any more,
//! and what it earns from then on is its datanet's.
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
//! | money | where it is | when it moves |
//! |---|---|---|
//! | deposit of a datanet ([`Config::Consideration`]) | on hold, the owner's | to the new owner's account with the ownership |
//! | deposit of a contribution | on hold, the contributor's | returns when the contribution is rejected, lapses, is withdrawn or voided |
//! | deposit of a place on an allow list | on hold, of the owner who made it | returns to that account, however many owners later |
//! | bond of a contribution ([`Config::ContributionBond`]) | on hold, the contributor's ([`HoldReason::Bond`]) | returns with the deposit; goes to the finder when the contribution is voided |
//! | bond of an appeal ([`Config::AppealBond`]) | on hold, the contributor's ([`HoldReason::Appeal`]) | returns; goes to the datanet's treasury when the appeal is refused |
//! | treasury of a datanet | an account derived from [`Config::PalletId`] | only the owner can spend from it |
//!
//! Both bonds may be paid to somebody else. So an account of whose free money some is frozen or unvested
//! cannot give them.
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

mod allowance;
mod appeal;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod contribution;
mod duplicate;
#[cfg(test)]
mod mock;
mod owner;
mod payout;
mod review;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
mod version;
pub mod weights;

pub use pallet::*;
pub use payout::OnPayoutChange;
pub use types::*;
pub use weights::WeightInfo;

use alloc::{collections::BTreeSet, vec::Vec};
use codec::Encode;
use duplicate::Occurrence;
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible::{self, Inspect as _, Mutate as _},
        tokens::Preservation,
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
use pallet_common::{forfeit, hold_unfrozen, next_id, now, release};
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
            /// The id of the new datanet.
            datanet: DatanetId,
            /// The account that created it.
            owner: T::AccountId,
        },
        /// A datanet has these curators now.
        CuratorsSet {
            /// The datanet whose curators changed.
            datanet: DatanetId,
            /// All of its curators from now on.
            curators: CuratorsOf<T>,
        },
        /// A datanet's next version will have these terms.
        LicenceSet {
            /// The datanet whose terms changed.
            datanet: DatanetId,
            /// The terms of its next version.
            licence: Licence,
            /// The consent epoch now.
            consent_epoch: u32,
        },
        /// An account was put on a datanet's allow list, or taken off it.
        AllowedSet {
            /// The datanet whose allow list changed.
            datanet: DatanetId,
            /// The account that was put on the list or taken off it.
            who: T::AccountId,
            /// Whether it may contribute.
            allowed: bool,
        },
        /// Somebody contributed.
        Contributed {
            /// The id of the new contribution.
            contribution: ContributionId,
            /// The datanet that it was made to.
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
            /// The contribution that was accepted or rejected.
            contribution: ContributionId,
            /// The datanet that it was made to.
            datanet: DatanetId,
            /// Who decided, or whose vote did.
            curator: T::AccountId,
            /// Whether it was accepted, or why it was rejected.
            verdict: Verdict,
        },
        /// No curator reviewed a contribution in time.
        Lapsed {
            /// The contribution that ended.
            contribution: ContributionId,
            /// The datanet that it was made to.
            datanet: DatanetId,
        },
        /// A contributor took a contribution back.
        Withdrawn {
            /// The contribution that ended.
            contribution: ContributionId,
            /// The datanet that it was made to.
            datanet: DatanetId,
            /// The contributor that took it back.
            contributor: T::AccountId,
        },
        /// Consent to the newest version was withdrawn under its revocable licence, or a contribution in it
        /// was voided: it may not be trained on any more.
        ConsentRevoked {
            /// The datanet whose newest version may not be trained on.
            datanet: DatanetId,
            /// The consent epoch now.
            consent_epoch: u32,
        },
        /// A datanet has a new version.
        Published {
            /// The datanet that has a new version.
            datanet: DatanetId,
            /// The number of the version.
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
            /// The datanet whose treasury paid.
            datanet: DatanetId,
            /// The account that was paid.
            dest: T::AccountId,
            /// The amount, in units.
            amount: Balance,
        },
        /// A datanet was offered to another account.
        OwnershipOffered {
            /// The datanet that was offered.
            datanet: DatanetId,
            /// The account that may accept it.
            to: T::AccountId,
        },
        /// A datanet has a new owner.
        OwnershipTransferred {
            /// The datanet that changed hands.
            datanet: DatanetId,
            /// The owner so far.
            from: T::AccountId,
            /// The owner from now on.
            to: T::AccountId,
        },
        /// The right to be paid for a contribution was offered to another account.
        PayoutOffered {
            /// The contribution whose payee may change.
            contribution: ContributionId,
            /// The account that may accept the right.
            to: T::AccountId,
        },
        /// Another account is paid for a contribution from now on.
        PayoutTransferred {
            /// The contribution whose payee changed.
            contribution: ContributionId,
            /// Who was paid until now, and keeps what was earned.
            from: T::AccountId,
            /// The account that is paid from now on.
            to: T::AccountId,
        },
        /// A contribution was proven a duplicate.
        Voided {
            /// The contribution that repeats an earlier one.
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
            /// The contribution that is under review.
            contribution: ContributionId,
            /// The datanet that it was made to.
            datanet: DatanetId,
            /// The curator that voted.
            curator: T::AccountId,
            /// What the curator voted for.
            verdict: Verdict,
        },
        /// The contributor of a rejected contribution appealed.
        Appealed {
            /// The contribution that was rejected.
            contribution: ContributionId,
            /// The datanet that rejected it.
            datanet: DatanetId,
            /// What is on hold for it, in units.
            bond: Balance,
            /// The last block in which it may be resolved.
            until: BlockNumber,
        },
        /// An appeal was resolved.
        AppealResolved {
            /// The contribution that was rejected.
            contribution: ContributionId,
            /// The datanet that rejected it.
            datanet: DatanetId,
            /// Whether the contribution is accepted after all.
            upheld: bool,
            /// The bond, in units: returned if so, else paid to the datanet's treasury.
            bond: Balance,
        },
        /// Nobody resolved an appeal in time: the contribution stays rejected.
        AppealLapsed {
            /// The contribution that was rejected.
            contribution: ContributionId,
            /// The datanet that rejected it.
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
        /// The caller is not who may do this: the datanet's owner, the contributor, the payee, or the
        /// account to which something was offered, by the call.
        NotOwner,
        /// Only a curator of the datanet may do this.
        NotCurator,
        /// The datanet takes contributions only from accounts on its allow list.
        NotMember,
        /// The contribution is in another state: to review it or let it lapse, it must be pending; to
        /// withdraw it, live; to prove it a duplicate, live or in some version; to appeal, rejected and
        /// not yet appealed.
        WrongPhase,
        /// The next version lists as many contributions as a version can.
        TooMany,
        /// The review period, or that of the appeal, is not over.
        TooEarly,
        /// The period is over: a contribution can only lapse, a rejection can no longer be appealed, and an
        /// appeal can no longer be resolved.
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
            Self::do_create(owner, name, metadata, licence, policy, curators)
        }

        /// Replace the curators of a datanet that you own, 16 at most.
        #[pallet::call_index(1)]
        pub fn set_curators(
            origin: OriginFor<T>,
            datanet: DatanetId,
            curators: CuratorsOf<T>,
        ) -> DispatchResult {
            Self::do_set_curators(origin, datanet, curators)
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
            Self::do_set_licence(origin, datanet, licence)
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
            Self::do_allow(caller, datanet, who, allowed)
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
            Self::do_contribute(contributor, datanet, root, content, records, bytes, label)
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
            Self::do_review(curator, contribution, verdict)
        }

        /// End a contribution that no curator reviewed in time; anyone may.
        ///
        /// Its deposit and bond return to its contributor, who may contribute it again.
        #[pallet::call_index(6)]
        pub fn lapse(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_lapse(contribution)
        }

        /// Take back a contribution of yours that is pending or accepted; your deposit and bond return.
        ///
        /// It will not be in the next version. Published versions keep it. The licence of the newest
        /// version says who earns there from now on: who earned so far, or the datanet's treasury. If that
        /// licence is revocable, no new model can be registered on these versions.
        #[pallet::call_index(7)]
        #[pallet::weight(
            <T as Config>::WeightInfo::withdraw().saturating_add(T::OnPayoutChange::weight())
        )]
        pub fn withdraw(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            let contributor = ensure_signed(origin)?;
            Self::do_withdraw(contributor, contribution)
        }

        /// Publish the accepted contributions of a datanet as its next version.
        ///
        /// You own the datanet or are a curator of it. The version never changes again; it must differ
        /// from the one before in its contributions or its terms.
        #[pallet::call_index(8)]
        #[pallet::weight(<T as Config>::WeightInfo::publish(MAX_CONTRIBUTIONS))]
        pub fn publish(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResultWithPostInfo {
            let who = ensure_signed(origin)?;
            let count = Self::do_publish(&who, datanet)?;
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
            Self::do_spend(origin, datanet, dest, amount)
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
            Self::do_transfer_ownership(origin, datanet, new_owner)
        }

        /// Accept a datanet that was offered to you, with its treasury.
        ///
        /// Its storage deposit is held on your account from now on, and returns to the former owner. That of
        /// its allow list stays with who paid it, who may take those accounts off the list; allow them
        /// again to keep them.
        #[pallet::call_index(11)]
        pub fn accept_ownership(origin: OriginFor<T>, datanet: DatanetId) -> DispatchResult {
            let to = ensure_signed(origin)?;
            Self::do_accept_ownership(to, datanet)
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
            Self::do_transfer_payout(who, contribution, to)
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
            Self::do_accept_payout(to, contribution)
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
            let earlier =
                Occurrence { contribution: earlier, index: earlier_index, proof: earlier_proof };
            let later = Occurrence { contribution: later, index: later_index, proof: later_proof };
            Self::do_prove_duplicate(finder, record, earlier, later)
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
            Self::do_appeal(contributor, contribution)
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
            Self::do_resolve(contribution, uphold)
        }

        /// End an appeal that nobody resolved in time; anyone may. Its bond returns.
        #[pallet::call_index(17)]
        pub fn lapse_appeal(origin: OriginFor<T>, contribution: ContributionId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_lapse_appeal(contribution)
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
