//! The queue, and what works on it: one job at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openledger_artefacts::Cache;
use openledger_influence::{batch, JobReport};
use openledger_lm::Device;
use openledger_store::BlobStore;
use tokio::sync::{mpsc, oneshot, Notify};

use crate::{
    attribute,
    folder::{Finished, Folder},
    metrics::Metrics,
    Error, Job, JobId, Library, Result, State,
};

/// The most bytes of a batch of transcripts.
pub const MAX_BATCH: u64 = 256 << 20;
/// Blobs that wait for the store while others are computed.
const WORKS: usize = 4;

/// Where an engine keeps what it has, and how much it takes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Jobs and results, through restarts.
    pub folder: PathBuf,
    /// Fetched models.
    pub cache: Cache,
    /// Jobs that may wait, at least one.
    pub queue: usize,
    /// What models compute on.
    pub device: Device,
}

/// An engine. [`crate::serve`] runs it.
pub struct Engine {
    store: BlobStore,
    folder: Folder,
    cache: Cache,
    device: Device,
    jobs: Mutex<Jobs>,
    posted: Notify,
    ended: Notify,
    capacity: usize,
    pub(crate) metrics: Metrics,
}

/// What is not on disk, or not to be looked up there.
#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    running: Option<Job>,
    /// Results that could not be written: lost, and computed again, after a restart.
    unwritten: BTreeMap<JobId, Finished>,
}

impl Jobs {
    fn is_open(&self, id: &JobId) -> bool {
        self.waiting.iter().chain(&self.running).any(|job| job.id() == *id)
    }
}

/// Why a job was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Another job has this id.
    Conflict,
    /// So many jobs wait already.
    Full(usize),
    /// The disk refused.
    Disk(Error),
}

impl Engine {
    /// An engine that has the jobs and results of its folder.
    ///
    /// # Errors
    /// If another engine has the folder, or it cannot be read or made.
    pub fn open(store: BlobStore, settings: Settings) -> Result<Self> {
        let Settings { folder, cache, queue, device } = settings;
        let folder = Folder::open(&folder)?;
        let waiting = VecDeque::from(folder.unfinished()?);
        let metrics = Metrics::new()?;
        if !waiting.is_empty() {
            tracing::info!("{} jobs were left from the last run", waiting.len());
            metrics.queued.set(waiting.len() as i64);
        }
        Ok(Self {
            store,
            folder,
            cache,
            device,
            jobs: Mutex::new(Jobs { waiting, ..Jobs::default() }),
            posted: Notify::new(),
            ended: Notify::new(),
            capacity: queue.max(1),
            metrics,
        })
    }

    /// Takes a job, unless it has it already, and says how far it is. Returns once it is on disk.
    pub(crate) fn submit(&self, job: Job) -> Result<State, Refused> {
        let id = job.id();
        let mut jobs = self.jobs();
        match self.find(&jobs, &id).map_err(Refused::Disk)? {
            // Whoever posts it again may have another idea of it.
            None | Some((_, State::Failed { .. })) => {}
            Some((known, state)) if known.same_work(&job) => return Ok(state),
            Some(_) => return Err(Refused::Conflict),
        }
        if jobs.waiting.len() >= self.capacity {
            return Err(Refused::Full(self.capacity));
        }
        self.folder.queue(&job).map_err(Refused::Disk)?;
        tracing::info!("job {id}: {} receipts of model {}", job.count, job.model);
        jobs.unwritten.remove(&id);
        jobs.waiting.push_back(job);
        self.metrics.queued.set(jobs.waiting.len() as i64);
        self.posted.notify_one();
        Ok(State::Queued)
    }

