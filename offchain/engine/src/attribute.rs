//! The computation itself.

use std::fmt::Debug;

use openledger_influence::JobReport;
use openledger_primitives::{
    receipt::Transcript,
    trace::{Credits, Trace},
    ContributionId,
};
use openledger_trace::{Index, Rules};

use crate::{Artefacts, Error, Job, Result};

/// Attributes the answers of a batch: what an engine answers, and what an audit computes again.
///
/// `keep` is given the blob of the work on each receipt in turn: the report names them.
///
/// Pure given its arguments: no network, no clock, and no files but those of the trace index, which are mapped into
/// memory; the same arguments give the same report. `artefacts` must have been loaded from what the job names, and
/// `transcripts` be its batch (a [`crate::Library`] and a blob store verify that, by hash); all else is checked here.
///
/// # Errors
/// If an index is not the one of the job, a receipt or the batch as a whole is not as the job says, or its tokens do
/// not fit the model.
pub fn attribute(
    job: &Job,
    artefacts: &Artefacts,
    transcripts: &[Transcript],
    keep: impl FnMut(Vec<u8>),
) -> Result<JobReport> {
    let Artefacts { model, index, traces, .. } = artefacts;
    index.check_model(job.adapter.artefact, &model.lora_matrices())?;
    same("index", "method", &job.index.method, &index.method().id())?;
    let contributions: Vec<ContributionId> = index.contributions().collect();
    same("index", "list of contributions", &job.contributions, &contributions)?;
    same("index", "number of variants", &job.index.variants, &index.variants())?;
    same("index", "number of blocks", &(job.index.blocks as usize), &index.blocks())?;
    same("index", "Merkle root", &job.index.root, &index.root())?;
    if let Some(traces) = traces {
        let listed = traces.contributions().iter().map(|about| about.contribution).collect();
        same("trace index", "list of contributions", &job.contributions, &listed)?;
        let (expected, found) = (model.config().vocab_size, traces.alphabet().vocabulary());
        same("trace index", "number of tokens", &expected, &(found as usize))?;
    }
    let trace =
        |answer: &[u32]| traces.as_deref().map_or_else(Trace::default, |i| trace(i, answer));
    let (settlement, parameters) = (job.settlement(), job.parameters());
    Ok(openledger_influence::attribute(
        model,
        index,
        &settlement,
        transcripts,
        parameters,
        trace,
        keep,
    )?)
}

/// What an answer repeats, by the rules of the protocol.
fn trace(index: &Index, answer: &[u32]) -> Trace {
    let found = index.trace(answer, &Rules::default());
    // As many as the job lists contributions, at most: no more than the chain takes.
    let credits = Credits::truncate_from(found.credits.into_iter().collect());
    Trace { bits: found.bits, credits }
}

fn same<T: PartialEq + Debug>(
    index: &'static str,
    what: &'static str,
    expected: &T,
    found: &T,
) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    Err(Error::OtherIndex { index, what, expected, found })
}
