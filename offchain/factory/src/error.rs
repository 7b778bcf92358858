use std::path::{Path, PathBuf};

use openledger_primitives::ContributionId;

use crate::training_set::Refused;

/// What can go wrong between contributions and an adapter.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The language model refused.
    #[error(transparent)]
    Model(#[from] openledger_lm::Error),
    /// The attribution index could not be built.
    #[error(transparent)]
    Influence(#[from] openledger_influence::Error),
    /// The trace index could not be built.
    #[error("trace index: {0}")]
    Trace(#[from] openledger_trace::Error),
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
    /// An artefact could not be fetched or stored.
    #[error(transparent)]
    Artefact(#[from] openledger_artefacts::Error),
    /// A setting is out of range.
    #[error("setting {name}: {reason}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was expected and what came.
        reason: String,
    },
    /// Contributions are not in strictly ascending order.
    #[error("contributions must be in strictly ascending order, and {0} is not")]
    NotAscending(ContributionId),
    /// No record is left to train on.
    #[error("no record has a token to learn: contributions are empty, or nobody answers in them")]
    NoRecords,
    /// No record is left to train on, since the base takes none.
    #[error(
        "the base takes no record; of the first that it refuses, {} of contribution {}, it says: {}", .0.place,
        .0.contribution, .0.reason
    )]
    Refused(Refused),
    /// The base refuses a held-out record.
    #[error("the base does not take held-out record {place}: {reason}")]
    HeldOut {
        /// Its place among the held-out records, from 0.
        place: usize,
        /// What the base says.
        reason: Box<Error>,
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
