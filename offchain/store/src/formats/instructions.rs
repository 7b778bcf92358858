//! Instructions and questions, with an answer each, as conversations.

use super::{list, sharegpt, Row};
use crate::{
    json::Json,
    record::{Body, Message, Role},
};

/// Alpaca's `instruction`, `input` (or `context`) and an output, with `system`, and in `history` pairs of what was
/// asked and answered before.
pub fn read(row: &mut Row, output: &str) -> Result<Body, String> {
    let mut asked = row.needed("instruction")?;
    let input = match row.first(&["input", "context"]) {
        Some(key) => row.text(key)?.unwrap_or_default(),
        None => String::new(),
    };
    if !input.trim().is_empty() {
        asked = format!("{asked}\n\n{input}");
    }
    let mut messages: Vec<Message> = sharegpt::system(row)?.into_iter().collect();
    for pair in list(row.take("history").unwrap_or(Json::List(Vec::new())), "\"history\"")? {
        match list(pair, "a pair of \"history\"")?.as_slice() {
            [Json::Text(asked), Json::Text(answered)] => messages.extend([
                Message::new(Role::User, asked.as_str()),
                Message::new(Role::Assistant, answered.as_str()),
            ]),
            _ => return Err("\"history\" has what is no pair of strings".into()),
        }
    }
    messages.push(Message::new(Role::User, asked));
    messages.push(Message::new(Role::Assistant, row.needed(output)?));
    Ok(Body::Chat { messages, tools: Vec::new() })
}

/// A question and an answer under whatever names.
pub fn question(row: &mut Row, asked: &str, answered: &str) -> Result<Body, String> {
    let mut messages: Vec<Message> = sharegpt::system(row)?.into_iter().collect();
    messages.push(Message::new(Role::User, row.needed(asked)?));
    messages.push(Message::new(Role::Assistant, row.needed(answered)?));
    Ok(Body::Chat { messages, tools: Vec::new() })
}
