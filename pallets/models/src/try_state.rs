//! What must hold between the storage items.

use crate::*;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        for (id, model) in Models::<T>::iter() {
            ensure!(id < NextModelId::<T>::get(), "a model from the future");
            let numbers: BTreeSet<_> = Versions::<T>::iter_key_prefix(id).collect();
            ensure!(
                numbers.into_iter().eq(1..=model.latest),
                "versions are numbered from 1 to the newest"
            );
            let free = model.price_in == 0 && model.price_out == 0;
            ensure!(free || model.terms.commercial, "a price that a licence forbids");
            let lineage = Self::lineage(id);
            ensure!(lineage.len() > usize::from(model.depth), "a lineage misses a step");
            ensure!(lineage.len() <= MAX_LINEAGE as usize, "a lineage with too many models");
            ensure!(
                lineage.last().is_some_and(|last| last.parents.is_empty()),
                "a lineage that does not end with a base"
            );
            match model.kind {
                Kind::Base => ensure!(model.depth == 0, "a base is at the bottom"),
                Kind::Adapter { base, ref parents } => {
                    let mut depth = 0;
                    for from in model.kind.derives_from() {
                        ensure!(from < id, "a model older than what it derives from");
                        let from = Models::<T>::get(from).ok_or("an adapter of nothing")?;
                        depth = from.depth.max(depth);
                    }
                    ensure!(model.depth == depth + 1, "a descendant is one step deeper");
                    ensure!(model.depth <= MAX_DEPTH, "too deep");
                    ensure!(parents.is_sorted(), "parents are ascending");
                    ensure!(
                        Models::<T>::get(base).is_some_and(|base| base.kind == Kind::Base),
                        "a base that is none"
                    );
                }
            }
            for (_, version) in Versions::<T>::iter_prefix(id) {
                ensure!(version.trained_on.is_sorted(), "datanet versions are ascending");
                ensure!(
                    (model.kind == Kind::Base) == version.trained_on.is_empty(),
                    "adapters are trained on datanets, bases are not"
                );
                for (datanet, number) in &version.trained_on {
                    ensure!(
                        DatanetsPallet::<T>::version(*datanet, *number).is_some(),
                        "trained on a version that is not there"
                    );
                }
            }
        }
        for (id, PendingPrice { prices, .. }) in PendingPrices::<T>::iter() {
            let model = Models::<T>::get(id).ok_or("prices of nothing")?;
            ensure!(!model.deprecated, "prices of a deprecated model");
            ensure!(model.terms.commercial, "a price that a licence forbids");
            ensure!(
                prices != Prices { price_in: model.price_in, price_out: model.price_out }
                    && prices.price_in >= model.price_in
                    && prices.price_out >= model.price_out,
                "a notice of no higher price"
            );
        }
        for (id, _) in PendingOwners::<T>::iter() {
            ensure!(Models::<T>::contains_key(id), "an offer of nothing");
        }
        Ok(())
    }
}
