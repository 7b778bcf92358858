use anyhow::{bail, Context as _};
use clap::Args;
use codec::Encode;
use openledger_artefacts::{fetch_index, Cache};
use openledger_chain::{call, AccountId, View};
use openledger_influence::{prover::Prover, Index, JobReport};
use openledger_primitives::{
    attribution::Attribution,
    fraud::{check, Accused, Fraud, ScoreProof},
    receipt::Receipt,
    SettlementId, H256,
};
use openledger_store::BlobStore;
use serde_json::json;

use crate::{
    context::Context,
    evidence::{Batch, Case},
    output::{count, place, tx, Output},
    parse,
};

/// The most bytes of a report, or of the work on one receipt.
const MAX_PUBLISHED: u64 = 4 << 30;

#[derive(Args)]
#[command(
    after_help = "Takes every step after the queries again, from what the attributor published. Needs no model."
)]
pub struct Options {
    /// The settlement
    settlement: SettlementId,
    /// Whose result
    #[arg(long, value_name = "ACCOUNT", value_parser = parse::account)]
    attributor: AccountId,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let Options { settlement, attributor } = options;
    let (sender, store) = (context.sender().await?, context.store()?);
    let view = sender.chain.now().await?;
    let (cache, genesis) = (context.cache()?, sender.chain.genesis());
    let found = find(&view, &store, &cache, settlement, &attributor, genesis).await?;
    let Some(fraud) = found else {
        let json = json!({
            "settlement": settlement, "attributor": attributor, "fraud": null, "bytes": null, "tx": null,
        });
        let words = format!(
            "Every step of {attributor}'s work on settlement {settlement} is right, from its queries to its shares. \
             Whether the queries are is for a committee to judge: `openledger audit` computes them again."
        );
        return Ok(Output::new(json, words));
    };
    let (kind, bytes) = (fraud.name(), fraud.encoded_size());
    let included = sender.send_one(call::prove_fraud(settlement, &attributor, &fraud)).await?;
    let json = json!({
        "settlement": settlement,
        "attributor": attributor,
        "fraud": kind,
        "bytes": bytes,
        "tx": tx(&included),
    });
    let words = format!(
        "{attributor}'s work on settlement {settlement} is wrong: {}. The proof has {}; it is {}.",
        words(&fraud),
        count(bytes as u128, "byte"),
        place(&[included])
    );
    Ok(Output::new(json, words))
}

/// The first wrong step of what an attributor published, as the chain takes it.
async fn find(
    view: &View,
    store: &BlobStore,
    cache: &Cache,
    id: SettlementId,
    attributor: &AccountId,
    genesis: H256,
) -> anyhow::Result<Option<Fraud>> {
    let settlement =
        view.settlement(id).await?.with_context(|| format!("there is no settlement {id}"))?;
    let attribution: Attribution = view.reveal(id, attributor).await?.with_context(|| {
        format!(
            "the chain has no result of {attributor} for settlement {id}: none yet, or no longer"
        )
    })?;
    let batch = Batch::fetch(store, id, settlement).await?;
    let case = Case::open(view, &batch, genesis).await?;
    let index = fetch_index(store, &case.job.index.content, cache).await.context("the index")?;
    let index = Index::open(&index).context("the index")?;
    let receipts: Vec<Receipt> =
        batch.transcripts.iter().map(|transcript| transcript.signed.receipt.clone()).collect();
    let accused = Accused {
        attribution: &attribution,
        contributions: &case.job.contributions,
        variants: case.job.index.variants,
        blocks: case.job.index.blocks,
        index_root: case.job.index.root,
        receipts_root: case.job.receipts_root,
        receipts: case.job.count,
        floor: case.job.floor,
        trace: case.job.index.trace.map_or(0, |_| case.job.trace),
    };
    let mut prover = Prover::new(accused, &index, &receipts)?;
    let published = || {
        format!(
            "{attributor} does not publish the work that it committed to, so nothing of it can be proven; \
             `openledger audit` says whether the result differs, and a challenge has it computed again"
        )
    };
    let report = store.get(&attribution.report, MAX_PUBLISHED).await.with_context(published)?;
    let report: JobReport = serde_json::from_slice(&report).with_context(published)?;
    for receipt in &report.receipts {
        let work = store.get(&receipt.work, MAX_PUBLISHED).await.with_context(published)?;
        prover.add(&work).with_context(published)?;
    }
    let fraud = prover.finish().with_context(published)?;
    if let Some(Err(reason)) = fraud.as_ref().map(|fraud| check(&accused, fraud)) {
        bail!("the chain would not take the proof that was found: {reason:?}");
    }
    Ok(fraud)
}

fn words(fraud: &Fraud) -> String {
    match fraud {
        Fraud::Partial { step, score, partial, .. } => format!(
            "the partial sum of block {} of contribution {}, variant {}, for receipt {}",
            partial.block, score.contribution, score.variant, step.receipt
        ),
        Fraud::Score { step, score, .. } => {
            let ScoreProof { contribution, variant, .. } = score;
            let receipt = step.receipt;
            format!("the score of contribution {contribution}, variant {variant}, for receipt {receipt}")
        }
        Fraud::Step { step, .. } => format!("the running sums after receipt {}", step.receipt),
        Fraud::Fee { step, .. } => format!("the fee of receipt {}", step.receipt),
        Fraud::Shares { .. } => "the shares do not follow from its running sums".into(),
    }
}
