//! Versions, and the consent epoch that says which of them may be trained on.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Makes a version of what is accepted, and returns how many contributions it lists.
    pub(crate) fn do_publish(who: &T::AccountId, datanet: DatanetId) -> Result<u32, DispatchError> {
        let mut stored = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?;
        ensure!(
            stored.owner == *who || stored.curators.binary_search(who).is_ok(),
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
        let count: u32 = contributions.len().saturated_into();
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
                published: now::<T>(),
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
        Ok(count)
    }

    pub(crate) fn latest(datanet: DatanetId) -> Option<(VersionNumber, Version)> {
        let number = Datanets::<T>::get(datanet)?.latest_version;
        Some((number, Self::version(datanet, number)?))
    }

    /// Lets what was published so far be used for no new model, where consent to it can be withdrawn.
    pub(crate) fn raise_consent_epoch(datanet: DatanetId, stored: &mut DatanetOf<T>) {
        stored.consent_epoch = stored.consent_epoch.saturating_add(1);
        let consent_epoch = stored.consent_epoch;
        Self::deposit_event(Event::ConsentRevoked { datanet, consent_epoch });
    }
}
