//! Units of money and time.

pub use openledger_primitives::{TOTAL_ISSUANCE, UNIT};

use crate::{Balance, BlockNumber};

/// Decimals of OPEN.
pub const DECIMALS: u8 = 18;
/// A thousandth of an OPEN.
pub const MILLI: Balance = UNIT / 1_000;
/// A millionth of an OPEN.
pub const MICRO: Balance = UNIT / 1_000_000;

/// The least that an account may hold.
pub const EXISTENTIAL_DEPOSIT: Balance = MICRO;

/// What is held for keeping `items` storage items of `bytes` bytes together in the state.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
    items as Balance * 100 * MILLI + bytes as Balance * MILLI / 10
}

/// Milliseconds between two blocks, and the length of a BABE slot.
pub const BLOCK_MILLIS: u64 = 2_000;
/// Blocks in a minute.
pub const MINUTES: BlockNumber = 60_000 / BLOCK_MILLIS as BlockNumber;
/// Blocks in an hour.
pub const HOURS: BlockNumber = 60 * MINUTES;
/// Blocks in a day.
pub const DAYS: BlockNumber = 24 * HOURS;
/// Blocks in a month: a twelfth of a year of 365.25 days.
pub const MONTHS: BlockNumber = DAYS * 1_461 / 48;
