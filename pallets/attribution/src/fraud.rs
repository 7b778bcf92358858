//! A member's wrong step, shown on chain: its result is void, and part of its bond goes to the prover.

use crate::*;
use openledger_primitives::fraud::{check, Accused, Fraud, NotProven};

impl<T: Config> Pallet<T> {
    /// Whether `fraud` proves that what `attributor` revealed is wrong.
    pub(crate) fn ensure_fraud(
        id: SettlementId,
        settlement: &SettlementOf<T>,
        attributor: &T::AccountId,
        fraud: &Fraud,
    ) -> Result<(), Error<T>> {
        let attribution = Reveals::<T>::get(id, attributor).ok_or(Error::<T>::NotMember)?;
        let SettlementOf::<T> { model, version, receipts_root, count, .. } = settlement;
        let index = pallet_models::Pallet::<T>::version(*model, *version)
            .and_then(|version| version.index)
            .ok_or(Error::<T>::NotFound)?;
        let accused = Accused {
            attribution: &attribution,
            contributions: &pallet_models::Pallet::<T>::contributions(*model, *version),
            variants: index.variants,
            blocks: index.blocks,
            index_root: index.root,
            receipts_root: *receipts_root,
            receipts: *count,
            floor: settlement.parameters.floor,
            // Without an index to trace in, nothing is credited.
            trace: index.trace.map_or(0, |_| settlement.parameters.trace),
        };
        check(&accused, fraud).map_err(|not_proven| match not_proven {
            NotProven::OutOfRange | NotProven::NotUnderRoot => Error::<T>::InvalidProof,
            NotProven::Right => Error::<T>::NotWrong,
        })
    }

    /// Takes a member out of the committee, with its result. What the others found is the result if
    /// they are still more than half, and true is returned; if not, another committee is drawn.
    pub(crate) fn expel(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
        attributor: &T::AccountId,
    ) -> Result<bool, DispatchError> {
        Reveals::<T>::remove(id, attributor);
        settlement.committee.retain(|member| member != attributor);
        settlement.shares = None;
        let answers = Reveals::<T>::iter_key_prefix(id).count();
        let decided = Self::is_quorum(answers, settlement.committee.len());
        if decided {
            Self::conclude(id, settlement);
        } else {
            Self::retry(id, settlement)?;
        }
        Ok(decided)
    }
}
