//! One training example: what it says, in normal form, and its hash.
//!
//! This is what is contributed, owned and proven. What a model is trained on is its rendering by the template of a
//! base, which is the trainer's to make.

mod chat;
mod line;
mod normal;

use codec::Encode;
use openledger_primitives::{hashing, H256};

pub use chat::{Call, Message, Role};
pub use normal::{normalise, Normal};

use crate::{json::Json, Error, Result};

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

/// What a record says. Its SCALE encoding is what is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
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
    Chat {
        /// Its turns, at least one.
        messages: Vec<Message>,
        /// The tools that the assistant may call: each an object of JSON without blanks.
        tools: Vec<String>,
    },
    /// Two ways to go on with a conversation, of which one is better.
    Preference {
        /// The conversation so far; may be empty.
        prompt: Vec<Message>,
        /// The better way.
        chosen: Vec<Message>,
        /// The other.
        rejected: Vec<Message>,
        /// As of a conversation.
        tools: Vec<String>,
    },
}

impl Body {
    fn normal(self) -> Result<Self, String> {
        Ok(match self {
            Self::Text(string) => Self::Text(text("\"text\"", &string)?),
            Self::Completion { prompt, completion } => Self::Completion {
                prompt: text("\"prompt\"", &prompt)?,
                completion: text("\"completion\"", &completion)?,
            },
            Self::Chat { messages, tools } => {
                Self::Chat { messages: turns("\"messages\"", messages)?, tools: objects(tools)? }
            }
            Self::Preference { prompt, chosen, rejected, tools } => {
                let mut prompt =
                    if prompt.is_empty() { prompt } else { turns("\"prompt\"", prompt)? };
                let mut chosen = turns("\"chosen\"", chosen)?;
                let mut rejected = turns("\"rejected\"", rejected)?;
                if chosen == rejected {
                    return Err("\"chosen\" and \"rejected\" are the same".into());
                }
                // What both begin with is asked, not answered. Each keeps an answer.
                let shared = chosen.iter().zip(&rejected).take_while(|(a, b)| a == b).count();
                let shared = shared.min(chosen.len() - 1).min(rejected.len() - 1);
                prompt.extend(chosen.drain(..shared));
                rejected.drain(..shared);
                // Nothing of it is learned, whatever its weights say.
                prompt.iter_mut().for_each(|turn| turn.learned = true);
                Self::Preference { prompt, chosen, rejected, tools: objects(tools)? }
            }
        })
    }
}

/// A string that says something.
fn text(what: &str, text: &str) -> Result<String, String> {
    let text = normalise(text);
    if text.chars().all(char::is_whitespace) {
        return Err(format!("{what} is empty"));
    }
    Ok(text)
}

fn turns(what: &str, messages: Vec<Message>) -> Result<Vec<Message>, String> {
    if messages.is_empty() {
        return Err(format!("{what} is empty"));
    }
    let turn = |(i, message): (usize, Message)| {
        turn(message).map_err(|reason| format!("turn {} of {what}: {reason}", i + 1))
    };
    messages.into_iter().enumerate().map(turn).collect()
}

fn turn(message: Message) -> Result<Message, String> {
    let Message { role, name, content, calls, answers, learned } = message;
    let (who, is) = (role.name(), |of: Role| role == of);
    if !calls.is_empty() && !is(Role::Assistant) {
        return Err(format!("\"tool_calls\" of {who}: only the assistant calls tools"));
    }
    if answers.is_some() && !is(Role::Tool) {
        return Err(format!("\"tool_call_id\" of {who}: only a tool answers calls"));
    }
    if !learned && !is(Role::Assistant) {
        return Err(format!("\"weight\" of {who}: only what the assistant says is learned"));
    }
    // A call says enough, and a tool may have nothing to say.
    let content = if is(Role::Tool) || !calls.is_empty() {
        normalise(&content)
    } else {
        text("\"content\"", &content)?
    };
    let call = |call: Call| {
        let id = call.id.map(|id| text("\"id\"", &id)).transpose()?;
        let arguments = normalise(&call.arguments);
        let arguments = match Json::parse(&arguments) {
            Ok(object @ Json::Object(_)) => object.to_string(),
            _ => arguments,
        };
        Ok(Call { id, name: text("\"name\"", &call.name)?, arguments })
    };
    Ok(Message {
        role,
        name: name.map(|name| text("\"name\"", &name)).transpose()?,
        content,
        calls: calls.into_iter().map(call).collect::<Result<_, String>>()?,
        answers: answers.map(|id| text("\"tool_call_id\"", &id)).transpose()?,
        learned,
    })
}

