//! Paid answers in OpenAI's format: one base, many adapters, one answer at a time.
//!
//! A request carries a voucher, the payer's signed permission to take up to a cumulative amount from a channel, and a
//! signature over the request itself, so that nobody else can spend what a voucher allows. The gateway answers, charges
//! what the answer cost, signs a receipt, has both on disk before the answer leaves, and settles receipts in batches.
//!
//! | | |
//! |---|---|
//! | [`usage`] | whether a request is signed for its channel |
//! | [`voucher`] | whether a voucher pays for a request |
//! | `catalogue`, `shelf`, `memory`, `footprint` | models, loaded when they are asked for, within a budget |
//! | [`prompt`], [`stopping`] | what is continued, and what ends it |
//! | [`book`] | what channels owe and which receipts are not settled yet |
//! | [`journal`] | the book's entries on disk, and back after a restart |
//! | [`gateway`] | requests to answers |
//! | [`settle`] | receipts to settlements |
//! | `advance` | settlements whose time is up |
//! | `ready` | what is loaded before anybody asks |
//! | [`http`] | the routes |
//! | [`token`] | what an operator shows to administer its gateway |

mod advance;
pub mod book;
mod catalogue;
mod error;
mod footprint;
pub mod gateway;
pub mod http;
pub mod journal;
mod link;
mod memory;
mod metrics;
pub mod prompt;
mod ready;
mod refusal;
pub mod settle;
mod shelf;
pub mod stopping;
pub mod token;
pub mod usage;
pub mod voucher;

pub use error::{Error, Result};
pub use gateway::{Gateway, Settings};
pub use refusal::Refusal;
pub use token::Token;
