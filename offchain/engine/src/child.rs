//! A job is computed by a process of its own: if it asks for too much memory, dies or never ends, only that process
//! does, and the engine goes on.
//!
//! The engine starts its own program again, as a [`Program`] says, and writes a [`Task`] to its standard input as one line
//! of JSON. The process reads and performs it, leaves the result in a file, and ends. Meanwhile it reads on: when the input
//! ends, so has the engine, and the process ends too.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use openledger_artefacts::Cache;
use openledger_service::process::{describe, limit_memory, Program, ORPHANED};
use openledger_store::BlobStore;
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncWriteExt, sync::oneshot};

use crate::{
    compute::compute,
    folder::{write, Folder},
    Error, Job, Limits, Result, State,
};

/// The most bytes of a task. A job has at most 256 KiB.
const MAX_TASK: u64 = 1 << 20;

/// A job, and all that its process needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The job.
    pub job: Job,
    /// The blob store.
    pub store: String,
    /// Where fetched models lie, and how many bytes of them may.
    pub cache: (PathBuf, u64),
    /// What to compute on.
    pub device: String,
    /// Bytes of memory that the process may have.
    pub memory: u64,
    /// Where to leave the result.
    pub result: PathBuf,
}

/// How a computation ended.
pub(crate) enum End {
    /// With a result, or an error that says why there is none.
    Result(State),
    /// Without one; another attempt may have it.
    Death(String),
    /// Not in the time that it had.
    TooSlow,
}

/// Computes a job in a process of its own.
pub(crate) async fn run(
    program: &Program,
    folder: &Folder,
    mut task: Task,
    limits: Limits,
) -> Result<End> {
    let work = task.job.work();
    task.result = folder.result(&work)?;
    let mut line = serde_json::to_vec(&task).expect("numbers, strings and lists always serialise");
    line.push(b'\n');
    let failed = |source| Error::Io { path: program.path.clone(), source };
    // It needs the store's credentials, and nobody's key.
    let mut command = program.command(Stdio::piped());
    let mut process = command.env_remove("OPENLEDGER_SURI").spawn().map_err(failed)?;
    let mut input = process.stdin.take().expect("it is piped");
    let ended = async {
        // If it cannot be written, the process has ended, and how says more.
        let _ = input.write_all(&line).await;
        process.wait().await
    };
    let ended = tokio::time::timeout(Duration::from_secs(limits.seconds), ended).await;
    let Ok(status) = ended else {
        process.kill().await.map_err(failed)?;
        return Ok(End::TooSlow);
    };
    let status = status.map_err(failed)?;
    // Open to the end.
    drop(input);
    Ok(match folder.take_result(&work)? {
        Some(state) => End::Result(state),
        None => End::Death(describe(status, limits.memory)),
    })
}

impl Task {
    /// The task on standard input, with the memory that it says from now on. When the input ends after it, so does this
    /// process.
    ///
    /// # Errors
    /// If the input is no task, or the system does not limit memory.
    pub async fn read() -> Result<Self> {
        let (sender, task) = oneshot::channel();
        std::thread::spawn(move || {
            let mut input = BufReader::new(std::io::stdin());
            let mut line = Vec::new();
            let read = input.by_ref().take(MAX_TASK).read_until(b'\n', &mut line);
            let task = read.map_err(|error| error.to_string());
            let task = task.and_then(|_| {
                serde_json::from_slice::<Self>(&line).map_err(|error| error.to_string())
            });
            if sender.send(task).is_ok() {
                let _ = std::io::copy(&mut input, &mut std::io::sink());
                std::process::exit(ORPHANED);
            }
        });
        let task = task.await.map_err(|_| Error::Ended)?.map_err(Error::Task)?;
        limit_memory(task.memory).map_err(|error| Error::Task(format!("its memory: {error}")))?;
        Ok(task)
    }

    /// Computes it and leaves the result: what a process does that an engine started, after [`Task::read`].
    ///
    /// # Errors
    /// If the task makes no sense, or the result cannot be written. Why a job cannot be computed is a result.
    pub async fn perform(self) -> Result<()> {
        let store = BlobStore::open(&self.store).map_err(|error| Error::Task(error.to_string()))?;
        let device = self.device.parse();
        let device =
            device.map_err(|error: openledger_lm::Error| Error::Task(error.to_string()))?;
        let cache = Cache::new(self.cache.0, self.cache.1);
        let state = match compute(&store, cache, device, &self.job, self.memory).await {
            Ok((attribution, report)) => State::Done { attribution, report },
            // Not a reason that lies in the job: the next attempt may tell, or it is set aside.
            Err(Error::Ended) => return Err(Error::Ended),
            Err(error) => State::Failed { error: error.to_string() },
        };
        write(&self.result, &state)
    }
}
