//! From which models a model descends, and what it inherits of them.

use crate::*;

impl<T: Config> Pallet<T> {
    /// What an adapter of this base and these parents is: its kind, how deep it lies, and what the
    /// licences of its ancestors' data allow.
    pub(crate) fn descend(base: ModelId, parents: Parents) -> Result<(Kind, u8, Terms), Error<T>> {
        let from = Self::usable(base)?;
        ensure!(from.kind == Kind::Base, Error::<T>::InvalidBase);
        let unique: BTreeSet<_> = parents.into_iter().collect();
        let parents = Parents::truncate_from(unique.into_iter().collect());
        let (mut depth, mut terms) = (from.depth, from.terms);
        for parent in &parents {
            let parent = Self::usable(*parent)?;
            ensure!(
                matches!(parent.kind, Kind::Adapter { base: its, .. } if its == base),
                Error::<T>::InvalidParent
            );
            ensure!(parent.terms.derivatives, Error::<T>::ForbiddenByLicence);
            depth = depth.max(parent.depth);
            terms = terms.and(parent.terms);
        }
        ensure!(depth < MAX_DEPTH, Error::<T>::TooMany);
        let kind = Kind::Adapter { base, parents };
        let ancestors = Self::walk(kind.derives_from()).len();
        ensure!(ancestors < MAX_LINEAGE as usize, Error::<T>::TooMany);
        Ok((kind, depth.saturating_add(1), terms))
    }

    /// Some models and all that they derive from, each once, in descending order of ids, and at most
    /// [`MAX_LINEAGE`]: more than that are never registered.
    pub(crate) fn walk(models: impl IntoIterator<Item = ModelId>) -> Vec<Ancestor<T::AccountId>> {
        let mut next: BTreeSet<_> = models.into_iter().collect();
        let mut walked = Vec::new();
        while let Some(model) = next.pop_last() {
            let Some(stored) = Models::<T>::get(model) else { continue };
            let parents = stored.kind.derives_from();
            next.extend(&parents);
            walked.push(Ancestor { model, owner: stored.owner, parents });
            if walked.len() >= MAX_LINEAGE as usize {
                break;
            }
        }
        walked
    }
}
