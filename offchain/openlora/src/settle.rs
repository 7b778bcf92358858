//! Receipts to settlements.
//!
//! A batch is in the journal before it is submitted, and what became of it is read from the chain alone, which takes
//! each receipts root once. A batch that is not there is submitted again, or dissolved if it was refused, only when
//! final state shows that no transaction of the operator is on its way any more: so no receipt is settled twice,
//! wherever the gateway, the node or a fork ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use openledger_chain::{
    call::{self, Claim},
    scale_decode::{self, DecodeAsType},
    Chain, Error as ChainError, View, Wait,
};
use openledger_primitives::{
    json::decimal, Balance, BlockNumber, ChannelId, ContentId, ModelId, ModelVersion, SettlementId,
    H256,
};
use serde::{Deserialize, Serialize};

use crate::{
    advance::Unfinished,
    book::{Batch, Entry, OpenBatch},
    gateway::{now, Gateway},
    voucher, Error, Result,
};

/// How often the gateway looks whether something is due or final.
const TICK: Duration = Duration::from_secs(3);
/// How long a model is not settled by itself after the chain refused it: each refusal costs a fee.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a transaction is watched: longer than it stays valid.
const WATCH: Duration = Duration::from_secs(300);
/// How long a request to settle waits until it is final what became of earlier settlements.
const DOUBT: Duration = Duration::from_secs(60);
/// Blocks within which a settlement should be in one.
const SOON: BlockNumber = 8;

/// A settlement that got into a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Its id.
    pub settlement: SettlementId,
    /// The model.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    #[serde(with = "decimal")]
    pub total_fee: Balance,
    /// The block that has it.
    pub block: BlockNumber,
}

/// `Payments.Settled`, of which only this is not known before.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct SettledEvent {
    settlement: SettlementId,
}

/// What is remembered from one settlement to the next.
#[derive(Default)]
pub(crate) struct Settling {
    /// Batches that the chain refused, by root, and the newest block then: not final yet.
    refused: BTreeMap<H256, BlockNumber>,
    /// When the chain last refused a model.
    impatient: BTreeMap<(ModelId, ModelVersion), Instant>,
    /// Channels that cannot pay what they owe, and were spoken of.
    short: BTreeSet<ChannelId>,
    pub(crate) unfinished: Unfinished,
}

/// What is seen of a batch that is not known to be settled.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Its settlement in final state.
    last: Option<SettlementId>,
    /// Whether the newest state has it.
    best: bool,
    /// Whether all of the operator's transactions, those in the pool too, are in final state.
    quiet: bool,
    /// The newest final block.
    height: BlockNumber,
    /// The newest block when the chain refused it.
    refused: Option<BlockNumber>,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is settled, finally.
    Close(SettlementId),
    /// It is in a block that will become final, or not.
    Watch,
    /// It may yet get into a block.
    Wait,
    /// It never got into a block, and no transaction that could is left.
    Submit,
    /// It was refused, finally.
    Dissolve,
}

fn step(seen: Seen) -> Step {
    match seen {
        Seen { last: Some(settlement), .. } => Step::Close(settlement),
        Seen { best: true, .. } => Step::Watch,
        Seen { quiet: false, .. } => Step::Wait,
        Seen { refused: None, .. } => Step::Submit,
        Seen { refused: Some(at), height, .. } if height < at => Step::Wait,
        Seen { .. } => Step::Dissolve,
    }
}

impl Gateway {
    /// Settles what is due, again and again.
    pub async fn keep_settling(self: Arc<Self>) {
        loop {
            let _ = tokio::time::timeout(TICK, self.bell.notified()).await;
            if let Err(error) = self.settle(false).await {
                tracing::warn!(%error, "not settled; trying again");
                tokio::time::sleep(TICK).await;
            }
            if let Err(error) = self.advance().await {
                tracing::warn!(%error, "settlements whose time is up wait");
            }
        }
    }

