//! What the `openledger_*` calls answer, as far as no pallet answers it alone.

use alloc::vec::Vec;

use openledger_primitives::{
    reads::{Ancestor, Lineage},
    Balance, DatanetId, ModelId,
};

/// From what a model descends; nothing where there is no such model.
pub fn lineage<R: pallet_models::Config>(model: ModelId) -> Option<Lineage> {
    type Models<R> = pallet_models::Pallet<R>;

    let latest = Models::<R>::model(model)?.latest;
    let trained_on = Models::<R>::version(model, latest)?.trained_on.into_inner();
    let mut lineage = Models::<R>::lineage(model)
        .into_iter()
        .map(|ancestor| Ancestor { model: ancestor.model, parents: ancestor.parents });
    let parents = lineage.next()?.parents;
    let ancestors: Vec<_> = lineage.collect();
    Some(Lineage { model, version: latest, parents, ancestors, trained_on })
}

/// What a model's answers cost now, in units per 1,000 tokens of a prompt and of an answer.
pub fn price<R: pallet_models::Config>(model: ModelId) -> Option<(Balance, Balance)> {
    pallet_models::Pallet::<R>::price(model).map(|prices| (prices.price_in, prices.price_out))
}

/// The weight of a datanet in the ecosystem's emission, and what could be drawn for it now, in units.
pub fn emission<R: pallet_emission::Config>(datanet: DatanetId) -> (u32, Balance) {
    type Emission<R> = pallet_emission::Pallet<R>;

    (Emission::<R>::weight(datanet), Emission::<R>::budget(datanet))
}
