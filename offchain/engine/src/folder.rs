//! Jobs on disk. Files appear whole or not at all.
//!
//! | | |
//! |---|---|
//! | `names/<job>` | the work of a job that was posted |
//! | `queue/<work>.json` | the job, until there is a result |
//! | `begun/<work>.json` | how often its computation began, and why the last one ended without a result |
//! | `done/<work>.json` | the job and its result, from then on |
//! | `result/<work>.json` | what the computation itself leaves |
//!
//! A *work* is what several jobs have in common that differ in the committee alone.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{de::DeserializeOwned, Deserialize, Serialize};

use crate::{job::Id, Error, Job, Limits, Result, State};

/// Names and results that are kept; beyond it, the oldest go.
const KEPT: usize = 4_096;

/// A job that came to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The job.
    pub job: Job,
    /// Done or failed.
    #[serde(flatten)]
    pub state: State,
    /// Where its computation never came to an end: the limits that it had. With no larger ones it is not tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<Limits>,
}

/// How far the computation of a job came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// How often it began.
    pub times: u32,
    /// Why the last one left no result.
    pub reason: Option<String>,
}

/// The folder of one engine.
pub struct Folder {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Folder {
    /// Opens a folder, and makes it where it is not.
    ///
    /// # Errors
    /// If another process has it, or it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        for name in ["names", "queue", "begun", "done", "result"] {
            let folder = path.join(name);
            std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        }
        let lock = path.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(Error::io(&lock))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(Error::Io { path: lock, source }),
        }
    }

    /// The jobs without a result, in the order in which they were posted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for (path, posted) in self.files("queue")? {
            // Not what an interrupted write left.
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let Some(job) = read::<Job>(&path)? else { continue };
            let done = self.finished(&job.work())?;
            if done.is_some_and(|finished| matches!(finished.state, State::Done { .. })) {
                // The last run ended between the two.
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            } else {
                jobs.push((posted, job));
            }
        }
        jobs.sort_by_key(|(posted, job)| (*posted, job.settlement));
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }

    /// What became of a work, if it came to an end.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn finished(&self, work: &Id) -> Result<Option<Finished>> {
        read(&self.file("done", work))
    }

    /// The work of a job that was posted.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn work_of(&self, job: &Id) -> Result<Option<Id>> {
        read(&self.file("names", job))
    }

    /// Remembers the work of a job.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is.
    pub fn name(&self, job: &Id, work: &Id) -> Result<()> {
        let path = self.file("names", job);
        if !path.exists() {
            write(&path, work)?;
            self.thin_out("names")?;
        }
        Ok(())
    }

    /// Puts a job on disk.
    ///
    /// # Errors
    /// If it cannot be written; then nothing is.
    pub fn queue(&self, job: &Job) -> Result<()> {
        remove(&self.file("begun", &job.work()))?;
        write(&self.file("queue", &job.work()), job)
    }

    /// How far the computation of a work came.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn begun(&self, work: &Id) -> Result<Begun> {
        Ok(read(&self.file("begun", work))?.unwrap_or_default())
    }

    /// Writes how far the computation of a work came.
    ///
    /// # Errors
    /// If it cannot be written; then it is as it was.
    pub fn set_begun(&self, work: &Id, begun: &Begun) -> Result<()> {
        write(&self.file("begun", work), begun)
    }

    /// Where the computation of a work leaves its result. Nothing is there.
    ///
    /// # Errors
    /// If what an earlier one left cannot be removed.
    pub fn result(&self, work: &Id) -> Result<PathBuf> {
        let path = self.file("result", work);
        remove(&path)?;
        Ok(path)
    }

    /// Takes the result that a computation left, if it did.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn take_result(&self, work: &Id) -> Result<Option<State>> {
        let path = self.file("result", work);
        let state = read(&path)?;
        remove(&path)?;
        Ok(state)
    }

    /// Puts a result on disk.
    ///
    /// # Errors
    /// If it cannot be written; then the job is as it was.
    pub fn finish(&self, finished: &Finished) -> Result<()> {
        let work = finished.job.work();
        write(&self.file("done", &work), finished)?;
        remove(&self.file("queue", &work))?;
        remove(&self.file("begun", &work))?;
        self.thin_out("done")
    }

    /// Removes the oldest files of a folder that has too many.
    fn thin_out(&self, folder: &str) -> Result<()> {
        let mut files = self.files(folder)?;
        files.sort_by_key(|(_, written)| *written);
        let excess = files.len().saturating_sub(KEPT);
        files.iter().take(excess).try_for_each(|(path, _)| remove(path))
    }

    /// The files of a folder, and when they were written.
    fn files(&self, folder: &str) -> Result<Vec<(PathBuf, SystemTime)>> {
        let folder = self.path.join(folder);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let entry = entry.map_err(Error::io(&folder))?;
            let written = entry.metadata().and_then(|data| data.modified());
            files.push((entry.path(), written.map_err(Error::io(&entry.path()))?));
        }
        Ok(files)
    }

    fn file(&self, folder: &str, id: &Id) -> PathBuf {
        self.path.join(folder).join(format!("{id}.json"))
    }
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

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If it cannot be written; then it is as it was.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value).expect("numbers, strings and lists always serialise");
    let written = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(&bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        Ok(())
    };
    written().map_err(Error::io(path))
}
