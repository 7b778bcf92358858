//! # Models
//!
//! Base models and adapters, registered by hash: from what each descends, on which datanet versions it
//! was trained, what it costs.
//!
//! ## Surface
//!
//! Anybody registers a base ([`register_base`](Pallet::register_base)) or an adapter of one
//! ([`register_adapter`](Pallet::register_adapter)), adds versions, sets prices per 1,000 tokens, and
//! deprecates it in the end. Models and versions are never removed: settlements and lineages refer to
//! them. An adapter names its base and, where its training started from another adapter or it was merged
//! of several, these as its parents, all of the same base. So lineages are graphs, of at most
//! [`MAX_DEPTH`] steps and [`MAX_LINEAGE`] models, checked at registration. A model is registered after
//! those that it derives from: descending ids are an order in which each comes before its ancestors.
//!
//! ## Prices
//!
//! A price that falls holds at once. One that rises holds [`Config::PriceNotice`] blocks later: whoever
//! asks knows what it will pay. Until then the former price stands in the model and the new one in
//! [`PendingPrices`]; [`price`](Pallet::price) says which holds.
//!
//! ## Licences
//!
//! Two licences are asked for each datanet version that a model version names: the version's own, and the
//! one that the datanet has now.
//!
//! - Both must allow training, and neither may have expired.
//! - Both must allow commercial use where the model has a price, and derivatives where it has parents.
//! - A version with a revocable licence must be of the datanet's current consent epoch.
//! - The version must be newer than every version that lists a contribution voided since.
//!
//! [`Terms`] carry the two lasting permissions down the lineage: what must not be sold, or derived from,
//! cannot be sold or derived from through a descendant or a later price.
//!
//! ## Cross-pallet contract
//!
//! Asks [`pallet_datanets`] for versions, licences and treasuries. May be asked for
//! [`model`](Pallet::model), [`version`](Pallet::version), [`lineage`](Pallet::lineage) (whom to pay
//! royalties), [`contributions`](Pallet::contributions) (whom a share vector may name),
//! [`withdrawn_data`](Pallet::withdrawn_data) (which of them are in their datanet no more) and
//! [`min_data_share`](Pallet::min_data_share).
//!
//! ## Money model
//!
//! Registering pays each named version's training price to its datanet's treasury, at once. Each model
//! holds a storage deposit ([`Config::Consideration`]) for itself and its versions on its owner's
//! account; it moves with the ownership. No funds are kept here.
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
pub mod benchmarking;
mod lineage;
#[cfg(test)]
mod mock;
mod owner;
mod prices;
mod registration;
#[cfg(test)]
mod tests;
mod training;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
    pallet_prelude::*,
    traits::{
        fungible::{self, Mutate as _},
        tokens::Preservation,
        Consideration, Contains, Footprint,
    },
};
use frame_system::pallet_prelude::*;
use openledger_primitives::{
    fraud::MAX_ROWS,
    licence::Licence,
    score::{MAX_BLOCKS, MAX_VARIANTS},
    Balance, BlockNumber, ContentId, ContributionId, DatanetId, ModelId, ModelVersion, Ppm,
    VersionNumber, H256,
};
use pallet_common::{next_id, now};
use pallet_datanets::{Datanets, Pallet as DatanetsPallet, Status, Version};
use registration::{Files, New};

