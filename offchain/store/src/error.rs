use openledger_primitives::{ContentId, H256};

/// What can go wrong with blobs and records.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store's address is of no kind that this build knows.
    #[error("{location:?} is no blob store: {reason}; expected a directory, or a URL such as file:///srv/blobs or s3://bucket/blobs")]
    Location {
        /// As given.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No space is left where the store lies. Nothing was stored.
    #[error("no space is left in the blob store {store}: blob {id:?} was not stored; free some and try again")]
    Full {
        /// The store.
        store: String,
        /// The blob.
        id: ContentId,
    },
    /// There is no such blob.
    #[error("blob {id:?} is not in the store {store}: ask whoever made it to publish it, or name another store")]
    NotFound {
        /// The store.
        store: String,
        /// The blob.
        id: ContentId,
    },
    /// A blob's bytes do not hash to its id.
    #[error(
        "blob {id:?} in the store {store} is damaged: its bytes hash to {found:?}; store it again"
    )]
    Corrupt {
        /// The store.
        store: String,
        /// The blob's id.
        id: ContentId,
        /// The hash of what is there.
        found: ContentId,
    },
    /// A blob is longer than what reads it takes. Nothing of it was read.
    #[error("blob {id:?} in the store {store} has {found} bytes, at most {limit} are taken")]
    TooLong {
        /// The store.
        store: String,
        /// The blob.
        id: ContentId,
        /// Its bytes.
        found: u64,
        /// The most.
        limit: u64,
    },
    /// A file had other bytes when it was stored than when its id was computed.
    #[error("{path} changed while it was stored; store it again when nothing writes to it")]
    Changed {
        /// The file.
        path: String,
    },
    /// The store refused for another reason.
    #[error("blob store {store}, blob {id:?}: {source}")]
    Store {
        /// The store.
        store: String,
        /// The blob.
        id: ContentId,
        /// What it said.
        source: object_store::Error,
    },
    /// A line of JSONL is no record.
    #[error("line {line}: {reason}")]
    Record {
        /// Counted from 1.
        line: usize,
        /// What was expected and what came.
        reason: String,
    },
    /// There are no records at all.
    #[error("there are no records: expected at least one line of JSON such as {{\"text\":\"…\"}}")]
    NoRecords,
    /// Too many bytes, or too many records, for one file.
    #[error("{what}: {found}, at most {limit} are taken; cut it into several")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// How many.
        found: u64,
        /// The most.
        limit: u64,
    },
    /// A contribution's records are not those that the chain says.
    #[error("the records of blob {content:?} have root {found:?}, expected {expected:?}")]
    WrongRoot {
        /// The blob.
        content: ContentId,
        /// As registered.
        expected: H256,
        /// Of the records in the blob.
        found: H256,
    },
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;
