//! A model that is loaded: the processes that compute for it, and the memory that it holds.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use openledger_artefacts as artefacts;
use openledger_lm::{Config, Footprint, Sampling};
use openledger_primitives::H256;
use openledger_service::process::Program;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    catalogue::Key,
    memory::Held,
    prompt::Prompt,
    queue::Queue,
    worker::{Failure, Generated, Worker},
    Refusal,
};

/// Prompts of one base that are read at once.
const READERS: usize = 2;
/// Bytes of memory that a process which reads prompts may have: far more than a tokenizer takes.
const READER: u64 = 1 << 30;
/// Prompts of one base that may wait to be read, those included that are; and those of one payer.
const PROMPTS: (usize, usize) = (64, 16);
/// How long a prompt may wait to be read, and how long reading it may take.
const READING: Duration = Duration::from_secs(20);

/// A base model that is loaded, into a process of its own. Another one reads its prompts, so that a prompt which takes
/// too long, and ends that process, ends no answer.
pub struct Base {
    /// Tokens that prompt and answer may have together.
    pub context: usize,
    /// What an answer needs.
    pub footprint: Footprint,
    model: Worker,
    reader: Mutex<Arc<Worker>>,
    readers: Arc<Queue>,
    program: Program,
    /// Stays where it is, for the next reader.
    folder: artefacts::Held,
    _held: Held,
}

/// How processes are started.
#[derive(Clone, Debug)]
pub struct Processes {
    /// What is started.
    pub program: Program,
    /// Bytes of memory that a model's may have.
    pub memory: u64,
}

impl Base {
    /// Loads the base in a folder. `held` is the memory that it takes.
    pub async fn open(
        processes: Processes,
        folder: artefacts::Held,
        footprint: Footprint,
        held: Held,
    ) -> Result<Self, Failure> {
        let config = Config::load(&folder).map_err(|error| Failure::Refused(error.to_string()))?;
        let Processes { program, memory } = processes;
        let reader = Worker::reader(&program, &folder, READER).await?;
        let model = Worker::model(&program, &folder, memory).await?;
        Ok(Self {
            context: config.max_position_embeddings,
            footprint,
            model,
            reader: Mutex::new(Arc::new(reader)),
            readers: Queue::new(READERS, PROMPTS.0, PROMPTS.1),
            program,
            folder,
            _held: held,
        })
    }

    /// Loads an adapter of it, whose configuration must name it so. `held` is the memory that it takes.
    pub async fn adapter(
        self: Arc<Self>,
        folder: &Path,
        name: &str,
        held: Held,
    ) -> Result<Adapter, Failure> {
        let number = self.model.load(folder, name).await?;
        Ok(Adapter { base: self, number, _held: held })
    }

    /// Whether the process of the model ended: then nothing loaded into it can answer.
    pub fn has_ended(&self) -> bool {
        self.model.has_ended()
    }

    /// The process that reads prompts, started again if it ended.
    async fn reader(&self) -> Result<Arc<Worker>, Failure> {
        let mut reader = self.reader.lock().await;
        if reader.has_ended() {
            let program = &self.program;
            *reader = Arc::new(Worker::reader(program, &self.folder, READER).await?);
        }
        Ok(reader.clone())
    }

    /// The tokens of a payer's prompt: of a conversation, as the chat template has it, in which no text forges a turn.
    /// Payers take turns.
    ///
    /// # Errors
    /// If too many wait, the tokenizer or the template refuses it, or does not come to an end.
    pub async fn read(&self, payer: H256, prompt: &Prompt) -> Result<Vec<u32>, Refusal> {
        let too_slow = || {
            let message = format!(
                "the model's tokenizer did not read the prompt within {} s: ask with a shorter one, or another model",
                READING.as_secs()
            );
            Refusal::too_slow("prompt_too_slow", message)
        };
        let mut place = self.readers.enter(payer)?;
        timeout(READING, place.turn()).await.map_err(|_| too_slow())?;
        // Another prompt may have ended the process: once more, then.
        let mut again = true;
        loop {
            let read = match self.reader().await {
                Ok(reader) => reader.read(prompt.clone(), READING).await,
                Err(failure) => Err(failure),
            };
            return match read {
                Ok(tokens) => Ok(tokens),
                Err(Failure::Refused(reason)) => {
                    Err(Refusal::bad_request("prompt_refused", reason))
                }
                Err(Failure::Silent(_)) => Err(too_slow()),
                Err(Failure::Ended(_)) if again => {
                    again = false;
                    continue;
                }
                Err(Failure::Ended(reason)) => {
                    let message = format!("the process that reads the prompt ended: {reason}");
                    Err(Refusal::unavailable("computation_ended", message))
                }
            };
        }
    }
}

/// An adapter that is loaded into the process of its base.
pub struct Adapter {
    base: Arc<Base>,
    number: u64,
    _held: Held,
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.base.model.forget(self.number);
    }
}

/// A model that can answer.
pub struct Served {
    /// Which it is.
    pub key: Key,
    adapter: Adapter,
}

impl Served {
    /// A version of a model, whose adapter is loaded.
    pub fn new(key: Key, adapter: Adapter) -> Self {
        Self { key, adapter }
    }

    /// Its base.
    pub fn base(&self) -> &Arc<Base> {
        &self.adapter.base
    }

    /// Continues a prompt, up to one of the texts of `stop`, or until `end`: then with what there is.
    pub async fn answer(
        &self,
        prompt: Vec<u32>,
        sampling: Sampling,
        stop: Vec<String>,
        end: impl Future<Output = ()>,
    ) -> Result<Generated, Failure> {
        let Adapter { base, number, .. } = &self.adapter;
        base.model.answer(*number, prompt, sampling, stop, end).await
    }
}

#[cfg(test)]
impl Base {
    /// Ends the process of the model.
    pub fn kill(&self) {
        self.model.signal(rustix::process::Signal::KILL);
    }

    /// Ends the process that reads prompts.
    pub async fn kill_reader(&self) {
        self.reader.lock().await.signal(rustix::process::Signal::KILL);
    }
}
