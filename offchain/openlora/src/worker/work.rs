//! The process's side.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
};

use openledger_lm::{Adapter, ChatTemplate, Config, Model, Sampling, Step, Stop, Tokenizer};
use openledger_service::process::{limit_memory, ORPHANED};

use super::messages::{Ask, Generated, Part, Reply, Said, What};
use crate::{
    prompt::Prompt,
    stopping::{self, Stopping},
};

/// Does what it is asked over its standard input, a socket, until that ends.
///
/// # Errors
/// If the standard input is no socket, or what comes there is no message.
pub fn run() -> io::Result<()> {
    // Else only a thread would end, and the gateway would wait for its answer.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{panic}");
        std::process::abort();
    }));
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let out = Mutex::new(socket.try_clone()?);
    let mut lines = BufReader::new(socket).lines();
    let mut next = move || -> io::Result<Option<Ask>> {
        lines.next().transpose()?.map(|line| Ok(serde_json::from_str(&line)?)).transpose()
    };

    let Some(Ask { id, what: What::Open { base, part, memory } }) = next()? else {
        return Err(io::Error::other("expected what to load, first"));
    };
    limit_memory(memory)?;
    let loaded = match Loaded::open(&base, part) {
        Ok(loaded) => loaded,
        Err(error) => return say(&out, id, Said::Refused(error.to_string())),
    };
    say(&out, id, Said::Loaded)?;
    let work =
        Arc::new(Work { out, loaded, adapters: Mutex::default(), answers: Mutex::default() });
    while let Some(Ask { id, what }) = next()? {
        match what {
            What::Forget { adapter } => {
                lock(&work.adapters).remove(&adapter);
            }
            What::End { answer } => {
                if let Some(ended) = lock(&work.answers).get(&answer) {
                    ended.store(true, Ordering::Relaxed);
                }
            }
            what => {
                if matches!(what, What::Answer { .. }) {
                    lock(&work.answers).insert(id, Arc::default());
                }
                let work = work.clone();
                std::thread::spawn(move || work.perform(id, what));
            }
        }
    }
    // What is still computed is for nobody.
    std::process::exit(ORPHANED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(out: &Mutex<UnixStream>, id: u64, said: Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Reply { id, said })?;
    line.push(b'\n');
    lock(out).write_all(&line)
}

/// What a process has of a base.
struct Loaded {
    tokenizer: Arc<Tokenizer>,
    chat: Option<ChatTemplate>,
    model: Option<Model>,
}

impl Loaded {
    fn open(base: &Path, part: Part) -> openledger_lm::Result<Self> {
        let config = Config::load(base)?;
        let tokenizer = Arc::new(Tokenizer::load(base, &config)?);
        Ok(match part {
            Part::Reader => {
                let chat = Some(ChatTemplate::load(base, &tokenizer)?);
                Self { tokenizer, chat, model: None }
            }
            Part::Model => Self { tokenizer, chat: None, model: Some(Model::load(base)?) },
        })
    }
}

struct Work {
    out: Mutex<UnixStream>,
    loaded: Loaded,
    /// The base with each adapter, by the number of the request to load that.
    adapters: Mutex<HashMap<u64, Model>>,
    /// Of each answer that is computed, whether it is to end.
    answers: Mutex<HashMap<u64, Arc<AtomicBool>>>,
}

impl Work {
    fn perform(&self, id: u64, what: What) {
        let said = match what {
            What::Load { adapter, base } => self.load(id, &adapter, &base),
            What::Read { prompt } => self.read(prompt),
            What::Answer { adapter, prompt, sampling, stop } => {
                let answer = self.answer(id, adapter, &prompt, sampling, &stop);
                lock(&self.answers).remove(&id);
                answer
            }
            what => Err(format!("{what:?} is not for this process now")),
        };
        // If it cannot be said, the gateway is gone, and the input ends too.
        let _ = say(&self.out, id, said.unwrap_or_else(Said::Refused));
    }

    fn load(&self, id: u64, adapter: &Path, base: &str) -> Result<Said, String> {
        let model = self.loaded.model.as_ref().ok_or("no model is loaded here")?;
        let adapter = Adapter::load(adapter, model.config(), Some(base));
        let model = adapter.and_then(|adapter| model.clone().with_adapter(adapter));
        lock(&self.adapters).insert(id, model.map_err(|error| error.to_string())?);
        Ok(Said::Loaded)
    }

    fn read(&self, prompt: Prompt) -> Result<Said, String> {
        let chat = self.loaded.chat.as_ref().ok_or("no chat template is loaded here")?;
        let tokens = prompt.tokens(&self.loaded.tokenizer, chat);
        tokens.map(Said::Tokens).map_err(|error| error.to_string())
    }

    fn answer(
        &self,
        id: u64,
        adapter: u64,
        prompt: &[u32],
        sampling: Sampling,
        texts: &[String],
    ) -> Result<Said, String> {
        let model = lock(&self.adapters).get(&adapter).cloned().ok_or("no such adapter")?;
        let ended = lock(&self.answers).get(&id).cloned().unwrap_or_default();
        let tokenizer = &self.loaded.tokenizer;
        let mut stopping = Stopping::new(tokenizer, texts);
        let each = |step| {
            let stopped = match step {
                Step::Read(_) => false,
                Step::Token(id) => stopping.ends(id),
            };
            say(&self.out, id, Said::Going).is_ok() && !stopped && !ended.load(Ordering::Relaxed)
        };
        let generated = model.generate(prompt, sampling, tokenizer.unnamed(), each);
        let (output, stop) = generated.map_err(|error| error.to_string())?;
        let text = tokenizer.decode_after(prompt, &output).map_err(|error| error.to_string())?;
        let (text, stopped) = stopping::cut(text, texts);
        let stop = if stopped { Stop::EndOfText } else { stop };
        Ok(Said::Answer(Generated { output, text, stop }))
    }
}
