//! What there is to hold a settlement against: its batch, and the artefacts of its model.

use std::path::Path;

use anyhow::{bail, Context as _};
use openledger_chain::{
    account,
    types::{IndexInfo, Kind, ModelVersionInfo, Settlement},
    View,
};
use openledger_factory::{artefacts::fetch_model, fetch_index, AdapterIds, BaseIds};
use openledger_influence::{
    batch::{self, Settlement as Job},
    Index,
};
use openledger_lm::{Model, Tokenizer};
use openledger_primitives::{hashing, receipt::Transcript, ContentId, SettlementId, H256};
use openledger_store::BlobStore;

use crate::commands::records::content_id;

/// A settlement with its batch.
pub struct Batch {
    /// Its id.
    pub id: SettlementId,
    /// As the chain has it.
    pub settlement: Settlement,
    /// The hash of the blob's bytes.
    pub content: ContentId,
    /// Its receipts with their tokens.
    pub transcripts: Vec<Transcript>,
}

impl Batch {
    /// Fetches the batch of a settlement.
    pub async fn fetch(store: &BlobStore, id: SettlementId, settlement: Settlement) -> anyhow::Result<Self> {
        let what = || format!("the batch of settlement {id}");
        let bytes = store.get(&settlement.batch).await.with_context(what)?;
        let transcripts = batch::parse(&bytes).with_context(what)?;
        Ok(Self { id, settlement, content: hashing::content_id(&bytes), transcripts })
    }

    /// What an engine is told of it.
    pub fn job(&self, genesis: H256) -> Job {
        Job {
            genesis,
            settlement: self.id,
            model: self.settlement.model,
            version: self.settlement.version,
            operator: account::bytes(&self.settlement.operator),
            receipts_root: self.settlement.receipts_root,
            count: self.settlement.count,
            total_fee: self.settlement.total_fee,
        }
    }

    /// Where a receipt is in it.
    pub fn position(&self, receipt: &H256) -> Option<usize> {
        self.transcripts.iter().position(|transcript| transcript.signed.receipt.id() == *receipt)
    }
}

/// Receipts, by the settlement that they are in; in the order of settlements.
pub async fn find(view: &View, store: &BlobStore, receipts: &[H256]) -> anyhow::Result<Vec<(Batch, Vec<H256>)>> {
    let mut left: Vec<H256> = receipts.to_vec();
    let (mut found, mut missing) = (Vec::new(), None);
    for (id, settlement) in view.settlements().await? {
        if left.is_empty() {
            break;
        }
        let batch = match Batch::fetch(store, id, settlement).await {
            Ok(batch) => batch,
            // The receipts may be in others.
            Err(error) => {
                missing.get_or_insert(error);
                continue;
            },
        };
        let (within, others): (Vec<H256>, Vec<H256>) =
            left.into_iter().partition(|receipt| batch.position(receipt).is_some());
        left = others;
        if !within.is_empty() {
            found.push((batch, within));
        }
    }
    match (left.first(), missing) {
        (None, _) => Ok(found),
        (Some(receipt), None) => bail!(
            "receipt {receipt:?} is in no settlement on this chain; if its gateway has not settled it yet, `openledger settle` does"
        ),
        (Some(receipt), Some(error)) => Err(error.context(format!(
            "receipt {receipt:?} is in no settlement whose batch could be read"
        ))),
    }
}

/// The model version of a settlement, with its attribution index.
pub struct Artefacts {
    /// Base and adapter.
    pub model: Model,
    /// The base's.
    pub tokenizer: Tokenizer,
    /// The index, whose bytes hash to what the chain says.
    pub index: Index,
    /// As the chain has it.
    pub info: ModelVersionInfo,
    /// The index as the chain has it.
    pub registered: IndexInfo,
}

impl Artefacts {
    /// Fetches what answered the receipts of a settlement.
    pub async fn fetch(
        view: &View,
        store: &BlobStore,
        settlement: &Settlement,
        cache: &Path,
    ) -> anyhow::Result<Self> {
        let (id, version) = (settlement.model, settlement.version);
        let model = view.model(id).await?.with_context(|| format!("model {id} is not on the chain"))?;
        let Kind::Adapter { base, .. } = model.kind else { bail!("model {id} is a base model, not an adapter") };
        let info = view
            .model_version(id, version)
            .await?
            .with_context(|| format!("version {version} of model {id} is not on the chain"))?;
        let registered =
            info.index.with_context(|| format!("version {version} of model {id} has no attribution index"))?;
        let base_model = view.model(base).await?.with_context(|| format!("base model {base} is not on the chain"))?;
        let base = view
            .model_version(base, base_model.latest)
            .await?
            .with_context(|| format!("base model {base} has no version on the chain"))?;
        let base = BaseIds { artefact: base.artefact, config: base.config };
        let adapter = AdapterIds { artefact: info.artefact, config: info.config };
        let (model, tokenizer) = fetch_model(store, &base, &adapter, cache).await?;
        let index = fetch_index(store, &registered.content).await?;
        Ok(Self { model, tokenizer, index, info, registered })
    }
}

/// Reads what names a receipt: 0x and its id, or a file with a receipt in JSON.
pub fn receipt_id(text: &str) -> anyhow::Result<H256> {
    if let Some(id) = content_id(text) {
        return Ok(id);
    }
    let expected = || format!("{text:?} names no receipt: expected 0x and 64 hexadecimal digits, or a file with a receipt in JSON");
    let bytes = std::fs::read(text).with_context(expected)?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).with_context(expected)?;
    let receipt = json.get("receipt").unwrap_or(&json).clone();
    let receipt: openledger_primitives::receipt::Receipt =
        serde_json::from_value(receipt).with_context(expected)?;
    Ok(receipt.id())
}
