//! How a contribution begins, gets into the next version, and ends.

use crate::*;

impl<T: Config> Pallet<T> {
    /// A contribution.
    pub fn contribution(id: ContributionId) -> Option<ContributionOf<T>> {
        Contributions::<T>::get(id)
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

    /// Takes a contribution into review.
    pub(crate) fn do_contribute(
        contributor: T::AccountId,
        datanet: DatanetId,
        root: H256,
        content: ContentId,
        records: u32,
        bytes: u64,
        label: Name,
    ) -> DispatchResult {
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
        let id = next_id::<NextContributionId<T>, _>()?;
        // First, while what is on hold as deposit does not yet cover a freeze.
        let bond = Self::hold_bond(&contributor)?;
        let ticket = T::Consideration::new(&contributor, Self::contribution_footprint(policy))?;
        let submitted = now::<T>();
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

    /// Ends a contribution at its contributor's wish.
    pub(crate) fn do_withdraw(
        contributor: T::AccountId,
        contribution: ContributionId,
    ) -> DispatchResult {
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

    /// Puts a contribution, which the caller stores, into the next version.
    pub(crate) fn accept(
        id: ContributionId,
        contribution: &mut ContributionOf<T>,
    ) -> Result<(), Error<T>> {
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
    pub(crate) fn end(
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
}
