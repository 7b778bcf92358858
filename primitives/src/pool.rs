//! Pools: what many receive together, each by its units.
//!
//! A pool remembers only what one unit has earned since the pool began; a member remembers what that
//! was when it was last paid. So a receipt costs the same however many members there are. Amounts are
//! whole units of money throughout: what does not divide is carried to the next receipt, so that
//! received = shared out + carried, exactly.
//!
//! A datanet's contributions share what they earn together by their records; datanets share the
//! ecosystem's emission by their weights.

use crate::{split::proportion, Balance};
use alloc::vec::Vec;
use codec::{Decode, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pool {
    /// What a unit has earned that was in the pool from the beginning, in units of money.
    pub per_unit: Balance,
    /// The members' units together.
    pub units: u64,
    /// Received and not yet shared out, in units of money: what did not divide by the units.
    pub carry: Balance,
    /// Received in all, in units of money.
    pub received: Balance,
}

impl Pool {
    /// Shares `amount` out among the units, together with what was carried. Without any unit, all of
    /// it is carried.
    pub fn receive(&mut self, amount: Balance) {
        self.received = self.received.saturating_add(amount);
        let total = self.carry.saturating_add(amount);
        let units = Balance::from(self.units);
        self.per_unit = self.per_unit.saturating_add(total.checked_div(units).unwrap_or(0));
        self.carry = total.checked_rem(units).unwrap_or(total);
    }

    /// Takes a member with so many units into the pool: they earn from now on.
    pub fn enter(&mut self, units: u32) -> PoolEntry {
        self.units = self.units.saturating_add(units.into());
        PoolEntry { units, entry_per_unit: self.per_unit }
    }

    /// Takes a member out of the pool, and returns what it earned and was not paid.
    pub fn leave(&mut self, entry: PoolEntry) -> Balance {
        self.units = self.units.saturating_sub(entry.units.into());
        entry.earned(self)
    }
}

/// A member of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PoolEntry {
    /// Its units.
    pub units: u32,
    /// What a unit had earned when the member was last paid, or entered.
    pub entry_per_unit: Balance,
}

impl PoolEntry {
    /// What the member has earned since.
    pub fn earned(&self, pool: &Pool) -> Balance {
        pool.per_unit.saturating_sub(self.entry_per_unit).saturating_mul(self.units.into())
    }
}

/// Divides `amount` in proportion to `weights`, rounding down; what is left over goes to the first.
/// Without any weight, the first gets everything.
pub fn divide(amount: Balance, weights: &[u64]) -> Vec<Balance> {
    let total = weights.iter().fold(0u128, |sum, weight| sum.saturating_add((*weight).into()));
    let mut parts: Vec<Balance> =
        weights.iter().map(|weight| proportion(amount, (*weight).into(), total)).collect();
    let given = parts.iter().fold(0, |sum: Balance, part| sum.saturating_add(*part));
    if let Some(first) = parts.first_mut() {
        *first = first.saturating_add(amount.saturating_sub(given));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TOTAL_ISSUANCE, U256};
    use proptest::prelude::*;

    /// What may happen to a pool.
    #[derive(Clone, Debug)]
    enum Step {
        Enter(u32),
        Leave(prop::sample::Index),
        Receive(Balance),
    }

    proptest! {
        #[test]
        fn pool_should_conserve_every_unit_when_members_come_and_go_and_money_arrives(
            steps in proptest::collection::vec(
                prop_oneof![
                    (1u32..5_000).prop_map(Step::Enter),
                    any::<prop::sample::Index>().prop_map(Step::Leave),
                    (0u128..TOTAL_ISSUANCE / 64).prop_map(Step::Receive),
                ],
                0..64,
            ),
        ) {
            let mut pool = Pool::default();
            let mut entries: Vec<PoolEntry> = Vec::new();
            let mut paid = 0;
            for step in steps {
                match step {
                    Step::Enter(units) => entries.push(pool.enter(units)),
                    Step::Leave(index) if !entries.is_empty() => {
                        paid += pool.leave(entries.swap_remove(index.index(entries.len())));
                    }
                    Step::Leave(_) => {}
                    Step::Receive(amount) => pool.receive(amount),
                }
                let earned: Balance = entries.iter().map(|entry| entry.earned(&pool)).sum();
                prop_assert_eq!(paid + earned + pool.carry, pool.received);
                let units: u64 = entries.iter().map(|entry| u64::from(entry.units)).sum();
                prop_assert_eq!(units, pool.units);
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
