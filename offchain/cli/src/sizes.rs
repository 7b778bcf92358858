//! How many bytes whoever fetches an artefact has to expect: registered with it, so that a reader can refuse
//! before it downloads.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use openledger_artefacts::AdapterIds;
use openledger_primitives::ContentId;
use openledger_store::BlobStore;
use serde::Deserialize;

/// Of the manifest of a base, the names of its files.
#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, serde_json::Value>,
}

/// Of the list of a trace index, how long its files are.
#[derive(Deserialize)]
struct List {
    shards: Vec<Shard>,
}

#[derive(Deserialize)]
struct Shard {
    bytes: u64,
}

/// The bytes of a base in a folder that was stored under this manifest, and of the manifest.
pub async fn base(dir: &Path, store: &BlobStore, manifest: &ContentId) -> anyhow::Result<u64> {
    let bytes = store.get(manifest).await?;
    let Manifest { files } = serde_json::from_slice(&bytes)?;
    let mut size = bytes.len() as u64;
    for name in files.keys() {
        let path = dir.join(name);
        let data = std::fs::metadata(&path).with_context(|| path.display().to_string())?;
        size += data.len();
    }
    Ok(size)
}

/// The bytes of both files of an adapter.
pub async fn adapter(store: &BlobStore, ids: &AdapterIds) -> anyhow::Result<u64> {
    Ok(blob(store, &ids.artefact).await? + blob(store, &ids.config).await?)
}

/// The bytes of an attribution index and of the trace index beside it.
pub async fn index(
    store: &BlobStore,
    content: &ContentId,
    trace: Option<&ContentId>,
) -> anyhow::Result<u64> {
    let mut size = blob(store, content).await?;
    if let Some(trace) = trace {
        let list = store.get(trace).await?;
        let List { shards } = serde_json::from_slice(&list)?;
        size += list.len() as u64 + shards.iter().map(|shard| shard.bytes).sum::<u64>();
    }
    Ok(size)
}

async fn blob(store: &BlobStore, id: &ContentId) -> anyhow::Result<u64> {
    Ok(store.get(id).await?.len() as u64)
}
