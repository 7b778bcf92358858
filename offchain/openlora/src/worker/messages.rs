//! What a gateway and its processes say to each other.

use std::path::PathBuf;

use openledger_lm::{Sampling, Stop};
use serde::{Deserialize, Serialize};

use crate::prompt::Prompt;

/// What is asked of a process. Each is answered with its number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ask {
    pub id: u64,
    pub what: What,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum What {
    /// The first: to load a base from a folder, within so many bytes of memory.
    Open { base: PathBuf, part: Part, memory: u64 },
    /// To load an adapter from a folder, if it is for the base of this name. It is called by the number of this.
    Load { adapter: PathBuf, base: String },
    /// To forget an adapter. Not answered.
    Forget { adapter: u64 },
    /// To read a prompt.
    Read { prompt: Prompt },
    /// To continue a prompt up to one of the texts.
    Answer { adapter: u64, prompt: Vec<u32>, sampling: Sampling, stop: Vec<String> },
    /// To end an answer with what there is. Not answered.
    End { answer: u64 },
}

/// What of a base a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Tokenizer and chat template.
    Reader,
    /// Tokenizer and model.
    Model,
}

/// What a process says to something that was asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply {
    pub id: u64,
    pub said: Said,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    /// It goes on: a part of a prompt was read, or a token chosen.
    Going,
    /// It is loaded.
    Loaded,
    /// The tokens of a prompt.
    Tokens(Vec<u32>),
    /// An answer.
    Answer(Generated),
    /// It cannot be done, for this reason.
    Refused(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Its tokens.
    pub output: Vec<u32>,
    /// Its text, up to where a text began that was to end it.
    pub text: String,
    /// Why it ended.
    pub stop: Stop,
}
