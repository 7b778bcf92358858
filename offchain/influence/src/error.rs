use openledger_primitives::{ContributionId, H256};

/// What can go wrong between transcripts and shares.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The language model refused.
    #[error(transparent)]
    Model(#[from] openledger_lm::Error),
    /// There is nothing to build an index from.
    #[error("there are no training records: an index needs at least one")]
    NoRecords,
    /// Contributions are not in strictly ascending order.
    #[error("contributions must be in strictly ascending order, and {0} is not")]
    NotAscending(ContributionId),
    /// A record belongs to a contribution that was not listed.
    #[error("a record belongs to contribution {0}, which is not among the model's")]
    UnknownContribution(ContributionId),
    /// A number is not finite.
    #[error("{0} holds values that are not finite: the adapter is broken or training diverged")]
    NotFinite(String),
    /// An eigenvalue decomposition did not converge.
    #[error("the covariance of {0} has no eigenvalue decomposition within the iteration limit")]
    Eigen(String),
    /// A method that this version does not compute, or that is not written canonically.
    #[error("attribution method: {0}")]
    Method(String),
    /// Bytes that are not an index.
    #[error("attribution index: {0}")]
    Index(String),
    /// The index was built for another adapter.
    #[error("the index is of adapter {found:?}, expected {expected:?}")]
    OtherAdapter {
        /// The adapter at hand.
        expected: H256,
        /// What the index says.
        found: H256,
    },
    /// The index and the model have different matrices.
    #[error("the index does not fit the model: {0}")]
    OtherShape(String),
    /// A line of a batch is not a transcript. What it says instead is not repeated: it may be a prompt.
    #[error("batch, line {line}, column {column}: not the JSON of a transcript")]
    Transcript {
        /// Counted from 1.
        line: usize,
        /// Where parsing stopped.
        column: usize,
    },
    /// A receipt does not state what the settlement says, or its signature is wrong.
    #[error("batch, receipt {receipt}: {reason}")]
    Receipt {
        /// Counted from 0.
        receipt: usize,
        /// What was expected and what came.
        reason: String,
    },
    /// What an answer repeats cannot be what the records of this model's contributions say.
    #[error(
        "the trace of receipt {receipt}'s answer credits contributions that the attribution index does not list, or \
         more than there is: the model's trace index is of other data"
    )]
    Trace {
        /// Counted from 0.
        receipt: u32,
    },
    /// A batch as a whole does not match its settlement.
    #[error("batch: {what} is {found}, the settlement says {expected}")]
    Batch {
        /// The property.
        what: &'static str,
        /// On chain.
        expected: String,
        /// In the batch.
        found: String,
    },
    /// What an attributor published of its work is not what it committed to, or not of this settlement.
    #[error("the attributor's work: {0}")]
    Work(String),
    /// More query blocks than this process will hold.
    #[error(
        "{receipts} receipts of {blocks} blocks each are more than {limit} query blocks; settle smaller batches"
    )]
    TooLarge {
        /// Receipts of the batch.
        receipts: usize,
        /// Blocks of a query.
        blocks: usize,
        /// The most query blocks of one job.
        limit: u64,
    },
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;