/// A model as this runtime stores it.
pub type ModelOf<T> = Model<<T as frame_system::Config>::AccountId, <T as Config>::Consideration>;

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
    pub trait Config: frame_system::Config + pallet_datanets::Config {
        /// What prices for training are paid in.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>;

        /// The storage deposit of a model, held under [`HoldReason::Deposit`].
        type Consideration: Consideration<Self::AccountId, Footprint>;

        /// The methods that new indices may be of.
        type Methods: Contains<H256>;

        /// Blocks between setting a higher price and its holding.
        #[pallet::constant]
        type PriceNotice: Get<BlockNumber>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why funds are on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For what a model and its versions occupy on chain.
        Deposit,
    }

    /// All models.
    #[pallet::storage]
    pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, ModelOf<T>>;

    /// All versions of all models.
    #[pallet::storage]
    pub type Versions<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        ModelId,
        Twox64Concat,
        ModelVersion,
        ModelVersionInfo,
        OptionQuery,
    >;

    /// The id of the next model.
    #[pallet::storage]
    pub type NextModelId<T: Config> = StorageValue<_, ModelId, ValueQuery>;

    /// To whom the owner of a model offered it.
    #[pallet::storage]
    pub type PendingOwners<T: Config> = StorageMap<_, Twox64Concat, ModelId, T::AccountId>;

    /// Prices that hold from some block on, in place of those of the model.
    #[pallet::storage]
    pub type PendingPrices<T: Config> = StorageMap<_, Twox64Concat, ModelId, PendingPrice>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// There is a new model, with version 1.
        Registered {
            /// The id of the new model.
            model: ModelId,
            /// The account that registered it.
            owner: T::AccountId,
            /// The base it changes; nothing where it is one itself.
            base: Option<ModelId>,
            /// The adapters it was derived from or merged of.
            parents: Parents,
        },
        /// A model has a new version.
        VersionRegistered {
            /// The model that the version is of.
            model: ModelId,
            /// The number of the version.
            version: ModelVersion,
            /// The content id of its artefact.
            artefact: ContentId,
        },
        /// The price of training was paid to a datanet's treasury.
        TrainingPaid {
            /// The model that was trained.
            model: ModelId,
            /// The datanet whose treasury was paid.
            datanet: DatanetId,
            /// The amount, in units.
            amount: Balance,
        },
        /// A model has new prices.
        PriceSet {
            /// The model whose prices change.
            model: ModelId,
            /// Units per 1,000 tokens of a prompt.
            price_in: Balance,
            /// Units per 1,000 tokens of an answer.
            price_out: Balance,
            /// The first block in which both hold; what is lower than before holds at once.
            from: BlockNumber,
        },
        /// A model takes no more settlements, versions and descendants.
        Deprecated {
            /// The model that is out of service.
            model: ModelId,
        },
        /// A model was offered to another account.
        OwnershipOffered {
            /// The model that was offered.
            model: ModelId,
            /// The account that may accept it.
            to: T::AccountId,
        },
        /// A model has a new owner.
        OwnershipTransferred {
            /// The model that changed hands.
            model: ModelId,
            /// The owner so far.
            from: T::AccountId,
            /// The owner from now on.
            to: T::AccountId,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// There is no such model or datanet version, or nothing was offered.
        NotFound,
        /// Only the owner of the model, or to whom it was offered, may do this.
        NotOwner,
        /// The model, its base or a parent is deprecated.
        WrongPhase,
        /// The lineage would be too deep or have too many models, or the index would have more than 4,096
        /// vectors.
        TooMany,
        /// A licence has expired.
        Expired,
        /// Consent to the datanet version was withdrawn, or a duplicate in it or a newer one was voided: use
        /// a newer version of the datanet.
        Stale,
        /// A licence does not allow training, commercial use with a price, or derivatives of an adapter.
        ForbiddenByLicence,
        /// A name has at least one byte.
        InvalidName,
        /// Artefact, config, and an index's content, root, method and trace must not be zero. Sizes are 1
        /// to 2^44 bytes, an index's blocks 1 to 1,048,576 and its variants 1 to 8.
        InvalidArtefact,
        /// The base that an adapter names must be a base model.
        InvalidBase,
        /// The parents that an adapter names must be adapters of the same base.
        InvalidParent,
        /// An adapter is trained on at least one datanet version; a base has neither those nor an index.
        InvalidTraining,
        /// Governance has not chosen the method that the index is of.
        UnknownMethod,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Register a base model that you own.
        ///
        /// `artefact` is the content id of its manifest, `config` of its `config.json`, and `size` the
        /// bytes of all its files together, the manifest included. Prices are in units per 1,000 tokens.
        /// A storage deposit is held on your account.
        #[pallet::call_index(0)]
        pub fn register_base(
            origin: OriginFor<T>,
            name: Name,
            artefact: ContentId,
            config: ContentId,
            #[pallet::compact] size: u64,
            #[pallet::compact] price_in: Balance,
            #[pallet::compact] price_out: Balance,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            let new = New { kind: Kind::Base, name, price_in, price_out, depth: 0 };
            let files = Files { artefact, config, size };
            Self::register(owner, new, Terms::OPEN, files, TrainedOn::new(), None)
        }

        /// Register an adapter of a base model; you own it.
        ///
        /// `base` is the model it changes, `parents` the adapter that training started from, or those
        /// that it was merged of, all of this base; none if it was trained from the base itself. Their
        /// owners have a part in what it earns.
        /// `artefact` and `config` are the content ids of its `adapter_model.safetensors` and
        /// `adapter_config.json`, and `size` the bytes of both together; `trained_on` names datanet versions whose licences allow it; `index`
        /// is its attribution index, of a method that governance has chosen; without one its answers
        /// cannot be settled. You pay the price
        /// for training of each version to its datanet, and a storage deposit is held on your account.
        #[pallet::call_index(1)]
        #[pallet::weight(<T as Config>::WeightInfo::register_adapter(trained_on.len() as u32))]
        pub fn register_adapter(
            origin: OriginFor<T>,
            name: Name,
            base: ModelId,
            parents: Parents,
            artefact: ContentId,
            config: ContentId,
            #[pallet::compact] size: u64,
            trained_on: TrainedOn,
            index: Option<IndexInfo>,
            #[pallet::compact] price_in: Balance,
            #[pallet::compact] price_out: Balance,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            let (kind, depth, terms) = Self::descend(base, parents)?;
            let new = New { kind, name, price_in, price_out, depth };
            let files = Files { artefact, config, size };
            Self::register(owner, new, terms, files, trained_on, index)
        }

        /// Add a version to a model that you own; from now on it is the newest.
        ///
        /// The licences of the datanet versions it names must allow what the model does already: its
        /// price, its parents. You pay their prices for training; your storage deposit grows. For a
        /// base, name no datanets and no index.
        #[pallet::call_index(2)]
        #[pallet::weight(<T as Config>::WeightInfo::register_version(trained_on.len() as u32))]
        pub fn register_version(
            origin: OriginFor<T>,
            model: ModelId,
            artefact: ContentId,
            config: ContentId,
            #[pallet::compact] size: u64,
            trained_on: TrainedOn,
            index: Option<IndexInfo>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let files = Files { artefact, config, size };
            Self::add_version(who, model, files, trained_on, index)
        }

        /// Set the prices of a model that you own, in units per 1,000 tokens.
        ///
        /// A lower price holds at once, a higher one after a notice; setting prices again takes back what
        /// does not hold yet. What is served already keeps its price: receipts state their fees. A price
        /// above zero needs licences that allow commercial use, in the whole lineage.
        #[pallet::call_index(3)]
        pub fn set_price(
            origin: OriginFor<T>,
            model: ModelId,
            #[pallet::compact] price_in: Balance,
            #[pallet::compact] price_out: Balance,
        ) -> DispatchResult {
            Self::do_set_price(origin, model, price_in, price_out)
        }

        /// Deprecate a model that you own, for good: no more settlements, versions, descendants.
        ///
        /// Settle what was served first. Its descendants stay as they are.
        #[pallet::call_index(4)]
        pub fn deprecate(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
            Self::do_deprecate(origin, model)
        }

        /// Offer a model that you own to another account, which has to accept it.
        ///
        /// A later offer replaces it; offer it to yourself to take it back.
        #[pallet::call_index(5)]
        pub fn transfer_ownership(
            origin: OriginFor<T>,
            model: ModelId,
            new_owner: T::AccountId,
        ) -> DispatchResult {
            Self::do_transfer_ownership(origin, model, new_owner)
        }

        /// Accept a model that was offered to you, with all that it earns from now on.
        ///
        /// Its storage deposit is held on your account, and returns to the former owner.
        #[pallet::call_index(6)]
        pub fn accept_ownership(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
            let to = ensure_signed(origin)?;
            Self::do_accept_ownership(to, model)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A version of a model.
        pub fn version(model: ModelId, number: ModelVersion) -> Option<ModelVersionInfo> {
            Versions::<T>::get(model, number)
        }

        /// A model and its ancestors, each once, in descending order of ids: the model first, each
        /// before those that it derives from, its base last. Empty where there is no such model.
        pub fn lineage(model: ModelId) -> Vec<Ancestor<T::AccountId>> {
            Self::walk([model])
        }

        /// What answers of a model cost now, in units per 1,000 tokens.
        pub fn price(model: ModelId) -> Option<Prices> {
            Models::<T>::get(model).map(|stored| Self::prices(model, &stored))
        }

        /// The contributions behind a model version, over all its datanet versions; ascending.
        pub fn contributions(model: ModelId, number: ModelVersion) -> Vec<ContributionId> {
            let trained_on = Self::version(model, number).map(|info| info.trained_on);
            Self::listed(&trained_on.unwrap_or_default())
        }

        /// The contributions behind a model version that were withdrawn or voided since; ascending.
        pub fn withdrawn_data(model: ModelId, number: ModelVersion) -> Vec<ContributionId> {
            let mut gone = Self::contributions(model, number);
            gone.retain(|id| {
                DatanetsPallet::<T>::contribution(*id).is_some_and(|contribution| {
                    matches!(contribution.status, Status::Withdrawn | Status::Voided { .. })
                })
            });
            gone
        }

        /// The least part of a fee that must go to data, by the strictest of its versions' licences.
        pub fn min_data_share(model: ModelId, number: ModelVersion) -> Ppm {
            let trained_on = Self::version(model, number).map(|info| info.trained_on);
            Self::data(&trained_on.unwrap_or_default())
                .map(|version| version.licence.min_data_share)
                .max()
                .unwrap_or_default()
        }
    }
}
