//! A record's line of JSONL, in normal form.

use super::{Body, Call, Message, Record, Role, MAX_LINE};
use crate::{formats, json::Json};

/// The fields of each body, in order; `tools` may be missing, `source` may follow.
const BODIES: [&[&str]; 4] = [
    &["text"],
    &["prompt", "completion"],
    &["messages", "tools"],
    &["prompt", "chosen", "rejected", "tools"],
];

/// No blanks, and fields in the order of [`BODIES`].
pub fn write(record: &Record) -> String {
    let text = |text: &str| Json::Text(text.into());
    let mut fields = match record.body() {
        Body::Text(string) => vec![("text", text(string))],
        Body::Completion { prompt, completion } => {
            vec![("prompt", text(prompt)), ("completion", text(completion))]
        }
        Body::Chat { messages, tools } => {
            let mut fields = vec![("messages", turns(messages))];
            fields.extend(offered(tools));
            fields
        }
        Body::Preference { prompt, chosen, rejected, tools } => {
            let mut fields = vec![
                ("prompt", turns(prompt)),
                ("chosen", turns(chosen)),
                ("rejected", turns(rejected)),
            ];
            fields.extend(offered(tools));
            fields
        }
    };
    fields.extend(record.source().map(|source| ("source", text(source))));
    object(fields).to_string()
}

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    Json::Object(fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn offered(tools: &[String]) -> Option<(&'static str, Json)> {
    let tools: Vec<Json> = tools.iter().filter_map(|tool| Json::parse(tool).ok()).collect();
    (!tools.is_empty()).then_some(("tools", Json::List(tools)))
}

fn turns(messages: &[Message]) -> Json {
    Json::List(messages.iter().map(turn).collect())
}

fn turn(message: &Message) -> Json {
    let text = |text: &str| Json::Text(text.into());
    let Message { role, name, content, calls, answers, learned } = message;
    let mut fields = vec![("role", text(role.name()))];
    fields.extend(name.as_deref().map(|name| ("name", text(name))));
    fields.push(("content", text(content)));
    if !calls.is_empty() {
        let call = |Call { id, name, arguments }: &Call| {
            let function = object([("name", text(name)), ("arguments", text(arguments))]);
            let mut fields = Vec::new();
            fields.extend(id.as_deref().map(|id| ("id", text(id))));
            fields.extend([("type", text("function")), ("function", function)]);
            object(fields)
        };
        fields.push(("tool_calls", Json::List(calls.iter().map(call).collect())));
    }
    fields.extend(answers.as_deref().map(|id| ("tool_call_id", text(id))));
    if *role == Role::Assistant && !learned {
        fields.push(("weight", Json::Number("0".into())));
    }
    object(fields)
}

pub fn read(line: &str) -> Result<Record, String> {
    if line.len() > MAX_LINE {
        return Err(format!("a record of {} bytes, at most {MAX_LINE} are taken", line.len()));
    }
    let Json::Object(fields) = Json::parse(line)? else {
        return Err(format!("expected an object such as {{\"text\":\"…\"}}: {line:.40}"));
    };
    let keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
    let known = |key: &&str| *key == "source" || BODIES.iter().any(|body| body.contains(key));
    if let Some(unknown) = keys.iter().find(|key| !known(key)) {
        return Err(format!("unknown field {unknown:?}"));
    }
    let is = |body: &&[&str]| {
        body.iter().all(|key| *key == "tools" || keys.contains(key))
            && keys.iter().all(|key| *key == "source" || body.contains(key))
    };
    if !BODIES.iter().any(is) {
        return Err("expected either \"text\", or \"prompt\" and \"completion\", or \"messages\", or \"prompt\", \
                    \"chosen\" and \"rejected\""
            .into());
    }
    let taken = formats::read(fields)?;
    match taken.left.first() {
        Some(field) => Err(format!("{field:?} is not a string")),
        None => Ok(taken.record),
    }
}
