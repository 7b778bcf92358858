//! Which records an answer repeats.
//!
//! The records of datanet versions, as tokens, lie in suffix arrays: all their suffixes in order. In them, every
//! longest run of an answer's tokens that some record has, a *span*, is found by binary search, with all records in
//! which it occurs. A span is worth what it is improbable by, in bits, and that is credited to these records'
//! contributions. There are no floating-point numbers: two machines find the same.
//!
//! | | |
//! |---|---|
//! | [`Alphabet`] | what tokens are, and where words begin and end |
//! | [`build`] | contributions to shards of an index in a folder; more of them; shards joined |
//! | [`Index`] | the shards of a folder, mapped into memory |
//! | [`Index::matches`] | all maximal spans of a text, with how often each occurs |
//! | [`Index::trace`] | those that are no accident and no boilerplate, weighed, and credits |
//! | [`Rules`] | what an accident is, and what boilerplate |
//! | [`report`] | the same for people: texts, sources, contributors |
//! | [`http`] | an index as a service |
//!
//! `docs/protocol/trace.md` states the rules and the format of the files.

mod alphabet;
mod bits;
pub mod build;
mod draft;
mod error;
pub mod http;
mod index;
mod manifest;
pub mod report;
mod search;
mod shard;
mod spans;
mod token;
mod trace;

pub use alphabet::Alphabet;
pub use error::{Error, Result};
pub use index::Index;
pub use manifest::{About, Entry, MANIFEST};
pub use spans::Match;
pub use trace::{Place, Rules, Span, Trace};
