//! Attribution indices, and the trace indices over the same records.
//!
//! An attribution index is one blob. Of a trace index, each file is a blob, and so is the list of these files,
//! `trace.json`, which names them by content id: the list's own content id is that of the index. What is in them is
//! `openledger-influence`'s and `openledger-trace`'s to read.

use std::path::Path;

use openledger_primitives::{ContentId, H256};
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};

use crate::{
    cache::{Kind, Wanted},
    hex, size, Cache, Error, Held, Result,
};

/// The name of an attribution index in its folder.
const INDEX: &str = "index";
/// The name of the list of a trace index' files.
const LIST: &str = "trace.json";
/// The most bytes of that list. It describes every contribution, and where words begin among the tokens.
const MAX_LIST: u64 = 256 << 20;

/// What an index is registered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IndexIds {
    /// Content id of its file.
    pub content: ContentId,
    /// Merkle root over its blocks.
    pub root: H256,
    /// Id of its method.
    pub method: H256,
    /// Blocks of one vector.
    pub blocks: u32,
    /// Vectors of each contribution.
    pub variants: u8,
    /// Content id of the trace index over the same records; none where these have no token of text.
    pub trace: Option<ContentId>,
}

/// The file of an attribution index, fetched where the cache does not hold it, and verified by its content id. Its root
/// and adapter are the caller's to compare.
///
/// # Errors
/// If the blob is missing or has other bytes, does not fit into the cache, or it cannot be written.
pub async fn fetch_index(store: &BlobStore, content: &ContentId, cache: &Cache) -> Result<Held> {
    let files = [Wanted { name: INDEX, content, bytes: size(store, content).await? }];
    let folder = cache.fetch(store, Kind::Index, &hex(content), &files).await?;
    Ok(folder.file(INDEX))
}

/// What this crate reads of the list of a trace index.
#[derive(Deserialize)]
pub(crate) struct List {
    shards: Vec<Shard>,
    /// Its own length.
    #[serde(skip)]
    length: u64,
}

#[derive(Deserialize)]
struct Shard {
    file: String,
    content: ContentId,
    bytes: u64,
}

impl List {
    pub async fn fetch(store: &BlobStore, id: &ContentId) -> Result<Self> {
        let bytes = store.get(id, MAX_LIST).await?;
        Self::parse(&bytes).map_err(|reason| Error::Manifest { id: *id, reason })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let list: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let unsafe_name = |shard: &&Shard| {
            // A file of the folder, not a way out of it, nor the list itself.
            let name = &shard.file;
            name.is_empty()
                || name.starts_with('.')
                || name.contains(['/', '\\', '\0'])
                || name == LIST
        };
        match list.shards.iter().find(unsafe_name) {
            Some(shard) => Err(format!("{:?} is not the name of a file", shard.file)),
            None => Ok(Self { length: bytes.len() as u64, ..list }),
        }
    }

    /// The bytes of the list and of all files.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().fold(self.length, |sum, shard| sum.saturating_add(shard.bytes))
    }
}

/// Stores the trace index in a folder, and returns its content id.
///
/// # Errors
/// If there is none, a file cannot be read, or the store refuses.
pub async fn store_traces(folder: &Path, store: &BlobStore) -> Result<ContentId> {
    let path = folder.join(LIST);
    let list = tokio::fs::read(&path).await.map_err(Error::io(&path))?;
    let refuse = |id, reason| Error::Manifest { id, reason };
    let id = openledger_primitives::hashing::content_id(&list);
    for shard in List::parse(&list).map_err(|reason| refuse(id, reason))?.shards {
        let (found, _) = store.put_file(&folder.join(&shard.file)).await?;
        if found != shard.content {
            let reason = format!("{} is {found:?}, expected {:?}", shard.file, shard.content);
            return Err(refuse(id, reason));
        }
    }
    Ok(store.put(list).await?)
}

/// The folder of a trace index, fetched where the cache does not hold it, and every file verified by its content id.
/// Its contributions are the caller's to compare.
///
/// # Errors
/// If a blob is missing or has other bytes, the list is none, all files do not fit into the cache, or it cannot be
/// written.
pub async fn fetch_traces(store: &BlobStore, content: &ContentId, cache: &Cache) -> Result<Held> {
    let list = List::fetch(store, content).await?;
    let mut files: Vec<Wanted> = list
        .shards
        .iter()
        .map(|Shard { file, content, bytes }| Wanted { name: file, content, bytes: *bytes })
        .collect();
    files.push(Wanted { name: LIST, content, bytes: list.length });
    cache.fetch(store, Kind::Traces, &hex(content), &files).await
}
