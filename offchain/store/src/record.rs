//! One training example.

use openledger_primitives::{hashing, H256};
use serde::{Deserialize, Serialize};
use unicode_normalization::{is_nfc, UnicodeNormalization};

use crate::{Error, Result};

/// The most bytes of one line of JSONL.
pub const MAX_LINE: usize = 256 * 1024;
/// The most bytes of one JSONL file.
pub const MAX_FILE: usize = 256 * 1024 * 1024;
/// The most bytes of a source label.
pub const MAX_SOURCE: usize = 512;

/// One training example, in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    body: Body,
    source: Option<String>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Text to continue.
    Text(String),
    /// A prompt and what should follow it.
    Completion {
        /// What is given.
        prompt: String,
        /// What should follow.
        completion: String,
    },
    /// A conversation.
    Chat(Vec<Message>),
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks, such as `user`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// A line of JSONL. The order of the fields is that of the canonical form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Message>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Record {
    /// A record of `body` in normal form, with a label that says where it is from.
    ///
    /// # Errors
    /// A sentence, when a string has nothing but blanks, a conversation has no messages, or the label is too long
    /// or not one line.
    pub fn new(body: Body, source: Option<String>) -> Result<Self, String> {
        let text = |what: &str, text: &str| {
            let text = normalise(text);
            if text.chars().all(char::is_whitespace) {
                return Err(format!("{what} is empty"));
            }
            Ok(text)
        };
        let body = match body {
            Body::Text(string) => Body::Text(text("\"text\"", &string)?),
            Body::Completion { prompt, completion } => Body::Completion {
                prompt: text("\"prompt\"", &prompt)?,
                completion: text("\"completion\"", &completion)?,
            },
            Body::Chat(messages) if messages.is_empty() => {
                return Err("\"messages\" is empty".into());
            }
            Body::Chat(messages) => Body::Chat(
                messages
                    .iter()
                    .map(|message| {
                        Ok(Message {
                            role: text("\"role\"", &message.role)?,
                            content: text("\"content\"", &message.content)?,
                        })
                    })
                    .collect::<Result<_, String>>()?,
            ),
        };
        match &source {
            Some(label) if label.len() > MAX_SOURCE => {
                Err(format!("\"source\" has {} bytes, at most {MAX_SOURCE}", label.len()))
            }
            Some(label) if label.contains(['\n', '\r']) => {
                Err("\"source\" has several lines, expected one".into())
            }
            _ => Ok(Self { body, source }),
        }
    }

    /// What it says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Where it is from: a label for people, part of no hash.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The same record under another label.
    ///
    /// # Errors
    /// As [`Record::new`].
    pub fn with_source(self, source: String) -> Result<Self, String> {
        Self::new(self.body, Some(source))
    }

    /// `blake2b_256(tag ‖ SCALE((kind: u8, strings: Vec<Vec<u8>>)))`.
    pub fn hash(&self) -> H256 {
        let (kind, strings): (u8, Vec<&[u8]>) = match &self.body {
            Body::Text(text) => (0, vec![text.as_bytes()]),
            Body::Completion { prompt, completion } => {
                (1, vec![prompt.as_bytes(), completion.as_bytes()])
            }
            Body::Chat(messages) => (
                2,
                messages.iter().flat_map(|m| [m.role.as_bytes(), m.content.as_bytes()]).collect(),
            ),
        };
        hashing::tagged(hashing::RECORD, &(kind, strings))
    }

    /// What a model is trained on: the text; prompt and completion on lines of their own; or the conversation as
    /// [`conversation`] writes it.
    pub fn text(&self) -> String {
        match &self.body {
            Body::Text(text) => text.clone(),
            Body::Completion { prompt, completion } => format!("{prompt}\n{completion}"),
            Body::Chat(messages) => conversation(messages),
        }
    }

    /// Its line of JSONL, without the newline: no blanks, keys in the order `text`, `prompt`, `completion`,
    /// `messages`, `source`.
    pub fn to_json(&self) -> String {
        let mut line =
            Line { text: None, prompt: None, completion: None, messages: None, source: None };
        line.source.clone_from(&self.source);
        match self.body.clone() {
            Body::Text(text) => line.text = Some(text),
            Body::Completion { prompt, completion } => {
                (line.prompt, line.completion) = (Some(prompt), Some(completion));
            }
            Body::Chat(messages) => line.messages = Some(messages),
        }
        serde_json::to_string(&line).expect("strings always serialise")
    }

    /// Reads a line of JSON.
    ///
    /// # Errors
    /// A sentence, when it is not the JSON of a record, or as [`Record::new`].
    pub fn from_json(json: &str) -> Result<Self, String> {
        if json.len() > MAX_LINE {
            return Err(format!("a record of {} bytes, at most {MAX_LINE} are taken", json.len()));
        }
        let line: Line = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let body = match line {
            Line { text: Some(text), prompt: None, completion: None, messages: None, .. } => {
                Body::Text(text)
            }
            Line {
                text: None,
                prompt: Some(prompt),
                completion: Some(completion),
                messages: None,
                ..
            } => Body::Completion { prompt, completion },
            Line {
                text: None, prompt: None, completion: None, messages: Some(messages), ..
            } => Body::Chat(messages),
            _ => {
                return Err("expected either \"text\", or \"prompt\" and \"completion\", or \
                            \"messages\""
                    .into());
            }
        };
        Self::new(body, line.source)
    }
}

/// Each message as `role: content`, on lines of their own.
pub fn conversation(messages: &[Message]) -> String {
    let turns: Vec<String> =
        messages.iter().map(|message| format!("{}: {}", message.role, message.content)).collect();
    turns.join("\n")
}

/// Unicode NFC; CRLF and CR to LF; spaces and tabs at the end of lines and newlines at the end of the text removed.
pub fn normalise(text: &str) -> String {
    let composed: String = if is_nfc(text) { text.into() } else { text.nfc().collect() };
    let unix = composed.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> =
        unix.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    lines.join("\n").trim_end_matches('\n').to_string()
}

/// Records as canonical JSONL: a newline after every line.
pub fn to_jsonl(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(record.to_json().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Reads JSONL. Empty lines are passed over.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::NoRecords`], or [`Error::Record`] with the number of the first line that is no
/// record.
pub fn parse_jsonl(bytes: &[u8]) -> Result<Vec<Record>> {
    if bytes.len() > MAX_FILE {
        let (found, limit) = (bytes.len() as u64, MAX_FILE as u64);
        return Err(Error::TooLarge { what: "bytes of JSONL", found, limit });
    }
    let mut records = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let refused = |reason| Error::Record { line: index + 1, reason };
        let line = std::str::from_utf8(line).map_err(|error| {
            refused(format!("not UTF-8, from byte {} of the line on", error.valid_up_to() + 1))
        })?;
        if !line.trim().is_empty() {
            records.push(Record::from_json(line).map_err(refused)?);
        }
    }
    if records.is_empty() {
        return Err(Error::NoRecords);
    }
    Ok(records)
}
