//! Where fees and dust go. Nothing is burnt: the supply of OPEN is fixed, so whatever cannot be paid
//! to its receiver goes to the treasury, whose account exists from genesis on.

use frame_support::{
    parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        tokens::imbalance::ResolveTo,
        Currency, Get, Imbalance, OnUnbalanced,
    },
    PalletId,
};
use sp_runtime::traits::AccountIdConversion;

use crate::{params, AccountId, Authorship, Balances, Runtime};

/// The keyless account that collects fees, slashes and dust. Its id is the one that the treasury
/// pallet uses by convention.
pub const TREASURY: PalletId = PalletId(*b"py/trsry");

parameter_types! {
    pub TreasuryAccount: AccountId = TREASURY.into_account_truncating();
}

/// Pays a credit to the treasury.
pub type ToTreasury = ResolveTo<TreasuryAccount, Balances>;

/// Pays what the older `Currency` interface took from somebody to the treasury.
pub struct SlashToTreasury;

impl OnUnbalanced<pallet_balances::NegativeImbalance<Runtime>> for SlashToTreasury {
    fn on_nonzero_unbalanced(amount: pallet_balances::NegativeImbalance<Runtime>) {
        <Balances as Currency<AccountId>>::resolve_creating(&TreasuryAccount::get(), amount);
    }
}

/// Splits a transaction's fee between the treasury and the block's author; a tip is all the author's.
pub struct ToTreasuryAndAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for ToTreasuryAndAuthor {
    fn on_unbalanceds(mut fee_then_tip: impl Iterator<Item = Credit<AccountId, Balances>>) {
        let Some(fee) = fee_then_tip.next() else { return };
        let treasury_part = params::fees::TreasuryPart::get() * fee.peek();
        let (treasury, mut author) = fee.split(treasury_part);
        if let Some(tip) = fee_then_tip.next() {
            tip.merge_into(&mut author);
        }
        ToTreasury::on_unbalanced(treasury);
        pay_author(author);
    }
}

/// Pays the block's author; where there is none, or its account cannot take the amount, the treasury.
fn pay_author(amount: Credit<AccountId, Balances>) {
    let unpaid = match Authorship::author() {
        Some(author) => Balances::resolve(&author, amount).err(),
        None => Some(amount),
    };
    if let Some(amount) = unpaid {
        ToTreasury::on_unbalanced(amount);
    }
}
