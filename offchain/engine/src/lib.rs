//! The HTTP service that computes attributions for the off-chain worker, by `docs/protocol/engine.md`.
//!
//! A job is the facts that the chain has of one settlement. [`attribute`] computes it from the model, the index and
//! the batch that it names, and an audit calls the same function. Around it, an [`Engine`] takes jobs over HTTP, keeps
//! them on disk, and computes one after the other, each in a process of its own that fetches what the job names from a
//! blob store, every byte verified. It takes jobs only from who knows its secret.
//!
//! | | |
//! |---|---|
//! | [`job`] | a job, its id, and how far it is |
//! | [`attribute`](attribute()) | from a job and its artefacts to shares, roots and a report |
//! | [`library`] | bases, adapters and indices: fetched, and kept for the next job |
//! | [`Task`] | the process of a job: its memory, its time, and what its death means |
//! | [`Engine`] | the queue, and what works on it |
//! | [`serve`] | the routes |

mod attribute;
mod child;
mod compute;
mod engine;
mod error;
mod folder;
mod http;
pub mod job;
pub mod library;
pub mod memory;
mod metrics;

pub use attribute::attribute;
pub use child::Task;
pub use compute::MAX_BATCH;
pub use engine::{Engine, Limits, Settings};
pub use error::{Error, Result};
pub use http::serve;
pub use job::{Job, State};
pub use library::{Artefacts, Library};
pub use openledger_influence::JobReport;
