//! What bases, adapters, attribution indices and trace indices are: their ids on the chain, their files, and how they
//! get into a blob store and, verified, out of it again.
//!
//! Whatever serves or attributes starts here, and so does whatever trains: a program that serves needs nothing that
//! trains.
//!
//! | | |
//! |---|---|
//! | [`base`] | a base model: its files and the manifest that names them |
//! | [`adapter`] | a LoRA adapter in PEFT format, and a base with one |
//! | [`index`] | attribution indices, and the trace indices beside them |
//! | [`sizes`] | how many bytes they have, as is registered |
//! | [`Cache`] | where fetched artefacts lie, and which of them go when they become too many |

pub mod adapter;
pub mod base;
mod cache;
mod error;
pub mod index;
pub mod sizes;

pub use adapter::{adapt, fetch_adapter, fetch_model, store_adapter, AdapterIds};
pub use base::{base_name, fetch_base, store_base, BaseIds};
pub use cache::{write_whole, Cache, Held};
pub use error::{Error, Result};
pub use index::{fetch_index, fetch_traces, store_traces, IndexIds};

/// The most bytes of a manifest, a configuration or another file that is read into memory whole.
pub const MAX_DOCUMENT: u64 = 4 << 20;

/// A content id as it is written in paths: hexadecimal digits without a prefix.
pub fn hex(id: &openledger_primitives::ContentId) -> String {
    format!("{id:x}")
}

/// The length of a blob that must be there.
async fn size(
    store: &openledger_store::BlobStore,
    id: &openledger_primitives::ContentId,
) -> Result<u64> {
    let missing = || openledger_store::Error::NotFound { store: store.location().into(), id: *id };
    Ok(store.size(id).await?.ok_or_else(missing)?)
}
