//! How many bytes whoever fetches an artefact has to expect. They are registered with it, so that a reader can refuse
//! before it fetches anything.

use openledger_primitives::ContentId;
use openledger_store::BlobStore;

use crate::{base::Manifest, index::List, size, AdapterIds, Error, Result, MAX_DOCUMENT};

/// The bytes of the files of a base that was stored under this manifest, and of the manifest.
///
/// # Errors
/// If the manifest is not in the store, or is none.
pub async fn base(store: &BlobStore, artefact: &ContentId) -> Result<u64> {
    let bytes = store.get(artefact, MAX_DOCUMENT).await?;
    let refuse = |reason| Error::Manifest { id: *artefact, reason };
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
    Ok(manifest.bytes().saturating_add(bytes.len() as u64))
}

/// The bytes of both files of an adapter.
///
/// # Errors
/// If one is not in the store.
pub async fn adapter(store: &BlobStore, ids: &AdapterIds) -> Result<u64> {
    Ok(size(store, &ids.artefact).await?.saturating_add(size(store, &ids.config).await?))
}

/// The bytes of an attribution index, and of the files of the trace index beside it.
///
/// # Errors
/// If a file that is asked for is not in the store, or the list of the trace index is none.
pub async fn index(
    store: &BlobStore,
    content: &ContentId,
    trace: Option<&ContentId>,
) -> Result<u64> {
    let own = size(store, content).await?;
    let beside = match trace {
        Some(trace) => List::fetch(store, trace).await?.bytes(),
        None => 0,
    };
    Ok(own.saturating_add(beside))
}
