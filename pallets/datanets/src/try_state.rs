//! What must hold between the storage items.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_contributions()?;
        Self::check_datanets()
    }

    fn check_contributions() -> Result<(), TryRuntimeError> {
        let (mut all, mut roots) = (0usize, 0usize);
        // Of each contributor: of contributions, and of appeals.
        let mut bonds = BTreeMap::<T::AccountId, (Balance, Balance)>::new();
        let mut appeals = 0usize;
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
            let listed = Versions::<T>::iter_prefix(datanet)
                .filter(|(_, version)| version.contributions.contains(&id))
                .map(|(number, _)| number)
                .max()
                .unwrap_or_default();
            let is_live = contribution.status.is_live();
            ensure!(
                contribution.last_version == if is_live { 0 } else { listed },
                "a contribution that ended does not know the last version that lists it"
            );
            ensure!(is_live || contribution.bond == 0, "a bond of what ended");
            let (of_it, of_appeal) = bonds.entry(contribution.contributor.clone()).or_default();
            *of_it = of_it.saturating_add(contribution.bond);
            if let Some(appeal) = Appeals::<T>::get(id) {
                appeals += 1;
                *of_appeal = of_appeal.saturating_add(appeal.bond);
                ensure!(
                    matches!(contribution.status, Status::Rejected { appeal_until: None, .. }),
                    "an appeal of what was not rejected, or may be appealed again"
                );
            }
            if let Status::Voided { by } = contribution.status {
                ensure!(by < id, "voided by a later contribution");
                ensure!(contribution.payee == Self::treasury(datanet), "a voided one's payee");
                let tainted = Datanets::<T>::get(datanet).map(|datanet| datanet.tainted);
                ensure!(tainted >= Some(listed), "a version may be trained on in spite of a void");
            }
            let taken = Roots::<T>::get((datanet, root)) == Some(id);
            ensure!(
                taken == (is_live || listed > 0),
                "a root is taken exactly by what is live or published"
            );
            roots += usize::from(taken);
        }
        ensure!(ContributionsOf::<T>::iter().count() == all, "an index entry without contribution");
        ensure!(Roots::<T>::iter().count() == roots, "a root without contribution");
        for (id, votes) in Votes::<T>::iter() {
            let pending = Self::contribution(id)
                .filter(|stored| matches!(stored.status, Status::Pending { .. }))
                .ok_or("votes about what is not pending")?;
            let policy = Datanets::<T>::get(pending.datanet).map(|datanet| datanet.policy);
            ensure!(policy == Some(Policy::Vote), "votes where there is no vote");
            let voters: BTreeSet<_> = votes.iter().map(|(who, _)| who).collect();
            ensure!(!votes.is_empty() && voters.len() == votes.len(), "a curator votes once");
        }
        ensure!(Appeals::<T>::iter().count() == appeals, "an appeal of nothing");
        for (who, (of_contributions, of_appeals)) in bonds {
            let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &who);
            ensure!(
                (held(HoldReason::Bond), held(HoldReason::Appeal))
                    == (of_contributions, of_appeals),
                "what is on hold differs from the bonds"
            );
        }
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
            ensure!(datanet.tainted <= datanet.latest_version, "a tainted version from the future");
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
        for (id, _, _) in Allowed::<T>::iter() {
            ensure!(Datanets::<T>::contains_key(id), "a place on the list of nothing");
        }
        for (id, _) in PendingOwners::<T>::iter() {
            ensure!(Datanets::<T>::contains_key(id), "an offer of nothing");
        }
        Ok(())
    }
}
