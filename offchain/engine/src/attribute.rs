//! The computation itself.

use std::fmt::Debug;

use openledger_influence::{settlement, Index, JobReport};
use openledger_lm::Model;
use openledger_primitives::{receipt::Transcript, ContributionId};

use crate::{Error, Job, Result};

/// Attributes the answers of a batch: what an engine answers, and what an audit computes again.
///
/// `keep` is given the blob of the work on each receipt in turn: the report names them.
///
/// Pure given its arguments: no files, no network, no clock; the same arguments give the same report. `model` must have
/// been loaded from the base and adapter that the job names, and `transcripts` be its batch (a [`crate::Library`] and
/// a blob store verify that, by hash); all else is checked here.
///
/// # Errors
/// If the index is not the one of the job, a receipt or the batch as a whole is not as the job says, or its tokens do
/// not fit the model.
pub fn attribute(
    job: &Job,
    model: &Model,
    index: &Index,
    transcripts: &[Transcript],
    keep: impl FnMut(Vec<u8>),
) -> Result<JobReport> {
    index.check_model(job.adapter.artefact, &model.lora_matrices())?;
    same("method", &job.index.method, &index.method().id())?;
    let contributions: Vec<ContributionId> = index.contributions().collect();
    same("list of contributions", &job.contributions, &contributions)?;
    same("number of blocks", &(job.index.blocks as usize), &index.blocks())?;
    same("Merkle root", &job.index.root, &index.root())?;
    Ok(settlement::attribute(model, index, &job.settlement(), transcripts, job.floor, keep)?)
}

fn same<T: PartialEq + Debug>(what: &'static str, expected: &T, found: &T) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::OtherIndex { what, expected: format!("{expected:?}"), found: format!("{found:?}") })
}
