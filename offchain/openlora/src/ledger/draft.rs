//! Which receipts go into a batch, and by which vouchers it claims.

use std::collections::BTreeMap;

use openledger_primitives::{voucher::Authority, Balance, ChannelId};

use super::book::{BatchClaim, Number, Waiting};

/// The most that one batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Receipts.
    pub receipts: usize,
    /// Channels.
    pub claims: usize,
    /// Tokens of prompts and answers.
    pub tokens: u64,
}

/// What can be taken from a channel now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tender {
    /// What the chain has paid out of it, in units.
    pub claimed: Balance,
    /// The vouchers that the chain takes now, ascending by amount.
    pub vouchers: Vec<Authority>,
}

impl Tender {
    /// The most that can be taken, in units.
    pub fn left(&self) -> Balance {
        self.vouchers.last().map_or(0, |v| v.voucher.cumulative.saturating_sub(self.claimed))
    }

    /// The smallest voucher that covers `amount` on top of what was claimed.
    fn covering(&self, amount: Balance) -> Option<&Authority> {
        let needed = self.claimed.checked_add(amount)?;
        self.vouchers.iter().find(|voucher| voucher.voucher.cumulative >= needed)
    }
}

/// What became of a receipt that was to be put into a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is in.
    Taken,
    /// Its channel has too little left.
    Short,
    /// The batch has no room for it.
    Full,
}

/// A batch in the making.
#[derive(Clone, Debug)]
pub struct Draft {
    limits: Limits,
    tokens: u64,
    amounts: BTreeMap<ChannelId, Balance>,
    numbers: Vec<Number>,
}

impl Draft {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self { limits, tokens: 0, amounts: BTreeMap::new(), numbers: Vec::new() }
    }

    /// Puts a receipt in, if it fits and its channel can pay it. One channel that cannot pay does not spoil the
    /// settlement of others.
    pub fn put(&mut self, number: Number, waiting: &Waiting, tender: &Tender) -> Put {
        let Limits { receipts, claims, tokens } = self.limits;
        let Waiting { channel, fee, .. } = *waiting;
        let known = self.amounts.get(&channel).copied();
        let so_many = self.tokens.saturating_add(waiting.tokens);
        // A single receipt is always taken: it cannot be cut.
        let full = self.numbers.len() >= receipts
            || known.is_none() && self.amounts.len() >= claims
            || so_many > tokens && !self.numbers.is_empty();
        if full {
            return Put::Full;
        }
        let amount = known.unwrap_or_default().saturating_add(fee);
        if amount > tender.left() {
            return Put::Short;
        }
        self.amounts.insert(channel, amount);
        self.tokens = so_many;
        self.numbers.push(number);
        Put::Taken
    }

    /// The receipts' numbers.
    pub fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    /// What it takes from each channel, by the voucher that costs the least: the smallest that covers it.
    pub fn claims(&self, tenders: &BTreeMap<ChannelId, Tender>) -> Vec<BatchClaim> {
        let claim = |(channel, amount): (&ChannelId, &Balance)| {
            let voucher = tenders.get(channel)?.covering(*amount)?.clone();
            Some(BatchClaim { voucher, amount: *amount })
        };
        self.amounts.iter().filter_map(claim).collect()
    }
}

#[cfg(test)]
mod tests {
    use openledger_primitives::voucher::Voucher;

    use super::*;

    const WIDE: Limits = Limits { receipts: 100, claims: 100, tokens: u64::MAX };

    fn waiting(channel: ChannelId, fee: Balance) -> Waiting {
        Waiting { model: 1, version: 1, channel, fee, tokens: 10, issued_at: 0 }
    }

    fn tender(claimed: Balance, amounts: &[Balance]) -> Tender {
        let voucher = |&cumulative: &Balance| Voucher { channel: 7, cumulative, expires: 1_000 };
        let authority = |amount: &Balance| Authority { voucher: voucher(amount), signature: None };
        Tender { claimed, vouchers: amounts.iter().map(authority).collect() }
    }

    #[test]
    fn put_should_pass_over_a_channel_that_cannot_pay() {
        let mut draft = Draft::new(WIDE);
        let (seven, eight, nine) = (tender(0, &[14]), Tender::default(), tender(94, &[100]));
        assert_eq!(draft.put(0, &waiting(7, 10), &seven), Put::Taken);
        assert_eq!(draft.put(1, &waiting(8, 4), &eight), Put::Short);
        assert_eq!(draft.put(2, &waiting(7, 5), &seven), Put::Short);
        assert_eq!(draft.put(3, &waiting(9, 6), &nine), Put::Taken);
        assert_eq!(draft.put(4, &waiting(7, 4), &seven), Put::Taken);
        assert_eq!(draft.numbers(), [0, 3, 4]);
        let tenders = [(7, seven), (8, eight), (9, nine)].into();
        let claims = draft.claims(&tenders);
        assert_eq!(claims.iter().map(|claim| claim.amount).collect::<Vec<_>>(), [14, 6]);
    }

    #[test]
    fn put_should_say_full_at_each_limit() {
        let rich = tender(0, &[1_000]);
        let mut few = Draft::new(Limits { receipts: 2, ..WIDE });
        assert_eq!(few.put(0, &waiting(7, 1), &rich), Put::Taken);
        assert_eq!(few.put(1, &waiting(7, 1), &rich), Put::Taken);
        assert_eq!(few.put(2, &waiting(7, 1), &rich), Put::Full);
        let mut narrow = Draft::new(Limits { claims: 1, ..WIDE });
        assert_eq!(narrow.put(0, &waiting(7, 1), &rich), Put::Taken);
        assert_eq!(narrow.put(1, &waiting(8, 1), &rich), Put::Full);
        assert_eq!(narrow.put(2, &waiting(7, 1), &rich), Put::Taken);
        let mut short = Draft::new(Limits { tokens: 5, ..WIDE });
        assert_eq!(short.put(0, &waiting(7, 1), &rich), Put::Taken, "one is always taken");
        assert_eq!(short.put(1, &waiting(7, 1), &rich), Put::Full);
    }

    #[test]
    fn claims_should_be_by_the_smallest_voucher_that_covers_them() {
        let mut draft = Draft::new(WIDE);
        let several = tender(100, &[105, 120, 500]);
        assert_eq!(draft.put(0, &waiting(7, 20), &several), Put::Taken);
        let claims = draft.claims(&[(7, several)].into());
        assert_eq!((claims[0].voucher.voucher.cumulative, claims[0].amount), (120, 20));
    }
}
