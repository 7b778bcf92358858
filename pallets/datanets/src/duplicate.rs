//! Duplicates: what proves one, what becomes of it, and the bond that answers for it.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Holds what a contributor answers with for its contribution.
    pub(crate) fn hold_bond(contributor: &T::AccountId) -> Result<Balance, DispatchError> {
        let bond = T::ContributionBond::get();
        hold_unfrozen::<T::Currency, _>(&HoldReason::Bond.into(), contributor, bond)?;
        Ok(bond)
    }

    /// Returns the bond to its contributor.
    pub(crate) fn release_bond(contribution: &mut ContributionOf<T>) -> DispatchResult {
        let bond = core::mem::take(&mut contribution.bond);
        if bond == 0 {
            return Ok(());
        }
        release::<T::Currency, _>(&HoldReason::Bond.into(), &contribution.contributor, bond)
    }

    /// Pays the bond to `finder`, and returns how much it was.
    fn forfeit_bond(
        contribution: &mut ContributionOf<T>,
        finder: &T::AccountId,
    ) -> Result<Balance, DispatchError> {
        let bond = core::mem::take(&mut contribution.bond);
        if bond > 0 {
            let reason = HoldReason::Bond.into();
            forfeit::<T::Currency, _>(&reason, &contribution.contributor, finder, bond)?;
        }
        Ok(bond)
    }

    /// Whether the second contribution can be a duplicate of the first, which has the lower id.
    pub(crate) fn ensure_comparable(
        first: &ContributionOf<T>,
        second: &ContributionOf<T>,
    ) -> Result<(), Error<T>> {
        ensure!(first.stands() && second.stands(), Error::<T>::WrongPhase);
        // One's own records may be licensed to several datanets, but be in each only once.
        ensure!(
            first.contributor != second.contributor || first.datanet == second.datanet,
            Error::<T>::NotDuplicate
        );
        Ok(())
    }

    /// Whether `record` is number `index` of a contribution's records.
    pub(crate) fn ensure_has(
        contribution: &ContributionOf<T>,
        record: &H256,
        index: u32,
        proof: &MerkleProof,
    ) -> Result<(), Error<T>> {
        let (root, records) = (&contribution.root, contribution.records.into());
        ensure!(
            merkle::verify(root, record, index.into(), records, proof),
            Error::<T>::InvalidProof
        );
        Ok(())
    }

    /// Voids a contribution that repeats `record` of `by`: its bond goes to `finder`, what it earns from
    /// now on to its datanet, and no version that lists it may be trained on again.
    pub(crate) fn void(
        id: ContributionId,
        mut contribution: ContributionOf<T>,
        by: ContributionId,
        record: H256,
        finder: T::AccountId,
    ) -> DispatchResult {
        let datanet = contribution.datanet;
        if contribution.status.is_live() {
            Self::end(id, &mut contribution, Status::Voided { by })?;
        } else {
            contribution.status = Status::Voided { by };
        }
        let bond = Self::forfeit_bond(&mut contribution, &finder)?;
        Self::set_payee(id, &mut contribution, Self::treasury(datanet))?;
        let last = contribution.last_version;
        Contributions::<T>::insert(id, contribution);
        Self::deposit_event(Event::Voided { contribution: id, datanet, by, record, finder, bond });
        if last == 0 {
            return Ok(());
        }
        Datanets::<T>::mutate_extant(datanet, |stored| {
            stored.tainted = stored.tainted.max(last);
            if stored.latest_version == last {
                Self::raise_consent_epoch(datanet, stored);
            }
        });
        Ok(())
    }
}
