//! The queue, and what works on it: one job at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use openledger_artefacts::Cache;
use openledger_lm::Device;
use openledger_service::{process::Program, Secret};
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{
    child::{self, End, Task},
    folder::{Begun, Finished, Folder},
    job::Id,
    metrics::Metrics,
    Error, Job, Result, State,
};

/// How often the computation of a job may die before it is set aside.
const ATTEMPTS: u32 = 2;

/// What the computation of one job may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Seconds.
    pub seconds: u64,
}

/// Where an engine keeps what it has, and how much it takes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Jobs and results, through restarts, and the secret of who may post them.
    pub folder: PathBuf,
    /// Fetched models.
    pub cache: Cache,
    /// Jobs that may wait, at least one.
    pub queue: usize,
    /// What models compute on.
    pub device: Device,
    /// Of each job.
    pub limits: Limits,
    /// What is started for each job.
    pub program: Program,
    /// Names of hosts that it answers to, besides addresses and `localhost`.
    pub names: Vec<String>,
}

/// An engine. [`crate::serve`] runs it.
pub struct Engine {
    store: BlobStore,
    folder: Folder,
    /// Held while what lies in the folder is looked at and changed.
    disk: Mutex<()>,
    settings: Settings,
    pub(crate) secret: Secret,
    jobs: Mutex<Jobs>,
    posted: Notify,
    ended: Notify,
    pub(crate) metrics: Metrics,
}

/// What is not on disk, or not to be looked up there.
#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    running: Option<Job>,
    /// Results that could not be written: lost, and computed again, after a restart.
    unwritten: BTreeMap<Id, Finished>,
}

impl Jobs {
    /// How far a work is that did not come to an end.
    fn open(&self, work: &Id) -> Option<State> {
        if self.running.as_ref().is_some_and(|job| job.work() == *work) {
            return Some(State::Running);
        }
        self.waiting.iter().any(|job| job.work() == *work).then_some(State::Queued)
    }
}

