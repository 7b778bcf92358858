//! Settling: what an operator may take from its channels, and what becomes of it.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Moves what all claims take to the pot, and hands the settlement on. Returns how many contributions
    /// it had to take note of.
    pub(crate) fn do_settle(
        claims: &[Claim],
        settled: Settled<T::AccountId>,
    ) -> Result<u32, DispatchError> {
        let operator = settled.operator.clone();
        let Settled { model, version, receipts_root, count, total_fee, .. } = settled;
        ensure!(
            pallet_providers::Pallet::<T>::is_active(Role::Operator, &operator),
            Error::<T>::NotOperator
        );
        ensure!(count > 0 && count <= T::MaxReceipts::get(), Error::<T>::InvalidCount);
        ensure!(total_fee > 0, Error::<T>::InvalidFee);
        let sum = claims
            .iter()
            .try_fold(0 as Balance, |sum, claim| sum.checked_add(claim.amount))
            .ok_or(ArithmeticError::Overflow)?;
        ensure!(sum == total_fee, Error::<T>::InvalidFee);
        let mut seen = BTreeSet::new();
        ensure!(claims.iter().all(|claim| seen.insert(claim.channel)), Error::<T>::InvalidClaims);
        Self::ensure_attributable(model, version)?;
        let now = now::<T>();
        ensure!(LastSettled::<T>::get(model) != Some(now), Error::<T>::TooMany);
        let root = (operator.clone(), receipts_root);
        ensure!(!Roots::<T>::contains_key(&root), Error::<T>::AlreadyExists);

        let genesis = genesis::<T>();
        let pot = T::OnSettlement::pot();
        for claim in claims {
            Self::take(claim, &operator, &pot, &genesis, now)?;
        }
        let (settlement, entered) = T::OnSettlement::on_settlement(settled)?;
        LastSettled::<T>::insert(model, now);
        Roots::<T>::insert(root, settlement);
        Self::deposit_event(Event::Settled {
            settlement,
            model,
            version,
            operator,
            receipts_root,
            count,
            total_fee,
        });
        Ok(entered)
    }

    /// Whether answers of this version can be attributed.
    fn ensure_attributable(model: ModelId, version: ModelVersion) -> DispatchResult {
        let entry = pallet_models::Models::<T>::get(model).ok_or(Error::<T>::NotFound)?;
        let info =
            pallet_models::Pallet::<T>::version(model, version).ok_or(Error::<T>::NotFound)?;
        let is_adapter = matches!(entry.kind, Kind::Adapter { .. });
        ensure!(is_adapter && info.index.is_some() && !entry.deprecated, Error::<T>::InvalidModel);
        Ok(())
    }

    /// Whether the payer allowed what a claim states: by a voucher, or by paying once.
    fn ensure_authorised(
        claim: &Claim,
        channel: &Channel<T::AccountId>,
        genesis: &H256,
        now: BlockNumber,
    ) -> DispatchResult {
        let signature = match (&claim.signature, channel.request) {
            (Some(signature), None) => signature,
            (None, Some(_)) => {
                // The payment's own last block: no signature vouches for the claim's.
                ensure!(channel.expires >= now, Error::<T>::Expired);
                return Ok(());
            }
            _ => return Err(Error::<T>::BadSignature.into()),
        };
        let Claim { channel: id, cumulative, expires, .. } = *claim;
        let signed = Voucher { channel: id, cumulative, expires }.preimage(genesis);
        let former = channel.former.iter().filter(|(_, until)| now <= *until);
        ensure!(
            core::iter::once(&channel.signer)
                .chain(former.map(|(signer, _)| signer))
                .any(|signer| verify(signer, &signed, signature)),
            Error::<T>::BadSignature
        );
        Ok(())
    }

    /// Moves what `claim` takes from its channel to the pot.
    fn take(
        claim: &Claim,
        operator: &T::AccountId,
        pot: &T::AccountId,
        genesis: &H256,
        now: BlockNumber,
    ) -> DispatchResult {
        let mut channel = Channels::<T>::get(claim.channel).ok_or(Error::<T>::NotFound)?;
        ensure!(channel.operator == *operator, Error::<T>::NotOperator);
        ensure!(claim.expires >= now, Error::<T>::Expired);
        ensure!(claim.amount > 0, Error::<T>::InvalidAmount);
        ensure!(claim.cumulative <= channel.deposit, Error::<T>::BeyondDeposit);
        let claimed = channel.claimed.checked_add(claim.amount).ok_or(Error::<T>::Stale)?;
        ensure!(claimed <= claim.cumulative, Error::<T>::Stale);
        Self::ensure_authorised(claim, &channel, genesis, now)?;
        let reason = Self::hold_reason();
        forfeit::<<T as Config>::Currency, _>(&reason, &channel.payer, pot, claim.amount)?;
        channel.claimed = claimed;
        Channels::<T>::insert(claim.channel, channel);
        Self::deposit_event(Event::Claimed {
            channel: claim.channel,
            amount: claim.amount,
            claimed,
        });
        Ok(())
    }
}
