//! Money that is put on hold and may be paid to another account later.

use frame_support::{
    ensure,
    traits::{
        fungible::{hold, Inspect},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use sp_runtime::{DispatchResult, TokenError};

/// Puts `amount` of the free money of `who` on hold, if none of it is frozen.
///
/// Balances lets frozen money be put on hold. Whatever may be paid to somebody else later must not be
/// frozen, or unvested money could leave its account before its time.
///
/// # Errors
/// `Frozen` if some of the free money is frozen or unvested, and whatever the hold itself fails with.
pub fn hold_unfrozen<Currency, AccountId>(
    reason: &Currency::Reason,
    who: &AccountId,
    amount: Currency::Balance,
) -> DispatchResult
where
    Currency: hold::Mutate<AccountId>,
{
    let reducible = |force| {
        <Currency as Inspect<AccountId>>::reducible_balance(who, Preservation::Expendable, force)
    };
    ensure!(reducible(Fortitude::Polite) == reducible(Fortitude::Force), TokenError::Frozen);
    Currency::hold(reason, who, amount)
}

/// Returns `amount` that is on hold to its owner: all of it, or nothing where less is on hold.
///
/// # Errors
/// Whatever the currency fails with.
pub fn release<Currency, AccountId>(
    reason: &Currency::Reason,
    who: &AccountId,
    amount: Currency::Balance,
) -> DispatchResult
where
    Currency: hold::Mutate<AccountId>,
{
    Currency::release(reason, who, amount, Precision::Exact).map(|_| ())
}

/// Pays `amount` that is on hold to `to`: all of it, or nothing where less is on hold.
///
/// What was put on hold is promised, so a freeze that was made since does not keep it. The money
/// arrives free.
///
/// # Errors
/// Whatever the currency fails with, such as a receiver without an account and an amount below the
/// existential deposit.
pub fn forfeit<Currency, AccountId>(
    reason: &Currency::Reason,
    from: &AccountId,
    to: &AccountId,
    amount: Currency::Balance,
) -> DispatchResult
where
    Currency: hold::Mutate<AccountId>,
{
    Currency::transfer_on_hold(
        reason,
        from,
        to,
        amount,
        Precision::Exact,
        Restriction::Free,
        Fortitude::Force,
    )
    .map(|_| ())
}
