//! Receipts to settlements.
//!
//! A batch is in the journal before it is submitted, and the chain takes each receipts root once: whenever the gateway
//! stops, what the chain has of the open batches says where to go on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use openledger_chain::{
    call::{self, Claim},
    scale_decode::{self, DecodeAsType},
    Error as ChainError, Wait,
};
use openledger_primitives::{
    reads::decimal, Balance, BlockNumber, ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use serde::{Deserialize, Serialize};

use crate::{
    book::{Batch, Entry, OpenBatch},
    gateway::{now, Gateway},
    Result,
};

/// How often the gateway looks whether something is due or final.
const TICK: Duration = Duration::from_secs(3);
/// How long it waits by itself after the chain refused a batch: each refusal costs a fee.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it tries again when the model was settled in the same block.
const ATTEMPTS: u32 = 5;

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

impl Gateway {
    /// Settles what is due, again and again.
    pub async fn keep_settling(self: Arc<Self>) {
        loop {
            let _ = tokio::time::timeout(TICK, self.bell.notified()).await;
            if let Err(error) = self.settle(false).await {
                tracing::warn!(%error, "not settled; trying again");
                tokio::time::sleep(TICK).await;
            }
        }
    }

    /// Settles what is due, or with `everything` all receipts there are. Returns what got into a block now.
    ///
    /// # Errors
    /// If the chain or the store does not answer, or the chain refuses a batch. Nothing is lost: it is tried again.
    pub async fn settle(&self, everything: bool) -> Result<Vec<Settled>> {
        let mut refused = self.settling.lock().await;
        let mut settled = Vec::new();
        if self.book(|book| book.pending() == 0 && book.open().is_empty()).await {
            return Ok(settled);
        }
        self.resume(&mut settled, &mut refused).await?;
        if !everything && refused.is_some_and(|at| at.elapsed() < PATIENCE) {
            return Ok(settled);
        }
        let (every, after) =
            (self.settings.settle_every, self.settings.settle_after.as_millis() as u64);
        let due = |count: usize, oldest: u64| {
            everything || count >= every || now().saturating_sub(oldest) >= after
        };
        for open in self.book(|book| book.due(due)).await {
            self.store.put(open.blob()).await?;
            self.record(Entry::Batch(open.batch.clone())).await?;
            settled.extend(self.submit(&open.batch, &mut refused).await?);
        }
        Ok(settled)
    }

    /// Goes on with the batches of which the journal does not know that they are settled.
    async fn resume(
        &self,
        settled: &mut Vec<Settled>,
        refused: &mut Option<Instant>,
    ) -> Result<()> {
        let open: Vec<OpenBatch> = self.book(|book| book.open().to_vec()).await;
        if open.is_empty() {
            return Ok(());
        }
        let (chain, best) = self.link.now().await?;
        let last = chain.at(chain.finalized().await?).await?;
        for batch in open {
            let receipts_root = batch.batch.receipts_root;
            if let Some(settlement) = last.settlement_of(&self.account, &receipts_root).await? {
                self.record(Entry::Settled { receipts_root, settlement }).await?;
            } else if best.settlement_of(&self.account, &receipts_root).await?.is_none() {
                self.store.put(batch.blob()).await?;
                settled.extend(self.submit(&batch.batch, refused).await?);
            }
        }
        Ok(())
    }

    async fn submit(
        &self,
        batch: &Batch,
        refused: &mut Option<Instant>,
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
        let mut attempt = 0;
        let included = loop {
            attempt += 1;
            let (chain, _) = self.link.now().await?;
            match chain.submit(&self.operator, std::slice::from_ref(&call), Wait::InBlock).await {
                Ok(included) => break included,
                Err(ChainError::Refused { name, .. }) if name.ends_with("::AlreadyExists") => {
                    return Ok(None);
                }
                Err(ChainError::Refused { name, .. })
                    if name.ends_with("::TooMany") && attempt < ATTEMPTS =>
                {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(error @ ChainError::Refused { .. }) => {
                    *refused = Some(Instant::now());
                    self.record(Entry::Dissolved { receipts_root }).await?;
                    return Err(error.into());
                }
                // Whether the transaction is on its way is not known: the batch stays open.
                Err(error) => return Err(error.into()),
            }
        };
        *refused = None;
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
