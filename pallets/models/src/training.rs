//! The datanet versions that a model is trained on: what they list, what their licences allow, and what
//! training on them costs.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Those of these datanet versions that there are.
    pub(crate) fn data(trained_on: &TrainedOn) -> impl Iterator<Item = Version> + '_ {
        trained_on
            .iter()
            .filter_map(|(datanet, version)| DatanetsPallet::<T>::version(*datanet, *version))
    }

    /// The contributions that these datanet versions list, each once; ascending.
    pub(crate) fn listed(trained_on: &TrainedOn) -> Vec<ContributionId> {
        let mut all: Vec<_> =
            Self::data(trained_on).flat_map(|version| version.contributions).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What all licences of these datanet versions allow; an error where one does not allow training.
    pub(crate) fn training_terms(trained_on: &TrainedOn) -> Result<Terms, Error<T>> {
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
    pub(crate) fn ensure_allowed(
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
    pub(crate) fn pay_training(
        who: &T::AccountId,
        model: ModelId,
        trained_on: &TrainedOn,
    ) -> DispatchResult {
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
}
