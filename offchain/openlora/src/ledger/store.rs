//! A ledger on disk: a redb database that leads to the same [`Book`], and the answers themselves.
//!
//! Entries are written in groups, each in one transaction that is durable when [`Store::write`] returns. Whatever ends
//! the process, what is found afterwards is what some number of whole groups led to, all those included whose write
//! returned. What is settled leaves the database after its time: redb uses its pages again.

use std::{
    collections::BTreeMap,
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use openledger_primitives::{ChannelId, H256};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};
use serde::{de::DeserializeOwned, Serialize};

use super::{
    account::Account,
    book::{Answer, Batch, Book, Entry, Number, Waiting},
};
use crate::{Error, Result};

type Json = &'static [u8];

/// What the ledger is of, and the number of the next answer.
const META: TableDefinition<&str, Json> = TableDefinition::new("meta");
/// What channels owe.
const CHANNELS: TableDefinition<ChannelId, Json> = TableDefinition::new("channels");
/// Answers by number, until some time after they are settled.
const ANSWERS: TableDefinition<Number, Json> = TableDefinition::new("answers");
/// Their numbers by what tells their requests apart.
const REQUESTS: TableDefinition<[u8; 32], Number> = TableDefinition::new("requests");
/// Their numbers by the ids of their receipts.
const RECEIPTS: TableDefinition<[u8; 32], Number> = TableDefinition::new("receipts");
/// Receipts that are not settled, in batches or not.
const WAITING: TableDefinition<Number, Json> = TableDefinition::new("waiting");
/// Batches that are not finally settled, by root.
const BATCHES: TableDefinition<[u8; 32], Json> = TableDefinition::new("batches");
/// Answers of which nothing is to be settled any more, by the time at which they are dropped.
const ENDING: TableDefinition<(u64, Number), ()> = TableDefinition::new("ending");

/// The form of what is stored.
const FORMAT: u32 = 2;
/// Milliseconds for which an answer is kept once nothing of it is to be settled any more: 24 hours.
const KEPT: u64 = 24 * 60 * 60 * 1_000;
/// The most answers that are dropped in one transaction.
const DROPPED: usize = 1_000;
/// Bytes of pages that redb keeps in memory.
const CACHE: usize = 64 << 20;

/// Of which chain and operator a ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Identity {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// The operator's account.
    pub operator: H256,
}

#[derive(Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
struct Form {
    format: u32,
    identity: Identity,
}

/// The database.
#[derive(Debug)]
pub struct Store {
    database: Database,
    path: PathBuf,
    id: H256,
}

