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
            ensure!(
                Self::lineage(id).len() == usize::from(model.depth) + 1,
                "a lineage has one step more than it is deep"
            );
            match model.kind {
                Kind::Base => ensure!(model.depth == 0, "a base is at the bottom"),
                Kind::Adapter { base, parent } => {
                    let from =
                        Models::<T>::get(parent.unwrap_or(base)).ok_or("an adapter of nothing")?;
                    ensure!(model.depth == from.depth + 1, "a descendant is one step deeper");
                    ensure!(model.depth <= MAX_DEPTH, "too deep");
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
        for (id, _) in PendingOwners::<T>::iter() {
            ensure!(Models::<T>::contains_key(id), "an offer of nothing");
        }
        Ok(())
    }
}
