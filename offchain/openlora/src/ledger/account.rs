//! What one channel owes, and the vouchers by which it can be claimed.

use openledger_primitives::{json::decimal, voucher::Authority, Balance, BlockNumber};
use serde::{Deserialize, Serialize};

/// The most vouchers that are kept of a channel. Beyond, the smallest goes: the next covers what it did, for a shorter time.
const KEPT: usize = 32;

/// What a channel owes. Amounts are in units, and only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Everything charged since the channel was opened, and what was adopted.
    #[serde(with = "decimal")]
    pub owed: Balance,
    /// What this ledger's own settlements took, finally, and what was adopted.
    #[serde(with = "decimal")]
    pub settled: Balance,
    /// Fees of receipts that can never be claimed.
    #[serde(with = "decimal")]
    pub written_off: Balance,
    /// Of all vouchers shown, those that no other beats in both amount and last block. Ascending by amount, so
    /// descending by last block.
    pub vouchers: Vec<Authority>,
    /// Whether the payer was told that it may close the channel: nothing more is served from it.
    #[serde(default)]
    pub released: bool,
}

impl Account {
    /// Keeps a voucher, unless one that is kept is at least as large and holds at least as long. Those that the new one
    /// beats so are dropped.
    pub fn keep(&mut self, offered: &Authority) {
        let beats = |one: &Authority, other: &Authority| {
            one.voucher.cumulative >= other.voucher.cumulative
                && one.voucher.expires >= other.voucher.expires
        };
        if self.vouchers.iter().any(|kept| beats(kept, offered)) {
            return;
        }
        self.vouchers.retain(|kept| !beats(offered, kept));
        let smaller = |kept: &Authority| kept.voucher.cumulative < offered.voucher.cumulative;
        let at = self.vouchers.partition_point(smaller);
        self.vouchers.insert(at, offered.clone());
        if self.vouchers.len() > KEPT {
            self.vouchers.remove(0);
        }
    }

    /// Takes note of an answer: what is owed after it, and the vouchers that its money was reserved by.
    pub fn charge(&mut self, cumulative: Balance, vouchers: &[Authority]) {
        self.owed = cumulative;
        vouchers.iter().for_each(|voucher| self.keep(voucher));
    }

    /// Takes over what others claimed.
    pub fn adopt(&mut self, amount: Balance) {
        self.owed = self.owed.saturating_add(amount);
        self.settled = self.settled.saturating_add(amount);
    }

    /// Takes note of a final settlement. Vouchers that allow no more than what was taken go.
    pub fn settle(&mut self, amount: Balance) {
        self.settled = self.settled.saturating_add(amount);
        let (settled, most) = (self.settled, self.most());
        let useful = |cumulative| cumulative > settled || cumulative == most;
        self.vouchers.retain(|kept| useful(kept.voucher.cumulative));
    }

    /// Gives up what cannot be claimed.
    pub fn write_off(&mut self, amount: Balance) {
        self.written_off = self.written_off.saturating_add(amount);
    }

    /// The most that its vouchers allow.
    pub fn most(&self) -> Balance {
        self.vouchers.last().map_or(0, |kept| kept.voucher.cumulative)
    }

    /// What is charged and neither settled nor written off.
    pub fn outstanding(&self) -> Balance {
        self.owed.saturating_sub(self.settled).saturating_sub(self.written_off)
    }

    /// The blocks after which less of what is outstanding can be claimed than before: the last one of each voucher by
    /// which more can be claimed than by those that hold longer.
    pub fn deadlines(&self) -> impl Iterator<Item = BlockNumber> + '_ {
        let claimable = self.owed.saturating_sub(self.written_off);
        let mut reached = self.settled;
        self.vouchers.iter().filter_map(move |kept| {
            let more = kept.voucher.cumulative.min(claimable) > reached;
            reached = reached.max(kept.voucher.cumulative);
            more.then_some(kept.voucher.expires)
        })
    }
}

#[cfg(test)]
mod tests {
    use openledger_primitives::voucher::Voucher;
    use proptest::prelude::*;

    use super::*;

    fn voucher((cumulative, expires): (Balance, BlockNumber)) -> Authority {
        Authority { voucher: Voucher { channel: 7, cumulative, expires }, signature: None }
    }

    fn kept(account: &Account) -> Vec<(Balance, BlockNumber)> {
        account.vouchers.iter().map(|a| (a.voucher.cumulative, a.voucher.expires)).collect()
    }

    #[test]
    fn keep_should_not_let_a_voucher_that_ends_sooner_replace_one_as_large() {
        let mut account = Account { owed: 900, ..Account::default() };
        account.keep(&voucher((1_000, 5_000)));
        account.keep(&voucher((1_000, 100)));
        assert_eq!(kept(&account), [(1_000, 5_000)]);
        account.keep(&voucher((2_000, 200)));
        assert_eq!(kept(&account), [(1_000, 5_000), (2_000, 200)]);
        let deadlines = |account: &Account| account.deadlines().collect::<Vec<_>>();
        assert_eq!((account.most(), deadlines(&account)), (2_000, vec![5_000]));
        // The larger one covers all of it until 200, the smaller one a part of it until 5,000.
        account.owed = 1_500;
        assert_eq!(deadlines(&account), [5_000, 200]);
        account.owed = 2_500;
        assert_eq!(deadlines(&account), [5_000, 200]);
        account.settled = 1_000;
        assert_eq!(deadlines(&account), [200]);
        account.written_off = 1_500;
        assert!(deadlines(&account).is_empty());
        account.settled = 2_500;
        assert!(deadlines(&account).is_empty());
        account.keep(&voucher((3_000, 9_000)));
        assert_eq!(kept(&account), [(3_000, 9_000)]);
    }

    #[test]
    fn keep_should_hold_no_more_vouchers_than_it_says() {
        let mut account = Account::default();
        for n in 0..100 {
            account.keep(&voucher((n.into(), 1_000 - n)));
        }
        assert_eq!((account.vouchers.len(), account.most()), (KEPT, 99));
        account.settle(98);
        assert_eq!(kept(&account), [(99, 901)]);
        account.settle(1);
        assert_eq!(kept(&account), [(99, 901)], "the largest tells the payer what it gave");
    }

    proptest! {
        /// Whatever amount is to be claimed, what is kept holds as long as anything that was ever shown.
        #[test]
        fn keep_should_lose_nothing_that_could_be_claimed_longer(
            shown in prop::collection::vec((0u128..20, 0u32..20), 0..30),
            amount in 0u128..20,
        ) {
            let mut account = Account::default();
            shown.iter().for_each(|&shown| account.keep(&voucher(shown)));
            let longest = |vouchers: &[(Balance, BlockNumber)]| {
                vouchers.iter().filter(|(cumulative, _)| *cumulative >= amount).map(|v| v.1).max()
            };
            let kept = kept(&account);
            prop_assert_eq!(longest(&kept), longest(&shown));
            prop_assert!(kept.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 > two[1].1));
        }
    }
}
