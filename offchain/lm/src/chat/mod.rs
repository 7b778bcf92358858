//! Conversations to tokens, by the chat template of a base.
//!
//! What a message says can neither become a control token nor forge a turn. Its control tokens are marked before the
//! template sees them ([`marks`]). After rendering, a control token without a mark is the template's own; one with a
//! mark is tokenised as the text that it is.

mod marks;
mod python;
mod template;

use std::{
    collections::HashMap,
    ops::Range,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;
use serde_json::Value;
use tokenizers::AddedToken;

use self::{
    marks::{Marks, Piece},
    template::Template,
};
use crate::{
    json,
    tokenizer::{common, content, encode},
    Error, Json, Result, Tokenizer,
};

/// Who may speak in a conversation.
pub const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// The template of a base that has none. A turn is its role on a line, what is said, and the base's end token, which
/// no text can spell.
const DEFAULT: &str = "\
{%- if tools %}{{ raise_exception('this base has no chat template, so no form for tools') }}{% endif -%}
{{ bos_token }}
{%- for message in messages -%}
{%- if message.tool_calls is defined %}{{ raise_exception('this base has no chat template, so no form for tool \
calls') }}{% endif -%}
{%- if message.content is not string %}{{ raise_exception('this base has no chat template: the content of a message \
must be a string') }}{% endif -%}
{{ message.role + '\\n' + message.content + eos_token }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ 'assistant\\n' }}{% endif -%}";

/// The day on which every record is trained on, for templates that print a date: 1 January 2025, noon. So the same
/// records give the same tokens on any day.
const RECORDS_AT: u64 = 1_735_732_800;

/// A conversation as OpenAI's API has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    /// Objects with a `role` of [`ROLES`], a `content` (a string or a list of parts), and what else the template
    /// reads, such as `tool_calls`.
    pub messages: Vec<Json>,
    /// Descriptions of the tools that may be called. None where there are no tools.
    pub tools: Vec<Json>,
}

/// A conversation as tokens to train on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// All of its tokens.
    pub ids: Vec<u32>,
    /// Where the answer of each assistant message lies in `ids`, in order: what a model is to say after its prompt,
    /// with the token that ends it.
    pub answers: Vec<Range<usize>>,
}

/// The chat template of a base, with the base's tokenizer.
#[derive(Debug)]
pub struct ChatTemplate {
    /// None where the base has neither a template nor an end token to part turns with.
    plain: Option<Reader>,
    /// For conversations with tools, where the base has a template of its own for that.
    tools: Option<Reader>,
    /// `bos_token` and its kin, as the template reads them.
    names: Vec<(String, String)>,
    ends: Vec<u32>,
}

/// One template, and a tokenizer that knows the template's control tokens from spelled ones.
#[derive(Debug)]
struct Reader {
    template: Template,
    marks: Marks,
    tokenizer: tokenizers::Tokenizer,
    /// What each of [`Marks::stand_in`] is tokenised to, and the token for which it stands.
    stand_ins: HashMap<u32, u32>,
}

/// `chat_template` of `tokenizer_config.json`: one, or several with names.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Named(Vec<Named>),
}

#[derive(Deserialize)]
struct Named {
    name: String,
    template: String,
}

impl ChatTemplate {
    /// The template of a checkpoint folder: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json`,
    /// else one that every base has (see `docs/protocol/bases.md`).
    ///
    /// # Errors
    /// If a file is malformed, or the template is no Jinja.
    pub fn load(folder: &Path, tokenizer: &Tokenizer) -> Result<Self> {
        let mut settings: serde_json::Map<String, Value> =
            json::read_if_there(&folder.join("tokenizer_config.json"))?.unwrap_or_default();
        let path = folder.join("chat_template.jinja");
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let (plain, tools) = match (file, settings.remove("chat_template")) {
            (Some(text), _) => (Some(text), None),
            (None, None | Some(Value::Null)) => (None, None),
            (None, Some(written)) => match serde_json::from_value(written) {
                Ok(Written::One(text)) => (Some(text), None),
                Ok(Written::Named(list)) => {
                    let mut named: HashMap<String, String> =
                        list.into_iter().map(|one| (one.name, one.template)).collect();
                    let plain = named.remove("default").ok_or_else(|| {
                        Error::Template("tokenizer_config.json names no default among them".into())
                    })?;
                    (Some(plain), named.remove("tool_use"))
                }
                Err(_) => {
                    return Err(Error::Template(
                        "chat_template of tokenizer_config.json is neither a string nor a list of objects with \
                         name and template"
                            .into(),
                    ))
                }
            },
        };

        let mut names: Vec<(String, String)> = settings
            .into_iter()
            .filter(|(key, _)| key.ends_with("_token"))
            .filter_map(|(key, value)| Some((key, content(value)?)))
            .collect();
        let spelled = |id: u32| tokenizer.inner.id_to_token(id).unwrap_or_default();
        let plain = plain.or_else(|| {
            let before = tokenizer.before.iter().map(|&id| spelled(id)).collect();
            names =
                vec![("bos_token".into(), before), ("eos_token".into(), spelled(tokenizer.end()?))];
            Some(DEFAULT.into())
        });
        Ok(Self {
            plain: plain.map(|plain| Reader::new(&plain, tokenizer, &names)).transpose()?,
            tools: tools.map(|tools| Reader::new(&tools, tokenizer, &names)).transpose()?,
            names,
            ends: tokenizer.ends.clone(),
        })
    }

