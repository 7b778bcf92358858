//! Money set aside for answers that are being computed.
//!
//! For each channel, at every moment: what is owed, claimed on the chain or not, and what is reserved are together at
//! most the largest voucher, and at most the deposit.

use std::collections::BTreeMap;

use openledger_primitives::{voucher::Authority, Balance, ChannelId};

use super::{account::Account, book::Book};

/// What the chain says of a channel, and what is shown to pay from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funds {
    /// The channel.
    pub channel: ChannelId,
    /// Everything put into it, in units.
    pub deposit: Balance,
    /// What the chain has paid out of it, in units.
    pub claimed: Balance,
    /// Vouchers that were checked and hold long enough: the one shown, and those kept before.
    pub vouchers: Vec<Authority>,
    /// The most that the channel may owe by what is reserved now: up to which the session that asks was certified.
    pub limit: Balance,
}

/// Why nothing is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The payer was told that it may close the channel, or is just asking for that.
    Released,
    /// The chain has paid out more than this ledger claimed: another one serves the channel, or did.
    Foreign {
        /// By how much, in units.
        amount: Balance,
    },
    /// The largest voucher, or the deposit, is too small.
    Short(Short),
    /// It is more than the session was certified for.
    Limit {
        /// What is owed and what is reserved already, in units.
        taken: Balance,
    },
}

/// What a reservation would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// What is owed and what is reserved already, in units.
    pub taken: Balance,
    /// The largest voucher, in units.
    pub most: Balance,
    /// The deposit, in units.
    pub deposit: Balance,
}

#[derive(Clone, Debug)]
struct Hold {
    id: u64,
    amount: Balance,
    /// By which it was granted, so that whoever is charged first has them on disk.
    vouchers: Vec<Authority>,
}

/// All that is set aside.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    next: u64,
    channels: BTreeMap<ChannelId, Vec<Hold>>,
}

impl Holds {
    /// What is reserved in a channel, in units.
    pub fn reserved(&self, channel: ChannelId) -> Balance {
        self.of(channel).iter().map(|hold| hold.amount).fold(0, Balance::saturating_add)
    }

    fn of(&self, channel: ChannelId) -> &[Hold] {
        self.channels.get(&channel).map_or(&[], Vec::as_slice)
    }

    /// Sets `amount` aside, and returns under which id.
    ///
    /// # Errors
    /// If the channel's money does not suffice, or is not this ledger's alone.
    pub fn reserve(&mut self, book: &Book, funds: Funds, amount: Balance) -> Result<u64, Denied> {
        let Funds { channel, deposit, claimed, mut vouchers, limit } = funds;
        let account = book.channel(channel);
        if account.is_some_and(|account| account.released) {
            return Err(Denied::Released);
        }
        let known = account.map_or(0, |account| account.settled);
        let ours = known.saturating_add(book.batched(channel));
        if claimed > ours {
            return Err(Denied::Foreign { amount: claimed - ours });
        }
        vouchers.extend(self.of(channel).iter().flat_map(|hold| hold.vouchers.iter().cloned()));
        // Those that no other beats are enough.
        let mut best = Account::default();
        vouchers.iter().for_each(|voucher| best.keep(voucher));
        let owed = account.map_or(0, |account| account.owed);
        let taken = owed.saturating_add(self.reserved(channel));
        let most = best.most();
        let within = |limit| taken.checked_add(amount).is_some_and(|all| all <= limit);
        if !within(most.min(deposit)) {
            return Err(Denied::Short(Short { taken, most, deposit }));
        }
        if !within(limit) {
            return Err(Denied::Limit { taken });
        }
        let id = self.next;
        self.next += 1;
        let hold = Hold { id, amount, vouchers: best.vouchers };
        self.channels.entry(channel).or_default().push(hold);
        Ok(id)
    }

    /// How much is set aside under an id, and by which vouchers.
    pub fn get(&self, channel: ChannelId, id: u64) -> Option<(Balance, &[Authority])> {
        let hold = self.of(channel).iter().find(|hold| hold.id == id)?;
        Some((hold.amount, &hold.vouchers))
    }

    /// Sets an amount aside no more.
    pub fn release(&mut self, channel: ChannelId, id: u64) {
        if let Some(holds) = self.channels.get_mut(&channel) {
            holds.retain(|hold| hold.id != id);
            if holds.is_empty() {
                self.channels.remove(&channel);
            }
        }
    }
}
