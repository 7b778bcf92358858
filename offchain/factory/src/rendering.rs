//! Records to what a model is trained on: tokens by the base's tokenizer and chat template, of which some are learned.

use std::path::Path;

use openledger_lm::{ChatTemplate, Config, Conversation, Json, Sequence, Tokenizer};
use openledger_store::record::{Body, Message, Record};

use crate::Result;

/// What records are rendered with: all of it the base's.
#[derive(Debug)]
pub struct Renderer {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    length: usize,
}

/// A rendered record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its tokens, and which of them are learned. None may be left of these.
    pub sequence: Sequence,
    /// Whether it was longer than there is room for, so that only its beginning is there.
    pub cut: bool,
}

impl Renderer {
    /// Renders with the files of a base's folder, into at most `length` tokens and no more than the model's context.
    ///
    /// # Errors
    /// If the tokenizer or the template is missing or malformed.
    pub fn load(folder: &Path, config: &Config, length: usize) -> Result<Self> {
        let tokenizer = Tokenizer::load(folder, config)?;
        let template = ChatTemplate::load(folder, &tokenizer)?;
        Ok(Self { tokenizer, template, length: length.min(config.max_position_embeddings) })
    }

    /// The base's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// A record as tokens. What is learned of it:
    ///
    /// - of a text, all of it;
    /// - of a prompt with a completion, the completion;
    /// - of a conversation, what the assistant says in turns of weight 1;
    /// - of a preference pair, the answer that was chosen.
    ///
    /// # Errors
    /// If the tokenizer or the template refuses it.
    pub fn render(&self, record: &Record) -> Result<Rendered> {
        // Whole at first, to see whether it was cut.
        let all = usize::MAX;
        let mut sequence = match record.body() {
            Body::Text(text) => self.tokenizer.record(text, all)?,
            Body::Completion { prompt, completion } => {
                self.tokenizer.completion(&format!("{prompt}\n"), completion, all)?
            }
            Body::Chat { messages, tools } => {
                self.chat(messages.iter().map(|message| (message, message.is_target())), tools)?
            }
            Body::Preference { prompt, chosen, tools, .. } => {
                let given = prompt.iter().map(|message| (message, false));
                let better = chosen.iter().map(|message| (message, message.is_target()));
                self.chat(given.chain(better), tools)?
            }
        };
        let cut = sequence.ids().len() > self.length;
        sequence.truncate(self.length);
        Ok(Rendered { sequence, cut })
    }

    /// A conversation, with whether each turn is learned.
    fn chat<'a>(
        &self,
        messages: impl Iterator<Item = (&'a Message, bool)>,
        tools: &[String],
    ) -> Result<Sequence> {
        let (messages, learned): (Vec<&Message>, Vec<bool>) = messages.unzip();
        let conversation = Conversation {
            messages: messages.iter().map(|message| turn(message)).collect(),
            tools: tools.iter().filter_map(|tool| parsed(tool)).collect(),
        };
        let rendered = self.template.record(&conversation)?;
        let mut counts = vec![false; rendered.ids.len()];
        let said = messages.iter().zip(learned).filter(|(message, _)| message.is_said());
        for ((_, learned), answer) in said.zip(rendered.answers) {
            counts[answer].fill(learned);
        }
        Ok(Sequence::masked(rendered.ids, counts)?)
    }
}

/// JSON that a record has already.
fn parsed(json: &str) -> Option<Json> {
    serde_json::from_str(json).ok()
}

/// A message as templates read it.
fn turn(message: &Message) -> Json {
    let text = |text: &str| Json::String(text.into());
    let mut fields = vec![
        ("role".to_string(), text(message.role.name())),
        ("content".to_string(), text(&message.content)),
    ];
    let mut field = |key: &str, value| fields.push((key.to_string(), value));
    if let Some(name) = &message.name {
        field("name", text(name));
    }
    if !message.calls.is_empty() {
        let calls = message.calls.iter().map(|call| {
            // Templates write arguments as JSON by themselves.
            let arguments = match parsed(&call.arguments) {
                Some(object @ Json::Object(_)) => object,
                _ => text(&call.arguments),
            };
            let function = [("name", text(&call.name)), ("arguments", arguments)];
            let function = function.map(|(key, value)| (key.to_string(), value));
            let id = call.id.iter().map(|id| ("id".to_string(), text(id)));
            let rest = [("type", text("function")), ("function", Json::object(function))];
            Json::object(id.chain(rest.map(|(key, value)| (key.to_string(), value))))
        });
        field("tool_calls", Json::Array(calls.collect()));
    }
    if let Some(id) = &message.answers {
        field("tool_call_id", text(id));
    }
    Json::object(fields)
}