    /// Tokens of a conversation that an assistant is to go on with.
    ///
    /// # Errors
    /// If a message is malformed, or the template refuses the conversation.
    pub fn prompt(&self, conversation: &Conversation) -> Result<Vec<u32>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.encode(conversation, conversation.messages.len(), true, now)
    }

    /// Tokens of a conversation to train on, and where its answers lie.
    ///
    /// # Errors
    /// As [`ChatTemplate::prompt`], and if the template refuses what shows where an answer begins: the conversation
    /// before it, or with another answer in its place.
    pub fn record(&self, conversation: &Conversation) -> Result<Rendered> {
        let messages = &conversation.messages;
        let ids = self.encode(conversation, messages.len(), false, RECORDS_AT)?;
        let said: Vec<usize> =
            (0..messages.len()).filter(|&i| role(&messages[i]) == Some("assistant")).collect();
        let mut starts = Vec::with_capacity(said.len() + 1);
        for &i in &said {
            starts.push(self.start(conversation, i, &ids)?);
        }
        starts.push(ids.len());
        let mut answers = Vec::with_capacity(said.len());
        for (n, &i) in said.iter().enumerate() {
            let (start, next) = (starts[n], starts[n + 1].max(starts[n]));
            let end = ids[start..next].iter().position(|id| self.ends.contains(id));
            let end = match end {
                Some(end) => start + end + 1,
                // A template without end tokens: up to what follows the answer.
                None if i + 1 == messages.len() => ids.len(),
                None => {
                    common(&self.encode(conversation, i + 1, false, RECORDS_AT)?, &ids).max(start)
                }
            };
            answers.push(start..end);
        }
        Ok(Rendered { ids, answers })
    }

    /// Where the answer of a message begins in the tokens of a record.
    fn start(&self, conversation: &Conversation, i: usize, ids: &[u32]) -> Result<usize> {
        // Where its prompt ends. The prompt may go on otherwise than the record, for example with a thought to begin,
        // so that only what they have in common counts.
        let before = self.encode(conversation, i, false, RECORDS_AT);
        if before.is_ok_and(|before| ids.starts_with(&before)) {
            return Ok(common(&self.encode(conversation, i, true, RECORDS_AT)?, ids));
        }
        // Some templates write the messages before an answer otherwise when it is not there yet. Then it begins where
        // another answer in its place would make a difference.
        let mut other = conversation.clone();
        let said = other.messages[i].get("content").and_then(Json::as_str).unwrap_or_default();
        let instead = if said.trim_start().starts_with('0') { "1" } else { "0" };
        other.messages[i] =
            Json::object([("role".into(), "assistant".into()), ("content".into(), instead.into())]);
        Ok(common(&self.encode(&other, other.messages.len(), false, RECORDS_AT)?, ids))
    }

    /// The text of a conversation, as `apply_chat_template` of transformers renders it at a time in seconds since
    /// 1970. For people: where a message spells control tokens, its tokens are not those of this text.
    ///
    /// # Errors
    /// As [`ChatTemplate::prompt`].
    pub fn text(&self, conversation: &Conversation, prompt: bool, now: u64) -> Result<String> {
        let reader = self.reader(conversation)?;
        let messages = prepared(&conversation.messages)?;
        reader.template.render(&self.names, &messages, &conversation.tools, prompt, now)
    }

    /// Tokens of the first `count` messages.
    fn encode(
        &self,
        conversation: &Conversation,
        count: usize,
        prompt: bool,
        now: u64,
    ) -> Result<Vec<u32>> {
        let reader = self.reader(conversation)?;
        let messages = prepared(&conversation.messages[..count])?;
        let messages: Vec<Json> =
            messages.iter().map(|message| reader.marks.message(message)).collect::<Result<_>>()?;
        let tools: Vec<Json> = conversation
            .tools
            .iter()
            .map(|tool| reader.marks.value(tool))
            .collect::<Result<_>>()?;
        let text = reader.template.render(&self.names, &messages, &tools, prompt, now)?;
        reader.encode(&text)
    }

    fn reader(&self, conversation: &Conversation) -> Result<&Reader> {
        let tools = self.tools.as_ref().filter(|_| !conversation.tools.is_empty());
        tools.or(self.plain.as_ref()).ok_or_else(|| {
            Error::Template(
                "this base has neither a chat template nor an end token to part turns with".into(),
            )
        })
    }
}

