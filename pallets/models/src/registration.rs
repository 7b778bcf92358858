//! How models and versions are registered, and what they may look like.

use crate::*;

/// What is registered of a version's files.
pub(crate) struct Files {
    pub artefact: ContentId,
    pub config: ContentId,
    pub size: u64,
}

/// What `register` is told about a new model.
pub(crate) struct New {
    pub kind: Kind,
    pub name: Name,
    pub price_in: Balance,
    pub price_out: Balance,
    pub depth: u8,
}

impl<T: Config> Pallet<T> {
    /// A model.
    pub fn model(model: ModelId) -> Option<ModelOf<T>> {
        Models::<T>::get(model)
    }

    /// A model that is not deprecated.
    pub(crate) fn usable(model: ModelId) -> Result<ModelOf<T>, Error<T>> {
        let stored = Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        ensure!(!stored.deprecated, Error::<T>::WrongPhase);
        Ok(stored)
    }

    /// Registers a model with its first version. `inherited` is what its lineage allows.
    pub(crate) fn register(
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

    /// Adds a version to a model, which is its newest from now on.
    pub(crate) fn add_version(
        who: T::AccountId,
        model: ModelId,
        files: Files,
        trained_on: TrainedOn,
        index: Option<IndexInfo>,
    ) -> DispatchResult {
        let mut stored = Self::usable(model)?;
        ensure!(stored.owner == who, Error::<T>::NotOwner);
        let version = stored.latest.checked_add(1).ok_or(Error::<T>::TooMany)?;
        let artefact = files.artefact;
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

    /// What a model with this many versions occupies on chain.
    pub(crate) fn footprint(versions: ModelVersion) -> Footprint {
        let version = ModelVersionInfo::max_encoded_len().saturating_mul(versions as usize);
        let model = ModelOf::<T>::max_encoded_len().saturating_add(PendingPrice::max_encoded_len());
        Footprint::from_parts(1, model.saturating_add(version))
    }
}
