//! Which contributions made an answer likely.
//!
//! The influence of a training record on an answer is `s = vᵀ (H + λI)⁻¹ ∇ℓ`, with `v` the gradient of the
//! answer's loss `-log p(answer | prompt)`, `∇ℓ` the gradient of the record's, and H the Fisher matrix, all over
//! the adapter's parameters alone, at the ends of trainings of half the steps. A step of training on the record
//! changes the answer's loss by about `-s`, so a **positive score means that the record made the answer more
//! likely**. Influence is linear in `∇ℓ`, so for each of these trainings one vector per contribution is enough, and
//! an answer costs one backward pass and one dot product per contribution.
//!
//! | | |
//! |---|---|
//! | [`gradients`] | every record's own gradient, many at a time |
//! | [`ekfac`] | H, as eigenvalue-corrected Kronecker factors |
//! | [`duplicates`] | which records say again what an earlier one said |
//! | [`build`] | the vectors of all contributions: an [`index::Index`] |
//! | [`quantise`] | the one place that decides the numeric format |
//! | [`query`] | an answer, as a quantised vector |
//! | [`explain`] | which of its records a contribution's score comes from |
//! | [`batch`] | a settlement's transcripts, checked |
//! | [`scores`] | a query compared with every row of an index |
//! | [`work`] | all numbers between a query and its shares, for whoever wants to check them |
//! | [`settlement`] | from transcripts to shares, roots and a report: what the engine runs, and an audit again |
//! | [`report`] | what is told of a settlement |
//! | [`prover`] | finding the wrong number in somebody's work, and proving it |
//!
//! Other ways of attributing, to measure this one by, are in `openledger-attribution-lab`.
//!
//! From the quantised query on, everything is integer and equal on every machine. Up to there, the same machine
//! gives the same bits whatever its number of threads: each sum has a fixed order.

pub mod batch;
pub mod build;
pub mod duplicates;
pub mod ekfac;
mod error;
pub mod explain;
pub mod gradients;
pub mod index;
pub mod method;
pub mod prover;
pub mod quantise;
pub mod query;
pub mod report;
pub mod scores;
pub mod settlement;
pub mod work;

pub use error::{Error, Result};
pub use index::Index;
pub use method::Method;
pub use report::JobReport;
pub use settlement::attribute;
