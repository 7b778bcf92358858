use std::path::{Path, PathBuf};

use openledger_primitives::ContributionId;

/// What can go wrong between records, an index and a text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is no part of a trace index, or damaged: {reason}; build the index again")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected and what came.
        reason: String,
    },
    /// There is no index.
    #[error(
        "there is no trace index in {0}: expected a folder that `openledger trace build` made"
    )]
    NoIndex(PathBuf),
    /// The index is of other tokens.
    #[error("the index in {0} is of other tokens than these records: build another one")]
    OtherAlphabet(PathBuf),
    /// Contributions are not in strictly ascending order.
    #[error(
        "contribution {found} comes after {previous}: records of the earliest contribution count, so contributions \
         must be added in ascending order; build the index again from all of them"
    )]
    NotAscending {
        /// The one before.
        previous: ContributionId,
        /// The one that is not above it.
        found: ContributionId,
    },
    /// There are no tokens to index.
    #[error("there are no records to index: expected at least one with a token")]
    NoRecords,
    /// An alphabet that cannot be.
    #[error("alphabet: {0}")]
    Alphabet(String),
    /// A token that the alphabet does not have.
    #[error("record {record} of contribution {contribution} has token {token}, the alphabet has {vocabulary}")]
    UnknownToken {
        /// The contribution.
        contribution: ContributionId,
        /// The record's place in it, from 0.
        record: u32,
        /// The token.
        token: u32,
        /// How many tokens there are.
        vocabulary: u32,
    },
    /// More than pointers can reach.
    #[error("contribution {contribution} has {tokens} tokens, at most {limit} are taken: cut it into several")]
    TooLarge {
        /// The contribution.
        contribution: ContributionId,
        /// How many.
        tokens: u64,
        /// The most.
        limit: u64,
    },
    /// The suffixes could not be sorted.
    #[error(
        "the suffixes of {tokens} tokens could not be sorted: {reason}; build with smaller shards"
    )]
    Construction {
        /// How many.
        tokens: usize,
        /// What the library said.
        reason: String,
    },
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
