//! What channels owe, and which receipts are not settled yet.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{
    merkle, reads::decimal, receipt::Transcript, voucher::SignedVoucher, Balance, ChannelId,
    ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

/// The most channels of one settlement.
const MAX_CLAIMS: usize = 64;

/// Something that happened: one line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// What a channel owes, from an earlier journal.
    Channel(Account),
    /// An answer was given and charged.
    Answer {
        /// The receipt with its tokens.
        transcript: Transcript,
        /// The voucher that paid for it.
        voucher: SignedVoucher,
    },
    /// Receipts were put into a batch, which is about to be submitted.
    Batch(Batch),
    /// The chain refused a batch: its receipts wait for another.
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
    },
}

/// What a channel owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// In all, in units, what the chain paid out included.
    #[serde(with = "decimal")]
    pub owed: Balance,
    /// The newest voucher.
    pub voucher: SignedVoucher,
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
    /// The receipts' ids, in order.
    pub receipts: Vec<H256>,
    /// What is taken from which channel.
    pub claims: Vec<BatchClaim>,
    /// Their fees together, in units.
    #[serde(with = "decimal")]
    pub total_fee: Balance,
}

/// What a batch takes from a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchClaim {
    /// The newest voucher at that time.
    pub voucher: SignedVoucher,
    /// What is taken, in units.
    #[serde(with = "decimal")]
    pub amount: Balance,
}

/// A batch that the chain may or may not have, with what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBatch {
    /// What is submitted.
    pub batch: Batch,
    transcripts: Vec<Transcript>,
}

impl OpenBatch {
    /// Its blob: the transcripts as JSONL.
    pub fn blob(&self) -> Vec<u8> {
        jsonl(&self.transcripts)
    }
}

/// The state that the journal's entries lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    channels: BTreeMap<ChannelId, Account>,
    pending: Vec<Transcript>,
    open: Vec<OpenBatch>,
}

