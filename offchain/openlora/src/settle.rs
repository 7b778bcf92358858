//! Receipts to settlements.
//!
//! A batch is written to the ledger before it is submitted. The chain takes each receipts root once, and what became of
//! a batch is read from the chain alone. If the chain does not have it, it is submitted again; if it was refused, it is
//! dissolved. Both wait until final state shows that no transaction of the operator is pending. So no receipt is settled
//! twice, wherever the gateway, the node or a fork ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use openledger_chain::{
    call::{self, Call, Claim},
    scale_decode::{self, DecodeAsType},
    Chain, Error as ChainError, View, Wait,
};
use openledger_primitives::{
    json::decimal, score, Balance, BlockNumber, ChannelId, ContentId, ModelId, ModelVersion,
    SettlementId, H256,
};
use serde::{Deserialize, Serialize};

use crate::{
    advance::Unfinished,
    gateway::{now, Gateway},
    ledger::{
        book::{Batch, Entry, Group, Number, Open, Version, Waiting},
        draft::{Draft, Limits, Put, Tender},
    },
    margin::{self, PATIENCE},
    voucher, Error, Result,
};

/// How often the gateway looks whether something is due or final.
const TICK: Duration = Duration::from_secs(3);
/// How often it looks after channels that end.
const SWEEP: Duration = Duration::from_secs(10);
/// How long receipts that are not worth a transaction wait until that is reckoned anew.
const RECKON: Duration = Duration::from_secs(60);
/// The most batches of one model version that are settled one after the other.
const BATCHES: usize = 16;
/// The most tokens of prompts and answers in a batch: engines compute a gradient over all of them, in the time of a
/// committee.
const TOKENS: u64 = 1 << 17;
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
    /// When the chain last refused a model version, or it could not be settled.
    impatient: BTreeMap<Version, Instant>,
    /// When the receipts of a model version were last not worth a transaction, or none could be paid.
    unworthy: BTreeMap<Version, Instant>,
    /// Since when the oldest receipt of a model version waits, by a clock that is never set back.
    since: BTreeMap<Version, (Number, Instant)>,
    /// Channels that cannot pay what they owe, and were spoken of.
    pub(crate) short: BTreeSet<ChannelId>,
    /// Channels that are being closed, or whose signer changed, and the last block in which they can be claimed from.
    pub(crate) leaving: BTreeMap<ChannelId, BlockNumber>,
    /// Where the sweep goes on, and when it was there last.
    pub(crate) sweep: Option<(ChannelId, Instant)>,
    pub(crate) unfinished: Unfinished,
}

