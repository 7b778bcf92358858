//! What an owner does with its datanet: how it begins, its curators and terms, its treasury, and how it
//! changes hands.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Begins a datanet.
    pub(crate) fn do_create(
        owner: T::AccountId,
        name: Name,
        metadata: Metadata,
        licence: Licence,
        policy: Policy,
        curators: CuratorsOf<T>,
    ) -> DispatchResult {
        ensure!(!name.is_empty(), Error::<T>::InvalidName);
        Self::ensure_valid(&licence)?;
        let datanet = next_id::<NextDatanetId<T>, _>()?;
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

    /// Replaces the curators.
    pub(crate) fn do_set_curators(
        origin: OriginFor<T>,
        datanet: DatanetId,
        curators: CuratorsOf<T>,
    ) -> DispatchResult {
        let curators = sorted(curators);
        Self::with_owned(origin, datanet, |stored| stored.curators = curators.clone())?;
        Self::deposit_event(Event::CuratorsSet { datanet, curators });
        Ok(())
    }

    /// Sets the terms of the next version, which raises the consent epoch.
    pub(crate) fn do_set_licence(
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

    /// Pays from the treasury.
    pub(crate) fn do_spend(
        origin: OriginFor<T>,
        datanet: DatanetId,
        dest: T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        Self::ensure_owner(origin, datanet)?;
        T::Currency::transfer(&Self::treasury(datanet), &dest, amount, Preservation::Expendable)?;
        Self::deposit_event(Event::Spent { datanet, dest, amount });
        Ok(())
    }

    /// Offers a datanet to another account.
    pub(crate) fn do_transfer_ownership(
        origin: OriginFor<T>,
        datanet: DatanetId,
        new_owner: T::AccountId,
    ) -> DispatchResult {
        Self::ensure_owner(origin, datanet)?;
        PendingOwners::<T>::insert(datanet, &new_owner);
        Self::deposit_event(Event::OwnershipOffered { datanet, to: new_owner });
        Ok(())
    }

    /// Gives a datanet to the account that it was offered to, which holds its deposit from now on.
    pub(crate) fn do_accept_ownership(to: T::AccountId, datanet: DatanetId) -> DispatchResult {
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

    /// What a datanet occupies on chain.
    pub(crate) fn datanet_footprint() -> Footprint {
        Footprint::from_mel::<DatanetOf<T>>()
    }
}

/// `curators`, ascending and each once.
pub(crate) fn sorted<AccountId: Ord>(curators: Curators<AccountId>) -> Curators<AccountId> {
    let unique: BTreeSet<_> = curators.into_iter().collect();
    Curators::truncate_from(unique.into_iter().collect())
}
