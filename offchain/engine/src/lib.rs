//! The HTTP service that computes attributions for the off-chain worker, as `docs/protocol.md` has it.
//!
//! A job is the facts that the chain has of one settlement. [`attribute`] computes it from the model, the index and
//! the batch that it names, and an audit calls the same function. Around it, an [`Engine`] takes jobs over HTTP, keeps
//! them on disk, fetches what they name from a blob store, every byte verified, and computes one after the other.
//!
//! | | |
//! |---|---|
//! | [`job`] | a job, its id, and how far it is |
//! | [`attribute`](attribute()) | from a job and its artefacts to shares, roots and a report |
//! | [`library`] | bases, adapters and indices: fetched, and kept for the next job |
//! | [`Engine`] | the queue, and what works on it |
//! | [`serve`] | the routes |

mod attribute;
mod engine;
mod error;
mod folder;
mod http;
pub mod job;
pub mod library;
mod metrics;

pub use attribute::attribute;
pub use engine::{Engine, Settings, MAX_BATCH};
pub use error::{Error, Result};
pub use http::serve;
pub use job::{Job, JobId, State};
pub use library::{Artefacts, Library};
pub use openledger_influence::JobReport;
