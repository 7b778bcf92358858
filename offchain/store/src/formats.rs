//! The formats in which people keep training examples, to records.
//!
//! | fields of a row | what it is | body |
//! |---|---|---|
//! | `chosen`, `rejected`, with `prompt` or without | preference pair | pair |
//! | `messages`, with `tools` or without | OpenAI's conversation | conversation |
//! | `conversations` of `from` and `value`, with `system`, `tools` | ShareGPT's | conversation |
//! | `instruction`, `input`, `output`, with `system`, `history` | Alpaca's | conversation |
//! | `prompt`, `completion` | | completion; of lists of turns, a conversation |
//! | `prompt`, `question` or `query`, and `response`, `answer` or `output` | | conversation |
//! | `text` | | text |
//!
//! The first of these whose fields are there is taken. What else a row has is told, not dropped.

mod instructions;
mod openai;
mod preference;
mod sharegpt;

use crate::{
    json::Json,
    record::{Body, Record},
};

/// The columns that a table is read for: those that some format has.
pub const COLUMNS: [&str; 21] = [
    "answer",
    "chosen",
    "completion",
    "context",
    "conversations",
    "functions",
    "history",
    "input",
    "instruction",
    "label",
    "messages",
    "output",
    "prompt",
    "query",
    "question",
    "rejected",
    "response",
    "source",
    "system",
    "text",
    "tools",
];

/// A record, and what of its row is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The record.
    pub record: Record,
    /// Fields that say something and were not taken.
    pub left: Vec<String>,
}

/// The fields of a row that were not taken yet. One that is null says nothing, and is as if it were not there.
struct Row(Vec<(String, Json)>);

impl Row {
    fn new(fields: Vec<(String, Json)>) -> Self {
        Self(fields.into_iter().filter(|(_, value)| *value != Json::Null).collect())
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    /// The first of these fields that is there.
    fn first<'a>(&self, keys: &[&'a str]) -> Option<&'a str> {
        keys.iter().copied().find(|key| self.has(key))
    }

    fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// A string, where the field is there.
    fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => Err(format!("{key:?} is {}, expected a string", other.kind())),
        }
    }

    /// A string that must be there.
    fn needed(&mut self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{key:?} is missing"))
    }

    /// Refuses what else there is, since it could change what the rest means.
    fn nothing_else(&self, of: &str) -> Result<(), String> {
        match self.0.first() {
            Some((key, _)) => Err(format!("unknown field {key:?} of {of}")),
            None => Ok(()),
        }
    }
}

fn row(value: Json, what: &str) -> Result<Row, String> {
    match value {
        Json::Object(fields) => Ok(Row::new(fields)),
        other => Err(format!("{what} is {}, expected an object", other.kind())),
    }
}

fn list(value: Json, what: &str) -> Result<Vec<Json>, String> {
    match value {
        Json::List(items) => Ok(items),
        other => Err(format!("{what} is {}, expected a list", other.kind())),
    }
}

/// The record of a row.
///
/// # Errors
/// A sentence: which fields were expected, or what is wrong with one.
pub fn read(fields: Vec<(String, Json)>) -> Result<Taken, String> {
    let mut row = Row::new(fields);
    let source = match row.take("source") {
        Some(Json::Text(source)) => Some(source),
        Some(other) => {
            row.0.push(("source".into(), other));
            None
        }
        None => None,
    };
    let body = body(&mut row)?;
    let left = row.0.into_iter().map(|(key, _)| key).collect();
    Ok(Taken { record: Record::new(body, source)?, left })
}

fn body(row: &mut Row) -> Result<Body, String> {
    const ASKED: [&str; 3] = ["prompt", "question", "query"];
    const ANSWERED: [&str; 3] = ["response", "answer", "output"];
    if row.has("chosen") && row.has("rejected") {
        return preference::read(row);
    }
    if row.has("messages") {
        return openai::read(row);
    }
    if row.has("conversations") {
        return sharegpt::read(row);
    }
    if let (true, Some(output)) = (row.has("instruction"), row.first(&["output", "response"])) {
        return instructions::read(row, output);
    }
    if row.has("instruction") {
        return Err("\"instruction\" has no \"output\"".into());
    }
    if row.has("prompt") && row.has("completion") {
        return completion(row);
    }
    if let (Some(asked), Some(answered)) = (row.first(&ASKED), row.first(&ANSWERED)) {
        return instructions::question(row, asked, answered);
    }
    match row.text("text")? {
        Some(text) => Ok(Body::Text(text)),
        None => {
            let there: Vec<&str> = row.0.iter().map(|(key, _)| key.as_str()).collect();
            Err(format!(
                "expected \"text\", \"prompt\" and \"completion\", \"messages\", \"conversations\", \"instruction\" \
                 and \"output\", or \"chosen\" and \"rejected\"; the fields are: {}",
                if there.is_empty() { "none".into() } else { there.join(", ") }
            ))
        }
    }
}

/// Prompt and completion: two strings, or two runs of turns.
fn completion(row: &mut Row) -> Result<Body, String> {
    // What was marked as a bad answer must not be learned as a good one.
    if let Some(Json::Bool(false)) = row.take("label") {
        return Err(
            "\"label\" is false: a completion that is not to be learned, without one that is"
                .into(),
        );
    }
    if !matches!(row.0.iter().find(|(key, _)| key == "prompt"), Some((_, Json::List(_)))) {
        let (prompt, completion) = (row.needed("prompt")?, row.needed("completion")?);
        return Ok(Body::Completion { prompt, completion });
    }
    let tools = openai::tools(row)?;
    let mut messages = openai::turns(row.take("prompt").unwrap_or(Json::Null), "\"prompt\"")?;
    // Of the prompt nothing is learned.
    for message in messages.iter_mut().filter(|message| message.is_target()) {
        message.learned = false;
    }
    let completion = row.take("completion").unwrap_or(Json::Null);
    messages.extend(openai::turns(completion, "\"completion\"")?);
    Ok(Body::Chat { messages, tools })
}
