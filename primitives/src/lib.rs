//! Types, hashes and integer mathematics that cross OpenLedger's boundaries.
//!
//! Everything here is `no_std`, pure and deterministic: the chain, the off-chain worker, the engine,
//! the gateway, and whoever audits a payout run the same code. The chapters of `docs/protocol/` state
//! each rule precisely enough for a second implementation:
//!
//! | module | chapter |
//! |---|---|
//! | [`hashing`], [`merkle`] | `hashes.md` |
//! | [`licence`] | `datanets.md` |
//! | [`voucher`], [`signature`] | `vouchers.md` |
//! | [`receipt`] | `receipts.md` |
//! | [`method`] | `method.md` |
//! | [`score`], [`shares`], [`apportion`] | `scores.md`, `committee.md` |
//! | [`trace`] | `trace.md` |
//! | [`work`], [`attribution`] | `work.md`, `committee.md` |
//! | [`fraud`] | `fraud.md` |
//! | [`split`], [`pool`] | `payout.md` |
//! | [`reads`] | `reads.md` |
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

extern crate alloc;

pub mod apportion;
pub mod attribution;
pub mod fraud;
pub mod hashing;
pub mod ids;
#[cfg(feature = "std")]
pub mod json;
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
