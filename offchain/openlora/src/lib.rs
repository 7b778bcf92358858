//! Paid answers in OpenAI's format: one base, many adapters, one answer at a time.
//!
//! A request carries a voucher, the payer's signed permission to take up to a cumulative amount from a channel, and a
//! signature over the request itself, so that nobody else can spend what a voucher allows. The gateway sets aside the
//! most that the answer can cost, computes it when its turn comes, charges what it did cost, signs a receipt, has both on
//! disk before the answer leaves, and settles receipts in batches.
//!
//! | | |
//! |---|---|
//! | [`usage`] | whether a request is signed for its channel |
//! | [`voucher`] | whether a voucher pays for a request |
//! | `catalogue`, `shelf`, `memory` | models, loaded when they are asked for, within a budget |
//! | `served`, [`worker`] | a model that is loaded, into processes of its own |
//! | [`prompt`], [`stopping`] | what is continued, and what ends it |
//! | `lease` | whether it is this ledger that the operator serves from |
//! | [`ledger`] | the money: what channels owe, what is reserved, which receipts are not settled yet |
//! | `queue` | whose turn it is |
//! | `margin` | how long vouchers must hold |
//! | [`gateway`] | requests to answers |
//! | [`settle`] | receipts to settlements |
//! | `advance` | settlements whose time is up |
//! | `sweep` | channels that end |
//! | `ready` | what is loaded before anybody asks |
//! | [`http`] | the routes |

mod advance;
mod catalogue;
mod error;
pub mod gateway;
pub mod http;
mod lease;
pub mod ledger;
mod link;
mod margin;
mod memory;
mod metrics;
pub mod prompt;
mod queue;
mod ready;
mod refusal;
mod served;
pub mod settle;
mod shelf;
pub mod stopping;
mod sweep;
pub mod usage;
pub mod voucher;
pub mod worker;

pub use error::{Error, Result};
pub use gateway::{Gateway, Settings};
pub use refusal::Refusal;
