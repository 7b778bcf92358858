//! The gateway's side: a process that is started, asked, and ended.

use std::{
    collections::HashMap,
    future::Future,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as Socket},
    path::Path,
    pin::pin,
    process::Stdio,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    },
    time::Duration,
};

use openledger_lm::Sampling;
use openledger_service::process::{describe, Program};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        unix::{OwnedReadHalf, OwnedWriteHalf},
        UnixStream,
    },
    process::Child,
    sync::{mpsc, Notify},
    time::timeout,
};

use super::messages::{Ask, Generated, Part, Reply, Said, What};
use crate::prompt::Prompt;

/// How long loading may take.
const LOADING: Duration = Duration::from_secs(600);
/// How long a process may say nothing while it computes an answer. A part of a prompt takes far less.
const STEP: Duration = Duration::from_secs(120);
/// What a process is told of the gateway's environment: nothing that is secret.
const ENVIRONMENT: [&str; 6] =
    ["HOME", "LD_LIBRARY_PATH", "PATH", "RAYON_NUM_THREADS", "RUST_BACKTRACE", "RUST_LOG"];
/// The most bytes of a reply: the tokens of the longest prompt that is taken.
const MAX_REPLY: u64 = 64 << 20;

/// A process that has a base.
pub struct Worker {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    state: Arc<State>,
    next: AtomicU64,
    step: Duration,
    #[cfg(test)]
    process: u32,
}

struct State {
    /// Who waits for replies, by the numbers of the requests.
    waiting: Mutex<HashMap<u64, mpsc::UnboundedSender<Said>>>,
    /// How the process ended.
    ended: OnceLock<String>,
    /// Rung to end it.
    kill: Notify,
}

/// Why a process did not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// It said why.
    Refused(String),
    /// It said nothing for so long, and was ended.
    Silent(Duration),
    /// It ended.
    Ended(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(reason) => f.write_str(reason),
            Self::Silent(time) => write!(f, "it did nothing for {} s", time.as_secs_f64()),
            Self::Ended(reason) => f.write_str(reason),
        }
    }
}

/// A request whose replies are still to come.
struct Asked {
    id: u64,
    replies: mpsc::UnboundedReceiver<Said>,
}

impl Worker {
    /// Starts a process that reads prompts for the base in a folder, within so many bytes of memory.
    pub async fn reader(program: &Program, base: &Path, memory: u64) -> Result<Self, Failure> {
        Self::open(program, base, Part::Reader, memory).await
    }

    /// Starts a process that computes answers of the base in a folder, within so many bytes of memory.
    pub async fn model(program: &Program, base: &Path, memory: u64) -> Result<Self, Failure> {
        Self::open(program, base, Part::Model, memory).await
    }

