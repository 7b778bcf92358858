//! The money of a gateway: what channels owe, what is reserved for answers that are being computed, and which receipts
//! are not settled yet.
//!
//! An answer is paid for in three steps: [`Ledger::reserve`] sets aside the most that it can cost,
//! [`Ledger::commit`] charges what it did cost, durably, and dropping the [`Reservation`] instead charges nothing.
//!
//! | | |
//! |---|---|
//! | [`account`] | what one channel owes, and the vouchers that are kept |
//! | [`book`] | the pure state, and the entries that change it |
//! | [`draft`] | which receipts go into a batch |
//! | [`holds`] | what is reserved |
//! | [`store`] | the book on disk, and the answers |
//! | `writer` | groups of entries, one transaction each |

pub mod account;
pub mod book;
pub mod draft;
pub mod holds;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

use std::{
    collections::HashMap,
    path::Path,
    sync::{mpsc::Sender, Arc, Mutex, MutexGuard},
    thread::JoinHandle,
};

use openledger_primitives::{Balance, ChannelId, H256};
use tokio::sync::{oneshot, watch, Notify};

use self::{
    book::{Answer, Book, Entry, Number},
    holds::{Denied, Funds, Holds},
    store::{Identity, Store},
    writer::Order,
};
use crate::{Error, Result};

/// What the parts of a ledger share in memory.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Rung when something is reserved no more.
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    book: Book,
    holds: Holds,
    /// Channels from which nothing is reserved while their payers ask for the closing, and how many ask.
    closing: HashMap<ChannelId, usize>,
    /// Requests that are being answered; closed when they were.
    running: HashMap<H256, watch::Receiver<()>>,
    /// Why it could not be written. Then nothing more is.
    failed: Option<Arc<Error>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between would have been in code that changes nothing halfway.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A ledger. One process has its file at a time.
pub struct Ledger {
    shared: Arc<Shared>,
    store: Arc<Store>,
    /// Taken when it is dropped, which ends the writer.
    orders: Option<Sender<Order>>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Ledger {
    /// Waits until all is written, so that the file can be opened again.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // If it ended by a panic, there is nothing to wait for.
            let _ = writer.join();
        }
    }
}

/// Money set aside for one answer. Dropped, it is there again.
#[must_use]
#[derive(Debug)]
pub struct Reservation {
    shared: Arc<Shared>,
    channel: ChannelId,
    id: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.lock().holds.release(self.channel, self.id);
        self.shared.released.notify_waiters();
    }
}

/// What is to be done about a request.
#[derive(Debug)]
pub enum Begun {
    /// It was answered: by this.
    Before(Box<Answer>),
    /// It is to be answered now.
    Now(Running),
}

/// A request that is being answered. Those that are equal wait until this is dropped.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    request: H256,
    _done: watch::Sender<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.lock().running.remove(&self.request);
    }
}

/// Keeps a channel from being reserved from while its closing is agreed upon.
struct Closing<'a>(&'a Ledger, ChannelId);

impl<'a> Closing<'a> {
    fn begin(ledger: &'a Ledger, channel: ChannelId) -> Self {
        *ledger.shared.lock().closing.entry(channel).or_default() += 1;
        Self(ledger, channel)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.shared.lock();
        if let Some(asking) = state.closing.get_mut(&self.1) {
            *asking -= 1;
            if *asking == 0 {
                state.closing.remove(&self.1);
            }
        }
    }
}

impl Ledger {
    /// Opens a ledger, and makes it where there is none.
    ///
    /// # Errors
    /// If another process has it, it cannot be read or written, or is of another chain, operator or program.
    pub fn open(path: &Path, identity: Identity) -> Result<Self> {
        let (store, book) = Store::open(path, identity)?;
        Ok(Self::of(store, book))
    }

    fn of(store: Store, book: Book) -> Self {
        let state = Mutex::new(State { book, ..State::default() });
        let shared = Arc::new(Shared { state, released: Notify::new() });
        let store = Arc::new(store);
        let (orders, queue) = std::sync::mpsc::channel();
        let (to, of) = (store.clone(), shared.clone());
        let writer = std::thread::spawn(move || writer::run(&queue, &to, &of));
        Self { shared, store, orders: Some(orders), writer: Some(writer) }
    }

    /// Whether everything could be written until now: what is not can be charged no more.
    ///
    /// # Errors
    /// The first write that failed.
    pub fn working(&self) -> Result<()> {
        self.shared.lock().failed.clone().map_or(Ok(()), |error| Err(Error::Shared(error)))
    }

    /// What tells it from other ledgers of the same operator.
    pub fn id(&self) -> H256 {
        self.store.id()
    }

