//! Fine-tuning jobs: from the contributions of datanet versions to an adapter, its attribution index and its trace
//! index, everything in the blob store, and what to register on chain in hand.
//!
//! | | |
//! |---|---|
//! | [`job`] | the job itself |
//! | `kept` | what is done of a job, so that one that was killed goes on |
//! | [`training_set`] | which records a job trains on |
//! | [`rendering`] | records to tokens, by the base's template, and which of them are learned |
//! | [`settings`] | how it trains |
//! | [`traces`] | the trace index over a training set |

mod error;
pub mod job;
mod kept;
pub mod rendering;
pub mod settings;
pub mod traces;
pub mod training_set;

pub use error::{Error, Result};
pub use job::{run, Event, Job, Outcome};
pub use rendering::Renderer;
pub use settings::Settings;
