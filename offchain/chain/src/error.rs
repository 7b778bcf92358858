/// What can go wrong between this process and the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node does not answer.
    #[error("the node at {url} cannot be reached: {reason}; is it running, and is this its RPC address?")]
    Unreachable {
        /// As given.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The node answered something that does not fit what was asked: another chain, or an old runtime.
    #[error("{what}: {reason}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A call's arguments do not fit the runtime's metadata.
    #[error("{call} does not fit this chain's runtime: {reason}")]
    Unfit {
        /// The call.
        call: String,
        /// What the metadata expects.
        reason: String,
    },
    /// The pool took no transaction: no funds for the fee, a bad nonce, a full pool.
    #[error("{call} was not taken into the transaction pool: {reason}")]
    NotTaken {
        /// The call.
        call: String,
        /// What the node said.
        reason: String,
    },
    /// The call ran in a block and failed.
    #[error("{call} was refused: {pallet}{}{error}{}{docs}", if pallet.is_empty() { "" } else { "::" }, if docs.is_empty() { "" } else { ": " })]
    Refused {
        /// The call.
        call: String,
        /// The pallet whose error it is, such as `Datanets`; empty if it is no pallet's.
        pallet: String,
        /// The error, such as `NotCurator`.
        error: String,
        /// What the runtime's metadata says about it.
        docs: String,
    },
    /// A transaction left the pool without getting into a block.
    #[error("{call} got into no block: {reason}")]
    Lost {
        /// The call.
        call: String,
        /// What the node said.
        reason: String,
    },
    /// Nothing was heard of a transaction for so long that it cannot get into a block any more.
    #[error(
        "nothing was heard of {call} for {seconds} s: whether a block has it, the chain must say"
    )]
    NotSeen {
        /// The call.
        call: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// Text that names no account or key.
    #[error("{what}{}: {reason}", if text.is_empty() { String::new() } else { format!(" {text:?}") })]
    Account {
        /// What was to be read.
        what: &'static str,
        /// As given; empty where it is secret.
        text: String,
        /// What was expected.
        reason: String,
    },
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err` after a read of `what`.
    pub(crate) fn reading<E: std::fmt::Display>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        |error| Self::Unexpected { what: what.into(), reason: error.to_string() }
    }
}