impl Store {
    /// Opens a ledger's database, and makes it where there is none.
    ///
    /// # Errors
    /// If another process has it, it cannot be read or written, or it is of something else.
    pub fn open(path: &Path, identity: Identity) -> Result<(Self, Book)> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        // Vouchers and answers are for the operator alone.
        let own = || {
            OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
            std::fs::set_permissions(path, Permissions::from_mode(0o600))
        };
        own().map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let database = Database::builder().set_cache_size(CACHE).create(path);
        let database = database.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => Error::Busy { path: path.to_owned() },
            DatabaseError::Storage(redb::StorageError::Io(source))
                if source.kind() == std::io::ErrorKind::InvalidData =>
            {
                Error::NotALedger { path: path.to_owned(), reason: source.to_string() }
            }
            error => Error::Ledger { path: path.to_owned(), source: Box::new(error.into()) },
        })?;
        Self::of(database, path, identity)
    }

    /// The ledger in a database.
    pub(super) fn of(database: Database, path: &Path, identity: Identity) -> Result<(Self, Book)> {
        let mut store = Self { database, path: path.to_owned(), id: H256(rand::random()) };
        store.check(identity)?;
        let book = store.load()?;
        Ok((store, book))
    }

    /// What tells it from other ledgers of the same operator: drawn when it was made.
    pub fn id(&self) -> H256 {
        self.id
    }

    /// Checks that the database is of this ledger, or new: then it is made this ledger's.
    fn check(&mut self, identity: Identity) -> Result<()> {
        let expected = Form { format: FORMAT, identity };
        let transaction = self.ok(self.database.begin_write())?;
        let tables = self.ok(transaction.list_tables())?.count();
        let (found, id) = {
            let meta = transaction.open_table(META);
            let mut meta = meta.map_err(|error| self.not_a_ledger(error.to_string()))?;
            let found = self.ok(meta.get("form"))?.map(|form| self.parse::<Form>(form.value()));
            if tables == 0 {
                self.ok(meta.insert("form", json(&expected).as_slice()))?;
                self.ok(meta.insert("id", json(&self.id).as_slice()))?;
            }
            let id = self.ok(meta.get("id"))?.map(|id| self.parse::<H256>(id.value()));
            (found.transpose()?, id.transpose()?)
        };
        if tables == 0 {
            self.ok(transaction.open_table(CHANNELS))?;
            self.ok(transaction.open_table(ANSWERS))?;
            self.ok(transaction.open_table(REQUESTS))?;
            self.ok(transaction.open_table(RECEIPTS))?;
            self.ok(transaction.open_table(WAITING))?;
            self.ok(transaction.open_table(BATCHES))?;
            self.ok(transaction.open_table(ENDING))?;
            return self.ok(transaction.commit());
        }
        self.ok(transaction.abort())?;
        match (found, id) {
            (Some(found), Some(id)) if found == expected => {
                self.id = id;
                Ok(())
            }
            (Some(found), _) => {
                Err(self.not_a_ledger(format!("it is of {found:?}, not of {expected:?}")))
            }
            (None, _) => Err(self.not_a_ledger("it is a database of another program".into())),
        }
    }

    pub(super) fn load(&self) -> Result<Book> {
        let transaction = self.ok(self.database.begin_read())?;
        let meta = self.ok(transaction.open_table(META))?;
        let next = self.ok(meta.get("next"))?;
        let next = next.map(|next| self.parse(next.value())).transpose()?.unwrap_or_default();
        let channels: BTreeMap<ChannelId, Account> =
            self.rows(self.ok(transaction.open_table(CHANNELS))?)?;
        let waiting: BTreeMap<Number, Waiting> =
            self.rows(self.ok(transaction.open_table(WAITING))?)?;
        let mut batches = Vec::new();
        for row in self.ok(self.ok(transaction.open_table(BATCHES))?.iter())? {
            batches.push(self.parse(self.ok(row)?.1.value())?);
        }
        Ok(Book::of(next, channels, waiting, batches))
    }

    fn rows<V: DeserializeOwned>(
        &self,
        table: impl ReadableTable<u64, Json>,
    ) -> Result<BTreeMap<u64, V>> {
        let row = |row: redb::Result<(redb::AccessGuard<u64>, redb::AccessGuard<Json>)>| {
            let (key, value) = self.ok(row)?;
            Ok((key.value(), self.parse(value.value())?))
        };
        self.ok(table.iter())?.map(row).collect()
    }

    /// Writes entries, all or none, and returns once they are on disk.
    ///
    /// # Errors
    /// If they could not be written; then none of them is.
    pub fn write(&self, entries: &[Entry]) -> Result<()> {
        let transaction = self.ok(self.database.begin_write())?;
        for entry in entries {
            self.put(&transaction, entry)?;
        }
        self.ok(transaction.commit())
    }

    fn put(&self, transaction: &WriteTransaction, entry: &Entry) -> Result<()> {
        match entry {
            Entry::Answered { number, answer, vouchers } => {
                let receipt = &answer.transcript.signed.receipt;
                self.change(transaction, receipt.channel, |account| {
                    account.charge(receipt.cumulative, vouchers);
                })?;
                let mut meta = self.ok(transaction.open_table(META))?;
                self.ok(meta.insert("next", json(&(number + 1)).as_slice()))?;
                let mut answers = self.ok(transaction.open_table(ANSWERS))?;
                self.ok(answers.insert(number, json(answer).as_slice()))?;
                let mut requests = self.ok(transaction.open_table(REQUESTS))?;
                self.ok(requests.insert(answer.request.0, number))?;
                let mut receipts = self.ok(transaction.open_table(RECEIPTS))?;
                self.ok(receipts.insert(receipt.id().0, number))?;
                if receipt.fee == 0 {
                    return self.end(transaction, *number, receipt.issued_at);
                }
                let waiting = Waiting::from(&answer.transcript);
                let mut table = self.ok(transaction.open_table(WAITING))?;
                self.ok(table.insert(number, json(&waiting).as_slice()))?;
            }
            Entry::Adopted { channel, amount } => {
                self.change(transaction, *channel, |account| account.adopt(*amount))?;
            }
            Entry::Released { channel } => {
                self.change(transaction, *channel, |account| account.released = true)?;
            }
            Entry::Batched(batch) => {
                let mut batches = self.ok(transaction.open_table(BATCHES))?;
                self.ok(batches.insert(batch.receipts_root.0, json(batch).as_slice()))?;
            }
            Entry::Dissolved { receipts_root } => {
                let mut batches = self.ok(transaction.open_table(BATCHES))?;
                self.ok(batches.remove(receipts_root.0))?;
            }
            Entry::Settled { receipts_root, at, .. } => {
                let batch = {
                    let mut batches = self.ok(transaction.open_table(BATCHES))?;
                    let removed = self.ok(batches.remove(receipts_root.0))?;
                    removed.map(|batch| self.parse::<Batch>(batch.value())).transpose()?
                };
                let Some(batch) = batch else { return Ok(()) };
                for claim in &batch.claims {
                    let channel = claim.voucher.voucher.channel;
                    self.change(transaction, channel, |account| account.settle(claim.amount))?;
                }
                for number in batch.numbers {
                    self.unwait(transaction, number)?;
                    self.end(transaction, number, *at)?;
                }
            }
            Entry::WrittenOff { channel, numbers, at } => {
                let mut lost = 0_u128;
                for number in numbers {
                    if let Some(waiting) = self.unwait(transaction, *number)? {
                        lost = lost.saturating_add(waiting.fee);
                        self.end(transaction, *number, *at)?;
                    }
                }
                self.change(transaction, *channel, |account| account.write_off(lost))?;
            }
            Entry::Forgotten { channel } => {
                let mut channels = self.ok(transaction.open_table(CHANNELS))?;
                self.ok(channels.remove(channel))?;
            }
        }
        Ok(())
    }

    fn change(
        &self,
        transaction: &WriteTransaction,
        channel: ChannelId,
        change: impl FnOnce(&mut Account),
    ) -> Result<()> {
        let mut channels = self.ok(transaction.open_table(CHANNELS))?;
        let known = self.ok(channels.get(channel))?.map(|known| self.parse(known.value()));
        let mut account: Account = known.transpose()?.unwrap_or_default();
        change(&mut account);
        self.ok(channels.insert(channel, json(&account).as_slice()))?;
        Ok(())
    }

    fn unwait(&self, transaction: &WriteTransaction, number: Number) -> Result<Option<Waiting>> {
        let mut table = self.ok(transaction.open_table(WAITING))?;
        let removed = self.ok(table.remove(number))?;
        removed.map(|waiting| self.parse(waiting.value())).transpose()
    }

    /// Nothing of an answer is to be settled any more since `at`: its time begins to run.
    fn end(&self, transaction: &WriteTransaction, number: Number, at: u64) -> Result<()> {
        let mut ending = self.ok(transaction.open_table(ENDING))?;
        self.ok(ending.insert((at.saturating_add(KEPT), number), ()))?;
        Ok(())
    }

    /// Drops answers whose time is over. Returns how many.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn drop_ended(&self, now: u64) -> Result<usize> {
        let over: Vec<(u64, Number)> = {
            let transaction = self.ok(self.database.begin_read())?;
            let ending = self.ok(transaction.open_table(ENDING))?;
            let keys = self.ok(ending.range((0_u64, 0_u64)..(now, 0)))?.take(DROPPED);
            keys.map(|row| Ok(self.ok(row)?.0.value())).collect::<Result<_>>()?
        };
        if over.is_empty() {
            return Ok(0);
        }
        let transaction = self.ok(self.database.begin_write())?;
        {
            let mut ending = self.ok(transaction.open_table(ENDING))?;
            let mut answers = self.ok(transaction.open_table(ANSWERS))?;
            let mut requests = self.ok(transaction.open_table(REQUESTS))?;
            let mut receipts = self.ok(transaction.open_table(RECEIPTS))?;
            for key in &over {
                self.ok(ending.remove(key))?;
                let Some(answer) = self.ok(answers.remove(key.1))? else { continue };
                let answer: Answer = self.parse(answer.value())?;
                self.ok(requests.remove(answer.request.0))?;
                self.ok(receipts.remove(answer.transcript.signed.receipt.id().0))?;
            }
        }
        self.ok(transaction.commit())?;
        Ok(over.len())
    }

    /// The answer to a request, if it was given and is still kept.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_request(&self, request: &H256) -> Result<Option<Answer>> {
        self.find(REQUESTS, request)
    }

    /// The answer of a receipt, if it is still kept.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_receipt(&self, receipt: &H256) -> Result<Option<Answer>> {
        self.find(RECEIPTS, receipt)
    }

    fn find(&self, table: TableDefinition<[u8; 32], Number>, key: &H256) -> Result<Option<Answer>> {
        let transaction = self.ok(self.database.begin_read())?;
        let numbers = self.ok(transaction.open_table(table))?;
        let Some(number) = self.ok(numbers.get(key.0))? else { return Ok(None) };
        let answers = self.ok(transaction.open_table(ANSWERS))?;
        let answer = self.ok(answers.get(number.value()))?;
        answer.map(|answer| self.parse(answer.value())).transpose()
    }

    /// Answers that are not settled, by number.
    ///
    /// # Errors
    /// If they cannot be read, or one is not there.
    pub fn answers(&self, numbers: &[Number]) -> Result<Vec<(Number, Answer)>> {
        let transaction = self.ok(self.database.begin_read())?;
        let answers = self.ok(transaction.open_table(ANSWERS))?;
        let mut found = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let answer = self.ok(answers.get(number))?;
            let answer =
                answer.ok_or_else(|| self.not_a_ledger(format!("answer {number} is not there")))?;
            found.push((number, self.parse(answer.value())?));
        }
        Ok(found)
    }

    fn ok<T, E: Into<redb::Error>>(&self, result: Result<T, E>) -> Result<T> {
        let path = || self.path.clone();
        result.map_err(|error| Error::Ledger { path: path(), source: Box::new(error.into()) })
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| self.not_a_ledger(error.to_string()))
    }

    fn not_a_ledger(&self, reason: String) -> Error {
        Error::NotALedger { path: self.path.clone(), reason }
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and strings always serialise")
}
