//! `{"messages":[…],"tools":[…]}`, as OpenAI's fine-tuning takes it and most libraries write it.

use super::{list, row, Row};
use crate::{
    json::Json,
    record::{Body, Call, Message, Role},
};

pub fn read(row: &mut Row) -> Result<Body, String> {
    if row.has("functions") {
        return Err("\"functions\" is not taken: write them as \"tools\"".into());
    }
    let messages = row.take("messages").unwrap_or(Json::Null);
    let tools = tools(row)?;
    Ok(Body::Chat { messages: turns(messages, "\"messages\"")?, tools })
}

/// The tools that are offered: a list, or one that is written as a string.
pub fn tools(row: &mut Row) -> Result<Vec<String>, String> {
    let tools = match row.take("tools") {
        None => return Ok(Vec::new()),
        Some(Json::Text(text)) if text.trim().is_empty() => return Ok(Vec::new()),
        Some(Json::Text(text)) => {
            Json::parse(&text).map_err(|reason| format!("\"tools\": {reason}"))?
        }
        Some(tools) => tools,
    };
    Ok(list(tools, "\"tools\"")?.iter().map(ToString::to_string).collect())
}

/// A list of turns.
pub fn turns(value: Json, what: &str) -> Result<Vec<Message>, String> {
    let turn = |(i, value): (usize, Json)| {
        let failed = |reason| format!("turn {} of {what}: {reason}", i + 1);
        turn(row(value, "it").map_err(failed)?).map_err(failed)
    };
    list(value, what)?.into_iter().enumerate().map(turn).collect()
}

fn turn(mut row: Row) -> Result<Message, String> {
    let role = row.needed("role")?;
    let role = Role::ALL.into_iter().find(|known| known.name() == role).ok_or_else(|| {
        let known = Role::ALL.map(Role::name).join(", ");
        format!("the role {role:?} is unknown, expected one of {known}")
    })?;
    let calls = match row.take("tool_calls") {
        Some(calls) => calls_of(calls)?,
        None => Vec::new(),
    };
    let content = match row.take("content") {
        None if calls.is_empty() => return Err("\"content\" is missing".into()),
        None => String::new(),
        Some(content) => text(content)?,
    };
    let message = Message {
        role,
        name: row.text("name")?,
        content,
        calls,
        answers: row.text("tool_call_id")?,
        learned: learned(&mut row)?,
    };
    row.nothing_else("a turn")?;
    Ok(message)
}

/// Whether the weight of a turn is 1, as it is where none is given.
pub fn learned(row: &mut Row) -> Result<bool, String> {
    match row.take("weight") {
        None => Ok(true),
        Some(Json::Number(digits)) if ["0", "0.0"].contains(&digits.as_str()) => Ok(false),
        Some(Json::Number(digits)) if ["1", "1.0"].contains(&digits.as_str()) => Ok(true),
        Some(other) => Err(format!("\"weight\" is {other}, expected 0 or 1")),
    }
}

/// A string, or parts that are text.
fn text(content: Json) -> Result<String, String> {
    let parts = match content {
        Json::Text(text) => return Ok(text),
        Json::List(parts) => parts,
        other => return Err(format!("\"content\" is {}, expected a string", other.kind())),
    };
    let part = |part: Json| {
        let mut row = row(part, "a part of \"content\"")?;
        let kind = row.needed("type")?;
        if kind != "text" {
            return Err(format!("a part of \"content\" is {kind:?}: only text is taken"));
        }
        let text = row.needed("text")?;
        row.nothing_else("a part of \"content\"")?;
        Ok(text)
    };
    parts.into_iter().map(part).collect()
}

/// Calls of tools: `{"id","type","function":{"name","arguments"}}`, or the function alone.
pub fn calls_of(value: Json) -> Result<Vec<Call>, String> {
    let call = |value: Json| {
        let mut outer = row(value, "a call")?;
        let id = outer.text("id")?;
        if let Some(kind) = outer.text("type")?.filter(|kind| kind != "function") {
            return Err(format!("a call is of type {kind:?}: only \"function\" is taken"));
        }
        let mut function = match outer.take("function") {
            Some(function) => {
                outer.nothing_else("a call")?;
                row(function, "\"function\"")?
            }
            None => outer,
        };
        let name = function.needed("name")?;
        let arguments = match function.take("arguments") {
            Some(Json::Text(text)) => text,
            Some(object @ Json::Object(_)) => object.to_string(),
            None => "{}".into(),
            Some(other) => {
                return Err(format!("\"arguments\" is {}, expected an object", other.kind()));
            }
        };
        function.nothing_else("a call")?;
        Ok(Call { id, name, arguments })
    };
    list(value, "\"tool_calls\"")?.into_iter().map(call).collect()
}
