use std::path::{Path, PathBuf};

use openledger_primitives::ContentId;

/// What can go wrong between a content id and a file that can be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The language model refused the files.
    #[error(transparent)]
    Model(#[from] openledger_lm::Error),
    /// The blob store failed, or holds other bytes than their id says.
    #[error(transparent)]
    Store(#[from] openledger_store::Error),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A list of files does not say what it should.
    #[error("manifest {id:?}: {reason}")]
    Manifest {
        /// Its content id.
        id: ContentId,
        /// What was expected and what came.
        reason: String,
    },
    /// A file is not as long as is said of it.
    #[error("blob {content:?} has {found} bytes, expected {expected}")]
    Length {
        /// Its content id.
        content: ContentId,
        /// As its manifest says.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// An artefact does not fit into the cache, whatever else leaves it.
    #[error(
        "the {what} has {bytes} bytes, but the cache in {folder} may hold {budget}: allow it more, or serve smaller ones"
    )]
    TooLarge {
        /// The kind of artefact.
        what: &'static str,
        /// Its bytes.
        bytes: u64,
        /// The cache.
        folder: PathBuf,
        /// What it may hold.
        budget: u64,
    },
    /// A computation was ended by a panic.
    #[error("the computation ended unexpectedly: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err` after an operation on `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}
