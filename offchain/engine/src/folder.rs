//! Jobs on disk: `queue/<id>.json` until there is a result, `done/<id>.json` from then on. Files appear whole or not at
//! all.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{de::DeserializeOwned, Deserialize, Serialize};

use crate::{Error, Job, JobId, Result, State};

/// A job that came to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The job.
    pub job: Job,
    /// Done or failed.
    #[serde(flatten)]
    pub state: State,
}

/// The folder of one engine.
pub struct Folder {
    queue: PathBuf,
    done: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Folder {
    /// Opens a folder, and makes it where it is not.
    ///
    /// # Errors
    /// If another process has it, or it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        let (queue, done) = (path.join("queue"), path.join("done"));
        for folder in [&queue, &done] {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        let lock = path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(Error::io(&lock))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { queue, done, _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(Error::Io { path: lock, source }),
        }
    }

    /// The jobs without a result, in the order of their ids.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(&self.queue).map_err(Error::io(&self.queue))? {
            let path = entry.map_err(Error::io(&self.queue))?.path();
            // Not what an interrupted write left.
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(job) = read::<Job>(&path)? else { continue };
            let done = self.finished(&job.id())?;
            let has_result = |finished: Finished| {
                matches!(finished.state, State::Done { .. }) && finished.job.same_work(&job)
            };
            if done.is_some_and(has_result) {
                // The last run ended between the two.
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            } else {
                jobs.push(job);
            }
        }
        jobs.sort_by_key(Job::id);
        Ok(jobs)
    }

    /// What became of a job, if it came to an end.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn finished(&self, id: &JobId) -> Result<Option<Finished>> {
        read(&file(&self.done, id))
    }

    /// Puts a job on disk.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is.
    pub fn queue(&self, job: &Job) -> Result<()> {
        write(&self.queue, &job.id(), job)
    }

    /// Puts a result on disk.
    ///
    /// # Errors
    /// If it cannot be written; then the job is as it was.
    pub fn finish(&self, finished: &Finished) -> Result<()> {
        let id = finished.job.id();
        write(&self.done, &id, finished)?;
        let path = file(&self.queue, &id);
        std::fs::remove_file(&path).map_err(Error::io(&path))
    }
}

fn file(folder: &Path, id: &JobId) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
    };
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Some(value)),
        // The node asks for what it still wants, and then the file is written again.
        Err(error) => {
            tracing::warn!("{}: passed over, for it is damaged: {error}", path.display());
            Ok(None)
        }
    }
}

fn write(folder: &Path, id: &JobId, value: &impl Serialize) -> Result<()> {
    let path = file(folder, id);
    let bytes = serde_json::to_vec(value).expect("numbers, strings and lists always serialise");
    let written = || {
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(&bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(&path)?;
        Ok(())
    };
    written().map_err(Error::io(&path))
}