    /// How far a job is, if there is one.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub(crate) fn state(&self, id: &JobId) -> Result<Option<State>> {
        Ok(self.find(&self.jobs(), id)?.map(|(_, state)| state))
    }

    /// Returns when a job neither waits nor is computed.
    pub(crate) async fn ended(&self, id: &JobId) {
        loop {
            // Before it is looked for, so that no end is missed.
            let ended = self.ended.notified();
            if !self.jobs().is_open(id) {
                return;
            }
            ended.await;
        }
    }

    /// How many jobs wait, and which is computed.
    pub(crate) fn load(&self) -> (usize, Option<JobId>) {
        let jobs = self.jobs();
        (jobs.waiting.len(), jobs.running.as_ref().map(Job::id))
    }

    /// Works on what is posted, until it is dropped.
    pub(crate) async fn work(self: Arc<Self>) -> Infallible {
        let mut library = Library::new(self.store.clone(), self.cache.clone(), self.device);
        loop {
            let Some(job) = self.next() else {
                self.posted.notified().await;
                continue;
            };
            let timer = self.metrics.seconds.start_timer();
            let state = match self.compute(&job, &mut library).await {
                Ok(state) => state,
                Err(error) => State::Failed { error: error.to_string() },
            };
            let seconds = timer.stop_and_record();
            match &state {
                State::Failed { error } => tracing::warn!("job {}: {error}", job.id()),
                _ => tracing::info!("job {}: done in {seconds:.1} s", job.id()),
            }
            self.end(Finished { job, state });
        }
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = self.jobs();
        let job = jobs.waiting.pop_front()?;
        jobs.running = Some(job.clone());
        self.metrics.queued.set(jobs.waiting.len() as i64);
        self.metrics.running.set(1);
        Some(job)
    }

    async fn compute(&self, job: &Job, library: &mut Library) -> Result<State> {
        let batch =
            self.store.get(&job.batch, MAX_BATCH).await.map_err(Error::artefact("batch"))?;
        let artefacts = library.load(job).await?;
        let own = job.clone();
        let (sender, mut works) = mpsc::channel(WORKS);
        let computing = on_a_thread(move || {
            let transcripts = batch::parse(&batch)?;
            // If nobody takes it, the store refused, and the job fails for that.
            let keep = |work| drop(sender.blocking_send(work));
            attribute(&own, &artefacts, &transcripts, keep)
        });
        let storing = async move {
            while let Some(work) = works.recv().await {
                self.store.put(work).await.map_err(Error::Report)?;
            }
            Ok::<_, Error>(())
        };
        let (report, stored) = tokio::join!(computing, storing);
        stored?;
        self.keep(&report??).await
    }

    async fn keep(&self, report: &JobReport) -> Result<State> {
        let id = self.store.put(report.to_json()).await.map_err(Error::Report)?;
        self.metrics.receipts.inc_by(report.receipts.len() as u64);
        Ok(State::Done { attribution: report.attribution(), report: id })
    }

    fn end(&self, finished: Finished) {
        self.metrics.jobs.with_label_values(&[finished.state.name()]).inc();
        self.metrics.running.set(0);
        let mut jobs = self.jobs();
        jobs.running = None;
        if let Err(error) = self.folder.finish(&finished) {
            tracing::error!(
                "the result of job {} is kept in memory only: {error}",
                finished.job.id()
            );
            jobs.unwritten.insert(finished.job.id(), finished);
        }
        self.ended.notify_waiters();
    }

    fn find(&self, jobs: &Jobs, id: &JobId) -> Result<Option<(Job, State)>> {
        let is_it = |job: &&Job| job.id() == *id;
        if let Some(job) = jobs.running.as_ref().filter(is_it) {
            return Ok(Some((job.clone(), State::Running)));
        }
        if let Some(job) = jobs.waiting.iter().find(is_it) {
            return Ok(Some((job.clone(), State::Queued)));
        }
        let finished = match jobs.unwritten.get(id) {
            Some(finished) => Some(finished.clone()),
            None => self.folder.finished(id)?,
        };
        Ok(finished.map(|Finished { job, state }| (job, state)))
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // Every change is a single step, so that a panic leaves nothing halfway.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Computes on a thread of its own, which neither an engine nor a runtime that stops has to wait for.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, result) = oneshot::channel();
    std::thread::Builder::new()
        .name("attribution".into())
        // Nobody may be left to hear of it.
        .spawn(move || drop(sender.send(work())))
        .map_err(|_| Error::Ended)?;
    result.await.map_err(|_| Error::Ended)
}
