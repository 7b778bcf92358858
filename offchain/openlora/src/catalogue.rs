//! The models that are served: registered on the chain, fetched and verified, sharing their bases.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use openledger_artefacts::{adapt, fetch_base, AdapterIds, BaseIds, Cache};
use openledger_chain::{
    types::{Kind, Model as Registered},
    View,
};
use openledger_lm::{Model, Tokenizer};
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
    cache: Cache,
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
    pub fn new(store: BlobStore, cache: Cache, allowed: BTreeSet<ModelId>) -> Self {
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

    /// What the chain says of a model that is offered.
    pub async fn registered(&self, view: &View, id: ModelId) -> Result<Registered> {
        let refuse = |reason: &str| Error::Model { model: id, reason: reason.into() };
        if !self.allowed.is_empty() && !self.allowed.contains(&id) {
            return Err(refuse("this gateway does not offer it"));
        }
        let model = view.model(id).await?.ok_or_else(|| refuse("the chain has no such model"))?;
        match model.kind {
            _ if model.deprecated => Err(refuse("it is deprecated")),
            Kind::Adapter { .. } => Ok(model),
            Kind::Base => Err(refuse(
                "it is a base model: ask for an adapter, whose answers pay the authors of its data",
            )),
        }
    }

    /// The newest version of a model, loaded.
    pub async fn newest(
        &self,
        view: &View,
        id: ModelId,
        model: &Registered,
    ) -> Result<Arc<Served>> {
        let refuse = |reason: &str| Error::Model { model: id, reason: reason.into() };
        let version = model.latest;
        if let Some(served) = self.loaded.lock().await.models.get(&id) {
            if served.version == version {
                return Ok(served.clone());
            }
        }
        let Kind::Adapter { base, .. } = model.kind else {
            return Err(refuse("it is a base model"));
        };
        let info = view
            .model_version(id, version)
            .await?
            .ok_or_else(|| refuse("the chain has no such version of it"))?;
        if info.index.is_none() {
            return Err(refuse("it has no attribution index, so its answers could not be settled"));
        }
        let base = view
            .base_version(base, info.registered)
            .await?
            .map(|base| BaseIds { artefact: base.artefact, config: base.config })
            .ok_or_else(|| refuse("the chain does not have its base model"))?;
        let adapter = AdapterIds { artefact: info.artefact, config: info.config };
        self.load(id, version, base, adapter).await
    }

    /// Fetches, verifies and loads a version of a model.
    pub async fn load(
        &self,
        id: ModelId,
        version: ModelVersion,
        base: BaseIds,
        adapter: AdapterIds,
    ) -> Result<Arc<Served>> {
        // Held while loading, so that nothing is loaded twice.
        let mut loaded = self.loaded.lock().await;
        if let Some(served) = loaded.models.get(&id).filter(|served| served.version == version) {
            return Ok(served.clone());
        }
        let (model, tokenizer) = match loaded.bases.get(&base) {
            Some(known) => known.clone(),
            None => {
                let folder = fetch_base(&self.store, &base, &self.cache).await?;
                let (model, tokenizer) = tokio::task::spawn_blocking(move || {
                    let model = Model::load(&folder)?;
                    let tokenizer = Tokenizer::load(&folder, model.config())?;
                    Ok::<_, openledger_artefacts::Error>((model, Arc::new(tokenizer)))
                })
                .await??;
                loaded.bases.insert(base, (model.clone(), tokenizer.clone()));
                (model, tokenizer)
            }
        };
        let model = adapt(&self.store, &base, model, &adapter, &self.cache).await?;
        tracing::info!(model = id, version, "loaded");
        let served = Arc::new(Served { id, version, model, tokenizer });
        loaded.models.insert(id, served.clone());
        Ok(served)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use openledger_artefacts::{base_name, store_base};
    use openledger_lm::Adapter;
    use openledger_primitives::ContentId;

    use super::*;

    /// The shipped base in a store, and an adapter of it that is not trained yet.
    pub async fn stored(store: &BlobStore) -> (BaseIds, AdapterIds) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let base = store_base(&folder, store).await.unwrap();
        let config = openledger_lm::Config::load(&folder).unwrap();
        let adapter = Adapter::new(&config, 2, 4.0, &base_name(&base.artefact), 7).unwrap();
        (base, put(store, &adapter, &config).await)
    }

    async fn put(
        store: &BlobStore,
        adapter: &Adapter,
        config: &openledger_lm::Config,
    ) -> AdapterIds {
        let folder = tempfile::tempdir().unwrap();
        adapter.save(folder.path(), config).unwrap();
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        AdapterIds {
            artefact: store.put(read("adapter_model.safetensors")).await.unwrap(),
            config: store.put(read("adapter_config.json")).await.unwrap(),
        }
    }

    fn open(folder: &Path) -> (BlobStore, Catalogue) {
        let store = BlobStore::open(folder.join("store").to_str().unwrap()).unwrap();
        (
            store.clone(),
            Catalogue::new(store, Cache::new(folder.join("cache"), 1 << 30), BTreeSet::new()),
        )
    }

    #[tokio::test]
    async fn load_should_share_a_base_and_keep_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let first = catalogue.load(2, 1, base, adapter).await.unwrap();
        let second = catalogue.load(3, 1, base, adapter).await.unwrap();
        assert!(Arc::ptr_eq(&first.tokenizer, &second.tokenizer));
        assert!(Arc::ptr_eq(&first, &catalogue.load(2, 1, base, adapter).await.unwrap()));
        assert_eq!(catalogue.load(2, 2, base, adapter).await.unwrap().version, 2);
    }

    #[tokio::test]
    async fn load_should_refuse_what_is_damaged_missing_or_of_another_base() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;

        let missing = AdapterIds { artefact: ContentId::repeat_byte(1), ..adapter };
        let error = catalogue.load(2, 1, base, missing).await.err().unwrap().to_string();
        assert!(error.contains("is not in the store"), "{error}");

        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let config = openledger_lm::Config::load(&path).unwrap();
        let stranger = Adapter::new(&config, 2, 4.0, "0xother", 7).unwrap();
        let stranger = put(&store, &stranger, &config).await;
        let error = catalogue.load(2, 1, base, stranger).await.err().unwrap().to_string();
        assert!(error.contains("the adapter is for base 0xother"), "{error}");

        let digits = format!("{:x}", adapter.artefact);
        let blob = folder.path().join("store").join(&digits[..2]).join(&digits[2..4]).join(&digits);
        std::fs::write(&blob, "other bytes").unwrap();
        let error = catalogue.load(2, 1, base, adapter).await.err().unwrap().to_string();
        assert!(error.contains("is damaged"), "{error}");
    }
}
