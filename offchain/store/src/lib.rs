//! Records, and the content-addressed blobs that they travel in.
//!
//! | | |
//! |---|---|
//! | [`BlobStore`] | bytes under the hash of themselves, in a directory or an object store |
//! | [`content`] | the content ids of files |
//! | [`record`] | one training example: its normal form, its hash, its line of JSONL |
//! | [`contribution`] | records in one blob under one Merkle root; contributions in a version |
//! | [`files`] | files of a folder to records: source code, text, tables, and rows in the formats that people keep |

mod blob;
pub mod content;
pub mod contribution;
mod error;
pub mod files;
mod formats;
mod json;
pub mod record;

pub use blob::BlobStore;
pub use bytes::Bytes;
pub use error::{Error, Result};
