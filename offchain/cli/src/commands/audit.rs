use std::fmt::Display;

use clap::Args;
use openledger_chain::{account, View};
use openledger_influence::{attribute, JobReport};
use openledger_primitives::{
    hashing, merkle,
    reads::Phase,
    shares::ShareVector,
    split::Split,
    ContributionId, H256,
};
use serde::Serialize;
use serde_json::{json, Value};

use crate::{
    context::Context,
    evidence::{find, receipt_id, Artefacts, Batch},
    output::{open, Output},
};

#[derive(Args)]
pub struct Options {
    /// Receipts' ids, or files with receipts in JSON
    #[arg(required = true)]
    receipts: Vec<String>,
}

/// One comparison.
#[derive(Clone, Serialize)]
struct Check {
    name: &'static str,
    expected: String,
    found: String,
    ok: bool,
    /// What was compared, for people.
    #[serde(skip)]
    what: &'static str,
}

impl Check {
    /// Whether two things are equal.
    fn equal(name: &'static str, what: &'static str, expected: impl Display, found: impl Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { name, what, ok: expected == found, expected, found }
    }
}

/// What was recomputed of one settlement.
struct Audited {
    checks: Vec<Check>,
    report: Option<JobReport>,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let receipts = options.receipts.iter().map(|text| receipt_id(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let (chain, store) = (context.chain().await?, context.store()?);
    let view = chain.now().await?;
    let (mut list, mut words, mut all) = (Vec::<Value>::new(), String::new(), true);
    for (batch, wanted) in find(&view, &store, &receipts).await? {
        let artefacts = Artefacts::fetch(&view, &store, &batch.settlement, &context.cache()?).await?;
        let members = members(&view, &artefacts).await?;
        let Audited { checks, report } = settlement(&batch, artefacts, &members, chain.genesis()).await?;
        for receipt in wanted {
            let mut checks: Vec<Check> = checks.clone();
            let shares = report
                .as_ref()
                .and_then(|report| report.receipts.iter().find(|found| found.receipt_id == receipt))
                .map(|found| found.shares.clone());
            drop(checks.splice(1..1, this_receipt(&batch, &receipt)));
            let ok = checks.iter().all(|check| check.ok);
            all &= ok;
            words.push_str(&in_words(&batch, &receipt, &checks, shares.as_ref()));
            list.push(json!({
                "receipt_id": receipt,
                "settlement": batch.id,
                "ok": ok,
                "checks": checks,
                "shares": shares,
                "settlement_shares": report.as_ref().map(|report| &report.shares),
                "split": batch.settlement.split.as_ref().map(|split| &split.0),
            }));
        }
    }
    list.sort_by_key(|found| {
        receipts.iter().position(|receipt| found["receipt_id"].as_str() == Some(&format!("{receipt:?}")))
    });
    Ok(Output::new(json!({"ok": all, "receipts": list}), words).with_difference(!all))
}

/// The contributions of the datanet versions that the model was trained on, ascending.
async fn members(view: &View, artefacts: &Artefacts) -> anyhow::Result<Vec<ContributionId>> {
    let mut members = std::collections::BTreeSet::new();
    for (datanet, number) in &artefacts.info.trained_on {
        members.extend(view.version(*datanet, *number).await?.into_iter().flat_map(|version| version.contributions));
    }
    Ok(members.into_iter().collect())
}

/// What concerns one receipt alone.
fn this_receipt(batch: &Batch, id: &H256) -> Vec<Check> {
    let Some(position) = batch.position(id) else { return Vec::new() };
    let transcript = &batch.transcripts[position];
    let receipt = &transcript.signed.receipt;
    let operator = &batch.settlement.operator;
    let signed = account::verify(operator, id.as_bytes(), &transcript.signed.signature)
        && receipt.operator == account::bytes(operator);
    let tokens = hashing::token_ids(hashing::REQUEST, &transcript.prompt_ids) == receipt.request
        && hashing::token_ids(hashing::RESPONSE, &transcript.output_ids) == receipt.response;
    let ids: Vec<H256> = batch.transcripts.iter().map(|t| t.signed.receipt.id()).collect();
    let (index, count) = (position as u32, batch.settlement.count);
    let proof = merkle::proof(&ids, index).unwrap_or_default();
    let root = &batch.settlement.receipts_root;
    vec![
        Check::equal(
            "signature",
            "the receipt, over these very tokens, is signed by the operator of the settlement",
            operator,
            if signed && tokens { operator.to_string() } else { "not signed by it".into() },
        ),
        Check::equal(
            "inclusion",
            "a Merkle proof leads from the receipt to the root that the chain has",
            format!("{root:?}"),
            if merkle::verify(root, id, index, count, &proof) {
                format!("{root:?}")
            } else {
                format!("{:?}", merkle::root(&ids))
            },
        ),
    ]
}

/// Recomputes a settlement from public artefacts, and compares with what the chain has.
async fn settlement(
    batch: &Batch,
    artefacts: Artefacts,
    members: &[ContributionId],
    genesis: H256,
) -> anyhow::Result<Audited> {
    let on_chain = &batch.settlement;
    let fees = batch.transcripts.iter().fold(0u128, |sum, t| sum.saturating_add(t.signed.receipt.fee));
    let index = &artefacts.index;
    let indexed: Vec<ContributionId> = index.contributions().collect();
    let mut checks = vec![
        Check::equal(
            "batch_content",
            "the batch's bytes hash to the content id on the chain",
            format!("{:?}", on_chain.batch),
            format!("{:?}", batch.content),
        ),
        Check::equal("count", "the number of receipts", on_chain.count, batch.transcripts.len()),
        Check::equal("total_fee", "the sum of the receipts' fees", on_chain.total_fee, fees),
        Check::equal(
            "artefacts",
            "the index is of this adapter and this method, over the contributions of the datanet versions",
            format!("{:?} {:?} {members:?}", artefacts.info.artefact, artefacts.registered.method),
            format!("{:?} {:?} {indexed:?}", index.header().adapter, index.method().id()),
        ),
        Check::equal(
            "index_root",
            "the index's Merkle root",
            format!("{:?}", artefacts.registered.root),
            format!("{:?}", index.root()),
        ),
    ];

    let (job, transcripts) = (batch.job(genesis), batch.transcripts.clone());
    let floor = on_chain.parameters.floor;
    let computed = tokio::task::spawn_blocking(move || {
        attribute(&artefacts.model, &artefacts.index, &job, &transcripts, floor)
    })
    .await?;
    let report = match computed {
        Ok(report) => report,
        // A batch that contradicts itself or the chain cannot be attributed: that is the difference.
        Err(error) => {
            let what = "the shares, recomputed from the transcripts, the adapter and the index";
            checks.push(Check::equal("shares", what, "shares", error));
            return Ok(Audited { checks, report: None });
        },
    };
    checks.push(shares(batch, &report.shares));
    checks.extend(split(batch));
    Ok(Audited { checks, report: Some(report) })
}

fn shares(batch: &Batch, computed: &ShareVector) -> Check {
    let name = "shares";
    let what = "the shares, recomputed from the transcripts, the adapter and the index";
    let on_chain = &batch.settlement;
    match (&on_chain.shares, on_chain.phase.0) {
        (Some(paid), _) => {
            let distance = paid.0.distance(computed);
            let tolerance = on_chain.parameters.tolerance;
            Check {
                name,
                what,
                expected: words(&paid.0),
                found: if distance == 0 {
                    words(computed)
                } else {
                    format!("{}, {distance} ppm away (tolerance {tolerance})", words(computed))
                },
                // The gradient is computed in floating point: other machines may differ within the tolerance.
                ok: distance <= tolerance,
            }
        },
        (None, Phase::Fallback) => Check::equal(
            name,
            "no committee answered in time: the data part went to the pools, whatever the shares",
            "to the pools",
            "to the pools",
        ),
        (None, phase) => Check {
            name,
            what,
            expected: format!("not decided yet: {phase:?}"),
            found: words(computed),
            ok: false,
        },
    }
}

/// Recomputes the split. How many attributors were accepted is not kept, but only one number gives their part.
fn split(batch: &Batch) -> Vec<Check> {
    let on_chain = &batch.settlement;
    let Some(paid) = on_chain.split.as_ref().map(|split| split.0) else { return Vec::new() };
    let shares = match &on_chain.shares {
        Some(shares) => shares.0.clone(),
        None => ShareVector::all_to_pool(),
    };
    let parts = &on_chain.parameters.split.0;
    let of = |attributors| Split::of(on_chain.total_fee, parts, &shares, attributors);
    let most = on_chain.committee.len() as u32;
    let computed = (0..=most).map(of).find(|split| *split == paid).unwrap_or_else(|| of(most));
    vec![
        Check::equal(
            "split",
            "the fee, divided again by the settlement's own parameters",
            format!("{paid:?}"),
            format!("{computed:?}"),
        ),
        Check::equal("parts_sum", "the sum of the parts", on_chain.total_fee, paid.total()),
    ]
}

fn words(shares: &ShareVector) -> String {
    let mut parts: Vec<String> =
        shares.shares().iter().map(|share| format!("{}: {}", share.contribution, share.ppm)).collect();
    parts.push(format!("pool: {}", shares.pool()));
    parts.join(", ")
}

fn in_words(batch: &Batch, receipt: &H256, checks: &[Check], shares: Option<&ShareVector>) -> String {
    let mut text = format!(
        "receipt {receipt:?}\nis one of {} in settlement {}, of {} in fees\n",
        batch.settlement.count,
        batch.id,
        open(batch.settlement.total_fee)
    );
    for check in checks {
        if check.ok {
            text.push_str(&format!("  same       {}\n", check.what));
        } else {
            text.push_str(&format!(
                "  DIFFERENT  {}\n             on chain    {}\n             recomputed  {}\n",
                check.what, check.expected, check.found
            ));
        }
    }
    if let Some(shares) = shares {
        text.push_str(&format!("  this answer's own shares, in parts per million: {}\n", words(shares)));
    }
    let differences = checks.iter().filter(|check| !check.ok).count();
    text.push_str(&match differences {
        0 => "what the chain paid is what was recomputed\n\n".to_string(),
        n => format!("{n} of {} comparisons differ\n\n", checks.len()),
    });
    text
}
