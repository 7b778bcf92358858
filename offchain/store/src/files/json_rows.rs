//! Rows of JSON: JSONL, or one list.

use super::rows::Rows;
use crate::{
    json::Json,
    record::{Record, MAX_LINE},
};

/// The records of a file's bytes, and what was left out.
pub fn read(bytes: &[u8]) -> Result<(Vec<Record>, Vec<String>), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.trim_ascii_start();
    if first.starts_with(b"[") {
        return list(bytes);
    }
    // One object over several lines: not JSONL, whose first line would be whole.
    let line = first.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let parsed = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|s| Json::parse(s).ok());
    if parsed(line).is_none() {
        if let Some(object) = parsed(bytes) {
            let mut rows = Rows::new("record");
            rows.take(1, Ok(object));
            return Ok(rows.finish());
        }
    }
    Ok(lines(bytes))
}

fn lines(bytes: &[u8]) -> (Vec<Record>, Vec<String>) {
    let mut rows = Rows::new("line");
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let row = match std::str::from_utf8(line) {
            _ if line.len() > MAX_LINE => {
                Err(format!("a record of {} bytes, at most {MAX_LINE} are taken", line.len()))
            }
            Ok(text) => Json::parse(text),
            Err(error) => {
                Err(format!("not UTF-8, from byte {} of the line on", error.valid_up_to() + 1))
            }
        };
        rows.take(index + 1, row);
    }
    rows.finish()
}

fn list(bytes: &[u8]) -> Result<(Vec<Record>, Vec<String>), String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8, from byte {} on", error.valid_up_to() + 1))?;
    let Json::List(items) = Json::parse(text)? else {
        return Err("expected a list of objects".into());
    };
    let mut rows = Rows::new("record");
    for (index, item) in items.into_iter().enumerate() {
        rows.take(index + 1, Ok(item));
    }
    Ok(rows.finish())
}
