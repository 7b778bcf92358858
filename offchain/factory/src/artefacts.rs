//! Bases, adapters and indices: into a blob store, and out of it again with every byte verified.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
};

use openledger_influence::Index;
use openledger_lm::{is_file_of_base, Adapter, ChatTemplate, Config, Model, Tokenizer};
use openledger_primitives::{hashing, ContentId};
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

const CONFIG: &str = "config.json";
const ADAPTER_CONFIG: &str = "adapter_config.json";
const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// What a base model is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BaseIds {
    /// Content id of its manifest.
    pub artefact: ContentId,
    /// Content id of its `config.json`.
    pub config: ContentId,
}

/// What an adapter is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AdapterIds {
    /// Content id of `adapter_model.safetensors`.
    pub artefact: ContentId,
    /// Content id of `adapter_config.json`.
    pub config: ContentId,
}

/// The files of a base model. Canonical JSON: no blanks, names in order.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    files: BTreeMap<String, ContentId>,
}

/// Stores a base model: the files that say what it computes ([`is_file_of_base`]), then the manifest.
///
/// # Errors
/// If the folder does not load as a model with its tokenizer and chat template, a file cannot be read, or the store
/// refuses.
pub async fn store_base(folder: &Path, store: &BlobStore) -> Result<BaseIds> {
    let checked = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let model = Model::load(&checked)?;
        let tokenizer = Tokenizer::load(&checked, model.config())?;
        ChatTemplate::load(&checked, &tokenizer)
    })
    .await??;
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if is_file_of_base(name) && path.is_file() {
            let bytes = tokio::fs::read(&path).await.map_err(Error::io(&path))?;
            files.insert(name.to_string(), store.put(bytes).await?);
        }
    }
    // The tokenizer loaded, and so did the configuration.
    let config = files.get(CONFIG).copied().unwrap_or_default();
    let manifest =
        serde_json::to_vec(&Manifest { files }).expect("names and hashes always serialise");
    Ok(BaseIds { artefact: store.put(manifest).await?, config })
}

/// A folder with the files of a base model, fetched where the cache does not hold them, and every one verified.
///
/// # Errors
/// If a blob is missing or has other bytes, the manifest is malformed or names another configuration, or the cache
/// cannot be written.
pub async fn fetch_base(store: &BlobStore, ids: &BaseIds, cache: &Path) -> Result<PathBuf> {
    let id = ids.artefact;
    let refuse = |reason: String| Error::Manifest { id, reason };
    let bytes = store.get(&id).await?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    match manifest.files.get(CONFIG) {
        Some(config) if *config == ids.config => {}
        found => {
            let expected = ids.config;
            let reason = format!("expected {CONFIG} {expected:?}, found {found:?}");
            return Err(refuse(reason));
        }
    }
    let folder = cache.join("bases").join(hex(&id));
    for (name, content) in &manifest.files {
        // A file of the folder, not a way out of it.
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return Err(refuse(format!("{name:?} is not the name of a file")));
        }
        place(store, content, &folder, name).await?;
    }
    Ok(folder)
}

/// A PEFT folder of an adapter, as [`fetch_base`].
///
/// # Errors
/// If a blob is missing or has other bytes, or the cache cannot be written.
pub async fn fetch_adapter(store: &BlobStore, ids: &AdapterIds, cache: &Path) -> Result<PathBuf> {
    let name = format!("{}-{}", hex(&ids.artefact), hex(&ids.config));
    let folder = cache.join("adapters").join(name);
    place(store, &ids.artefact, &folder, ADAPTER_WEIGHTS).await?;
    place(store, &ids.config, &folder, ADAPTER_CONFIG).await?;
    Ok(folder)
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
    cache: &Path,
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
    cache: &Path,
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

/// An attribution index, fetched where the cache does not hold it, and verified by its content id. Its root and adapter
/// are the caller's to compare.
///
/// # Errors
/// If the blob is missing or has other bytes, the cache cannot be written, or it is not an index.
pub async fn fetch_index(store: &BlobStore, content: &ContentId, cache: &Path) -> Result<Index> {
    let folder = cache.join("indices");
    let name = hex(content);
    place(store, content, &folder, &name).await?;
    Ok(tokio::task::spawn_blocking(move || Index::open(&folder.join(name))).await??)
}

/// Stores both files of an adapter.
pub(crate) async fn store_adapter(
    adapter: &Adapter,
    config: &Config,
    store: &BlobStore,
) -> Result<AdapterIds> {
    let folder = tempfile::tempdir().map_err(Error::io(&std::env::temp_dir()))?;
    adapter.save(folder.path(), config)?;
    let put = async |name| {
        let path = folder.path().join(name);
        let bytes = tokio::fs::read(&path).await.map_err(Error::io(&path))?;
        Ok::<_, Error>(store.put(bytes).await?)
    };
    Ok(AdapterIds { artefact: put(ADAPTER_WEIGHTS).await?, config: put(ADAPTER_CONFIG).await? })
}

/// How an adapter's configuration names its base: the manifest's content id.
pub fn base_name(artefact: &ContentId) -> String {
    format!("{artefact:?}")
}

/// Puts a blob into a folder under a name, unless that file is there with these bytes.
pub(crate) async fn place(
    store: &BlobStore,
    content: &ContentId,
    folder: &Path,
    name: &str,
) -> Result<()> {
    let path = folder.join(name);
    if let Ok(bytes) = tokio::fs::read(&path).await {
        if hashing::content_id(&bytes) == *content {
            return Ok(());
        }
    }
    let bytes = store.get(content).await?;
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || write_whole(&folder, &path, &bytes)).await?
}

/// Writes a file of a folder, which is made where it is not there.
pub(crate) fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    // Beside the file, then renamed: a reader never sees half of it.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(folder))?;
    file.write_all(bytes).map_err(Error::io(path))?;
    file.persist(path).map_err(|error| Error::io(path)(error.error))?;
    Ok(())
}

pub(crate) fn hex(id: &ContentId) -> String {
    format!("{id:x}")
}