impl Reader {
    fn new(source: &str, tokenizer: &Tokenizer, names: &[(String, String)]) -> Result<Self> {
        let template = Template::new(source)?;
        let mut inner = tokenizer.inner.clone();
        let added = inner.get_added_tokens_decoder();
        // Whitespace stands in templates as ordinary text.
        let mut control: Vec<(u32, AddedToken)> = added
            .into_iter()
            .filter(|(_, token)| {
                let spelled = source.contains(&token.content)
                    && !token.content.chars().all(char::is_whitespace);
                token.special || spelled
            })
            .collect();
        for (_, named) in names {
            match inner.token_to_id(named) {
                Some(id) if control.iter().all(|(known, _)| *known != id) => {
                    control.push((id, AddedToken::from(named.as_str(), true)));
                }
                _ => {}
            }
        }

        let marks = Marks::new(
            source,
            control.iter().map(|(_, token)| token.content.clone()).collect(),
            control
                .iter()
                .filter(|(_, token)| token.special)
                .map(|(_, token)| token.content.clone()),
            turn(&template, names),
        )?;
        // Special tokens stay text in this tokenizer, and so are all control tokens to.
        let special: Vec<AddedToken> =
            control.iter().map(|(_, token)| token.clone().special(true)).collect();
        inner.add_special_tokens(&special);
        let stand_ins: Vec<AddedToken> = control
            .iter()
            .enumerate()
            .map(|(i, (_, token))| AddedToken {
                content: Marks::stand_in(i),
                normalized: false,
                special: false,
                ..token.clone()
            })
            .collect();
        inner.add_tokens(&stand_ins);
        let stand_ins = stand_ins
            .iter()
            .zip(&control)
            .filter_map(|(token, (id, _))| Some((inner.token_to_id(&token.content)?, *id)))
            .collect();
        Ok(Self { template, marks, tokenizer: inner, stand_ins })
    }

    /// Tokens of a rendered text with marks in it.
    fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut stood_in = String::with_capacity(text.len());
        for piece in self.marks.pieces(text) {
            match piece {
                Piece::Control(index) => stood_in.push_str(&Marks::stand_in(index)),
                Piece::Text(text) => stood_in.push_str(text),
            }
        }
        let ids = encode(&self.tokenizer, &stood_in, false)?;
        Ok(ids.into_iter().map(|id| self.stand_ins.get(&id).copied().unwrap_or(id)).collect())
    }
}

/// What the template writes around turns; nothing where it refuses so simple a conversation.
fn turn(template: &Template, names: &[(String, String)]) -> Option<String> {
    let message = |role: &str| {
        Json::Object(vec![("role".into(), role.into()), ("content".into(), "0".into())])
    };
    let messages = ["user", "assistant", "user"].map(message);
    template.render(names, &messages, &[], false, RECORDS_AT).ok()
}

fn role(message: &Json) -> Option<&str> {
    message.get("role")?.as_str()
}

/// Messages as templates expect them, as transformers and vLLM prepare them: without empty fields, reasoning under
/// each of its names, arguments of tool calls as objects.
fn prepared(messages: &[Json]) -> Result<Vec<Json>> {
    messages.iter().enumerate().map(|(i, message)| prepare(i, message)).collect()
}

fn prepare(i: usize, message: &Json) -> Result<Json> {
    let Json::Object(fields) = message else {
        return Err(Error::Template(format!("message {i} is not an object")));
    };
    match role(message) {
        Some(role) if ROLES.contains(&role) => {}
        found => {
            return Err(Error::Template(format!(
                "the role of message {i} is {}, expected one of {}",
                found.map_or("missing".into(), |role| format!("{role:?}")),
                ROLES.join(", ")
            )))
        }
    }
    let mut fields: Vec<(String, Json)> =
        fields.iter().filter(|(_, value)| *value != Json::Null).cloned().collect();
    for (key, value) in &mut fields {
        if key == "tool_calls" {
            *value = called(value);
        }
    }
    let names = ["reasoning_content", "thinking", "reasoning"];
    let thought = names.iter().find_map(|name| message.get(name).filter(|it| **it != Json::Null));
    if let Some(thought) = thought {
        fields.retain(|(key, _)| key != "reasoning_content");
        if !fields.iter().any(|(key, _)| key == "thinking") {
            fields.insert(0, ("thinking".into(), thought.clone()));
        }
        fields.push(("reasoning_content".into(), thought.clone()));
    }
    Ok(Json::Object(fields))
}

/// Tool calls with their arguments as objects: OpenAI's API has them as the text of JSON.
fn called(calls: &Json) -> Json {
    let Json::Array(calls) = calls else { return calls.clone() };
    let change = |call: &Json, key: &str, change: &dyn Fn(&Json) -> Json| match call {
        Json::Object(fields) => Json::Object(
            fields
                .iter()
                .map(|(name, value)| {
                    (name.clone(), if name == key { change(value) } else { value.clone() })
                })
                .collect(),
        ),
        other => other.clone(),
    };
    let parsed = |arguments: &Json| {
        let text = arguments.as_str().and_then(|text| serde_json::from_str(text).ok());
        text.filter(|json| matches!(json, Json::Object(_))).unwrap_or_else(|| arguments.clone())
    };
    let function = |function: &Json| change(function, "arguments", &parsed);
    Json::Array(calls.iter().map(|call| change(call, "function", &function)).collect())
}
