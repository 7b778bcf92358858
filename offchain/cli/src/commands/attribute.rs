mod explain;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use openledger_attribution_lab::baseline::Bm25;
use openledger_engine::{memory, Library};
use openledger_influence::report::ReceiptReport;
use openledger_lm::Device;
use openledger_primitives::{shares::ShareVector, ContributionId, H256};
use serde_json::{json, Value};

use crate::{
    context::Context,
    evidence::{find, receipt_id, Batch, Case},
    output::Output,
    views::{
        model::contributions,
        settlement::{labels, receipt_shares, shares},
    },
};

#[derive(Args)]
#[command(after_help = "Receipts must be settled: `openledger settlement receipts ID` lists them.")]
pub struct Options {
    /// Receipts' ids, or files with receipts in JSON
    #[arg(required = true, value_name = "RECEIPT")]
    receipts: Vec<String>,
    /// As the chain pays, or by word overlap over the same records
    #[arg(long, value_enum, default_value = "influence")]
    method: Method,
    /// Of this contribution, show the records that its influence on each answer comes from: minutes of computing
    #[arg(long, value_name = "CONTRIBUTION", conflicts_with = "method")]
    explain: Option<ContributionId>,
    /// How many records to show
    #[arg(long, value_name = "N", default_value_t = 5, requires = "explain")]
    records: usize,
    /// The most records that the model was trained on, as `model train` was told; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0, requires = "explain")]
    records_cap: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Influence,
    Bm25,
}

/// What one receipt's answer is attributed to.
struct Attributed {
    receipt: H256,
    shares: ShareVector,
    /// Of each contribution, one for each variant.
    scores: Vec<(ContributionId, Vec<String>)>,
    /// More of it, where the chain pays by it.
    report: Option<ReceiptReport>,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let receipts =
        options.receipts.iter().map(|text| receipt_id(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let (chain, store, cache) = (context.chain().await?, context.store()?, context.cache()?);
    let view = chain.now().await?;
    let labels = labels(&view).await?;
    let mut library =
        Library::new(store.clone(), cache.clone(), Device::Cpu, memory::of_this_machine());
    let mut list = Vec::<(usize, Value, String)>::new();
    for (batch, wanted) in find(&view, &store, &receipts).await? {
        let case = Case::open(&view, &batch, chain.genesis()).await?;
        let (method, attributed) = match options.method {
            Method::Influence => ("influence", influence(&case, &mut library, &batch).await?),
            Method::Bm25 => {
                let records = contributions(&view, &store, &case.info.trained_on).await?;
                let records: Vec<(ContributionId, String)> = records
                    .iter()
                    .flat_map(|(id, records)| records.iter().map(|record| (*id, record.text())))
                    .collect();
                let renderer = case.renderer(&store, &cache, usize::MAX).await?;
                let decode = |ids: &[u32]| renderer.tokenizer().decode(ids);
                ("bm25", bm25(&batch, &wanted, &Bm25::new(&records), decode)?)
            }
        };
        let explained = match options.explain {
            Some(contribution) => {
                let what = (contribution, options.records_cap);
                let found =
                    explain::records(&case, &mut library, &batch, &wanted, context, what).await?;
                Some((contribution, found))
            }
            None => None,
        };
        for Attributed { receipt, shares: found, scores, report } in attributed {
            let Some(at) = receipts.iter().position(|asked| *asked == receipt) else { continue };
            let top = explained.as_ref().and_then(|(contribution, found)| {
                let records = found.get(&receipt)?;
                Some((*contribution, &records[..records.len().min(options.records)]))
            });
            let mut words = format!(
                "Receipt {receipt:?}, of model {} in settlement {}, by {method}:\n\n{}\n",
                batch.settlement.model,
                batch.id,
                match &report {
                    Some(report) => receipt_shares(report, &labels),
                    None => shares(&found, &labels),
                }
            );
            if let Some((contribution, records)) = top {
                words.push_str(&explain::words(contribution, records));
            }
            let json = json!({
                "receipt_id": receipt,
                "settlement": batch.id,
                "model": batch.settlement.model,
                "version": batch.settlement.version,
                "method": method,
                "shares": found,
                "scores": scores,
                "intervals": report.as_ref().map(|report| &report.intervals),
                "trace": report.as_ref().map(|report| &report.trace),
                "records": top.map(|(_, records)| records),
            });
            list.push((at, json, words));
        }
    }
    // In the order in which they were asked for.
    list.sort_by_key(|(at, ..)| *at);
    let words: String = list.iter().map(|(_, _, words)| words.as_str()).collect();
    let list: Vec<Value> = list.into_iter().map(|(_, json, _)| json).collect();
    Ok(Output::new(json!({"receipts": list}), words))
}

async fn influence(
    case: &Case,
    library: &mut Library,
    batch: &Batch,
) -> anyhow::Result<Vec<Attributed>> {
    let (_, report) = case.compute(library, batch).await?;
    let report = report.with_context(|| format!("settlement {}", batch.id))?;
    let attributed = report.receipts.into_iter().map(|receipt| Attributed {
        receipt: receipt.receipt_id,
        shares: receipt.shares.clone(),
        scores: receipt
            .scores
            .iter()
            .map(|(id, own)| (*id, own.iter().map(ToString::to_string).collect()))
            .collect(),
        report: Some(receipt),
    });
    Ok(attributed.collect())
}

fn bm25(
    batch: &Batch,
    wanted: &[H256],
    index: &Bm25,
    decode: impl Fn(&[u32]) -> openledger_lm::Result<String>,
) -> anyhow::Result<Vec<Attributed>> {
    let mut attributed = Vec::new();
    for receipt in wanted {
        let Some((_, transcript)) = batch.find(receipt) else { continue };
        // What the answer was made from and what it says: both are known when it is attributed.
        let ids = [transcript.prompt_ids.as_slice(), &transcript.output_ids].concat();
        let scores = index.scores(&decode(&ids)?);
        // Millionths: BM25's scores are below some hundreds.
        let weights = scores.iter().map(|(id, score)| (*id, (f64::from(*score) * 1e6) as u128));
        attributed.push(Attributed {
            receipt: *receipt,
            shares: ShareVector::from_weights(weights, 0),
            scores: scores.iter().map(|(id, score)| (*id, vec![score.to_string()])).collect(),
            report: None,
        });
    }
    Ok(attributed)
}
