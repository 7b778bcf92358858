//! What channels owe, and which receipts are not settled yet.

use std::collections::{BTreeMap, BTreeSet};

use openledger_primitives::{
    hashing, json::decimal, merkle, receipt::Transcript, voucher::Authority, Balance, ChannelId,
    ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

/// The most channels of one settlement, as the runtime has it.
const MAX_CLAIMS: usize = 64;
/// The most receipts of one batch. An engine's work grows with receipts × contributions × blocks, and it refuses more
/// than 2^25: so many receipts it takes with 256 contributions and a LoRA of 262,144 numbers.
const MAX_RECEIPTS: usize = 128;

/// Something that happened: one line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one at a time, and most are the largest")]
pub enum Entry {
    /// What a channel owes, from an earlier journal.
    Channel(Account),
    /// An answer was given and charged.
    Answer {
        /// The receipt with its tokens.
        transcript: Transcript,
        /// The voucher that paid for it.
        voucher: Authority,
    },
    /// The payer may close a channel: nothing more is served from it.
    Released {
        /// The channel.
        channel: ChannelId,
    },
    /// Receipts were put into a batch, whose blob is stored and which is about to be submitted.
    Batch(Batch),
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
    },
}

/// What a channel owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// In all, in units, what the chain paid out included.
    #[serde(with = "decimal")]
    pub owed: Balance,
    /// The newest voucher, or the one-off payment.
    pub voucher: Authority,
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
    pub voucher: Authority,
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
    released: BTreeSet<ChannelId>,
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
                let receipt = &transcript.signed.receipt;
                let account = Account { owed: receipt.cumulative, voucher };
                self.channels.insert(receipt.channel, account);
                // What cost nothing leaves nothing to settle.
                if receipt.fee > 0 {
                    self.pending.push(transcript);
                }
            }
            Entry::Released { channel } => {
                self.released.insert(channel);
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
                    self.pending.splice(0..0, open.transcripts);
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
            // Every answer that is kept has its channel.
            let voucher = self.channels[&transcript.signed.receipt.channel].voucher.clone();
            Entry::Answer { transcript: transcript.clone(), voucher }
        };
        let batches = self.open.iter().flat_map(move |open| {
            let batch = Entry::Batch(open.batch.clone());
            open.transcripts.iter().map(answer).chain([batch]).collect::<Vec<_>>()
        });
        // Channels last: the answers of older receipts must not lower what is owed.
        let channels = self.channels.values().cloned().map(Entry::Channel);
        let released = self.released.iter().map(|&channel| Entry::Released { channel });
        batches.chain(self.pending.iter().map(answer)).chain(channels).chain(released)
    }

    /// What a channel owes.
    pub fn channel(&self, channel: ChannelId) -> Option<&Account> {
        self.channels.get(&channel)
    }

    /// Whether its payer was told that it may close a channel.
    pub fn released(&self, channel: ChannelId) -> bool {
        self.released.contains(&channel)
    }

    /// Receipts that are in no batch yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Batches that are not finally settled.
    pub fn open(&self) -> &[OpenBatch] {
        &self.open
    }

    /// The fees of the receipts that are in no batch yet, by channel.
    pub fn fees(&self) -> BTreeMap<ChannelId, Balance> {
        let mut fees = BTreeMap::<ChannelId, Balance>::new();
        for Transcript { signed, .. } in &self.pending {
            let fee = fees.entry(signed.receipt.channel).or_default();
            *fee = fee.saturating_add(signed.receipt.fee);
        }
        fees
    }

    /// The batches to make now of the receipts of each model version that is `due`: told which, how many receipts wait,
    /// and when the oldest was issued (milliseconds since the Unix epoch).
    ///
    /// `left` is what can still be taken from each channel. Receipts of a channel that has too little wait, so that
    /// one channel cannot spoil the settlement of others.
    pub fn due(
        &self,
        due: impl Fn((ModelId, ModelVersion), usize, u64) -> bool,
        mut left: BTreeMap<ChannelId, Balance>,
    ) -> Vec<OpenBatch> {
        let mut groups = BTreeMap::<(ModelId, ModelVersion), Vec<&Transcript>>::new();
        for transcript in &self.pending {
            let receipt = &transcript.signed.receipt;
            let Some(left) = left.get_mut(&receipt.channel) else { continue };
            let Some(rest) = left.checked_sub(receipt.fee) else { continue };
            *left = rest;
            groups.entry((receipt.model, receipt.version)).or_default().push(transcript);
        }
        let mut batches = Vec::new();
        for (version, group) in groups {
            let oldest = group.iter().map(|t| t.signed.receipt.issued_at).min().unwrap_or_default();
            if due(version, group.len(), oldest) {
                batches.extend(self.batches(version, &group));
            }
        }
        batches
    }

    fn batches(
        &self,
        (model, version): (ModelId, ModelVersion),
        mut group: &[&Transcript],
    ) -> Vec<OpenBatch> {
        let mut batches = Vec::new();
        while !group.is_empty() {
            let mut amounts = BTreeMap::<ChannelId, Balance>::new();
            let mut taken = Vec::new();
            for transcript in group.iter().take(MAX_RECEIPTS) {
                let receipt = &transcript.signed.receipt;
                if amounts.len() == MAX_CLAIMS && !amounts.contains_key(&receipt.channel) {
                    break;
                }
                let amount = amounts.entry(receipt.channel).or_default();
                *amount = amount.saturating_add(receipt.fee);
                taken.push((*transcript).clone());
            }
            group = &group[taken.len()..];
            batches.push(self.batch(model, version, taken, &amounts));
        }
        batches
    }

    fn batch(
        &self,
        model: ModelId,
        version: ModelVersion,
        transcripts: Vec<Transcript>,
        amounts: &BTreeMap<ChannelId, Balance>,
    ) -> OpenBatch {
        let receipts: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
        let claims = amounts
            .iter()
            .filter_map(|(channel, amount)| {
                let voucher = self.channels.get(channel)?.voucher.clone();
                Some(BatchClaim { voucher, amount: *amount })
            })
            .collect();
        let batch = Batch {
            model,
            version,
            receipts_root: merkle::root(&receipts),
            content: hashing::content_id(&jsonl(&transcripts)),
            receipts,
            claims,
            total_fee: amounts.values().sum(),
        };
        OpenBatch { batch, transcripts }
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
    use proptest::prelude::*;

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
            voucher: Authority { voucher, signature: Some(signature) },
        }
    }

    /// The batches of everything that there is.
    pub fn everything(book: &Book) -> Vec<OpenBatch> {
        book.due(|_, _, _| true, book.fees())
    }

    fn book(entries: impl IntoIterator<Item = Entry>) -> Book {
        let mut book = Book::default();
        entries.into_iter().for_each(|entry| book.apply(entry));
        book
    }

    fn again(book: &Book) -> Book {
        let mut again = Book::default();
        book.entries().for_each(|entry| again.apply(entry));
        again
    }

    #[test]
    fn due_should_batch_by_model_with_the_newest_vouchers() {
        let book = book([
            answer(1, 7, 1, 10, 10),
            answer(2, 7, 2, 15, 5),
            answer(1, 8, 3, 3, 3),
            answer(1, 7, 4, 22, 7),
        ]);
        let batches = book.due(
            |version, count, oldest| {
                assert!([((1, 1), 3, 1), ((2, 1), 1, 2)].contains(&(version, count, oldest)));
                count > 1
            },
            book.fees(),
        );
        assert_eq!(batches.len(), 1);
        let first = &batches[0].batch;
        assert_eq!((first.model, first.receipts.len(), first.total_fee), (1, 3, 20));
        let claims: Vec<_> = first
            .claims
            .iter()
            .map(|c| (c.voucher.voucher.channel, c.voucher.voucher.cumulative, c.amount))
            .collect();
        assert_eq!(claims, [(7, 22, 17), (8, 3, 3)]);
        assert_eq!(first.receipts_root, merkle::root(&first.receipts));
        assert_eq!(first.content, hashing::content_id(&batches[0].blob()));
    }

    #[test]
    fn blob_should_be_the_transcripts_line_by_line_in_the_order_of_the_receipts() {
        let book = book([answer(1, 7, 1, 10, 10), answer(1, 8, 2, 4, 4), answer(1, 7, 3, 15, 5)]);
        let open = everything(&book).remove(0);
        let blob = String::from_utf8(open.blob()).unwrap();
        assert!(blob.ends_with('\n'));
        let ids: Vec<H256> = blob
            .lines()
            .map(|line| serde_json::from_str::<Transcript>(line).unwrap().signed.receipt.id())
            .collect();
        assert_eq!(ids, open.batch.receipts);
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn due_should_pass_over_channels_that_cannot_pay() {
        let book = book([
            answer(1, 7, 1, 10, 10),
            answer(1, 8, 2, 4, 4),
            answer(1, 7, 3, 15, 5),
            answer(1, 9, 4, 6, 6),
        ]);
        // 7 has enough for the first alone, 8 is closed.
        let batches = book.due(|_, _, _| true, [(7, 14), (9, 6)].into());
        assert_eq!(batches.len(), 1);
        let claims: Vec<_> =
            batches[0].batch.claims.iter().map(|c| (c.voucher.voucher.channel, c.amount)).collect();
        assert_eq!((claims, batches[0].batch.total_fee), (vec![(7, 10), (9, 6)], 16));
        assert!(book.due(|_, _, _| true, BTreeMap::new()).is_empty());
    }

    #[test]
    fn apply_should_not_keep_receipts_that_cost_nothing() {
        let book = book([answer(1, 7, 1, 0, 0), answer(2, 8, 2, 0, 0), answer(2, 7, 3, 5, 5)]);
        assert_eq!((book.pending(), book.channel(8).unwrap().owed), (1, 0));
        assert_eq!(everything(&book)[0].batch.receipts.len(), 1);
    }

    #[test]
    fn due_should_cut_batches_at_the_most_channels_and_receipts() {
        let many = MAX_CLAIMS as u64 + 6;
        let wide = book((0..many).map(|n| answer(1, n, n, 5, 5)));
        let sizes: Vec<usize> = everything(&wide).iter().map(|b| b.batch.claims.len()).collect();
        assert_eq!(sizes, [MAX_CLAIMS, 6]);
        let many = 2 * MAX_RECEIPTS as u64 + 1;
        let deep = book((1..=many).map(|n| answer(1, 7, n, n.into(), 1)));
        let sizes: Vec<usize> = everything(&deep).iter().map(|b| b.batch.receipts.len()).collect();
        assert_eq!(sizes, [MAX_RECEIPTS, MAX_RECEIPTS, 1]);
    }

    #[test]
    fn a_receipt_should_be_settled_once() {
        let mut book = book([answer(1, 7, 1, 10, 10), answer(1, 7, 2, 12, 2)]);
        let batch = everything(&book).remove(0).batch;
        let receipts_root = batch.receipts_root;
        book.apply(Entry::Batch(batch));
        assert_eq!((book.pending(), book.open().len()), (0, 1));
        assert!(everything(&book).is_empty());
        book.apply(answer(1, 7, 3, 20, 8));

        let mut refused = book.clone();
        refused.apply(Entry::Dissolved { receipts_root });
        assert_eq!((refused.pending(), refused.open().len()), (3, 0));
        assert_eq!(everything(&refused)[0].batch.total_fee, 20);

        book.apply(Entry::Settled { receipts_root, settlement: 0 });
        book.apply(Entry::Settled { receipts_root, settlement: 0 });
        book.apply(Entry::Dissolved { receipts_root });
        assert_eq!((book.pending(), book.open().len()), (1, 0));
        assert_eq!(book.channel(7).unwrap().owed, 20);
    }

    #[test]
    fn entries_should_lead_to_the_same_book() {
        let mut book =
            book([answer(1, 7, 1, 10, 10), answer(2, 7, 2, 12, 2), answer(2, 9, 3, 4, 4)]);
        let batch = book.due(|_, count, _| count == 1, book.fees()).remove(0).batch;
        book.apply(Entry::Batch(batch));
        book.apply(answer(1, 7, 4, 30, 18));
        book.apply(answer(1, 6, 5, 0, 0));
        book.apply(Entry::Released { channel: 6 });
        assert!(book.released(6) && !book.released(7));
        assert_eq!(again(&book), book);
    }

    proptest! {
        /// Through batches, refusals, settlements and restarts: what each channel owes is what was settled, what is
        /// batched and what waits; and a batch claims exactly its receipts' fees, within its vouchers.
        #[test]
        fn every_fee_should_be_in_one_place(
            steps in prop::collection::vec((0u8..6, 1u32..3, 0u64..3, 0u128..50), 1..60),
        ) {
            let mut book = Book::default();
            let mut owed = BTreeMap::<ChannelId, Balance>::new();
            let mut settled = BTreeMap::<ChannelId, Balance>::new();
            for (n, (step, model, channel, fee)) in steps.into_iter().enumerate() {
                let root = book.open().first().map(|open| open.batch.receipts_root);
                match (step, root) {
                    (0, _) => {
                        let due = book.due(|(due, _), _, _| due == model, book.fees());
                        for open in due {
                            book.apply(Entry::Batch(open.batch));
                        }
                    }
                    (1, Some(receipts_root)) => book.apply(Entry::Dissolved { receipts_root }),
                    (2, Some(receipts_root)) => {
                        for claim in &book.open()[0].batch.claims {
                            *settled.entry(claim.voucher.voucher.channel).or_default() +=
                                claim.amount;
                        }
                        book.apply(Entry::Settled { receipts_root, settlement: 1 });
                    }
                    (3, _) => {
                        let before = book.clone();
                        book = again(&book);
                        prop_assert_eq!(&book, &before);
                    }
                    _ => {
                        let owed = owed.entry(channel).or_default();
                        *owed += fee;
                        book.apply(answer(model, channel, n as u64, *owed, fee));
                    }
                }
                let mut sum = book.fees();
                for open in book.open() {
                    let fees: Balance =
                        open.transcripts.iter().map(|t| t.signed.receipt.fee).sum();
                    let claims: Balance = open.batch.claims.iter().map(|c| c.amount).sum();
                    prop_assert_eq!((fees, claims), (open.batch.total_fee, open.batch.total_fee));
                    prop_assert_eq!(open.batch.receipts.len(), open.transcripts.len());
                    for claim in &open.batch.claims {
                        prop_assert!(claim.amount <= claim.voucher.voucher.cumulative);
                        *sum.entry(claim.voucher.voucher.channel).or_default() += claim.amount;
                    }
                }
                for (channel, owed) in &owed {
                    let found = sum.get(channel).copied().unwrap_or_default()
                        + settled.get(channel).copied().unwrap_or_default();
                    prop_assert_eq!(found, *owed);
                    prop_assert_eq!(book.channel(*channel).unwrap().owed, *owed);
                }
            }
        }
    }
}
