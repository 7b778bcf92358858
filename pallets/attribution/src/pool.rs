//! Pools: what a datanet's contributions earn together, shared by records.
//!
//! A pool remembers only what one record has earned since the pool began; a contribution remembers
//! what that was when it was last paid. So a fee costs the same however many contributions there are.
//! Amounts are whole units throughout: what does not divide is carried to the next fee, so that
//! received = shared out + carried, exactly.

use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use openledger_primitives::{Balance, U256};
use scale_info::TypeInfo;

/// The pool of one datanet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pool {
    /// What each record that was in all the time has earned, in units.
    pub per_unit: Balance,
    /// Records in the pool.
    pub units: u64,
    /// Received and not yet shared out, in units of money: what did not divide by the records.
    pub carry: Balance,
    /// Received in all, in units of money.
    pub received: Balance,
}

impl Pool {
    /// Shares `amount` out among the records, together with what was carried. Without any record, all
    /// of it is carried.
    pub fn receive(&mut self, amount: Balance) {
        self.received = self.received.saturating_add(amount);
        let total = self.carry.saturating_add(amount);
        let units = Balance::from(self.units);
        self.per_unit = self.per_unit.saturating_add(total.checked_div(units).unwrap_or(0));
        self.carry = total.checked_rem(units).unwrap_or(total);
    }

    /// Takes `records` into the pool: they earn from now on.
    pub fn enter(&mut self, records: u32) -> PoolEntry {
        self.units = self.units.saturating_add(records.into());
        PoolEntry { units: records, entry_per_unit: self.per_unit }
    }
}

/// A contribution in the pool of its datanet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PoolEntry {
    /// Its records.
    pub units: u32,
    /// What a record had earned when the contribution was last paid, or entered.
    pub entry_per_unit: Balance,
}

impl PoolEntry {
    /// What the contribution has earned since.
    pub fn earned(&self, pool: &Pool) -> Balance {
        pool.per_unit.saturating_sub(self.entry_per_unit).saturating_mul(self.units.into())
    }
}

/// Divides `amount` in proportion to `weights`, rounding down; what is left over goes to the first.
/// Without any weight, the first gets everything.
pub fn divide(amount: Balance, weights: &[u64]) -> Vec<Balance> {
    let total =
        weights.iter().fold(U256::zero(), |sum, weight| sum.saturating_add(U256::from(*weight)));
    let mut parts: Vec<Balance> = weights
        .iter()
        .map(|weight| {
            // 128 + 64 bits fit, and a part is at most `amount`.
            U256::from(amount)
                .saturating_mul(U256::from(*weight))
                .checked_div(total)
                .unwrap_or_default()
                .low_u128()
        })
        .collect();
    let given = parts.iter().fold(0, |sum: Balance, part| sum.saturating_add(*part));
    if let Some(first) = parts.first_mut() {
        *first = first.saturating_add(amount.saturating_sub(given));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_primitives::TOTAL_ISSUANCE;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pool_should_conserve_every_unit_when_contributions_come_and_fees_arrive(
            steps in proptest::collection::vec(
                prop_oneof![
                    (1u32..5_000).prop_map(Ok),
                    (0u128..TOTAL_ISSUANCE / 64).prop_map(Err),
                ],
                0..64,
            ),
        ) {
            let mut pool = Pool::default();
            let mut entries = Vec::new();
            for step in steps {
                match step {
                    Ok(records) => entries.push(pool.enter(records)),
                    Err(amount) => pool.receive(amount),
                }
                let earned: Balance = entries.iter().map(|entry| entry.earned(&pool)).sum();
                prop_assert_eq!(earned + pool.carry, pool.received);
            }
        }

        #[test]
        fn divide_should_conserve_every_unit_when_there_is_anyone(
            amount in 0..TOTAL_ISSUANCE,
            weights in proptest::collection::vec(any::<u64>(), 1..9),
        ) {
            let parts = divide(amount, &weights);
            prop_assert_eq!(parts.iter().sum::<Balance>(), amount);
            let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights).skip(1) {
                let exact = U256::from(amount) * U256::from(*weight);
                prop_assert_eq!(
                    U256::from(*part),
                    exact.checked_div(U256::from(total)).unwrap_or_default()
                );
            }
        }
    }

    #[test]
    fn pool_should_pay_by_records_when_one_contribution_came_later() {
        let mut pool = Pool::default();
        let first = pool.enter(1);
        pool.receive(7);
        let second = pool.enter(2);
        pool.receive(10);
        assert_eq!((first.earned(&pool), second.earned(&pool), pool.carry), (10, 6, 1));
    }

    #[test]
    fn pool_should_carry_everything_when_it_is_empty() {
        let mut pool = Pool::default();
        pool.receive(7);
        assert_eq!((pool.carry, pool.per_unit), (7, 0));
        let entry = pool.enter(3);
        pool.receive(2);
        assert_eq!((entry.earned(&pool), pool.carry), (9, 0));
    }
}
