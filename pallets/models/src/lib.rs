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
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
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
            let from = Self::usable(base)?;
            ensure!(from.kind == Kind::Base, Error::<T>::InvalidBase);
            let unique: BTreeSet<_> = parents.into_iter().collect();
            let parents = Parents::truncate_from(unique.into_iter().collect());
            let (mut depth, mut terms) = (from.depth, from.terms);
            for parent in &parents {
                let parent = Self::usable(*parent)?;
                ensure!(
                    matches!(parent.kind, Kind::Adapter { base: its, .. } if its == base),
                    Error::<T>::InvalidParent
                );
                ensure!(parent.terms.derivatives, Error::<T>::ForbiddenByLicence);
                depth = depth.max(parent.depth);
                terms = terms.and(parent.terms);
            }
            ensure!(depth < MAX_DEPTH, Error::<T>::TooMany);
            let kind = Kind::Adapter { base, parents };
            let ancestors = Self::walk(kind.derives_from()).len();
            ensure!(ancestors < MAX_LINEAGE as usize, Error::<T>::TooMany);
            let new = New { kind, name, price_in, price_out, depth: depth.saturating_add(1) };
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
            let mut stored = Self::usable(model)?;
            ensure!(stored.owner == who, Error::<T>::NotOwner);
            let version = stored.latest.checked_add(1).ok_or(Error::<T>::TooMany)?;
            let files = Files { artefact, config, size };
            let info = Self::checked(&stored.kind, files, trained_on, index)?;
            let terms = stored.terms.and(Self::training_terms(&info.trained_on)?);
            let Prices { price_in, price_out } = Self::highest(model, &stored);
            Self::ensure_allowed(&stored.kind, terms, price_in, price_out)?;
            Self::pay_training(&who, model, &info.trained_on)?;
            stored.terms = terms;
            stored.latest = version;
            stored.ticket = stored.ticket.update(&who, Self::footprint(version))?;
            Models::<T>::insert(model, stored);
            Versions::<T>::insert(model, version, info);
            Self::deposit_event(Event::VersionRegistered { model, version, artefact });
            Ok(())
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
            let mut stored = Self::owned(origin, model)?;
            ensure!(!stored.deprecated, Error::<T>::WrongPhase);
            Self::ensure_allowed(&stored.kind, stored.terms, price_in, price_out)?;
            let now = now::<T>();
            let present = Self::prices(model, &stored);
            stored.price_in = present.price_in.min(price_in);
            stored.price_out = present.price_out.min(price_out);
            let from = if (stored.price_in, stored.price_out) == (price_in, price_out) {
                PendingPrices::<T>::remove(model);
                now
            } else {
                let from = now.saturating_add(T::PriceNotice::get());
                let prices = Prices { price_in, price_out };
                PendingPrices::<T>::insert(model, PendingPrice { prices, from });
                from
            };
            Models::<T>::insert(model, stored);
            Self::deposit_event(Event::PriceSet { model, price_in, price_out, from });
            Ok(())
        }

        /// Deprecate a model that you own, for good: no more settlements, versions, descendants.
        ///
        /// Settle what was served first. Its descendants stay as they are.
        #[pallet::call_index(4)]
        pub fn deprecate(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
            let mut stored = Self::owned(origin, model)?;
            ensure!(!stored.deprecated, Error::<T>::WrongPhase);
            stored.deprecated = true;
            PendingPrices::<T>::remove(model);
            Models::<T>::insert(model, stored);
            Self::deposit_event(Event::Deprecated { model });
            Ok(())
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
            Self::owned(origin, model)?;
            PendingOwners::<T>::insert(model, &new_owner);
            Self::deposit_event(Event::OwnershipOffered { model, to: new_owner });
            Ok(())
        }

        /// Accept a model that was offered to you, with all that it earns from now on.
        ///
        /// Its storage deposit is held on your account, and returns to the former owner.
        #[pallet::call_index(6)]
        pub fn accept_ownership(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
            let to = ensure_signed(origin)?;
            let offered = PendingOwners::<T>::take(model).ok_or(Error::<T>::NotFound)?;
            ensure!(offered == to, Error::<T>::NotOwner);
            let mut stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
            stored.ticket.drop(&stored.owner)?;
            stored.ticket = <T as Config>::Consideration::new(&to, Self::footprint(stored.latest))?;
            let from = core::mem::replace(&mut stored.owner, to.clone());
            Models::<T>::insert(model, stored);
            Self::deposit_event(Event::OwnershipTransferred { model, from, to });
            Ok(())
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

/// What is registered of a version's files.
struct Files {
    artefact: ContentId,
    config: ContentId,
    size: u64,
}

/// What `register` is told about a new model.
struct New {
    kind: Kind,
    name: Name,
    price_in: Balance,
    price_out: Balance,
    depth: u8,
}

impl<T: Config> Pallet<T> {
    /// A model.
    pub fn model(model: ModelId) -> Option<ModelOf<T>> {
        Models::<T>::get(model)
    }

    /// Some models and all that they derive from, each once, in descending order of ids, and at most
    /// [`MAX_LINEAGE`]: more than that are never registered.
    fn walk(models: impl IntoIterator<Item = ModelId>) -> Vec<Ancestor<T::AccountId>> {
        let mut next: BTreeSet<_> = models.into_iter().collect();
        let mut walked = Vec::new();
        while let Some(model) = next.pop_last() {
            let Some(stored) = Models::<T>::get(model) else { continue };
            let parents = stored.kind.derives_from();
            next.extend(&parents);
            walked.push(Ancestor { model, owner: stored.owner, parents });
            if walked.len() >= MAX_LINEAGE as usize {
                break;
            }
        }
        walked
    }

    /// Those of these datanet versions that there are.
    fn data(trained_on: &TrainedOn) -> impl Iterator<Item = Version> + '_ {
        trained_on
            .iter()
            .filter_map(|(datanet, version)| DatanetsPallet::<T>::version(*datanet, *version))
    }

    /// The contributions that these datanet versions list, each once; ascending.
    fn listed(trained_on: &TrainedOn) -> Vec<ContributionId> {
        let mut all: Vec<_> =
            Self::data(trained_on).flat_map(|version| version.contributions).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn register(
        owner: T::AccountId,
        new: New,
        inherited: Terms,
        files: Files,
        trained_on: TrainedOn,
        index: Option<IndexInfo>,
    ) -> DispatchResult {
        let New { kind, name, price_in, price_out, depth } = new;
        ensure!(!name.is_empty(), Error::<T>::InvalidName);
        let artefact = files.artefact;
        let info = Self::checked(&kind, files, trained_on, index)?;
        let terms = inherited.and(Self::training_terms(&info.trained_on)?);
        Self::ensure_allowed(&kind, terms, price_in, price_out)?;
        let model = next_id::<NextModelId<T>, _>()?;
        Self::pay_training(&owner, model, &info.trained_on)?;
        let ticket = <T as Config>::Consideration::new(&owner, Self::footprint(1))?;
        Models::<T>::insert(
            model,
            Model {
                owner: owner.clone(),
                kind: kind.clone(),
                name,
                latest: 1,
                price_in,
                price_out,
                deprecated: false,
                depth,
                terms,
                ticket,
            },
        );
        Versions::<T>::insert(model, 1, info);
        let (base, parents) = match kind {
            Kind::Base => (None, Parents::new()),
            Kind::Adapter { base, parents } => (Some(base), parents),
        };
        Self::deposit_event(Event::Registered { model, owner, base, parents });
        Self::deposit_event(Event::VersionRegistered { model, version: 1, artefact });
        Ok(())
    }

    /// What a version of a model of this kind may look like.
    fn checked(
        kind: &Kind,
        files: Files,
        trained_on: TrainedOn,
        index: Option<IndexInfo>,
    ) -> Result<ModelVersionInfo, Error<T>> {
        let Files { artefact, config, size } = files;
        let invalid_size = |size: u64| !(1..=MAX_SIZE).contains(&size);
        let invalid_index = |index: IndexInfo| {
            index.content.is_zero()
                || index.root.is_zero()
                || index.method.is_zero()
                || index.trace.is_some_and(|trace| trace.is_zero())
                || !(1..=MAX_BLOCKS).contains(&index.blocks)
                || !(1..=MAX_VARIANTS).contains(&index.variants)
                || invalid_size(index.size)
        };
        let invalid = artefact.is_zero() || config.is_zero() || invalid_size(size);
        ensure!(!invalid && !index.is_some_and(invalid_index), Error::<T>::InvalidArtefact);
        let unknown = |index: IndexInfo| !T::Methods::contains(&index.method);
        ensure!(!index.is_some_and(unknown), Error::<T>::UnknownMethod);
        ensure!(
            match kind {
                Kind::Base => trained_on.is_empty() && index.is_none(),
                Kind::Adapter { .. } => !trained_on.is_empty(),
            },
            Error::<T>::InvalidTraining
        );
        let unique: BTreeSet<_> = trained_on.into_iter().collect();
        let trained_on = TrainedOn::truncate_from(unique.into_iter().collect());
        if let Some(index) = &index {
            let vectors = Self::listed(&trained_on).len().saturating_mul(index.variants.into());
            ensure!(vectors <= MAX_ROWS as usize, Error::<T>::TooMany);
        }
        let registered = now::<T>();
        Ok(ModelVersionInfo { artefact, config, size, trained_on, index, registered })
    }

    /// What all licences of these datanet versions allow; an error where one does not allow training.
    fn training_terms(trained_on: &TrainedOn) -> Result<Terms, Error<T>> {
        let now = now::<T>();
        trained_on.iter().try_fold(Terms::OPEN, |terms, (datanet, number)| {
            let (version, datanet) = Self::datanet_version(*datanet, *number)?;
            ensure!(
                !version.licence.revocable || version.consent_epoch == datanet.consent_epoch,
                Error::<T>::Stale
            );
            ensure!(*number > datanet.tainted, Error::<T>::Stale);
            [version.licence, datanet.licence].into_iter().try_fold(terms, |terms, licence| {
                ensure!(licence.training, Error::<T>::ForbiddenByLicence);
                ensure!(licence.expires.is_none_or(|last| now <= last), Error::<T>::Expired);
                let Licence { commercial, derivatives, .. } = licence;
                Ok(terms.and(Terms { commercial, derivatives }))
            })
        })
    }

    /// Whether `terms` allow these prices, and parents where there are some.
    fn ensure_allowed(
        kind: &Kind,
        terms: Terms,
        price_in: Balance,
        price_out: Balance,
    ) -> Result<(), Error<T>> {
        let free = price_in == 0 && price_out == 0;
        let derived = matches!(kind, Kind::Adapter { parents, .. } if !parents.is_empty());
        ensure!(
            (free || terms.commercial) && (!derived || terms.derivatives),
            Error::<T>::ForbiddenByLicence
        );
        Ok(())
    }

    /// Pays the price for training under each version's licence to its datanet.
    fn pay_training(who: &T::AccountId, model: ModelId, trained_on: &TrainedOn) -> DispatchResult {
        for (datanet, number) in trained_on {
            let amount = Self::datanet_version(*datanet, *number)?.0.licence.training_price;
            if amount == 0 {
                continue;
            }
            <T as Config>::Currency::transfer(
                who,
                &DatanetsPallet::<T>::treasury(*datanet),
                amount,
                Preservation::Preserve,
            )?;
            Self::deposit_event(Event::TrainingPaid { model, datanet: *datanet, amount });
        }
        Ok(())
    }

    fn datanet_version(
        datanet: DatanetId,
        number: VersionNumber,
    ) -> Result<(Version, pallet_datanets::DatanetOf<T>), Error<T>> {
        let version = DatanetsPallet::<T>::version(datanet, number).ok_or(Error::<T>::NotFound)?;
        let datanet = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
        Ok((version, datanet))
    }

    /// A model that is not deprecated.
    fn usable(model: ModelId) -> Result<ModelOf<T>, Error<T>> {
        let stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        ensure!(!stored.deprecated, Error::<T>::WrongPhase);
        Ok(stored)
    }

    fn owned(origin: OriginFor<T>, model: ModelId) -> Result<ModelOf<T>, DispatchError> {
        let who = ensure_signed(origin)?;
        let stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        ensure!(stored.owner == who, Error::<T>::NotOwner);
        Ok(stored)
    }

    /// The prices that hold now.
    fn prices(model: ModelId, stored: &ModelOf<T>) -> Prices {
        match PendingPrices::<T>::get(model) {
            Some(pending) if now::<T>() >= pending.from => pending.prices,
            _ => Prices { price_in: stored.price_in, price_out: stored.price_out },
        }
    }

    /// The higher of the prices that hold, or may hold without another call.
    fn highest(model: ModelId, stored: &ModelOf<T>) -> Prices {
        // What is pending is never below what it replaces.
        PendingPrices::<T>::get(model)
            .map_or(Prices { price_in: stored.price_in, price_out: stored.price_out }, |pending| {
                pending.prices
            })
    }

    /// What a model with this many versions occupies on chain.
    pub(crate) fn footprint(versions: ModelVersion) -> Footprint {
        let version = ModelVersionInfo::max_encoded_len().saturating_mul(versions as usize);
        let model = ModelOf::<T>::max_encoded_len().saturating_add(PendingPrice::max_encoded_len());
        Footprint::from_parts(1, model.saturating_add(version))
    }
}
