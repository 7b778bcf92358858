//! What there is to hold a settlement against: its batch, and the artefacts of its model.

use std::sync::Arc;

use anyhow::{bail, Context as _};
use openledger_artefacts::{fetch_base, AdapterIds, BaseIds, Cache, IndexIds};
use openledger_chain::{
    account,
    types::{Kind, ModelVersionInfo, Settlement},
    View,
};
use openledger_engine::{Artefacts, Job, Library};
use openledger_factory::Renderer;
use openledger_influence::{batch, JobReport};
use openledger_lm::Config;
use openledger_primitives::{
    hashing, receipt::Receipt, receipt::Transcript, ContentId, SettlementId, H256,
};
use openledger_store::BlobStore;

use crate::{files, parse};

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
    pub async fn fetch(
        store: &BlobStore,
        id: SettlementId,
        settlement: Settlement,
    ) -> anyhow::Result<Self> {
        let what = || format!("the batch of settlement {id}");
        let bytes =
            store.get(&settlement.batch, openledger_engine::MAX_BATCH).await.with_context(what)?;
        let transcripts = batch::parse(&bytes).with_context(what)?;
        Ok(Self { id, settlement, content: hashing::content_id(&bytes), transcripts })
    }

    /// A receipt of it, and where it is.
    pub fn find(&self, receipt: &H256) -> Option<(usize, &Transcript)> {
        let is_it =
            |(_, transcript): &(usize, &Transcript)| transcript.signed.receipt.id() == *receipt;
        self.transcripts.iter().enumerate().find(is_it)
    }
}

/// Receipts, by the settlement that they are in; in the order of settlements.
pub async fn find(
    view: &View,
    store: &BlobStore,
    receipts: &[H256],
) -> anyhow::Result<Vec<(Batch, Vec<H256>)>> {
    let mut left: Vec<H256> = receipts.to_vec();
    left.sort_unstable();
    left.dedup();
    let (mut found, mut unread) = (Vec::new(), None);
    for (id, settlement) in view.settlements().await? {
        if left.is_empty() {
            break;
        }
        let batch = match Batch::fetch(store, id, settlement).await {
            Ok(batch) => batch,
            // The receipts may be in others.
            Err(error) => {
                unread.get_or_insert(error);
                continue;
            }
        };
        let (within, others): (Vec<H256>, Vec<H256>) =
            left.into_iter().partition(|receipt| batch.find(receipt).is_some());
        left = others;
        if !within.is_empty() {
            found.push((batch, within));
        }
    }
    match (left.first(), unread) {
        (None, _) => Ok(found),
        (Some(receipt), None) => bail!(
            "receipt {receipt:?} is in no settlement on this chain; if its gateway still has it, \
             `openledger settle` settles it"
        ),
        (Some(receipt), Some(error)) => Err(error
            .context(format!("receipt {receipt:?} is in no settlement whose batch could be read"))),
    }
}

/// A settlement as an engine is told of it.
pub struct Case {
    /// What the chain says.
    pub job: Job,
    /// The version of the model, as the chain has it.
    pub info: ModelVersionInfo,
}

impl Case {
    /// Gathers what the chain says of a settlement's model.
    pub async fn open(view: &View, batch: &Batch, genesis: H256) -> anyhow::Result<Self> {
        let Settlement { model: id, version, .. } = batch.settlement;
        let gone = || format!("version {version} of model {id} is not on the chain");
        let model = view.model(id).await?.with_context(gone)?;
        let info = view.model_version(id, version).await?.with_context(gone)?;
        let Kind::Adapter { base, .. } = model.kind else {
            bail!("model {id} is a base model, not an adapter");
        };
        let base = view
            .base_version(base, info.registered)
            .await?
            .with_context(|| format!("the base of model {id} is not on the chain"))?;
        let index =
            info.index.with_context(|| format!("{}, or has no attribution index", gone()))?;
        let mut contributions = Vec::new();
        for (datanet, number) in &info.trained_on {
            let version = view.version(*datanet, *number).await?.with_context(|| {
                format!("version {number} of datanet {datanet} is not on the chain")
            })?;
            contributions.extend(version.contributions);
        }
        contributions.sort_unstable();
        contributions.dedup();
        let settlement = &batch.settlement;
        let job = Job {
            genesis,
            settlement: batch.id,
            attempt: settlement.attempt,
            model: id,
            version,
            receipts_root: settlement.receipts_root,
            batch: settlement.batch,
            count: settlement.count,
            total_fee: settlement.total_fee,
            operator: account::bytes(&settlement.operator),
            base: BaseIds { artefact: base.artefact, config: base.config },
            adapter: AdapterIds { artefact: info.artefact, config: info.config },
            index: IndexIds {
                content: index.content,
                root: index.root,
                method: index.method,
                blocks: index.blocks,
                variants: index.variants,
                trace: index.trace,
            },
            contributions,
            floor: settlement.parameters.floor,
            trace: settlement.parameters.trace,
        };
        Ok(Self { job, info })
    }

    /// Computes the settlement again, as its attributors' engines did.
    pub async fn compute(
        &self,
        library: &mut Library,
        batch: &Batch,
    ) -> anyhow::Result<(Arc<Artefacts>, Result<JobReport, openledger_engine::Error>)> {
        let artefacts = library.load(&self.job).await?;
        let (job, own, transcripts) =
            (self.job.clone(), artefacts.clone(), batch.transcripts.clone());
        let computed = tokio::task::spawn_blocking(move || {
            openledger_engine::attribute(&job, &own, &transcripts, |_| {})
        });
        Ok((artefacts, computed.await?))
    }

    /// What renders records for the model, into sequences of at most so many tokens.
    pub async fn renderer(
        &self,
        store: &BlobStore,
        cache: &Cache,
        length: usize,
    ) -> anyhow::Result<Renderer> {
        let folder = fetch_base(store, &self.job.base, cache).await?;
        let config = Config::load(&folder)?;
        Ok(Renderer::load(&folder, &config, length)?)
    }
}

/// Reads what names a receipt: 0x and its id, or a file with a receipt in JSON.
pub fn receipt_id(text: &str) -> anyhow::Result<H256> {
    if let Some(id) = parse::hash(text) {
        return Ok(id);
    }
    let expected = || {
        format!(
            "{text:?} names no receipt: expected 0x and 64 hexadecimal digits, or a file with a receipt in \
             JSON"
        )
    };
    let bytes = files::read(text.as_ref()).with_context(expected)?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).with_context(expected)?;
    // Alone, or in what `ask --json` printed.
    let receipt = json.get("receipt").unwrap_or(&json).clone();
    let receipt: Receipt = serde_json::from_value(receipt).with_context(expected)?;
    Ok(receipt.id())
}