fn objects(tools: Vec<String>) -> Result<Vec<String>, String> {
    let object = |tool: String| match Json::parse(&tool) {
        Ok(object @ Json::Object(_)) => Ok(object.to_string()),
        Ok(other) => Err(format!("\"tools\" has {}, expected objects", other.kind())),
        Err(reason) => Err(format!("\"tools\": {reason}")),
    };
    tools.into_iter().map(object).collect()
}

impl Record {
    /// A record of `body` in normal form, with a label that says where it is from.
    ///
    /// # Errors
    /// A sentence, when a string has nothing but blanks, a conversation has no turns or one that its role cannot take,
    /// a pair is of two that are the same, the record is too long, or the label is too long or not one line.
    pub fn new(body: Body, source: Option<String>) -> Result<Self, String> {
        match &source {
            Some(label) if label.len() > MAX_SOURCE => {
                return Err(format!("\"source\" has {} bytes, at most {MAX_SOURCE}", label.len()));
            }
            Some(label) if label.contains(['\n', '\r']) => {
                return Err("\"source\" has several lines, expected one".into());
            }
            _ => {}
        }
        let record = Self { body: body.normal()?, source };
        // So that what is written can be read again.
        let bytes = record.to_json().len();
        if bytes > MAX_LINE {
            return Err(format!("a record of {bytes} bytes, at most {MAX_LINE} are taken"));
        }
        Ok(record)
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

    /// `blake2b_256(tag ‖ SCALE(body))`. Lengths and counts are part of it, so no text can stand for two turns.
    pub fn hash(&self) -> H256 {
        hashing::tagged(hashing::RECORD, &self.body)
    }

    /// The texts that it is made of, in order: of a conversation, what was said and called; of a pair, the prompt, the
    /// better way and the other.
    pub fn passages(&self) -> Vec<&str> {
        match &self.body {
            Body::Text(text) => vec![text],
            Body::Completion { prompt, completion } => vec![prompt, completion],
            Body::Chat { messages, .. } => said(messages).collect(),
            Body::Preference { prompt, chosen, rejected, .. } => {
                said(prompt).chain(said(chosen)).chain(said(rejected)).collect()
            }
        }
    }

    /// Its passages on lines of their own, to compare words and to search. Who said what, and where a turn ends, is not
    /// in it: no model is trained on this.
    pub fn text(&self) -> String {
        self.passages().join("\n")
    }

    /// Its line of JSONL in normal form, without the newline.
    pub fn to_json(&self) -> String {
        line::write(self)
    }

    /// Reads a line of JSON: the bodies of the normal form, and no other field.
    ///
    /// # Errors
    /// A sentence, when it is not the JSON of a record, or as [`Record::new`].
    pub fn from_json(json: &str) -> Result<Self, String> {
        line::read(json)
    }
}

/// What was said in turns, and called.
fn said(messages: &[Message]) -> impl Iterator<Item = &str> {
    let of = messages.iter().flat_map(passages_of);
    of.filter(|text| !text.is_empty())
}

fn passages_of(message: &Message) -> impl Iterator<Item = &str> {
    let calls = message.calls.iter();
    let calls = calls.flat_map(|call| [call.name.as_str(), call.arguments.as_str()]);
    std::iter::once(message.content.as_str()).chain(calls)
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

/// Reads JSONL of records, as [`to_jsonl`] writes it. Empty lines are passed over.
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