impl Book {
    /// Takes note of an entry. Entries about batches that are not there change nothing.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Channel(account) => {
                self.channels.insert(account.voucher.voucher.channel, account);
            }
            Entry::Answer { transcript, voucher } => {
                let account = Account { owed: transcript.signed.receipt.cumulative, voucher };
                self.channels.insert(account.voucher.voucher.channel, account);
                self.pending.push(transcript);
            }
            Entry::Batch(batch) => {
                let within: BTreeSet<H256> = batch.receipts.iter().copied().collect();
                let (transcripts, pending) = std::mem::take(&mut self.pending)
                    .into_iter()
                    .partition(|transcript| within.contains(&transcript.signed.receipt.id()));
                self.pending = pending;
                self.open.push(OpenBatch { batch, transcripts });
            }
            Entry::Dissolved { receipts_root } => {
                for open in self.remove(&receipts_root) {
                    self.pending.extend(open.transcripts);
                }
            }
            Entry::Settled { receipts_root, .. } => {
                self.remove(&receipts_root);
            }
        }
    }

    fn remove(&mut self, root: &H256) -> Vec<OpenBatch> {
        let (removed, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| open.batch.receipts_root == *root);
        self.open = open;
        removed
    }

    /// The entries of a new journal that leads to the same book.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let answer = |transcript: &Transcript| {
            let voucher = self.channels[&transcript.signed.receipt.channel].voucher.clone();
            Entry::Answer { transcript: transcript.clone(), voucher }
        };
        let batches = self.open.iter().flat_map(move |open| {
            let batch = Entry::Batch(open.batch.clone());
            open.transcripts.iter().map(answer).chain([batch]).collect::<Vec<_>>()
        });
        // Channels last: the answers of older receipts must not lower what is owed.
        let channels = self.channels.values().cloned().map(Entry::Channel);
        batches.chain(self.pending.iter().map(answer)).chain(channels)
    }

    /// What a channel owes.
    pub fn channel(&self, channel: ChannelId) -> Option<&Account> {
        self.channels.get(&channel)
    }

    /// Receipts that are in no batch yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Batches that are not finally settled.
    pub fn open(&self) -> &[OpenBatch] {
        &self.open
    }

    /// The batches to make now of the receipts of each model version that is `due`, oldest first. Told how many
    /// receipts wait and when the oldest was issued (milliseconds since the Unix epoch).
    ///
    /// A batch has at most as many channels as one settlement takes. Receipts that cost nothing wait for one that does.
    pub fn due(&self, due: impl Fn(usize, u64) -> bool) -> Vec<OpenBatch> {
        let mut groups = BTreeMap::<(ModelId, ModelVersion), Vec<&Transcript>>::new();
        for transcript in &self.pending {
            let receipt = &transcript.signed.receipt;
            groups.entry((receipt.model, receipt.version)).or_default().push(transcript);
        }
        let mut batches = Vec::new();
        for group in groups.into_values() {
            let oldest = group.iter().map(|t| t.signed.receipt.issued_at).min().unwrap_or_default();
            if due(group.len(), oldest) {
                batches.extend(self.batches(&group));
            }
        }
        batches
    }

    fn batches(&self, group: &[&Transcript]) -> Vec<OpenBatch> {
        let mut batches = Vec::new();
        let mut amounts = BTreeMap::<ChannelId, Balance>::new();
        let mut taken: Vec<Transcript> = Vec::new();
        for transcript in group {
            let receipt = &transcript.signed.receipt;
            if !amounts.contains_key(&receipt.channel) && amounts.len() == MAX_CLAIMS {
                batches
                    .extend(self.batch(std::mem::take(&mut taken), &std::mem::take(&mut amounts)));
            }
            *amounts.entry(receipt.channel).or_default() += receipt.fee;
            taken.push((*transcript).clone());
        }
        batches.extend(self.batch(taken, &amounts));
        batches
    }

    fn batch(
        &self,
        transcripts: Vec<Transcript>,
        amounts: &BTreeMap<ChannelId, Balance>,
    ) -> Option<OpenBatch> {
        let total_fee: Balance = amounts.values().sum();
        let first = &transcripts.first()?.signed.receipt;
        if total_fee == 0 {
            return None;
        }
        let receipts: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
        let claims = amounts
            .iter()
            .filter(|(_, amount)| **amount > 0)
            .filter_map(|(channel, amount)| {
                let voucher = self.channels.get(channel)?.voucher.clone();
                Some(BatchClaim { voucher, amount: *amount })
            })
            .collect();
        let batch = Batch {
            model: first.model,
            version: first.version,
            receipts_root: merkle::root(&receipts),
            content: openledger_primitives::hashing::content_id(&jsonl(&transcripts)),
            receipts,
            claims,
            total_fee,
        };
        Some(OpenBatch { batch, transcripts })
    }
}

