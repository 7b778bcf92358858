//! Duplicates: what proves one, what becomes of it, and the bond that answers for it.

use crate::*;

/// Where a record is said to occur.
pub(crate) struct Occurrence {
    pub contribution: ContributionId,
    /// The record's place in the contribution, from 0.
    pub index: u32,
    /// The siblings of its leaf, from the leaf upwards.
    pub proof: MerkleProof,
}

impl<T: Config> Pallet<T> {
    /// Voids the later of two contributions that both have `record`.
    pub(crate) fn do_prove_duplicate(
        finder: T::AccountId,
        record: H256,
        earlier: Occurrence,
        later: Occurrence,
    ) -> DispatchResult {
        ensure!(earlier.contribution < later.contribution, Error::<T>::NotDuplicate);
        let first = Contributions::<T>::get(earlier.contribution).ok_or(Error::<T>::NotFound)?;
        let second = Contributions::<T>::get(later.contribution).ok_or(Error::<T>::NotFound)?;
        Self::ensure_comparable(&first, &second)?;
        Self::ensure_has(&first, &record, earlier.index, &earlier.proof)?;
        Self::ensure_has(&second, &record, later.index, &later.proof)?;
        Self::void(later.contribution, second, earlier.contribution, record, finder)
    }

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
    fn ensure_comparable(
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
    fn ensure_has(
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
    fn void(
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
