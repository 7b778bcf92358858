//! The models that are served: registered on the chain, fetched and verified, sharing their bases.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use openledger_chain::{
    types::{Kind, Model as Registered},
    View,
};
use openledger_factory::{artefacts::base_name, fetch_adapter, fetch_base, AdapterIds, BaseIds};
use openledger_lm::{Adapter, Model, Tokenizer};
use openledger_primitives::{ModelId, ModelVersion};
use openledger_store::BlobStore;
use tokio::sync::Mutex;

use crate::{Error, Result};

/// A model that can answer.
pub struct Served {
    /// Its id.
    pub id: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Base and adapter.
    pub model: Model,
    /// The base's.
    pub tokenizer: Arc<Tokenizer>,
}

/// All models that this gateway may serve, and those it has loaded.
pub struct Catalogue {
    store: BlobStore,
    cache: PathBuf,
    /// All, where empty.
    allowed: BTreeSet<ModelId>,
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    bases: HashMap<BaseIds, (Model, Arc<Tokenizer>)>,
    models: HashMap<ModelId, Arc<Served>>,
}

impl Catalogue {
    pub fn new(store: BlobStore, cache: PathBuf, allowed: BTreeSet<ModelId>) -> Self {
        Self { store, cache, allowed, loaded: Mutex::default() }
    }

    /// The adapters that are offered, by the chain's present state.
    pub async fn offered(&self, view: &View) -> Result<Vec<(ModelId, Registered)>> {
        let mut models = view.models().await?;
        models.retain(|(id, model)| {
            !model.deprecated
                && matches!(model.kind, Kind::Adapter { .. })
                && (self.allowed.is_empty() || self.allowed.contains(id))
        });
        Ok(models)
    }

    /// The id of a model by the name that a request gives: `openledger/2`, `2`, or as it was registered.
    pub async fn resolve(&self, view: &View, name: &str) -> Result<Option<ModelId>> {
        if let Ok(id) = name.strip_prefix("openledger/").unwrap_or(name).parse() {
            return Ok(Some(id));
        }
        let named = |(_, model): &(ModelId, Registered)| model.name == name.as_bytes();
        Ok(self.offered(view).await?.into_iter().find(named).map(|(id, _)| id))
    }

    /// The newest version of a model, loaded, and what the chain says of the model.
    pub async fn get(&self, view: &View, id: ModelId) -> Result<(Arc<Served>, Registered)> {
        let refuse = |reason: &str| Error::Model { model: id, reason: reason.into() };
        if !self.allowed.is_empty() && !self.allowed.contains(&id) {
            return Err(refuse("this gateway does not offer it"));
        }
        let registered =
            view.model(id).await?.ok_or_else(|| refuse("the chain has no such model"))?;
        if registered.deprecated {
            return Err(refuse("it is deprecated"));
        }
        let Kind::Adapter { base, .. } = registered.kind else {
            return Err(refuse(
                "it is a base model: ask for an adapter, whose answers pay the authors of its data",
            ));
        };
        // Held while loading, so that nothing is loaded twice.
        let mut loaded = self.loaded.lock().await;
        if let Some(served) =
            loaded.models.get(&id).filter(|served| served.version == registered.latest)
        {
            return Ok((served.clone(), registered));
        }
        let version = registered.latest;
        let info = view
            .model_version(id, version)
            .await?
            .ok_or_else(|| refuse("the chain has no such version of it"))?;
        if info.index.is_none() {
            return Err(refuse("it has no attribution index, so its answers could not be settled"));
        }
        let base_version = match view.model(base).await? {
            Some(base_model) => view.model_version(base, base_model.latest).await?,
            None => None,
        };
        let base = base_version
            .map(|info| BaseIds { artefact: info.artefact, config: info.config })
            .ok_or_else(|| refuse("the chain does not have its base model"))?;
        let (model, tokenizer) = match loaded.bases.get(&base) {
            Some(known) => known.clone(),
            None => {
                let folder = fetch_base(&self.store, &base, &self.cache).await?;
                let (model, tokenizer) = tokio::task::spawn_blocking(move || {
                    let model = Model::load(&folder)?;
                    let tokenizer = Tokenizer::load(&folder, model.config())?;
                    Ok::<_, openledger_factory::Error>((model, Arc::new(tokenizer)))
                })
                .await??;
                loaded.bases.insert(base, (model.clone(), tokenizer.clone()));
                (model, tokenizer)
            }
        };
        let ids = AdapterIds { artefact: info.artefact, config: info.config };
        let folder = fetch_adapter(&self.store, &ids, &self.cache).await?;
        let model = tokio::task::spawn_blocking(move || {
            let name = base_name(&base.artefact);
            let adapter = Adapter::load(&folder, model.config(), Some(&name))?;
            Ok::<_, openledger_factory::Error>(model.with_adapter(adapter)?)
        })
        .await??;
        tracing::info!(model = id, version, "loaded");
        let served = Arc::new(Served { id, version, model, tokenizer });
        loaded.models.insert(id, served.clone());
        Ok((served, registered))
    }
}