fn jsonl(transcripts: &[Transcript]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for transcript in transcripts {
        bytes.extend(serde_json::to_vec(transcript).expect("numbers and strings always serialise"));
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
pub(crate) mod tests {
    use openledger_primitives::{
        receipt::{Receipt, SignedReceipt},
        signature::Signature,
        voucher::Voucher,
    };

    use super::*;

    /// An answer of a fee; `n` makes it unlike others.
    pub fn answer(
        model: ModelId,
        channel: ChannelId,
        n: u64,
        cumulative: Balance,
        fee: Balance,
    ) -> Entry {
        let receipt = Receipt {
            genesis: H256::zero(),
            model,
            version: 1,
            operator: H256::zero(),
            payer: H256::zero(),
            channel,
            cumulative,
            request: H256::zero(),
            response: H256::zero(),
            tokens_in: 1,
            tokens_out: 1,
            fee,
            issued_at: n,
        };
        let signature = Signature::Sr25519([1; 64]);
        let voucher = Voucher { channel, cumulative, expires: 1_000 };
        Entry::Answer {
            transcript: Transcript {
                signed: SignedReceipt { receipt, signature },
                prompt_ids: vec![1, 2],
                output_ids: vec![3],
            },
            voucher: SignedVoucher { voucher, signature },
        }
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Book {
        let mut book = Book::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    #[test]
    fn due_should_batch_by_model_with_the_newest_vouchers() {
        let book = book([
            answer(1, 7, 1, 10, 10),
            answer(2, 7, 2, 15, 5),
            answer(1, 8, 3, 3, 3),
            answer(1, 7, 4, 22, 7),
        ]);
        let batches = book.due(|count, oldest| {
            assert!(oldest == 1 || oldest == 2);
            count > 0
        });
        assert_eq!(batches.len(), 2);
        let first = &batches[0].batch;
        assert_eq!((first.model, first.receipts.len(), first.total_fee), (1, 3, 20));
        let claims: Vec<_> = first
            .claims
            .iter()
            .map(|c| (c.voucher.voucher.channel, c.voucher.voucher.cumulative, c.amount))
            .collect();
        assert_eq!(claims, [(7, 22, 17), (8, 3, 3)]);
        assert_eq!(first.receipts_root, merkle::root(&first.receipts));
        let content = openledger_primitives::hashing::content_id(&batches[0].blob());
        assert_eq!(first.content, content);
        assert!(book.due(|count, _| count > 3).is_empty());
    }

    #[test]
    fn due_should_leave_receipts_that_cost_nothing() {
        let book = book([answer(1, 7, 1, 0, 0), answer(2, 8, 2, 0, 0), answer(2, 7, 3, 5, 5)]);
        let batches = book.due(|_, _| true);
        assert_eq!(batches.len(), 1);
        // Channel 8 has a receipt in it, but nothing to claim.
        assert_eq!((batches[0].batch.receipts.len(), batches[0].batch.claims.len()), (2, 1));
    }

    #[test]
    fn due_should_cut_batches_at_the_most_channels() {
        let many = MAX_CLAIMS as u64 + 6;
        let book = book((0..many).map(|n| answer(1, n, n, 5, 5)));
        let sizes: Vec<usize> =
            book.due(|_, _| true).iter().map(|b| b.batch.claims.len()).collect();
        assert_eq!(sizes, [MAX_CLAIMS, 6]);
    }

    #[test]
    fn a_receipt_should_be_settled_once() {
        let mut book = book([answer(1, 7, 1, 10, 10), answer(1, 7, 2, 12, 2)]);
        let batch = book.due(|_, _| true).remove(0).batch;
        let receipts_root = batch.receipts_root;
        book.apply(Entry::Batch(batch));
        assert_eq!((book.pending(), book.open().len()), (0, 1));
        assert!(book.due(|_, _| true).is_empty());
        book.apply(answer(1, 7, 3, 20, 8));

        let mut refused = book.clone();
        refused.apply(Entry::Dissolved { receipts_root });
        assert_eq!((refused.pending(), refused.open().len()), (3, 0));

        book.apply(Entry::Settled { receipts_root, settlement: 0 });
        book.apply(Entry::Settled { receipts_root, settlement: 0 });
        assert_eq!((book.pending(), book.open().len()), (1, 0));
        assert_eq!(book.channel(7).unwrap().owed, 20);
    }

    #[test]
    fn entries_should_lead_to_the_same_book() {
        let mut book =
            book([answer(1, 7, 1, 10, 10), answer(2, 7, 2, 12, 2), answer(2, 9, 3, 4, 4)]);
        let batch = book.due(|count, _| count == 1).remove(0).batch;
        book.apply(Entry::Batch(batch));
        book.apply(answer(1, 7, 4, 30, 18));
        let mut again = Book::default();
        book.entries().for_each(|entry| again.apply(entry));
        assert_eq!(again, book);
    }
}
