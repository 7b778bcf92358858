//! The pure state of a ledger: what channels owe, and which receipts are not settled yet.
//!
//! Nothing here reads a clock, a disk or the chain. [`Book::apply`] is the only way in which it changes, and the store
//! keeps what leads to the same book.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{
    hashing, json::decimal, merkle, receipt::Transcript, voucher::Authority, Balance, BlockNumber,
    ChannelId, ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

use super::account::Account;

/// A number of an answer: they count up as answers are charged.
pub type Number = u64;
/// A version of a model.
pub type Version = (ModelId, ModelVersion);

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model said so.
    Stop,
    /// It reached its largest length, or the caller hung up.
    Length,
}

/// An answer that was given and charged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What tells its request from all others: asked again, it is answered by this.
    pub request: H256,
    /// The receipt with its tokens.
    pub transcript: Transcript,
    /// Its text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the largest")]
pub enum Entry {
    /// An answer was given and charged.
    Answered {
        /// Its number: [`Book::next`].
        number: Number,
        /// The answer.
        answer: Answer,
        /// The vouchers that its money was reserved by.
        vouchers: Vec<Authority>,
    },
    /// The operator took over what the chain has paid from a channel by claims that this ledger did not make.
    Adopted {
        /// The channel.
        channel: ChannelId,
        /// How much, in units.
        amount: Balance,
    },
    /// The payer may close a channel: nothing more is served from it.
    Released {
        /// The channel.
        channel: ChannelId,
    },
    /// Receipts were put into a batch, whose blob is stored and which is about to be submitted.
    Batched(Batch),
    /// The chain refused a batch, finally: its receipts wait for another.
    Dissolved {
        /// The batch.
        receipts_root: H256,
    },
    /// A batch is settled, finally.
    Settled {
        /// The batch.
        receipts_root: H256,
        /// The settlement.
        settlement: SettlementId,
        /// When that was seen, in milliseconds since the Unix epoch.
        at: u64,
    },
    /// Receipts of a channel can never be claimed: it is closed, or has ended with its vouchers.
    WrittenOff {
        /// The channel.
        channel: ChannelId,
        /// The receipts' numbers.
        numbers: Vec<Number>,
        /// When that was seen, in milliseconds since the Unix epoch.
        at: u64,
    },
    /// A channel is closed on the chain and nothing of it is open: it leaves the book.
    Forgotten {
        /// The channel.
        channel: ChannelId,
    },
}

/// A receipt that is not settled yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// The channel that pays.
    pub channel: ChannelId,
    /// The fee, in units.
    #[serde(with = "decimal")]
    pub fee: Balance,
    /// Tokens of prompt and answer.
    pub tokens: u64,
    /// When it was issued, in milliseconds since the Unix epoch.
    pub issued_at: u64,
}

impl From<&Transcript> for Waiting {
    fn from(transcript: &Transcript) -> Self {
        let receipt = &transcript.signed.receipt;
        Self {
            model: receipt.model,
            version: receipt.version,
            channel: receipt.channel,
            fee: receipt.fee,
            tokens: u64::from(receipt.tokens_in) + u64::from(receipt.tokens_out),
            issued_at: receipt.issued_at,
        }
    }
}

/// Receipts of one model version that are settled together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The model.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the transcripts.
    pub content: ContentId,
    /// The receipts' numbers, in order.
    pub numbers: Vec<Number>,
    /// What is taken from which channel.
    pub claims: Vec<BatchClaim>,
    /// Their fees together, in units.
    #[serde(with = "decimal")]
    pub total_fee: Balance,
}

/// What a batch takes from a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchClaim {
    /// The voucher that allows it.
    pub voucher: Authority,
    /// What is taken, in units.
    #[serde(with = "decimal")]
    pub amount: Balance,
}

impl Batch {
    /// A batch of these receipts, and its blob: the transcripts as JSONL.
    pub fn new(
        (model, version): Version,
        answers: &[(Number, Answer)],
        claims: Vec<BatchClaim>,
    ) -> (Self, Vec<u8>) {
        let mut blob = Vec::new();
        for (_, answer) in answers {
            let line = serde_json::to_vec(&answer.transcript);
            blob.extend(line.expect("numbers and strings always serialise"));
            blob.push(b'\n');
        }
        let ids: Vec<H256> =
            answers.iter().map(|(_, a)| a.transcript.signed.receipt.id()).collect();
        let batch = Self {
            model,
            version,
            receipts_root: merkle::root(&ids),
            content: hashing::content_id(&blob),
            numbers: answers.iter().map(|(number, _)| *number).collect(),
            total_fee: claims.iter().map(|claim| claim.amount).sum(),
            claims,
        };
        (batch, blob)
    }
}

/// A batch that the chain may or may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What is submitted.
    pub batch: Batch,
    waiting: Vec<(Number, Waiting)>,
}

/// The receipts of a model version that are in no batch yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    waiting: BTreeMap<Number, Waiting>,
    fees: Balance,
}

impl Group {
    /// How many.
    pub fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Their fees together, in units.
    pub fn fees(&self) -> Balance {
        self.fees
    }

    /// The first that was charged.
    pub fn oldest(&self) -> Option<(Number, Waiting)> {
        self.waiting.first_key_value().map(|(number, waiting)| (*number, *waiting))
    }

    /// All, in the order in which they were charged.
    pub fn iter(&self) -> impl Iterator<Item = (Number, &Waiting)> {
        self.waiting.iter().map(|(number, waiting)| (*number, waiting))
    }
}

/// What all entries lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    next: Number,
    channels: BTreeMap<ChannelId, Account>,
    groups: BTreeMap<Version, Group>,
    pending: usize,
    open: BTreeMap<H256, Open>,
    /// Until when what each channel owes must be claimed.
    deadlines: BTreeSet<(BlockNumber, ChannelId)>,
}

