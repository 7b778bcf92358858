//! How a settlement begins: `pallet-payments` hands it over, with its fee in the pot.

use crate::*;

impl<T: Config> OnSettlement<T::AccountId> for Pallet<T> {
    fn pot() -> T::AccountId {
        Self::pot()
    }

    fn on_settlement(settled: Settled<T::AccountId>) -> Result<(SettlementId, u32), DispatchError> {
        let id = next_id::<NextSettlementId<T>, _>()?;
        let Settled { model, version, operator, receipts_root, batch, count, total_fee } = settled;
        let entered = Self::enter_pools(model, version);
        let mut parameters = T::Parameters::get().in_range();
        let least = pallet_models::Pallet::<T>::min_data_share(model, version);
        parameters.split = with_data_share(parameters.split, least);
        let mut settlement = Settlement {
            model,
            version,
            operator,
            receipts_root,
            batch,
            count,
            total_fee,
            submitted: now::<T>(),
            parameters,
            attempt: 1,
            challenge: None,
            // Until the call below.
            stage: Stage::Undrawn { deadline: 0 },
        };
        Self::call_committee(id, &mut settlement)?;
        Settlements::<T>::insert(id, settlement);
        Ok((id, entered))
    }
}