    /// Reads the book.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&self.shared.lock().book)
    }

    /// What is reserved in a channel, in units.
    pub fn reserved(&self, channel: ChannelId) -> Balance {
        self.shared.lock().holds.reserved(channel)
    }

    /// Begins to answer a request, unless it was answered: then by what. If an equal one is being answered, waits for
    /// that.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn begin(&self, request: H256) -> Result<Begun> {
        loop {
            match self.run(request) {
                Ok(running) => {
                    return Ok(match self.answer_to(request).await? {
                        Some(answer) => Begun::Before(Box::new(answer)),
                        None => Begun::Now(running),
                    })
                }
                // Nothing is ever sent: it ends with its sender.
                Err(mut before) => drop(before.changed().await),
            }
        }
    }

    /// The right to answer a request, or what ends when somebody else gives it up.
    fn run(&self, request: H256) -> Result<Running, watch::Receiver<()>> {
        let mut state = self.shared.lock();
        if let Some(before) = state.running.get(&request) {
            return Err(before.clone());
        }
        let (done, running) = watch::channel(());
        state.running.insert(request, running);
        Ok(Running { shared: self.shared.clone(), request, _done: done })
    }

    /// Sets aside the most that an answer can cost.
    ///
    /// # Errors
    /// If the channel's money does not suffice, is not this ledger's alone, or its payer is closing it.
    pub fn reserve(&self, funds: Funds, amount: Balance) -> Result<Reservation, Denied> {
        let channel = funds.channel;
        let mut state = self.shared.lock();
        if state.closing.contains_key(&channel) {
            return Err(Denied::Released);
        }
        let State { book, holds, .. } = &mut *state;
        let id = holds.reserve(book, funds, amount)?;
        Ok(Reservation { shared: self.shared.clone(), channel, id })
    }

    /// Charges an answer for which money was set aside, and returns it once it is on disk. `answer` makes it, told what
    /// the channel owes with it.
    ///
    /// # Errors
    /// If it could not be written, or costs more than was set aside. Then nothing is charged.
    pub async fn commit(
        &self,
        reservation: Reservation,
        fee: Balance,
        answer: impl FnOnce(Balance) -> Answer + Send + 'static,
    ) -> Result<Answer> {
        let answer = Box::new(answer);
        self.order(|done| Order::Charge { reservation, fee, answer, done }).await
    }

    /// Takes note of an entry, and returns once it is on disk.
    ///
    /// # Errors
    /// If it could not be written. Then it did not happen.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        let entry = Box::new(entry);
        self.order(|done| Order::Record { entry, done }).await
    }

    /// Drops answers that were settled so long ago that nobody asks for them again. Returns how many.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn drop_ended(&self, now: u64) -> Result<usize> {
        self.order(|done| Order::Drop { now, done }).await
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Arc<Error>>>) -> Order,
    ) -> Result<T> {
        let (done, written) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or(Error::Writer)?;
        orders.send(order(done)).map_err(|_| Error::Writer)?;
        written.await.map_err(|_| Error::Writer)?.map_err(Error::Shared)
    }

    /// Ends a channel: nothing more is reserved from it. Waits for what is reserved from this channel alone. `agree` is
    /// told what it owes, and says whether it can end.
    ///
    /// # Errors
    /// If `agree` says no, or it could not be written. Then the channel goes on.
    pub async fn release<E: From<Error>>(
        &self,
        channel: ChannelId,
        agree: impl FnOnce(Balance) -> Result<(), E>,
    ) -> Result<(), E> {
        let _closing = Closing::begin(self, channel);
        loop {
            let released = self.shared.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if self.reserved(channel) == 0 {
                break;
            }
            released.await;
        }
        let account = self.read(|book| book.channel(channel).cloned()).unwrap_or_default();
        agree(account.owed.saturating_sub(account.written_off))?;
        if !account.released {
            self.record(Entry::Released { channel }).await?;
        }
        Ok(())
    }

    /// The answer to a request, if it was given and is still kept.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn answer_to(&self, request: H256) -> Result<Option<Answer>> {
        self.on_disk(move |store| store.of_request(&request)).await
    }

    /// The answer of a receipt, if it is still kept.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn answer_of(&self, receipt: H256) -> Result<Option<Answer>> {
        self.on_disk(move |store| store.of_receipt(&receipt)).await
    }

    /// Answers that are not settled, by number.
    ///
    /// # Errors
    /// If they cannot be read, or one is not there.
    pub async fn answers(&self, numbers: Vec<Number>) -> Result<Vec<(Number, Answer)>> {
        self.on_disk(move |store| store.answers(&numbers)).await
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || read(&store)).await?
    }
}
