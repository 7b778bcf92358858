//! Appeals of rejected contributions, and the bond that answers for each.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Takes an appeal and its bond.
    pub(crate) fn do_appeal(
        contributor: T::AccountId,
        contribution: ContributionId,
    ) -> DispatchResult {
        let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        ensure!(stored.contributor == contributor, Error::<T>::NotOwner);
        let Status::Rejected { reason, appeal_until: Some(last) } = stored.status else {
            return Err(Error::<T>::WrongPhase.into());
        };
        ensure!(now::<T>() <= last, Error::<T>::Expired);
        let (bond, until) = (T::AppealBond::get(), Self::appeal_deadline());
        hold_unfrozen::<T::Currency, _>(&HoldReason::Appeal.into(), &contributor, bond)?;
        let datanet = stored.datanet;
        stored.status = Status::Rejected { reason, appeal_until: None };
        Contributions::<T>::insert(contribution, stored);
        Appeals::<T>::insert(contribution, Appeal { bond, until });
        Self::deposit_event(Event::Appealed { contribution, datanet, bond, until });
        Ok(())
    }

    /// Ends an appeal by what was decided about it.
    pub(crate) fn do_resolve(contribution: ContributionId, uphold: bool) -> DispatchResult {
        let Appeal { bond, until } =
            Appeals::<T>::take(contribution).ok_or(Error::<T>::NotFound)?;
        ensure!(now::<T>() <= until, Error::<T>::Expired);
        let mut stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        let datanet = stored.datanet;
        if uphold {
            Self::release_appeal(&stored.contributor, bond)?;
            Self::reinstate(contribution, &mut stored)?;
            Contributions::<T>::insert(contribution, stored);
        } else {
            Self::forfeit_appeal(&stored.contributor, datanet, bond)?;
        }
        let upheld = uphold;
        Self::deposit_event(Event::AppealResolved { contribution, datanet, upheld, bond });
        Ok(())
    }

    /// Ends an appeal that nobody resolved in time.
    pub(crate) fn do_lapse_appeal(contribution: ContributionId) -> DispatchResult {
        let Appeal { bond, until } =
            Appeals::<T>::take(contribution).ok_or(Error::<T>::NotFound)?;
        ensure!(now::<T>() > until, Error::<T>::TooEarly);
        let stored = Contributions::<T>::get(contribution).ok_or(Error::<T>::NotFound)?;
        Self::release_appeal(&stored.contributor, bond)?;
        let datanet = stored.datanet;
        Self::deposit_event(Event::AppealLapsed { contribution, datanet, bond });
        Ok(())
    }

    /// The last block in which an appeal, or its resolution, is in time.
    pub(crate) fn appeal_deadline() -> BlockNumber {
        now::<T>().saturating_add(T::AppealPeriod::get())
    }

    /// Returns the bond of an appeal to the contributor.
    pub(crate) fn release_appeal(contributor: &T::AccountId, bond: Balance) -> DispatchResult {
        release::<T::Currency, _>(&HoldReason::Appeal.into(), contributor, bond)
    }

    /// Pays the bond of an appeal to the datanet's treasury.
    pub(crate) fn forfeit_appeal(
        contributor: &T::AccountId,
        datanet: DatanetId,
        bond: Balance,
    ) -> DispatchResult {
        if bond == 0 {
            return Ok(());
        }
        let (reason, treasury) = (HoldReason::Appeal.into(), Self::treasury(datanet));
        forfeit::<T::Currency, _>(&reason, contributor, &treasury, bond)
    }

    /// Has a rejected contribution, which the caller stores, be in the next version after all: its deposit
    /// and bond are held again, and its root is taken, if nobody has taken it since.
    pub(crate) fn reinstate(
        id: ContributionId,
        contribution: &mut ContributionOf<T>,
    ) -> DispatchResult {
        let Contribution { datanet, root, .. } = *contribution;
        ensure!(!Roots::<T>::contains_key((datanet, root)), Error::<T>::AlreadyExists);
        let policy = Datanets::<T>::get(datanet).ok_or(Error::<T>::NotFound)?.policy;
        let contributor = &contribution.contributor;
        let footprint = Self::contribution_footprint(policy);
        contribution.bond = Self::hold_bond(contributor)?;
        contribution.ticket = Some(T::Consideration::new(contributor, footprint)?);
        Roots::<T>::insert((datanet, root), id);
        Self::accept(id, contribution)?;
        Ok(())
    }
}
