//! The one thread that writes a ledger: it takes all that waits, writes it in one transaction, then wakes all.

use std::{
    collections::BTreeMap,
    sync::{mpsc::Receiver, Arc},
};

use openledger_primitives::Balance;
use tokio::sync::oneshot;

use super::{
    book::{Answer, Entry},
    store::Store,
    Reservation, Shared,
};
use crate::{Error, Result};

/// The most orders of one transaction.
const GROUP: usize = 1_024;

/// Something to be written, and who waits for it.
pub enum Order {
    /// An answer: its money was set aside.
    Charge {
        reservation: Reservation,
        fee: Balance,
        /// Makes the answer, told what the channel owes with it.
        answer: Box<dyn FnOnce(Balance) -> Answer + Send>,
        done: oneshot::Sender<Result<Answer, Arc<Error>>>,
    },
    /// An entry.
    Record { entry: Box<Entry>, done: oneshot::Sender<Result<(), Arc<Error>>> },
    /// Answers whose time is over by then are dropped.
    Drop { now: u64, done: oneshot::Sender<Result<usize, Arc<Error>>> },
}

/// Who waits for a group.
enum Wakes {
    Charge(Reservation, Box<Answer>, oneshot::Sender<Result<Answer, Arc<Error>>>),
    Record(oneshot::Sender<Result<(), Arc<Error>>>),
}

/// Writes orders until all senders are gone.
pub fn run(orders: &Receiver<Order>, store: &Store, shared: &Shared) {
    while let Ok(first) = orders.recv() {
        let group = std::iter::once(first).chain(orders.try_iter()).take(GROUP);
        write(group.collect(), store, shared);
    }
}

fn write(group: Vec<Order>, store: &Store, shared: &Shared) {
    let (entries, wakes) = prepare(group, store, shared);
    if entries.is_empty() {
        return;
    }
    match store.write(&entries).map_err(Arc::new) {
        Ok(()) => {
            {
                let mut state = shared.lock();
                for entry in entries {
                    state.book.apply(entry);
                }
                // At the same moment, so that nobody sees the money charged and reserved, or neither.
                for wake in &wakes {
                    if let Wakes::Charge(reservation, ..) = wake {
                        state.holds.release(reservation.channel, reservation.id);
                    }
                }
            }
            for wake in wakes {
                // Whoever waited may be gone: what is written counts all the same.
                match wake {
                    Wakes::Charge(_, answer, done) => drop(done.send(Ok(*answer))),
                    Wakes::Record(done) => drop(done.send(Ok(()))),
                }
            }
        }
        Err(error) => {
            shared.lock().failed.get_or_insert_with(|| error.clone());
            for wake in wakes {
                match wake {
                    Wakes::Charge(reservation, _, done) => {
                        drop(reservation);
                        drop(done.send(Err(error.clone())));
                    }
                    Wakes::Record(done) => drop(done.send(Err(error.clone()))),
                }
            }
        }
    }
}

/// Orders as entries. What answers owe counts on from the book, one after the other.
fn prepare(group: Vec<Order>, store: &Store, shared: &Shared) -> (Vec<Entry>, Vec<Wakes>) {
    let (mut entries, mut wakes) = (Vec::new(), Vec::new());
    let mut owed = BTreeMap::new();
    let mut number = shared.lock().book.next();
    for order in group {
        match order {
            Order::Charge { reservation, fee, answer, done } => {
                let channel = reservation.channel;
                let (reserved, vouchers, known) = {
                    let state = shared.lock();
                    let held = state.holds.get(channel, reservation.id);
                    let (reserved, vouchers) =
                        held.map_or((0, Vec::new()), |(amount, by)| (amount, by.to_vec()));
                    let known = state.book.channel(channel).map_or(0, |account| account.owed);
                    (reserved, vouchers, known)
                };
                if fee > reserved {
                    let error = Error::Overcharged { channel, fee, reserved };
                    // First, so that whoever waits sees that nothing is reserved any more.
                    drop(reservation);
                    drop(done.send(Err(Arc::new(error))));
                    continue;
                }
                let owed = owed.entry(channel).or_insert(known);
                *owed = owed.saturating_add(fee);
                let answer = answer(*owed);
                entries.push(Entry::Answered { number, answer: answer.clone(), vouchers });
                number += 1;
                wakes.push(Wakes::Charge(reservation, Box::new(answer), done));
            }
            Order::Record { entry, done } => {
                if let Entry::Adopted { channel, amount } = &*entry {
                    let known = shared.lock().book.channel(*channel).map_or(0, |a| a.owed);
                    let owed = owed.entry(*channel).or_insert(known);
                    *owed = owed.saturating_add(*amount);
                }
                entries.push(*entry);
                wakes.push(Wakes::Record(done));
            }
            Order::Drop { now, done } => {
                drop(done.send(store.drop_ended(now).map_err(Arc::new)));
            }
        }
    }
    (entries, wakes)
}
