use anyhow::Context as _;
use clap::{Args, ValueEnum};
use openledger_influence::{attribute, baseline::Bm25};
use openledger_primitives::{shares::ShareVector, ContributionId, H256};
use serde_json::{json, Value};

use super::model::contributions;
use crate::{
    context::Context,
    evidence::{find, receipt_id, Artefacts, Batch},
    output::{table, Output},
};

#[derive(Args)]
pub struct Options {
    /// Receipts' ids, or files with receipts in JSON
    #[arg(required = true)]
    receipts: Vec<String>,
    /// How to attribute
    #[arg(long, value_enum, default_value = "influence")]
    method: Method,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    /// As the chain pays
    Influence,
    /// By word overlap with the same records, for comparison
    Bm25,
}

/// What one receipt's answer is attributed to.
struct Attributed {
    receipt: H256,
    shares: ShareVector,
    scores: Vec<(ContributionId, String)>,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let receipts = options.receipts.iter().map(|text| receipt_id(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let (chain, store) = (context.chain().await?, context.store()?);
    let view = chain.now().await?;
    let (mut list, mut words) = (Vec::<Value>::new(), String::new());
    for (batch, wanted) in find(&view, &store, &receipts).await? {
        let artefacts = Artefacts::fetch(&view, &store, &batch.settlement, &context.cache()?).await?;
        let (name, attributed) = match options.method {
            Method::Influence => ("influence", influence(&batch, &wanted, artefacts, chain.genesis()).await?),
            Method::Bm25 => {
                let records = contributions(&view, &store, &artefacts.info.trained_on).await?;
                let records: Vec<(ContributionId, String)> = records
                    .iter()
                    .flat_map(|(id, records)| records.iter().map(|record| (*id, record.text())))
                    .collect();
                ("bm25", bm25(&batch, &wanted, &artefacts, &Bm25::new(&records))?)
            },
        };
        for Attributed { receipt, shares, scores } in attributed {
            let mut rows: Vec<_> = shares.shares().iter().collect();
            rows.sort_by_key(|share| std::cmp::Reverse(share.ppm));
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|share| vec![share.contribution.to_string(), format!("{:.2} %", f64::from(share.ppm) / 1e4)])
                .collect();
            words.push_str(&format!("{receipt:?}\n{}\n", table(&["contribution", name], &rows)));
            list.push(json!({
                "receipt_id": receipt,
                "settlement": batch.id,
                "model": batch.settlement.model,
                "version": batch.settlement.version,
                "method": name,
                "shares": shares,
                "scores": scores,
            }));
        }
    }
    // In the order in which they were asked for.
    list.sort_by_key(|found| {
        receipts.iter().position(|receipt| found["receipt_id"].as_str() == Some(&format!("{receipt:?}")))
    });
    Ok(Output::new(json!({"receipts": list}), words))
}

async fn influence(
    batch: &Batch,
    wanted: &[H256],
    artefacts: Artefacts,
    genesis: H256,
) -> anyhow::Result<Vec<Attributed>> {
    let (job, transcripts) = (batch.job(genesis), batch.transcripts.clone());
    let floor = batch.settlement.parameters.floor;
    let report = tokio::task::spawn_blocking(move || {
        attribute(&artefacts.model, &artefacts.index, &job, &transcripts, floor)
    })
    .await??;
    let wanted = report.receipts.into_iter().filter(|receipt| wanted.contains(&receipt.receipt_id));
    Ok(wanted
        .map(|receipt| Attributed {
            receipt: receipt.receipt_id,
            shares: receipt.shares,
            scores: receipt.scores.into_iter().map(|(id, score)| (id, score.to_string())).collect(),
        })
        .collect())
}

fn bm25(batch: &Batch, wanted: &[H256], artefacts: &Artefacts, index: &Bm25) -> anyhow::Result<Vec<Attributed>> {
    let mut attributed = Vec::new();
    for receipt in wanted {
        let transcript = batch
            .position(receipt)
            .and_then(|at| batch.transcripts.get(at))
            .with_context(|| format!("receipt {receipt:?} is not in the batch"))?;
        // What the answer was made from and what it says: both are known when it is attributed.
        let ids = [transcript.prompt_ids.as_slice(), &transcript.output_ids].concat();
        let scores = index.scores(&artefacts.tokenizer.decode(&ids)?);
        // Millionths: BM25's scores are below some hundreds.
        let weights = scores.iter().map(|(id, score)| (*id, (f64::from(*score) * 1e6) as u128));
        attributed.push(Attributed {
            receipt: *receipt,
            shares: ShareVector::from_weights(weights, 0),
            scores: scores.iter().map(|(id, score)| (*id, score.to_string())).collect(),
        });
    }
    Ok(attributed)
}