    /// Settles what is due, or with `everything` all receipts there are. Returns what got into a block now.
    ///
    /// # Errors
    /// If the chain or the store does not answer, the chain refuses a batch, or it is not final yet what became of an
    /// earlier one. Nothing is lost: it is tried again.
    pub async fn settle(&self, everything: bool) -> Result<Vec<Settled>> {
        let mut state = self.settling.lock().await;
        let mut settled = Vec::new();
        let start = Instant::now();
        while !self.resolve(&mut state, &mut settled).await? {
            if !everything {
                return Ok(settled);
            }
            if start.elapsed() > DOUBT {
                return Err(Error::InDoubt);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if self.book(|book| book.pending() == 0).await {
            return Ok(settled);
        }
        let (chain, view) = self.link.now().await?;
        let left = self.left(&view, &mut state).await?;
        let after = self.settings.settle_after.as_millis() as u64;
        let due = |version: (ModelId, ModelVersion), count: usize, oldest: u64| {
            let patient =
                state.impatient.get(&version).is_none_or(|refused| refused.elapsed() >= PATIENCE);
            let enough = count >= self.settings.settle_every;
            everything || patient && (enough || now().saturating_sub(oldest) >= after)
        };
        let mut refused = None;
        for open in self.book(|book| book.due(due, left)).await {
            self.store.put(open.blob()).await?;
            self.record(Entry::Batch(open.batch.clone())).await?;
            match self.submit(&chain, &open.batch, &mut state).await {
                Ok(done) => settled.extend(done),
                // That one model is refused says nothing of others.
                Err(error @ Error::Chain(ChainError::Refused { .. })) => {
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(settled), Err)
    }

    /// Finds out what became of the batches of which the journal does not know that they are settled. Returns whether
    /// that is known of all.
    async fn resolve(&self, state: &mut Settling, settled: &mut Vec<Settled>) -> Result<bool> {
        let open: Vec<OpenBatch> = self.book(|book| book.open().to_vec()).await;
        if open.is_empty() {
            return Ok(true);
        }
        let (chain, best) = self.link.now().await?;
        // In this order, so that what leaves the pool in between is in the final state, or makes it look busy.
        let next = chain.next_nonce(&self.account).await?;
        let last = chain.at(chain.finalized().await?).await?;
        let quiet = u64::from(last.account(&self.account).await?.nonce) == next;
        let mut known = true;
        for open in open {
            let receipts_root = open.batch.receipts_root;
            let seen = Seen {
                last: last.settlement_of(&self.account, &receipts_root).await?,
                best: best.settlement_of(&self.account, &receipts_root).await?.is_some(),
                quiet,
                height: last.block().number,
                refused: state.refused.get(&receipts_root).copied(),
            };
            match step(seen) {
                Step::Close(settlement) => {
                    if let Some(unfinished) = &mut state.unfinished {
                        unfinished.insert(settlement);
                    }
                    state.refused.remove(&receipts_root);
                    self.record(Entry::Settled { receipts_root, settlement }).await?;
                }
                Step::Watch => {}
                Step::Wait => known = false,
                Step::Submit => {
                    self.store.put(open.blob()).await?;
                    match self.submit(&chain, &open.batch, state).await {
                        Ok(done) => settled.extend(done),
                        Err(Error::Chain(ChainError::Refused { .. })) => known = false,
                        Err(error) => return Err(error),
                    }
                }
                Step::Dissolve => {
                    state.refused.remove(&receipts_root);
                    self.record(Entry::Dissolved { receipts_root }).await?;
                }
            }
        }
        Ok(known)
    }

    /// What can still be taken from each channel with receipts to settle.
    async fn left(
        &self,
        view: &View,
        state: &mut Settling,
    ) -> Result<BTreeMap<ChannelId, Balance>> {
        let soon = view.block().number.saturating_add(SOON);
        let mut left = BTreeMap::new();
        for (id, fees) in self.book(|book| book.fees()).await {
            let account = self.owed(id).await;
            let amount = match (view.channel(id).await?, account) {
                (Some(channel), Some(account))
                    if channel.operator == self.account
                        && account.voucher.voucher.expires >= soon
                        && voucher::holds(
                            &account.voucher,
                            &channel,
                            &self.link.genesis(),
                            soon,
                        )
                        && account.voucher.voucher.cumulative <= channel.deposit =>
                {
                    account.voucher.voucher.cumulative.saturating_sub(channel.claimed)
                }
                _ => 0,
            };
            if amount >= fees {
                state.short.remove(&id);
            } else if state.short.insert(id) {
                tracing::warn!(
                    channel = id,
                    owed = %fees,
                    left = %amount,
                    "this channel cannot pay what it owes: closed, or its voucher or the key that signed it has ended"
                );
            }
            left.insert(id, amount);
        }
        Ok(left)
    }

    /// Submits a batch that is in the journal, and waits until a block has it.
    async fn submit(
        &self,
        chain: &Chain,
        batch: &Batch,
        state: &mut Settling,
    ) -> Result<Option<Settled>> {
        let claims: Vec<Claim> = batch
            .claims
            .iter()
            .map(|claim| Claim { voucher: claim.voucher.clone(), amount: claim.amount })
            .collect();
        let count = batch.receipts.len() as u32;
        let Batch { model, version, receipts_root, content, total_fee, .. } = *batch;
        let call =
            call::settle(model, version, &claims, &receipts_root, &content, count, total_fee);
        let calls = std::slice::from_ref(&call);
        let submitted = chain.submit(&self.operator, calls, Wait::InBlock);
        let included = match tokio::time::timeout(WATCH, submitted).await {
            Err(_) => return Err(Error::NotSeen { model }),
            Ok(Err(error)) => {
                if let ChainError::Refused { name, .. } = &error {
                    // The state that has it already is read when it is looked at again.
                    if name.ends_with("::AlreadyExists") {
                        return Ok(None);
                    }
                    // That it was settled by another operator in the same block passes.
                    if !name.ends_with("::TooMany") {
                        state.impatient.insert((model, version), Instant::now());
                    }
                    let best = chain.best().await?.number;
                    state.refused.insert(receipts_root, best);
                }
                return Err(error.into());
            }
            Ok(Ok(included)) => included,
        };
        state.impatient.remove(&(model, version));
        self.metrics.settlements.inc();
        let mut found = None;
        for included in included {
            let block = included.block.map_or(0, |block| block.number);
            for SettledEvent { settlement } in included.events("Payments", "Settled")? {
                tracing::info!(settlement, model, count, block, "settled");
                found = Some(Settled {
                    settlement,
                    model,
                    version,
                    receipts_root,
                    batch: content,
                    count,
                    total_fee,
                    block,
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;
    use crate::book::{
        tests::{answer, everything},
        Book,
    };

    const UNSEEN: Seen = Seen { last: None, best: false, quiet: true, height: 9, refused: None };

    #[test]
    fn step_should_follow_what_final_state_says() {
        for quiet in [false, true] {
            for refused in [None, Some(3)] {
                let seen = Seen { quiet, refused, ..UNSEEN };
                assert_eq!(step(Seen { last: Some(4), ..seen }), Step::Close(4));
                assert_eq!(step(Seen { best: true, ..seen }), Step::Watch);
            }
        }
        assert_eq!(step(UNSEEN), Step::Submit);
        assert_eq!(step(Seen { quiet: false, ..UNSEEN }), Step::Wait);
        assert_eq!(step(Seen { refused: Some(9), ..UNSEEN }), Step::Dissolve);
        assert_eq!(step(Seen { refused: Some(10), ..UNSEEN }), Step::Wait);
        assert_eq!(step(Seen { quiet: false, refused: Some(3), ..UNSEEN }), Step::Wait);
    }

    /// As much of a chain as settling sees: transactions wait in the pool, get into blocks, and blocks become final or
    /// are undone. A transaction is a batch and its nonce.
    #[derive(Default)]
    struct Fake {
        pool: VecDeque<(u64, Batch)>,
        /// Not final: transactions of one block each, and whether they succeeded.
        blocks: VecDeque<(u64, Batch, bool)>,
        settled: Vec<Batch>,
        nonce: u64,
    }

    impl Fake {
        fn next(&self) -> u64 {
            let used = self.pool.iter().map(|tx| tx.0).chain(self.blocks.iter().map(|tx| tx.0));
            used.max().map_or(self.nonce, |nonce| nonce + 1)
        }

        fn has(&self, root: H256) -> bool {
            self.settled.iter().any(|batch| batch.receipts_root == root)
        }

        fn in_best(&self, root: H256) -> bool {
            self.has(root)
                || self.blocks.iter().any(|(_, batch, ok)| *ok && batch.receipts_root == root)
        }

        fn see(&self, root: H256, refused: Option<BlockNumber>) -> Seen {
            let last = self.has(root).then_some(1);
            let quiet = self.nonce == self.next();
            Seen { last, best: self.in_best(root), quiet, height: 1, refused }
        }

        /// The next transaction gets into a block; returns its root if it is refused there.
        fn include(&mut self, refuse: bool) -> Option<H256> {
            let (nonce, batch) = self.pool.pop_front()?;
            let ok = !refuse && !self.in_best(batch.receipts_root);
            let root = batch.receipts_root;
            self.blocks.push_back((nonce, batch, ok));
            (!ok).then_some(root)
        }

        fn finalise(&mut self) {
            if let Some((nonce, batch, ok)) = self.blocks.pop_front() {
                self.nonce = nonce + 1;
                if ok {
                    self.settled.push(batch);
                }
            }
        }

        /// Blocks are undone: their transactions are in the pool again, or lost.
        fn fork(&mut self, lose: bool) {
            while let Some((nonce, batch, _)) = self.blocks.pop_back() {
                self.pool.push_front((nonce, batch));
            }
            if lose {
                self.pool.clear();
            }
        }
    }

    /// Lets things happen to receipts, then the chain take what it is given, and says what is wrong in the end.
    fn simulate(happens: &[u8], step: fn(Seen) -> Step) -> Result<(), &'static str> {
        let (mut chain, mut book) = (Fake::default(), Book::default());
        let mut refused = BTreeMap::<H256, BlockNumber>::new();
        let (mut owed, mut answers) = (0, 0);
        let calm = std::iter::repeat_n([7, 3, 6], 200).flatten();
        for what in happens.iter().copied().chain(calm) {
            match what {
                0..=2 => {
                    answers += 1;
                    owed += 5;
                    book.apply(answer(1, 7, answers, owed, 5));
                }
                3 => {
                    chain.include(false);
                }
                4 => {
                    if let Some(root) = chain.include(true).filter(|root| !chain.in_best(*root)) {
                        refused.insert(root, 1);
                    }
                }
                5 => chain.fork(answers % 2 == 0),
                6 => chain.finalise(),
                // A restart: what was only remembered is gone.
                8 => refused.clear(),
                _ => {
                    let mut known = true;
                    for open in book.open().to_vec() {
                        let receipts_root = open.batch.receipts_root;
                        let refused = refused.get(&receipts_root).copied();
                        match step(chain.see(receipts_root, refused)) {
                            Step::Close(settlement) => {
                                book.apply(Entry::Settled { receipts_root, settlement });
                            }
                            Step::Watch => {}
                            Step::Wait => known = false,
                            Step::Submit => {
                                chain.pool.push_back((chain.next(), open.batch));
                                known = false;
                            }
                            Step::Dissolve => book.apply(Entry::Dissolved { receipts_root }),
                        }
                    }
                    for open in everything(&book).into_iter().filter(|_| known) {
                        book.apply(Entry::Batch(open.batch.clone()));
                        chain.pool.push_back((chain.next(), open.batch));
                    }
                }
            }
            let mut seen = BTreeSet::new();
            let mut receipts = chain.settled.iter().flat_map(|batch| &batch.receipts);
            if !receipts.all(|id| seen.insert(*id)) {
                return Err("a receipt is settled twice");
            }
        }
        let settled: Balance = chain.settled.iter().map(|batch| batch.total_fee).sum();
        if settled != owed || book.pending() > 0 || !book.open().is_empty() {
            return Err("not everything is settled");
        }
        Ok(())
    }

    proptest! {
        /// Through forks, lost transactions, refusals and restarts.
        #[test]
        fn every_receipt_should_be_settled_exactly_once(
            happens in prop::collection::vec(0u8..12, 1..150),
        ) {
            prop_assert_eq!(simulate(&happens, step), Ok(()));
        }
    }

    /// Two answers are batched and refused; a third comes; a fork brings the transaction back, and it succeeds.
    #[test]
    fn a_receipt_would_be_settled_twice_if_it_were_batched_anew_before_all_is_final() {
        let happens = [0, 0, 7, 4, 0, 5, 7, 3, 3, 6, 6];
        assert_eq!(simulate(&happens, step), Ok(()));
        let hasty = |seen| step(Seen { quiet: true, ..seen });
        assert_eq!(simulate(&happens, hasty), Err("a receipt is settled twice"));
    }
}
