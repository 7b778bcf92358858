use std::path::{Path, PathBuf};

/// What can go wrong between a job and its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that the job names could not be fetched, or does not load.
    #[error("the {what}: {source}")]
    Artefact {
        /// The batch, the base, the adapter, the index or the trace index.
        what: &'static str,
        /// Why.
        source: openledger_artefacts::Error,
    },
    /// The attribution index cannot be read.
    #[error("the index: {0}")]
    Index(openledger_influence::Error),
    /// The trace index cannot be read.
    #[error("the trace index: {0}")]
    Traces(#[from] openledger_trace::Error),
    /// An index is not the one that the job describes.
    #[error("the {what} of the {index} is {found}, the job says {expected}")]
    OtherIndex {
        /// The index or the trace index.
        index: &'static str,
        /// The property.
        what: &'static str,
        /// In the job.
        expected: String,
        /// In the index.
        found: String,
    },
    /// The batch is not the settlement's, or the model cannot compute it.
    #[error(transparent)]
    Influence(#[from] openledger_influence::Error),
    /// The report, or the work that it names, could not be stored.
    #[error("the report: {0}")]
    Report(openledger_store::Error),
    /// What an engine asks of the process of a job makes no sense.
    #[error("the task: {0}")]
    Task(String),
    /// The secret of who may post jobs cannot be read or made.
    #[error("the secret: {0}")]
    Secret(#[from] openledger_service::Error),
    /// A computation was ended by a panic.
    #[error("the computation ended unexpectedly; the engine's log says where")]
    Ended,
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has the folder.
    #[error("{path} is in use by another engine: one at a time, or name another with --home")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The metrics could not be registered.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err` after an operation on `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }

    /// For `map_err` after fetching or loading `what`.
    pub(crate) fn artefact<E: Into<openledger_artefacts::Error>>(
        what: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::Artefact { what, source: source.into() }
    }
}
