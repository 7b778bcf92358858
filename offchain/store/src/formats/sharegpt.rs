//! `{"conversations":[{"from","value"}],"system","tools"}`, as ShareGPT and the datasets after it have it.

use super::{list, openai, row, Row};
use crate::{
    json::Json,
    record::{Body, Message, Role},
};

pub fn read(row: &mut Row) -> Result<Body, String> {
    let conversations = row.take("conversations").unwrap_or(Json::Null);
    let tools = openai::tools(row)?;
    let mut messages: Vec<Message> = system(row)?.into_iter().collect();
    messages.extend(turns(conversations, "\"conversations\"")?);
    Ok(Body::Chat { messages, tools })
}

/// The turn of a `system` that is there and says something.
pub fn system(row: &mut Row) -> Result<Option<Message>, String> {
    let text = row.text("system")?.filter(|text| !text.trim().is_empty());
    Ok(text.map(|text| Message::new(Role::System, text)))
}

/// A list of turns, of `from` and `value` or of `role` and `content`.
pub fn turns(value: Json, what: &str) -> Result<Vec<Message>, String> {
    let items = list(value, what)?;
    let has = |item: &Json, key: &str| matches!(item, Json::Object(fields) if fields.iter().any(|(known, _)| known == key));
    if items.first().is_some_and(|first| has(first, "role")) {
        return openai::turns(Json::List(items), what);
    }
    let turn = |(i, value): (usize, Json)| {
        let failed = |reason| format!("turn {} of {what}: {reason}", i + 1);
        row(value, "it").and_then(turn).map_err(failed)
    };
    items.into_iter().enumerate().map(turn).collect()
}

fn turn(mut row: Row) -> Result<Message, String> {
    let (from, value) = (row.needed("from")?, row.needed("value")?);
    let learned = openai::learned(&mut row)?;
    row.nothing_else("a turn")?;
    let role = match from.as_str() {
        "system" => Role::System,
        "human" | "user" => Role::User,
        "gpt" | "assistant" | "chatgpt" | "bing" | "bard" | "model" => Role::Assistant,
        "tool" | "observation" | "function_response" => Role::Tool,
        "function_call" => {
            let failed = |reason| format!("a function call: {reason}");
            let calls = match Json::parse(&value).map_err(failed)? {
                Json::List(calls) => calls,
                call => vec![call],
            };
            let calls = openai::calls_of(Json::List(calls))?;
            return Ok(Message { calls, learned, ..Message::new(Role::Assistant, "") });
        }
        other => {
            return Err(format!(
                "it is from {other:?}, expected system, human, gpt, function_call or observation"
            ));
        }
    };
    Ok(Message { learned, ..Message::new(role, value) })
}
