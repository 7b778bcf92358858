//! What fees cost, and where fees, slashes and dust go. Nothing is burnt: the supply of OPEN is fixed, so whatever cannot be paid
//! to its receiver goes to the treasury, whose account exists from genesis on.

use core::marker::PhantomData;

use frame_support::{
    parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        tokens::imbalance::ResolveTo,
        Currency, Get, Imbalance, OnUnbalanced,
    },
    PalletId,
};
use pallet_balances::{NegativeImbalance, Pallet as Balances};
use pallet_transaction_payment::Multiplier;
use sp_runtime::{
    traits::{AccountIdConversion, Bounded},
    FixedPointNumber, Perquintill,
};

use crate::{
    params,
    units::{MICRO, MILLI},
    AccountId, Balance,
};

/// The keyless account that collects fees, slashes and dust. Its id is the one that the treasury
/// pallet uses by convention.
pub const TREASURY: PalletId = PalletId(*b"py/trsry");

parameter_types! {
    pub TreasuryAccount: AccountId = TREASURY.into_account_truncating();
    /// Price of a picosecond of execution: a hundredth of an OPEN per millisecond, so about a
    /// thousandth for the base weight of an extrinsic.
    pub const FeePerPicosecond: Balance = 10 * MILLI / 1_000_000_000;
    /// Price of a byte of an extrinsic.
    pub const FeePerByte: Balance = MICRO;
    /// Fees rise while blocks are fuller than this, and fall while they are emptier.
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    pub AdjustmentPerBlock: Multiplier = Multiplier::saturating_from_rational(25, 1_000_000);
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

/// Pays a credit to the treasury.
pub type ToTreasury<R> = ResolveTo<TreasuryAccount, Balances<R>>;

/// Pays what the older `Currency` interface took from somebody to the treasury.
pub struct SlashToTreasury<R>(PhantomData<R>);

impl<R> OnUnbalanced<NegativeImbalance<R>> for SlashToTreasury<R>
where
    R: pallet_balances::Config + frame_system::Config<AccountId = AccountId>,
{
    fn on_nonzero_unbalanced(amount: NegativeImbalance<R>) {
        <Balances<R> as Currency<AccountId>>::resolve_creating(&TreasuryAccount::get(), amount);
    }
}

/// Splits a transaction's fee between the treasury and the block's author; a tip is all the author's.
pub struct ToTreasuryAndAuthor<R>(PhantomData<R>);

impl<R> OnUnbalanced<Credit<AccountId, Balances<R>>> for ToTreasuryAndAuthor<R>
where
    R: pallet_balances::Config<Balance = Balance>
        + pallet_authorship::Config
        + frame_system::Config<AccountId = AccountId>,
{
    fn on_unbalanceds(mut fee_then_tip: impl Iterator<Item = Credit<AccountId, Balances<R>>>) {
        let Some(fee) = fee_then_tip.next() else { return };
        let treasury_part = params::fees::TreasuryPart::get() * fee.peek();
        let (treasury, mut author) = fee.split(treasury_part);
        if let Some(tip) = fee_then_tip.next() {
            tip.merge_into(&mut author);
        }
        ToTreasury::<R>::on_unbalanced(treasury);
        pay_author::<R>(author);
    }
}

/// Pays the block's author; where there is none, or its account cannot take the amount, the treasury.
fn pay_author<R>(amount: Credit<AccountId, Balances<R>>)
where
    R: pallet_balances::Config<Balance = Balance>
        + pallet_authorship::Config
        + frame_system::Config<AccountId = AccountId>,
{
    let unpaid = match pallet_authorship::Pallet::<R>::author() {
        Some(author) => Balances::<R>::resolve(&author, amount).err(),
        None => Some(amount),
    };
    if let Some(amount) = unpaid {
        ToTreasury::<R>::on_unbalanced(amount);
    }
}