impl Settling {
    /// How long the oldest receipt of a model version has been seen to wait.
    fn waited(&mut self, version: Version, oldest: Number) -> Duration {
        let since = self.since.entry(version).or_insert_with(|| (oldest, Instant::now()));
        if since.0 != oldest {
            *since = (oldest, Instant::now());
        }
        since.1.elapsed()
    }
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
            if let Err(error) = self.sweep(SWEEP).await {
                tracing::warn!(%error, "channels that end are looked at later");
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
        if self.book(|book| book.pending() == 0) {
            return Ok(settled);
        }
        let (chain, view) = self.link.now().await?;
        let mut refused = None;
        for (version, urgent) in self.due(&mut state, view.block().number, everything) {
            // Before the end, all that is worth more than its transaction: what is not, payers could have settled by
            // opening and closing channels, at the operator's cost.
            let worth = match (everything, urgent) {
                (true, _) => 0,
                (false, true) => self.settings.settle_worth.min(1),
                (false, false) => self.settings.settle_worth,
            };
            match self.settle_version(&chain, version, worth, &mut state, &mut settled).await {
                Ok(()) => {}
                // That one model is refused says nothing of others.
                Err(error @ Error::Chain(ChainError::Refused { .. })) => {
                    refused = refused.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(settled), Err)
    }

    /// The model versions to settle now, and whether something of theirs must be claimed soon.
    fn due(
        &self,
        state: &mut Settling,
        best: BlockNumber,
        everything: bool,
    ) -> Vec<(Version, bool)> {
        let soon = best.saturating_add(margin::claiming(self.link.block_time()));
        let mut ending = self.book(|book| book.ending(best, soon));
        let leaving = state.leaving.iter().filter(|(_, last)| (best..=soon).contains(last));
        ending.extend(leaving.map(|(channel, _)| *channel));
        let groups: Vec<_> = self.book(|book| {
            let group = |(version, group): (&Version, &Group)| {
                let (number, oldest) = group.oldest()?;
                let ends = |(_, waiting): (Number, &Waiting)| ending.contains(&waiting.channel);
                let urgent = !ending.is_empty() && group.iter().any(ends);
                Some((*version, group.count(), number, oldest.issued_at, urgent))
            };
            book.groups().iter().filter_map(group).collect()
        });
        state.since.retain(|version, _| groups.iter().any(|(known, ..)| known == version));
        let mut due = Vec::new();
        for (version, count, oldest, issued_at, urgent) in groups {
            // By the clock on the wall, which counts on while the gateway is down; or by one that nobody sets back.
            let age = Duration::from_millis(now().saturating_sub(issued_at));
            let old = state.waited(version, oldest).max(age) >= self.settings.settle_after;
            let ready = count >= self.settings.settle_every || old;
            let resting = |since: &BTreeMap<Version, Instant>, rest| {
                since.get(&version).is_some_and(|since| since.elapsed() < rest)
            };
            let patient = !resting(&state.impatient, PATIENCE);
            let worthy = !resting(&state.unworthy, RECKON);
            if everything || patient && worthy && (urgent || ready) {
                due.push((version, urgent));
            }
        }
        due
    }

    /// Settles the receipts of a model version, in batches one after the other, as long as a batch's fees are `worth`
    /// times what its transaction costs.
    async fn settle_version(
        &self,
        chain: &Chain,
        version: Version,
        worth: u32,
        state: &mut Settling,
        settled: &mut Vec<Settled>,
    ) -> Result<()> {
        for _ in 0..BATCHES {
            let view = chain.now().await?;
            let Some(limits) = limits(&view, version).await? else {
                tracing::warn!(
                    model = version.0,
                    version = version.1,
                    "its receipts cannot be settled: it is deprecated, or has no attribution index"
                );
                state.impatient.insert(version, Instant::now());
                return Ok(());
            };
            let Some((batch, blob)) = self.draft(&view, version, limits, state).await? else {
                state.unworthy.insert(version, Instant::now());
                return Ok(());
            };
            if worth > 0 {
                let cost = chain.fee(&self.operator, &settling(&batch)).await?;
                if batch.total_fee < cost.saturating_mul(worth.into()) {
                    tracing::debug!(model = version.0, fees = %batch.total_fee, %cost, "not worth it yet");
                    state.unworthy.insert(version, Instant::now());
                    return Ok(());
                }
            }
            state.unworthy.remove(&version);
            self.store.put(blob).await?;
            self.record(Entry::Batched(batch.clone())).await?;
            settled.extend(self.submit(chain, &batch, state).await?);
        }
        Ok(())
    }

    /// The next batch of a model version, if there is one: of the receipts that wait longest, of channels that can pay.
    async fn draft(
        &self,
        view: &View,
        version: Version,
        limits: Limits,
        state: &mut Settling,
    ) -> Result<Option<(Batch, Vec<u8>)>> {
        let mut waiting = Vec::new();
        self.book(|book| {
            let group = book.groups().get(&version);
            waiting.extend(group.into_iter().flat_map(Group::iter).map(|(n, w)| (n, *w)));
        });
        let mut draft = Draft::new(limits);
        let mut tenders = BTreeMap::new();
        for (number, receipt) in waiting {
            let id = receipt.channel;
            let tender = match tenders.entry(id) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(unknown) => {
                    let tender = self.tender(view, id).await?;
                    unknown.insert(tender)
                }
            };
            match draft.put(number, &receipt, tender) {
                Put::Taken => drop(state.short.remove(&id)),
                Put::Full => break,
                Put::Short => {
                    if state.short.insert(id) {
                        tracing::warn!(
                            channel = id,
                            left = %tender.left(),
                            "this channel cannot pay what it owes: closed, or its voucher or the key that signed it has ended"
                        );
                    }
                }
            }
        }
        if draft.numbers().is_empty() {
            return Ok(None);
        }
        let answers = self.ledger.answers(draft.numbers().to_vec()).await?;
        Ok(Some(Batch::new(version, &answers, draft.claims(&tenders))))
    }

    /// What can be taken from a channel now.
    async fn tender(&self, view: &View, id: ChannelId) -> Result<Tender> {
        let soon = view.block().number.saturating_add(SOON);
        let found = self.book(|book| Some((book.channel(id).cloned()?, book.batched(id))));
        let (Some(channel), Some((account, batched))) = (view.channel(id).await?, found) else {
            return Ok(Tender::default());
        };
        if channel.operator != self.account {
            return Ok(Tender::default());
        }
        let genesis = self.link.genesis();
        let mut vouchers = account.vouchers;
        vouchers.retain(|kept| voucher::usable(kept, &channel, &genesis, soon));
        // A fork may have taken back what was claimed in a block: it comes again.
        let claimed = channel.claimed.max(account.settled.saturating_add(batched));
        Ok(Tender { claimed, vouchers })
    }

    /// Finds out what became of the batches of which the ledger does not know that they are settled. Returns whether
    /// that is known of all.
    async fn resolve(&self, state: &mut Settling, settled: &mut Vec<Settled>) -> Result<bool> {
        let open: Vec<Open> = self.book(|book| book.open().cloned().collect());
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
                        unfinished.insert(settlement, 0);
                    }
                    state.refused.remove(&receipts_root);
                    self.record(Entry::Settled { receipts_root, settlement, at: now() }).await?;
                }
                Step::Watch => {}
                Step::Wait => known = false,
                Step::Submit => {
                    let Batch { model, version, numbers, claims, .. } = open.batch.clone();
                    let answers = self.ledger.answers(numbers).await?;
                    self.store.put(Batch::new((model, version), &answers, claims).1).await?;
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

    /// Submits a batch that is in the ledger, and waits until a block has it.
    async fn submit(
        &self,
        chain: &Chain,
        batch: &Batch,
        state: &mut Settling,
    ) -> Result<Option<Settled>> {
        let Batch { model, version, receipts_root, content, total_fee, .. } = *batch;
        let count = batch.numbers.len() as u32;
        let call = settling(batch);
        let calls = std::slice::from_ref(&call);
        let included = match chain.submit(&self.operator, calls, Wait::InBlock).await {
            Err(ChainError::NotSeen { .. }) => return Err(Error::NotSeen { model }),
            Err(error) => {
                if let ChainError::Refused { pallet, error, .. } = &error {
                    match (pallet.as_str(), error.as_str()) {
                        // The state that has it already is read when it is looked at again.
                        ("Payments", "AlreadyExists") => return Ok(None),
                        // That it was settled by another operator in the same block passes.
                        ("Payments", "TooMany") => {}
                        _ => drop(state.impatient.insert((model, version), Instant::now())),
                    }
                    let best = chain.best().await?.number;
                    state.refused.insert(receipts_root, best);
                }
                return Err(error.into());
            }
            Ok(included) => included,
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

/// The transaction that settles a batch.
fn settling(batch: &Batch) -> Call {
    let claims: Vec<Claim> = batch
        .claims
        .iter()
        .map(|claim| Claim { voucher: claim.voucher.clone(), amount: claim.amount })
        .collect();
    let Batch { model, version, receipts_root, content, total_fee, .. } = *batch;
    let count = batch.numbers.len() as u32;
    call::settle(model, version, &claims, &receipts_root, &content, count, total_fee)
}

/// How large a batch of a model version may be; nothing where its receipts cannot be settled. An engine's work grows
/// with receipts × blocks × variants, and it refuses more than [`score::MAX_QUERY_BLOCKS`].
async fn limits(view: &View, (model, version): Version) -> Result<Option<Limits>> {
    let deprecated = view.model(model).await?.is_none_or(|model| model.deprecated);
    let info = view.model_version(model, version).await?;
    let Some(index) = info.and_then(|info| info.index).filter(|_| !deprecated) else {
        return Ok(None);
    };
    let most: u32 = view.constant("Payments", "MaxReceipts")?;
    let claims: u32 = view.constant("Payments", "MaxClaims")?;
    Ok(Some(Limits {
        receipts: receipts(index.blocks, index.variants, most),
        claims: claims as usize,
        tokens: TOKENS,
    }))
}

/// The most receipts of a batch.
fn receipts(blocks: u32, variants: u8, most: u32) -> usize {
    score::max_receipts(blocks, variants).clamp(1, most) as usize
}

#[cfg(test)]
mod tests;