/// Why a job was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// So many jobs wait already.
    Full(usize),
    /// The disk refused.
    Disk(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

impl Engine {
    /// An engine that has the jobs and results of its folder.
    ///
    /// # Errors
    /// If another engine has the folder, it cannot be read or made, or its secret is none.
    pub fn open(store: BlobStore, settings: Settings) -> Result<Self> {
        let folder = Folder::open(&settings.folder)?;
        let secret = Secret::open(&settings.folder.join("secret"))?;
        let waiting = VecDeque::from(folder.unfinished()?);
        let metrics = Metrics::new()?;
        if !waiting.is_empty() {
            tracing::info!("{} jobs were left from the last run", waiting.len());
            metrics.queued.set(waiting.len() as i64);
        }
        Ok(Self {
            store,
            folder,
            disk: Mutex::default(),
            settings,
            secret,
            jobs: Mutex::new(Jobs { waiting, ..Jobs::default() }),
            posted: Notify::new(),
            ended: Notify::new(),
            metrics,
        })
    }

    /// What a node must show to post jobs.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.settings.names
    }

    /// Takes a job, unless it has its work already, and says how far that is. Returns once it is on disk.
    pub(crate) fn submit(&self, id: &Id, job: Job) -> Result<State, Refused> {
        let work = job.work();
        let _disk = self.disk();
        let known = self.jobs().open(&work);
        let known = match known {
            Some(state) => Some(state),
            None => self.ended_as(&work)?.filter(|known| !self.may_try(known)).map(|f| f.state),
        };
        if known.is_none() && self.jobs().waiting.len() >= self.settings.queue.max(1) {
            return Err(Refused::Full(self.settings.queue.max(1)));
        }
        self.folder.name(id, &work)?;
        if let Some(state) = known {
            return Ok(state);
        }
        self.folder.queue(&job)?;
        tracing::info!("job {id}: settlement {}, {} receipts", job.settlement, job.count);
        let mut jobs = self.jobs();
        jobs.unwritten.remove(&work);
        jobs.waiting.push_back(job);
        self.metrics.queued.set(jobs.waiting.len() as i64);
        self.posted.notify_one();
        Ok(State::Queued)
    }

    /// Whether a job that came to an end may be computed again: it failed for a reason that may be gone, or was set
    /// aside with less than it would have now.
    fn may_try(&self, finished: &Finished) -> bool {
        let Limits { memory, seconds } = self.settings.limits;
        matches!(finished.state, State::Failed { .. })
            && finished.set_aside.is_none_or(|had| memory > had.memory || seconds > had.seconds)
    }

    /// How far a job is, if there is one.
    ///
    /// # Errors
    /// If a file of it cannot be read.
    pub(crate) fn state(&self, id: &Id) -> Result<Option<State>> {
        let _disk = self.disk();
        let Some(work) = self.folder.work_of(id)? else { return Ok(None) };
        let open = self.jobs().open(&work);
        match open {
            Some(state) => Ok(Some(state)),
            None => Ok(self.ended_as(&work)?.map(|finished| finished.state)),
        }
    }

    /// Returns when a work neither waits nor is computed.
    pub(crate) async fn ended(&self, work: &Id) {
        loop {
            // Before it is looked for, so that no end is missed.
            let ended = self.ended.notified();
            if self.jobs().open(work).is_none() {
                return;
            }
            ended.await;
        }
    }

    /// How many jobs wait, and of which settlement one is computed.
    pub(crate) fn load(&self) -> (usize, Option<u64>) {
        let jobs = self.jobs();
        (jobs.waiting.len(), jobs.running.as_ref().map(|job| job.settlement))
    }

    /// Works on what is posted, until it is dropped.
    pub(crate) async fn work(self: Arc<Self>) -> Infallible {
        loop {
            let Some(job) = self.next() else {
                self.posted.notified().await;
                continue;
            };
            let timer = self.metrics.seconds.start_timer();
            let end = self.compute(&job).await;
            let seconds = timer.stop_and_record();
            let own = self.clone();
            // It waits for the disk.
            let done = tokio::task::spawn_blocking(move || own.end(job, end, seconds)).await;
            done.expect("it does not panic");
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

    async fn compute(&self, job: &Job) -> Result<End> {
        let work = job.work();
        let mut begun = self.folder.begun(&work)?;
        // What began so often ended with the engine itself, the last time.
        if begun.times >= ATTEMPTS {
            let died = "the engine ended with it".to_string();
            return Ok(End::Death(begun.reason.unwrap_or(died)));
        }
        begun.times += 1;
        self.folder.set_begun(&work, &begun)?;
        let task = Task {
            job: job.clone(),
            store: self.store.location().into(),
            cache: (self.settings.cache.folder().into(), self.settings.cache.budget()),
            device: self.settings.device.to_string(),
            memory: self.settings.limits.memory,
            result: PathBuf::new(),
        };
        child::run(&self.settings.program, &self.folder, task, self.settings.limits).await
    }

    /// Keeps how the computation of the running job ended.
    fn end(&self, job: Job, end: Result<End>, seconds: f64) {
        let _disk = self.disk();
        let (limits, settlement) = (self.settings.limits, job.settlement);
        let (state, set_aside) = match end {
            Ok(End::Result(state)) => (state, None),
            Err(error) => (State::Failed { error: error.to_string() }, None),
            Ok(End::TooSlow) => {
                let most = limits.seconds;
                let error =
                    format!("it took more than {most} s, the most that a job may take here");
                (State::Failed { error }, Some(limits))
            }
            Ok(End::Death(reason)) => {
                tracing::warn!("settlement {settlement}: its computation died: {reason}");
                match self.count_death(&job.work(), &reason) {
                    Ok(times) if times < ATTEMPTS => return self.again(job),
                    _ => {
                        let error = format!(
                            "set aside, for its computation died {ATTEMPTS} times; the last time, {reason}"
                        );
                        (State::Failed { error }, Some(limits))
                    }
                }
            }
        };
        match &state {
            State::Failed { error } => tracing::warn!("settlement {settlement}: {error}"),
            _ => {
                self.metrics.receipts.inc_by(job.count.into());
                tracing::info!("settlement {settlement}: done in {seconds:.1} s");
            }
        }
        self.metrics.jobs.with_label_values(&[state.name()]).inc();
        let finished = Finished { job, state, set_aside };
        let written = self.folder.finish(&finished);
        let mut jobs = self.jobs();
        if let Err(error) = written {
            tracing::error!("settlement {settlement}: its result is kept in memory only: {error}");
            jobs.unwritten.insert(finished.job.work(), finished);
        }
        self.rest(&mut jobs);
    }

    /// How often the computation of a work began, now that it died.
    fn count_death(&self, work: &Id, reason: &str) -> Result<u32> {
        let times = self.folder.begun(work)?.times;
        self.folder.set_begun(work, &Begun { times, reason: Some(reason.into()) })?;
        Ok(times)
    }

    /// Lets the others come first.
    fn again(&self, job: Job) {
        let mut jobs = self.jobs();
        jobs.waiting.push_back(job);
        self.metrics.queued.set(jobs.waiting.len() as i64);
        self.rest(&mut jobs);
    }

    fn rest(&self, jobs: &mut Jobs) {
        jobs.running = None;
        self.metrics.running.set(0);
        self.ended.notify_waiters();
    }

    /// Does not count what is being computed as begun: it ends because the engine does.
    pub(crate) fn interrupt(&self) {
        let _disk = self.disk();
        let Some(work) = self.jobs().running.as_ref().map(Job::work) else { return };
        let uncounted = self.folder.begun(&work).and_then(|mut begun| {
            begun.times = begun.times.saturating_sub(1);
            self.folder.set_begun(&work, &begun)
        });
        if let Err(error) = uncounted {
            tracing::warn!("what is interrupted counts as an attempt: {error}");
        }
    }

    /// How a work ended, from disk if need be.
    fn ended_as(&self, work: &Id) -> Result<Option<Finished>> {
        let unwritten = self.jobs().unwritten.get(work).cloned();
        match unwritten {
            Some(finished) => Ok(Some(finished)),
            None => self.folder.finished(work),
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // Every change is a single step, so that a panic leaves nothing halfway.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disk(&self) -> MutexGuard<'_, ()> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
