//! What must hold between the storage items.

use crate::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_contributions()?;
        Self::check_datanets()
    }

    fn check_contributions() -> Result<(), TryRuntimeError> {
        let (mut all, mut roots) = (0usize, 0usize);
        for (id, contribution) in Contributions::<T>::iter() {
            all += 1;
            let Contribution { datanet, root, .. } = contribution;
            ensure!(id < NextContributionId::<T>::get(), "a contribution from the future");
            ensure!(
                contribution.ticket.is_some() == contribution.status.is_live(),
                "a deposit is held exactly while a contribution is live"
            );
            ensure!(
                ContributionsOf::<T>::contains_key(&contribution.payee, id),
                "a contribution that its payee's index misses"
            );
            ensure!(
                Accepted::<T>::get(datanet).contains(&id)
                    == (contribution.status == Status::Accepted),
                "the next version lists exactly what is accepted"
            );
            let published = Versions::<T>::iter_prefix(datanet)
                .any(|(_, version)| version.contributions.contains(&id));
            let taken = Roots::<T>::get((datanet, root)) == Some(id);
            ensure!(
                taken == (contribution.status.is_live() || published),
                "a root is taken exactly by what is live or published"
            );
            roots += usize::from(taken);
        }
        ensure!(ContributionsOf::<T>::iter().count() == all, "an index entry without contribution");
        ensure!(Roots::<T>::iter().count() == roots, "a root without contribution");
        for (id, _) in PendingPayees::<T>::iter() {
            ensure!(Contributions::<T>::contains_key(id), "an offer of payouts of nothing");
        }
        Ok(())
    }

    fn check_datanets() -> Result<(), TryRuntimeError> {
        for (id, datanet) in Datanets::<T>::iter() {
            ensure!(id < NextDatanetId::<T>::get(), "a datanet from the future");
            ensure!(
                datanet.curators.is_sorted() && Accepted::<T>::get(id).is_sorted(),
                "lists are ascending"
            );
            let numbers: BTreeSet<_> = Versions::<T>::iter_key_prefix(id).collect();
            ensure!(
                numbers.into_iter().eq(1..=datanet.latest_version),
                "versions are numbered from 1 to the newest"
            );
            for (_, version) in Versions::<T>::iter_prefix(id) {
                let records: Option<u64> = version
                    .contributions
                    .iter()
                    .map(|c| Self::contribution(*c).map(|c| u64::from(c.records)))
                    .sum();
                ensure!(
                    records == Some(version.records),
                    "a version's records are its contributions'"
                );
                ensure!(version.consent_epoch <= datanet.consent_epoch, "epochs only grow");
            }
        }
        for (id, _) in PendingOwners::<T>::iter() {
            ensure!(Datanets::<T>::contains_key(id), "an offer of nothing");
        }
        Ok(())
    }
}
