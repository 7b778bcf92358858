//! From a settlement's transcripts to its report: what an engine computes, and what an audit computes again.

use codec::Encode;
use openledger_lm::Model;
use openledger_primitives::{
    hashing, merkle,
    receipt::Transcript,
    score::{self, MAX_QUERY_BLOCKS},
    trace::Trace,
    work, ContributionId,
};

use crate::{
    batch::Settlement,
    query::{self, Query},
    report::{JobReport, ReceiptReport},
    work::{Parameters, ReceiptWork},
    Error, Index, Result,
};

/// Checks a batch and attributes it. `trace` says what the tokens of an answer repeat (nothing where there is no trace
/// index); `keep` is given the blob of the work on each receipt in turn.
///
/// Pure given its arguments: no files, no network, no clock. Whether model and index are those of the settlement's
/// model version is the caller's to check, by hash, and with [`Index::check_model`] and [`Index::root`].
///
/// # Errors
/// If a transcript is not as the settlement says, its tokens do not fit the model, the index does not, a trace credits
/// whom the index does not list, or the batch is too large.
pub fn attribute(
    model: &Model,
    index: &Index,
    settlement: &Settlement,
    transcripts: &[Transcript],
    parameters: Parameters,
    trace: impl Fn(&[u32]) -> Trace,
    mut keep: impl FnMut(Vec<u8>),
) -> Result<JobReport> {
    settlement.check(transcripts)?;
    index.check_model(index.header().adapter, &model.lora_matrices())?;
    let models = index.models(model)?;
    let blocks = index.blocks() * usize::from(index.variants());
    let receipts = transcripts.len();
    let query_blocks = receipts
        .checked_mul(blocks)
        .filter(|&n| n as u64 <= MAX_QUERY_BLOCKS)
        .ok_or(Error::TooLarge { receipts, blocks, limit: MAX_QUERY_BLOCKS })?;
    let contributions: Vec<ContributionId> = index.contributions().collect();
    let rows = index.rows();
    let mut query_leaves = Vec::with_capacity(query_blocks);
    let mut step_leaves = Vec::with_capacity(transcripts.len());
    let mut receipts = Vec::with_capacity(transcripts.len());
    let mut sums = Vec::new();
    for (i, transcript) in (0u32..).zip(transcripts) {
        let (prompt, answer) =
            query::within(&transcript.prompt_ids, &transcript.output_ids, index.method());
        let query = Query::new(&models, prompt, answer, index.method().scope)?;
        let receipt = &transcript.signed.receipt;
        // Of the answer: the prompt is the payer's.
        let trace = trace(&transcript.output_ids);
        if !trace.is_of(&contributions) {
            return Err(Error::Trace { receipt: i });
        }
        let (done, shares) = ReceiptWork::new(query, trace, index, receipt.fee, &sums, parameters);
        let roots = done.roots(&rows);
        query_leaves.extend(done.query_leaves(i, index.variants()));
        step_leaves.push(work::step(i, done.fee, &roots.scores, &roots.trace, &roots.sums));
        let blob = done.encode();
        let named = || contributions.iter().copied();
        let each = done.scores.chunks(usize::from(index.variants()));
        let intervals = score::intervals(index.variants(), &done.scores);
        receipts.push(ReceiptReport {
            receipt_id: receipt.id(),
            fee: receipt.fee,
            shares,
            scores: named().zip(each.map(<[i128]>::to_vec)).collect(),
            intervals: named()
                .zip(intervals)
                .map(|(id, (least, most))| (id, least, most))
                .collect(),
            trace: done.trace,
            work: hashing::content_id(&blob),
        });
        sums = done.sums;
        keep(blob);
    }
    Ok(JobReport {
        settlement: settlement.settlement,
        model: settlement.model,
        version: settlement.version,
        method: index.method().id(),
        shares: work::mean(&contributions, &sums),
        receipts,
        query_root: merkle::root(&query_leaves),
        work_root: merkle::root(&step_leaves),
    })
}
