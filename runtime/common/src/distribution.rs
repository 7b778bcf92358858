//! Who holds OPEN at the start, and how it is released.
//!
//! The four allocations lie in accounts that no key controls, derived from a pallet id as the treasury's
//! is. Only the Root origin can move what has vested. Anyone may call `Vesting::vest_other`, which frees
//! what is due.

use alloc::{vec, vec::Vec};

use frame_support::PalletId;
use sp_runtime::traits::AccountIdConversion;

use crate::{
    fees::TreasuryAccount,
    units::{EXISTENTIAL_DEPOSIT, MONTHS, UNIT},
    AccountId, Balance, BlockNumber,
};

/// Holds 61.71 % for the community and the ecosystem.
pub const COMMUNITY: PalletId = PalletId(*b"ol/cmnty");
/// Holds 18.29 % for the investors.
pub const INVESTORS: PalletId = PalletId(*b"ol/invst");
/// Holds 15 % for the team.
pub const TEAM: PalletId = PalletId(*b"ol/team0");
/// Holds 5 % for liquidity.
pub const LIQUIDITY: PalletId = PalletId(*b"ol/liqdt");

/// What the treasury starts with, so that its account exists; taken from the community's share.
pub const TREASURY_START: Balance = UNIT;

/// What the attribution pot starts with, so that its account exists before the first fee.
pub const POT_START: Balance = EXISTENTIAL_DEPOSIT;

/// What the emission's account starts with, so that it exists before the first drip.
pub const EMISSION_START: Balance = EXISTENTIAL_DEPOSIT;

/// A release of locked OPEN: nothing before `begin`, then the same amount each block for `length`.
pub struct Release {
    /// The block after which it begins.
    pub begin: BlockNumber,
    /// For how many blocks it lasts.
    pub length: BlockNumber,
}

/// What one account has at genesis.
pub struct Holding {
    /// Whose it is.
    pub account: AccountId,
    /// How much.
    pub amount: Balance,
    /// How it is released; at once where there is nothing here.
    pub release: Option<Release>,
}

impl Holding {
    /// An amount that can be spent at once.
    pub fn free(account: AccountId, amount: Balance) -> Self {
        Self { account, amount, release: None }
    }

    /// An amount that is released over time.
    pub fn locked(
        account: AccountId,
        amount: Balance,
        begin: BlockNumber,
        length: BlockNumber,
    ) -> Self {
        Self { account, amount, release: Some(Release { begin, length }) }
    }
}

/// The distribution of OPEN. What exists from the start comes out of the community's share: the accounts
/// of the treasury, of the attribution `pot` and of the `emission`.
pub fn holdings(pot: AccountId, emission: AccountId) -> Vec<Holding> {
    let community = 617_100_000 * UNIT - TREASURY_START - POT_START - EMISSION_START;
    let cliff = 12 * MONTHS;
    vec![
        Holding::free(TreasuryAccount::get(), TREASURY_START),
        Holding::free(pot, POT_START),
        Holding::free(emission, EMISSION_START),
        Holding::locked(COMMUNITY.into_account_truncating(), community, 0, 48 * MONTHS),
        Holding::locked(
            INVESTORS.into_account_truncating(),
            182_900_000 * UNIT,
            cliff,
            36 * MONTHS,
        ),
        Holding::locked(TEAM.into_account_truncating(), 150_000_000 * UNIT, cliff, 36 * MONTHS),
        Holding::free(LIQUIDITY.into_account_truncating(), 50_000_000 * UNIT),
    ]
}
