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

    /// Takes a proof against a member: slashes it, and takes it and its result out of the committee.
    /// Returns whether the others are still enough to have found the shares.
    pub(crate) fn take_proof(
        prover: T::AccountId,
        settlement: SettlementId,
        attributor: T::AccountId,
        fraud: &Fraud,
    ) -> Result<bool, DispatchError> {
        let mut entry = Settlements::<T>::get(settlement).ok_or(Error::<T>::NotFound)?;
        ensure!(entry.phase() == Phase::Decided, Error::<T>::WrongPhase);
        ensure!(Self::is_in_time(&entry), Error::<T>::Expired);
        Self::ensure_fraud(settlement, &entry, &attributor, fraud)?;
        let reward = Self::slash(&attributor, entry.parameters.slash, Some(&prover));
        Self::deposit_event(Event::FraudProven {
            settlement,
            attributor: attributor.clone(),
            prover,
            reward,
        });
        let concluded = Self::expel(settlement, &mut entry, &attributor)?;
        Settlements::<T>::insert(settlement, entry);
        Ok(concluded)
    }

    /// Takes a member out of the committee, with its result. What the others found is the result if
    /// they are still more than half, and true is returned; if not, another committee is drawn.
    fn expel(
        id: SettlementId,
        settlement: &mut SettlementOf<T>,
        attributor: &T::AccountId,
    ) -> Result<bool, DispatchError> {
        Reveals::<T>::remove(id, attributor);
        if let Stage::Decided { committee, .. } = &mut settlement.stage {
            committee.retain(|member| member != attributor);
        }
        let answers = Reveals::<T>::iter_key_prefix(id).count();
        let enough = Self::is_quorum(answers, settlement.committee().len());
        if enough {
            Self::conclude(id, settlement);
        } else {
            Self::retry(id, settlement)?;
        }
        Ok(enough)
    }
}