impl Book {
    /// The book of what a store keeps.
    pub(super) fn of(
        next: Number,
        channels: BTreeMap<ChannelId, Account>,
        waiting: BTreeMap<Number, Waiting>,
        batches: Vec<Batch>,
    ) -> Self {
        let mut book = Self { next, channels, ..Self::default() };
        waiting.into_iter().for_each(|(number, waiting)| book.wait(number, waiting));
        batches.into_iter().for_each(|batch| book.batch(batch));
        for (id, account) in &book.channels {
            book.deadlines.extend(account.deadlines().map(|deadline| (deadline, *id)));
        }
        book
    }

    /// Takes note of an entry. Entries about what is not there change nothing.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Answered { number, answer, vouchers } => {
                self.next = number + 1;
                let receipt = &answer.transcript.signed.receipt;
                self.change(receipt.channel, |a| a.charge(receipt.cumulative, &vouchers));
                // What cost nothing leaves nothing to settle.
                if receipt.fee > 0 {
                    self.wait(number, Waiting::from(&answer.transcript));
                }
            }
            Entry::Adopted { channel, amount } => self.change(channel, |a| a.adopt(amount)),
            Entry::Released { channel } => self.change(channel, |a| a.released = true),
            Entry::Batched(batch) => self.batch(batch),
            Entry::Dissolved { receipts_root } => {
                if let Some(open) = self.open.remove(&receipts_root) {
                    open.waiting
                        .into_iter()
                        .for_each(|(number, waiting)| self.wait(number, waiting));
                }
            }
            Entry::Settled { receipts_root, .. } => {
                if let Some(open) = self.open.remove(&receipts_root) {
                    for BatchClaim { voucher, amount } in &open.batch.claims {
                        self.change(voucher.voucher.channel, |a| a.settle(*amount));
                    }
                }
            }
            Entry::WrittenOff { channel, numbers, .. } => {
                let lost: Balance =
                    numbers.iter().filter_map(|number| self.take(number)).map(|w| w.fee).sum();
                self.change(channel, |a| a.write_off(lost));
            }
            Entry::Forgotten { channel } => {
                for deadline in self.channels.remove(&channel).iter().flat_map(Account::deadlines) {
                    self.deadlines.remove(&(deadline, channel));
                }
            }
        }
    }

    fn change(&mut self, channel: ChannelId, change: impl FnOnce(&mut Account)) {
        let account = self.channels.entry(channel).or_default();
        for before in account.deadlines() {
            self.deadlines.remove(&(before, channel));
        }
        change(account);
        self.deadlines.extend(account.deadlines().map(|after| (after, channel)));
    }

    fn wait(&mut self, number: Number, waiting: Waiting) {
        let group = self.groups.entry((waiting.model, waiting.version)).or_default();
        group.fees = group.fees.saturating_add(waiting.fee);
        group.waiting.insert(number, waiting);
        self.pending += 1;
    }

    /// Takes a receipt out of those that wait.
    fn take(&mut self, number: &Number) -> Option<Waiting> {
        let of = |(_, group): (&Version, &mut Group)| group.waiting.remove(number);
        let waiting = self.groups.iter_mut().find_map(of)?;
        let version = (waiting.model, waiting.version);
        let group = self.groups.get_mut(&version)?;
        group.fees = group.fees.saturating_sub(waiting.fee);
        if group.waiting.is_empty() {
            self.groups.remove(&version);
        }
        self.pending -= 1;
        Some(waiting)
    }

    fn batch(&mut self, batch: Batch) {
        let taken = |number: &Number| Some((*number, self.take(number)?));
        let waiting = batch.numbers.iter().filter_map(taken).collect();
        self.open.insert(batch.receipts_root, Open { batch, waiting });
    }

    /// The number of the next answer.
    pub fn next(&self) -> Number {
        self.next
    }

    /// What a channel owes.
    pub fn channel(&self, channel: ChannelId) -> Option<&Account> {
        self.channels.get(&channel)
    }

    /// The channels, from this one on.
    pub fn channels_from(&self, channel: ChannelId) -> impl Iterator<Item = (ChannelId, &Account)> {
        self.channels.range(channel..).map(|(id, account)| (*id, account))
    }

    /// Receipts that are in no batch yet.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// The receipts that are in no batch yet, by model version.
    pub fn groups(&self) -> &BTreeMap<Version, Group> {
        &self.groups
    }

    /// Batches that are not finally settled.
    pub fn open(&self) -> impl ExactSizeIterator<Item = &Open> {
        self.open.values()
    }

    /// What open batches take from a channel.
    pub fn batched(&self, channel: ChannelId) -> Balance {
        let claims = self.open().flat_map(|open| &open.batch.claims);
        claims.filter(|claim| claim.voucher.voucher.channel == channel).map(|c| c.amount).sum()
    }

    /// The channels of whose debts something must be claimed in one of these blocks at the latest.
    pub fn ending(&self, from: BlockNumber, to: BlockNumber) -> BTreeSet<ChannelId> {
        let within = (from, ChannelId::MIN)..=(to, ChannelId::MAX);
        self.deadlines.range(within).map(|(_, channel)| *channel).collect()
    }

    /// The receipts of a channel that are in no batch yet, and their fees together.
    pub fn of_channel(&self, channel: ChannelId) -> (Vec<Number>, Balance) {
        let all = self.groups.values().flat_map(Group::iter);
        let own = all.filter(|(_, waiting)| waiting.channel == channel);
        own.fold((Vec::new(), 0), |(mut numbers, fees), (number, waiting)| {
            numbers.push(number);
            (numbers, fees.saturating_add(waiting.fee))
        })
    }
}
