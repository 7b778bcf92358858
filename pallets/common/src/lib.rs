//! What OpenLedger's pallets share and none of them owns: money on hold, ids, the clock.
//!
//! | file | what it holds |
//! |---|---|
//! | `holds` | [`hold_unfrozen`], [`release`] and [`forfeit`]: bonds and deposits that may be paid to somebody else |
//! | `ids` | [`next_id`]: ids in the order of creation |
//! | `clock` | [`now`] and [`genesis`]: the block number and the chain's first hash |
//!
//! Every pallet fails in the same way where these fail:
//!
//! - `Token::Frozen`: some of the account's free money is frozen or unvested;
//! - `Token::FundsUnavailable`: there is less money, free or on hold, than was asked for; from [`forfeit`] this is
//!   `Token::Frozen` where it is more than all holds of the account;
//! - `Arithmetic::Overflow`: there are no ids left.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

mod clock;
mod holds;
mod ids;

pub use clock::{genesis, now};
pub use holds::{forfeit, hold_unfrozen, release};
pub use ids::next_id;
