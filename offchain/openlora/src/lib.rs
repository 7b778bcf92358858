//! Paid answers in OpenAI's format: one base, many adapters, one answer at a time.
//!
//! A request carries a voucher: the payer's signed permission to take up to a cumulative amount from a channel. The
//! gateway answers, charges what the answer cost, signs a receipt, has both on disk before the answer leaves, and
//! settles receipts in batches.
//!
//! | | |
//! |---|---|
//! | [`voucher`] | whether a voucher pays for a request |
//! | [`book`] | what channels owe and which receipts are not settled yet |
//! | [`journal`] | the book's entries on disk, and back after a restart |
//! | [`gateway`] | requests to answers |
//! | [`settle`] | receipts to settlements |
//! | `advance` | settlements whose time is up |
//! | [`http`] | the routes |

mod advance;
pub mod book;
mod catalogue;
mod error;
pub mod gateway;
pub mod http;
pub mod journal;
mod link;
mod metrics;
mod refusal;
pub mod settle;
pub mod voucher;

pub use error::{Error, Result};
pub use gateway::{Gateway, Settings};
pub use refusal::Refusal;
