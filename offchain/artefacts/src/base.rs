//! A base model: its files, and the manifest that names them.

use std::{collections::BTreeMap, path::Path};

use openledger_lm::{is_file_of_base, ChatTemplate, Model, Tokenizer};
use openledger_primitives::ContentId;
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};

use crate::{
    cache::{Kind, Wanted},
    hex, Cache, Error, Held, Result, MAX_DOCUMENT,
};

const CONFIG: &str = "config.json";
/// The ending of the files with weights.
const WEIGHTS: &str = ".safetensors";

/// The most bytes of a file that is none of weights: a tokenizer of a quarter of a million tokens has some 32 MiB.
const MAX_FILE: u64 = 64 << 20;

/// What a base model is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BaseIds {
    /// Content id of its manifest.
    pub artefact: ContentId,
    /// Content id of its `config.json`.
    pub config: ContentId,
}

/// The files of a base model. Stored as canonical JSON: no blanks, names in order, fields as here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// By name.
    pub files: BTreeMap<String, FileIds>,
}

/// A file of a base model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileIds {
    /// Its content id.
    pub content: ContentId,
    /// Its length.
    pub bytes: u64,
}

impl Manifest {
    /// Reads the manifest of a registered base.
    ///
    /// # Errors
    /// If the blob is missing, damaged or no manifest, names a file that is none of a base, or another configuration
    /// than is registered.
    pub async fn fetch(store: &BlobStore, ids: &BaseIds) -> Result<Self> {
        let id = ids.artefact;
        let refuse = |reason: String| Error::Manifest { id, reason };
        let bytes = store.get(&id, MAX_DOCUMENT).await?;
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        let config = manifest.files.get(CONFIG).map(|file| file.content);
        if config != Some(ids.config) {
            let reason = format!("expected {CONFIG} {:?}, found {config:?}", ids.config);
            return Err(refuse(reason));
        }
        for (name, file) in &manifest.files {
            if !is_file_of_a_base(name) {
                return Err(refuse(format!("{name:?} is not the name of a file of a base")));
            }
            if !is_weights(name) && file.bytes > MAX_FILE {
                let bytes = file.bytes;
                return Err(refuse(format!(
                    "{name} has {bytes} bytes, at most {MAX_FILE} are taken"
                )));
            }
        }
        Ok(manifest)
    }

    /// The bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.values().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    /// The bytes of its weights.
    pub fn weights(&self) -> u64 {
        let weights = self.files.iter().filter(|(name, _)| is_weights(name));
        weights.fold(0, |sum, (_, file)| sum.saturating_add(file.bytes))
    }
}

/// A file of the folder that says what the base computes, not a way out of it.
fn is_file_of_a_base(name: &str) -> bool {
    is_file_of_base(name) && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn is_weights(name: &str) -> bool {
    name.ends_with(WEIGHTS)
}

/// Stores a base model: the files that say what it computes ([`is_file_of_base`]), then the manifest.
///
/// # Errors
/// If the folder does not load as a model with its tokenizer and chat template, a file cannot be read, or the store refuses.
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
        if is_file_of_a_base(name) && path.is_file() {
            let (content, bytes) = store.put_file(&path).await?;
            files.insert(name.to_string(), FileIds { content, bytes });
        }
    }
    // The tokenizer loaded, and so did the configuration.
    let config = files.get(CONFIG).map(|file| file.content).unwrap_or_default();
    let manifest =
        serde_json::to_vec(&Manifest { files }).expect("names and hashes always serialise");
    Ok(BaseIds { artefact: store.put(manifest).await?, config })
}

/// A folder with the files of a base model, fetched where the cache does not hold them, and every one verified.
///
/// # Errors
/// As [`Manifest::fetch`], and if a file is missing from the store or has other bytes, all together do not fit into the
/// cache, or it cannot be written.
pub async fn fetch_base(store: &BlobStore, ids: &BaseIds, cache: &Cache) -> Result<Held> {
    let manifest = Manifest::fetch(store, ids).await?;
    let files: Vec<Wanted> = manifest
        .files
        .iter()
        .map(|(name, file)| Wanted { name, content: &file.content, bytes: file.bytes })
        .collect();
    cache.fetch(store, Kind::Base, &hex(&ids.artefact), &files).await
}

/// How an adapter's configuration names its base: the manifest's content id.
pub fn base_name(artefact: &ContentId) -> String {
    format!("{artefact:?}")
}
