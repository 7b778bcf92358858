//! A job, computed: what its process does.

use openledger_artefacts::Cache;
use openledger_influence::{batch, JobReport};
use openledger_lm::{Device, Footprint};
use openledger_primitives::{attribution::Attribution, receipt::Transcript, ContentId};
use openledger_store::BlobStore;
use tokio::sync::mpsc;

use crate::{attribute, Artefacts, Error, Job, Library, Result};

/// The most bytes of a batch of transcripts.
pub const MAX_BATCH: u64 = 256 << 20;
/// Blobs that wait for the store while others are computed.
const WORKS: usize = 4;

/// Fetches what a job names, computes it, and publishes the work and the report: what goes on the chain, and the
/// report's content id.
///
/// # Errors
/// If something cannot be fetched, does not fit into `memory` bytes, is not what the job says, or the store refuses.
pub async fn compute(
    store: &BlobStore,
    cache: Cache,
    device: Device,
    job: &Job,
    memory: u64,
) -> Result<(Attribution, ContentId)> {
    let batch = store.get(&job.batch, MAX_BATCH).await.map_err(Error::artefact("batch"))?;
    let mut library = Library::new(store.clone(), cache, device, memory);
    let artefacts = library.load(job).await?;
    let own = job.clone();
    let (sender, mut works) = mpsc::channel(WORKS);
    let computing = tokio::task::spawn_blocking(move || {
        let transcripts = batch::parse(&batch)?;
        ensure_memory(&artefacts, &transcripts, memory)?;
        // If nobody takes it, the store refused, and the job fails for that.
        let keep = |work| drop(sender.blocking_send(work));
        attribute(&own, &artefacts, &transcripts, keep)
    });
    let storing = async move {
        while let Some(work) = works.recv().await {
            store.put(work).await.map_err(Error::Report)?;
        }
        Ok::<_, Error>(())
    };
    let (report, stored) = tokio::join!(computing, storing);
    stored?;
    let report: JobReport = report.map_err(|_| Error::Ended)??;
    let id = store.put(report.to_json()).await.map_err(Error::Report)?;
    Ok((report.attribution(), id))
}

/// Refuses a batch whose longest exchange needs more memory than there may be, before it is taken.
fn ensure_memory(artefacts: &Artefacts, transcripts: &[Transcript], memory: u64) -> Result<()> {
    let lengths = transcripts.iter().map(|one| one.prompt_ids.len() + one.output_ids.len());
    let longest = lengths.max().unwrap_or(0);
    let ranks = artefacts.model.lora_matrices().into_iter().map(|one| one.input.min(one.output));
    let needed = artefacts.footprint.capturing(longest, ranks.max().unwrap_or(0));
    let what = format!("the gradient of an exchange of {longest} tokens");
    Footprint::check(&what, needed, memory).map_err(Error::artefact("adapter"))
}
