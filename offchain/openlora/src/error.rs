use std::path::{Path, PathBuf};

/// What ends a gateway, or keeps it from starting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chain does not answer, or refused.
    #[error(transparent)]
    Chain(#[from] openledger_chain::Error),
    /// A model could not be fetched or loaded.
    #[error(transparent)]
    Artefacts(#[from] openledger_artefacts::Error),
    /// The blob store failed.
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
    /// The ledger could not be read or written.
    #[error("{path}: {source}; the gateway charges nothing until it is started again with room to write there")]
    Ledger {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// A file is no ledger of this gateway.
    #[error(
        "{path} is not this gateway's ledger: {reason}; move the file away to start a new one"
    )]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process has the ledger.
    #[error("{path} is in use by another gateway of this operator: one at a time")]
    Busy {
        /// The ledger.
        path: PathBuf,
    },
    /// One of a group of writes failed, and with it all.
    #[error(transparent)]
    Shared(std::sync::Arc<Error>),
    /// The thread that writes the ledger ended.
    #[error("the ledger's writer ended unexpectedly: start the gateway again")]
    Writer,
    /// An answer costs more than was set aside for it.
    #[error("an answer costs {fee} units, and {reserved} of channel {channel} were set aside for it: it is not charged")]
    Overcharged {
        /// The channel.
        channel: openledger_primitives::ChannelId,
        /// What it costs.
        fee: openledger_primitives::Balance,
        /// What was set aside.
        reserved: openledger_primitives::Balance,
    },
    /// There is no such model, or it cannot be served.
    #[error("model {model} cannot be served: {reason}")]
    Model {
        /// The model.
        model: openledger_primitives::ModelId,
        /// Why.
        reason: String,
    },
    /// There is no model of this name.
    #[error("there is no model {name:?} here; see GET /v1/models")]
    NoModel {
        /// As it was asked for.
        name: String,
    },
    /// A model needs more memory than there is for it.
    #[error("model {model} needs {needed} bytes of memory; of {budget} that models may have here (--memory), {held} are in use")]
    TooLarge {
        /// The model.
        model: openledger_primitives::ModelId,
        /// In bytes.
        needed: u64,
        /// In bytes, by what is being used.
        held: u64,
        /// In bytes, of all models together.
        budget: u64,
    },
    /// A model could not be loaded a short while ago, and is not tried again yet.
    #[error(
        "model {model} could not be loaded a short while ago, and is not tried again yet: {reason}"
    )]
    Lately {
        /// The model.
        model: openledger_primitives::ModelId,
        /// Why.
        reason: String,
    },
    /// A model's files are not what they should be.
    #[error("model {model} cannot be loaded: {reason}")]
    Unloadable {
        /// The model.
        model: openledger_primitives::ModelId,
        /// Why.
        reason: String,
    },
    /// The process that computed for a model ended.
    #[error(
        "model {model}: the process that computed for it ended, and nothing is charged: {how}"
    )]
    Died {
        /// The model.
        model: openledger_primitives::ModelId,
        /// How it ended.
        how: String,
    },
    /// A model ended too many processes.
    #[error(
        "model {model} is set aside for {} s: {times} processes ended that computed for it, the last one so: {how}",
        aside.as_secs()
    )]
    Aside {
        /// The model.
        model: openledger_primitives::ModelId,
        /// How many.
        times: u32,
        /// For how long.
        aside: std::time::Duration,
        /// How the last one ended.
        how: String,
    },
    /// The node is now one of another chain.
    #[error("the node has another chain now: its genesis hash is {found:?}, this gateway serves {expected:?}")]
    OtherChain {
        /// At the start.
        expected: openledger_primitives::H256,
        /// Now.
        found: openledger_primitives::H256,
    },
    /// The node could not be reached a short while ago, and is not tried again yet.
    #[error(
        "the node could not be reached a short while ago; it is tried again every two seconds"
    )]
    Unreachable,
    /// Whether an earlier settlement got into a block is not final.
    #[error("whether an earlier settlement got into a block is not final yet: nothing is settled twice, so this one waits; is the chain finalising?")]
    InDoubt,
    /// The node did not say in time what became of a settlement.
    #[error("the settlement of model {model} is in no block yet; it is looked for again")]
    NotSeen {
        /// The model.
        model: openledger_primitives::ModelId,
    },
    /// A computation was ended by a panic.
    #[error("the computation ended unexpectedly: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Error {
    /// A file or folder that could not be read or written.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.into(), source }
    }
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;
