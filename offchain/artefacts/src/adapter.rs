//! A LoRA adapter in PEFT format, and a base model with one.

use openledger_lm::{Adapter, Config, Model, Tokenizer};
use openledger_primitives::ContentId;
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};

use crate::{
    base::{base_name, fetch_base, BaseIds},
    cache::{Kind, Wanted},
    hex, size, Cache, Error, Held, Result, MAX_DOCUMENT,
};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// What an adapter is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AdapterIds {
    /// Content id of `adapter_model.safetensors`.
    pub artefact: ContentId,
    /// Content id of `adapter_config.json`.
    pub config: ContentId,
}

/// Stores both files of an adapter.
///
/// # Errors
/// If the adapter does not fit the configuration, or the store refuses.
pub async fn store_adapter(
    adapter: &Adapter,
    config: &Config,
    store: &BlobStore,
) -> Result<AdapterIds> {
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    adapter.save(folder.path(), config)?;
    let (artefact, _) = store.put_file(&folder.path().join(WEIGHTS)).await?;
    let (config, _) = store.put_file(&folder.path().join(CONFIG)).await?;
    Ok(AdapterIds { artefact, config })
}

/// A PEFT folder of an adapter, fetched where the cache does not hold it, and both files verified.
///
/// # Errors
/// If a blob is missing or has other bytes, both together do not fit into the cache, or it cannot be written.
pub async fn fetch_adapter(store: &BlobStore, ids: &AdapterIds, cache: &Cache) -> Result<Held> {
    let name = format!("{}-{}", hex(&ids.artefact), hex(&ids.config));
    let config = size(store, &ids.config).await?;
    if config > MAX_DOCUMENT {
        let reason = format!("{CONFIG} has {config} bytes, at most {MAX_DOCUMENT} are taken");
        return Err(Error::Manifest { id: ids.config, reason });
    }
    let files = [
        Wanted { name: WEIGHTS, content: &ids.artefact, bytes: size(store, &ids.artefact).await? },
        Wanted { name: CONFIG, content: &ids.config, bytes: config },
    ];
    cache.fetch(store, Kind::Adapter, &name, &files).await
}

/// A loaded base with an adapter of it, fetched and verified.
///
/// # Errors
/// As [`fetch_adapter`], and if the files do not load or the adapter is of another base than `base`.
pub async fn adapt(
    store: &BlobStore,
    base: &BaseIds,
    model: Model,
    adapter: &AdapterIds,
    cache: &Cache,
) -> Result<Model> {
    let name = base_name(&base.artefact);
    let folder = fetch_adapter(store, adapter, cache).await?;
    tokio::task::spawn_blocking(move || {
        let adapter = Adapter::load(&folder, model.config(), Some(&name))?;
        Ok(model.with_adapter(adapter)?)
    })
    .await?
}

/// A base model with an adapter and the base's tokenizer, fetched and verified.
///
/// # Errors
/// As [`fetch_base`] and [`adapt`], and if the base does not load.
pub async fn fetch_model(
    store: &BlobStore,
    base: &BaseIds,
    adapter: &AdapterIds,
    cache: &Cache,
) -> Result<(Model, Tokenizer)> {
    let folder = fetch_base(store, base, cache).await?;
    let (model, tokenizer) = tokio::task::spawn_blocking(move || {
        let model = Model::load(&folder)?;
        let tokenizer = Tokenizer::load(&folder, model.config())?;
        Ok::<_, Error>((model, tokenizer))
    })
    .await??;
    Ok((adapt(store, base, model, adapter, cache).await?, tokenizer))
}
