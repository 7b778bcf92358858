//! Types, hashes and integer mathematics that cross OpenLedger's boundaries.
//!
//! Everything here is `no_std`, pure and deterministic: the chain, the off-chain worker, the engine,
//! the gateway, and whoever audits a payout run the same code. `docs/protocol.md` states each rule
//! precisely enough for a second implementation.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

extern crate alloc;

pub mod apportion;
pub mod attribution;
pub mod fraud;
pub mod hashing;
pub mod ids;
pub mod licence;
pub mod merkle;
pub mod method;
pub mod pool;
pub mod reads;
pub mod receipt;
pub mod score;
pub mod session;
pub mod shares;
pub mod signature;
pub mod split;
pub mod trace;
pub mod voucher;
pub mod work;

pub use ids::*;
pub use primitive_types::{H256, U256};
