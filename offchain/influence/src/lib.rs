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
//! | [`settlement`] | from transcripts to shares, roots and a report: what the engine runs, and an audit again |
//! | [`work`] | all numbers in between, for whoever wants to check them |
//! | [`fraud`] | finding the wrong one, and proving it |
//! | [`exact`], [`conjugate`], [`unrolled`] | other ways of attributing, to measure by: H without an approximation, the path |
//! | [`correction`] | scores corrected by what retrainings gave, to measure by |
//! | [`baseline`] | what others do with gradients, and BM25 |
//!
//! From the quantised query on, everything is integer and equal on every machine. Up to there, the same machine
//! gives the same bits whatever its number of threads: each sum has a fixed order.

pub mod attributor;
pub mod baseline;
pub mod batch;
pub mod build;
pub mod conjugate;
pub mod correction;
pub mod duplicates;
pub mod ekfac;
mod error;
pub mod exact;
pub mod explain;
pub mod fraud;
pub mod gradients;
pub mod index;
pub mod method;
pub mod quantise;
pub mod query;
pub mod settlement;
pub mod unrolled;
pub mod work;

pub use error::{Error, Result};
pub use index::Index;
pub use method::Method;
pub use settlement::{attribute, JobReport};