    async fn open(
        program: &Program,
        base: &Path,
        part: Part,
        memory: u64,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::Ended(format!("{} cannot be started: {error}", program.path.display()))
        };
        let (ours, theirs) = Socket::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let told = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut command = program.command(Stdio::from(OwnedFd::from(theirs)));
        let process = command.env_clear().envs(told).spawn().map_err(failed)?;
        let (read, write) = UnixStream::from_std(ours).map_err(failed)?.into_split();
        let (lines, queued) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            waiting: Mutex::default(),
            ended: OnceLock::new(),
            kill: Notify::new(),
        });
        let worker = Self {
            lines,
            state: state.clone(),
            next: AtomicU64::new(0),
            step: STEP,
            #[cfg(test)]
            process: process.id().expect("it runs"),
        };
        tokio::spawn(write_all(queued, write));
        tokio::spawn(async move { state.watch(process, read, memory).await });
        let asked = worker.send(What::Open { base: base.into(), part, memory })?;
        worker.expect_loaded(asked).await?;
        Ok(worker)
    }

    async fn expect_loaded(&self, mut asked: Asked) -> Result<(), Failure> {
        match self.next(&mut asked, LOADING).await? {
            Said::Loaded => Ok(()),
            other => Err(self.end(other)),
        }
    }

    /// Loads an adapter of the base, which has this name, and returns what the process calls it.
    pub async fn load(&self, adapter: &Path, base: &str) -> Result<u64, Failure> {
        let asked = self.send(What::Load { adapter: adapter.into(), base: base.into() })?;
        let id = asked.id;
        self.expect_loaded(asked).await?;
        Ok(id)
    }

    /// Forgets an adapter.
    pub fn forget(&self, adapter: u64) {
        // If it ended, there is nothing to forget.
        let _ = self.send(What::Forget { adapter });
    }

    /// The tokens of a prompt, for which it has so long.
    pub async fn read(&self, prompt: Prompt, time: Duration) -> Result<Vec<u32>, Failure> {
        let mut asked = self.send(What::Read { prompt })?;
        match self.next(&mut asked, time).await? {
            Said::Tokens(tokens) => Ok(tokens),
            other => Err(self.end(other)),
        }
    }

    /// Continues a prompt with an adapter, up to one of the texts of `stop`, or until `end`: then with what there is.
    pub async fn answer(
        &self,
        adapter: u64,
        prompt: Vec<u32>,
        sampling: Sampling,
        stop: Vec<String>,
        end: impl Future<Output = ()>,
    ) -> Result<Generated, Failure> {
        let mut asked = self.send(What::Answer { adapter, prompt, sampling, stop })?;
        let answer = asked.id;
        let mut end = pin!(end);
        let mut ending = false;
        loop {
            tokio::select! {
                said = self.next(&mut asked, self.step) => match said? {
                    Said::Going => {}
                    Said::Answer(generated) => return Ok(generated),
                    other => return Err(self.end(other)),
                },
                () = &mut end, if !ending => {
                    ending = true;
                    self.send(What::End { answer })?;
                }
            }
        }
    }

    /// Whether the process ended.
    pub fn has_ended(&self) -> bool {
        self.state.ended.get().is_some()
    }

    fn send(&self, what: What) -> Result<Asked, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, replies) = mpsc::unbounded_channel();
        if !matches!(what, What::Forget { .. } | What::End { .. }) {
            self.state.waiting().insert(id, sender);
        }
        let mut line = serde_json::to_vec(&Ask { id, what })
            .expect("it has no map and no float that is no number");
        line.push(b'\n');
        // Looked at last: from when it ends on, nobody is told who is not waiting yet.
        if self.lines.send(line).is_err() || self.has_ended() {
            self.state.waiting().remove(&id);
            return Err(self.state.how());
        }
        Ok(Asked { id, replies })
    }

    /// What it says next, within this time.
    async fn next(&self, asked: &mut Asked, time: Duration) -> Result<Said, Failure> {
        match timeout(time, asked.replies.recv()).await {
            Ok(Some(Said::Refused(reason))) => Err(Failure::Refused(reason)),
            Ok(Some(said)) => Ok(said),
            Ok(None) => Err(self.state.how()),
            Err(_) => {
                self.state.kill.notify_one();
                Err(Failure::Silent(time))
            }
        }
    }

    /// Ends a process that says what it was not asked.
    fn end(&self, said: Said) -> Failure {
        self.state.kill.notify_one();
        Failure::Ended(format!("it said {said:?}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.state.kill.notify_one();
    }
}

impl State {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, mpsc::UnboundedSender<Said>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn how(&self) -> Failure {
        let how = self.ended.get().cloned();
        Failure::Ended(how.unwrap_or_else(|| "it is ending".into()))
    }

    /// Hands out replies until the process ends or is to be ended, and takes note how it did.
    async fn watch(&self, mut process: Child, read: OwnedReadHalf, memory: u64) {
        let said = tokio::select! {
            said = self.hand_out(read) => said,
            () = self.kill.notified() => Some("the gateway ended it".to_string()),
        };
        if said.is_some() {
            // It fails only if the process has ended already.
            let _ = process.start_kill();
        }
        let status = process.wait().await;
        let how = said.unwrap_or_else(|| match status {
            Ok(status) => describe(status, memory),
            Err(error) => error.to_string(),
        });
        tracing::debug!(%how, "a process ended");
        let _ = self.ended.set(how);
        self.waiting().clear();
    }

    /// Hands out replies until there are no more. Returns what is wrong with one, if that is why.
    async fn hand_out(&self, read: OwnedReadHalf) -> Option<String> {
        let mut read = BufReader::new(read);
        loop {
            let mut line = Vec::new();
            match (&mut read).take(MAX_REPLY).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            let Reply { id, said } = match serde_json::from_slice(&line) {
                Ok(reply) => reply,
                Err(error) => return Some(format!("what it said is no reply: {error}")),
            };
            let mut waiting = self.waiting();
            let waits = match said {
                Said::Going => waiting.get(&id).cloned(),
                _ => waiting.remove(&id),
            };
            // Who does not wait any more is not told.
            if let Some(waits) = waits {
                let _ = waits.send(said);
            }
        }
    }
}

/// Writes what is queued, until nobody can queue any more: then the process's input ends.
async fn write_all(mut queued: mpsc::UnboundedReceiver<Vec<u8>>, mut write: OwnedWriteHalf) {
    while let Some(line) = queued.recv().await {
        // If it cannot be written, the process has ended, and that is seen elsewhere.
        if write.write_all(&line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
impl Worker {
    /// What the process was told of the environment.
    pub fn environment(&self) -> String {
        let path = format!("/proc/{}/environ", self.process);
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }

    /// Sends the process a signal: what a system without memory does, or what makes it do nothing.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.process as i32).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }
}
