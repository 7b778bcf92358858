//! A job, computed: what its process does.

use openledger_artefacts::Cache;
use openledger_influence::{batch, JobReport};
use openledger_lm::Device;
use openledger_primitives::{attribution::Attribution, ContentId};
use openledger_store::BlobStore;
use tokio::sync::mpsc;

use crate::{attribute, Error, Job, Library, Result};

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
