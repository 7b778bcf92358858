//! What jobs are computed from: fetched by content id, verified, loaded, and kept for the next job.

use std::sync::Arc;

use openledger_artefacts::{
    adapt, base::Manifest, fetch_base, fetch_index, fetch_traces, AdapterIds, BaseIds, Cache,
    IndexIds,
};
use openledger_influence::Index;
use openledger_lm::{Device, Footprint, Model};
use openledger_store::BlobStore;
use openledger_trace::Index as TraceIndex;

use crate::{Error, Job, Result};

/// Adapters with their indices that are kept in memory; they share one base.
const ADAPTERS: usize = 8;

/// A model with its indices.
#[derive(Clone, Debug)]
pub struct Artefacts {
    /// Base and adapter.
    pub model: Model,
    /// What the base needs of memory.
    pub footprint: Footprint,
    /// The attribution index.
    pub index: Index,
    /// The trace index, where there is one.
    pub traces: Option<Arc<TraceIndex>>,
}

/// What one of the kept adapters was loaded from.
type Key = (AdapterIds, IndexIds);

/// Fetches and keeps what jobs name.
pub struct Library {
    store: BlobStore,
    cache: Cache,
    device: Device,
    memory: u64,
    base: Option<(BaseIds, Model, Footprint)>,
    /// Those of the base at hand, the one used last at the end.
    adapters: Vec<(Key, Arc<Artefacts>)>,
}

impl Library {
    /// Nothing yet; files are to lie in `cache`, models on the device, and what they need in `memory` bytes.
    pub fn new(store: BlobStore, cache: Cache, device: Device, memory: u64) -> Self {
        Self { store, cache, device, memory, base: None, adapters: Vec::new() }
    }

    /// Base, adapter and indices of a job: what they are was verified by their content ids, and the adapter names this
    /// base. The rest is [`crate::attribute`]'s to check.
    ///
    /// # Errors
    /// Naming what is missing from the store, has other bytes than its id says, or does not load.
    pub async fn load(&mut self, job: &Job) -> Result<Arc<Artefacts>> {
        let base = self.base(&job.base).await?;
        let key = (job.adapter, job.index);
        let found = self.adapters.iter().position(|(kept, _)| *kept == key);
        let artefacts = match found {
            Some(at) => self.adapters.remove(at).1,
            None => Arc::new(self.fetch(job, base).await?),
        };
        if self.adapters.len() >= ADAPTERS {
            self.adapters.remove(0);
        }
        self.adapters.push((key, artefacts.clone()));
        Ok(artefacts)
    }

    async fn base(&mut self, ids: &BaseIds) -> Result<(Model, Footprint)> {
        match &self.base {
            Some((kept, model, footprint)) if kept == ids => Ok((model.clone(), footprint.clone())),
            _ => {
                let failed = Error::artefact::<openledger_artefacts::Error>;
                self.ensure_memory(ids).await?;
                let folder =
                    fetch_base(&self.store, ids, &self.cache).await.map_err(failed("base"))?;
                let (device, memory) = (self.device, self.memory);
                let load = move || {
                    let footprint = Footprint::of_checkpoint(&folder)?;
                    Footprint::check("loading it", footprint.answering(0), memory)?;
                    Ok::<_, openledger_lm::Error>((Model::load(&folder)?.to(device)?, footprint))
                };
                let (model, footprint) = blocking(load).await?.map_err(Error::artefact("base"))?;
                // Before the old one is let go, so that a base that does not load changes nothing.
                self.adapters.clear();
                self.base = Some((*ids, model.clone(), footprint.clone()));
                Ok((model, footprint))
            }
        }
    }

    /// Refuses a base whose weights alone do not fit, before anything of it is fetched.
    async fn ensure_memory(&self, ids: &BaseIds) -> Result<()> {
        let manifest = Manifest::fetch(&self.store, ids).await.map_err(Error::artefact("base"))?;
        let checked = Footprint::check("reading it", manifest.weights(), self.memory);
        checked.map_err(Error::artefact("base"))
    }

    async fn fetch(&self, job: &Job, (base, footprint): (Model, Footprint)) -> Result<Artefacts> {
        let failed = Error::artefact::<openledger_artefacts::Error>;
        let model = adapt(&self.store, &job.base, base, &job.adapter, &self.cache)
            .await
            .map_err(failed("adapter"))?;
        let index = fetch_index(&self.store, &job.index.content, &self.cache).await;
        let index = index.map_err(failed("index"))?;
        let index = blocking(move || Index::open(&index)).await?.map_err(Error::Index)?;
        let traces = match &job.index.trace {
            Some(content) => {
                let traces = fetch_traces(&self.store, content, &self.cache).await;
                let traces = traces.map_err(failed("trace index"))?;
                Some(Arc::new(blocking(move || TraceIndex::open(&traces)).await??))
            }
            None => None,
        };
        Ok(Artefacts { model, footprint, index, traces })
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Ended)
}
