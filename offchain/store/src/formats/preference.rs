//! Preference pairs: `chosen` and `rejected`, and the `prompt` that both follow.

use super::{openai, sharegpt, Row};
use crate::{
    json::Json,
    record::{Body, Message, Role},
};

pub fn read(row: &mut Row) -> Result<Body, String> {
    let tools = openai::tools(row)?;
    let prompt = row.take("prompt").or_else(|| row.take("question"));
    let mut ways = |key: &str| row.take(key).unwrap_or(Json::Null);
    let (chosen, rejected) = (ways("chosen"), ways("rejected"));
    let is_text = |way: &Json| matches!(way, Json::Text(_));
    if prompt.is_none() && (is_text(&chosen) || is_text(&rejected)) {
        // Where a prompt ends inside of two strings is anybody's guess.
        return Err("\"prompt\" is missing: what \"chosen\" and \"rejected\" answer".into());
    }
    let mut prompt = match prompt {
        Some(prompt) => turns(prompt, "prompt", Role::User)?,
        None => Vec::new(),
    };
    let chosen = turns(chosen, "chosen", Role::Assistant)?;
    let rejected = turns(rejected, "rejected", Role::Assistant)?;
    // Both may begin with the whole conversation, beside a prompt that has its last turns.
    let shared = chosen.iter().zip(&rejected).take_while(|(a, b)| a == b).count();
    if !prompt.is_empty() && (1..=shared).any(|end| chosen[..end].ends_with(&prompt)) {
        prompt.clear();
    }
    let mut messages: Vec<Message> = sharegpt::system(row)?.into_iter().collect();
    messages.append(&mut prompt);
    Ok(Body::Preference { prompt: messages, chosen, rejected, tools })
}

/// Turns, or what one of this role says.
fn turns(value: Json, what: &str, role: Role) -> Result<Vec<Message>, String> {
    match value {
        Json::Text(text) => Ok(vec![Message::new(role, text)]),
        turns => sharegpt::turns(turns, &format!("{what:?}")),
    }
}
