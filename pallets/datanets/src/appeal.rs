//! Appeals of rejected contributions, and the bond that answers for each.

use crate::*;

impl<T: Config> Pallet<T> {
    /// The last block in which an appeal, or its resolution, is in time.
    pub(crate) fn appeal_deadline() -> BlockNumber {
        Self::now().saturating_add(T::AppealPeriod::get())
    }

    /// Returns the bond of an appeal to the contributor.
    pub(crate) fn release_appeal(contributor: &T::AccountId, bond: Balance) -> DispatchResult {
        T::Currency::release(&HoldReason::Appeal.into(), contributor, bond, Precision::BestEffort)?;
        Ok(())
    }

    /// Pays the bond of an appeal to the datanet's treasury.
    pub(crate) fn forfeit_appeal(
        contributor: &T::AccountId,
        datanet: DatanetId,
        bond: Balance,
    ) -> DispatchResult {
        if bond > 0 {
            T::Currency::transfer_on_hold(
                &HoldReason::Appeal.into(),
                contributor,
                &Self::treasury(datanet),
                bond,
                Precision::BestEffort,
                Restriction::Free,
                Fortitude::Force,
            )?;
        }
        Ok(())
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
