//! What Python's Jinja has and Rust's has not: values as `str` prints them, `json.dumps`, `strftime`.

use chrono::{
    format::{Item, StrftimeItems},
    DateTime,
};
use minijinja::{
    value::{Kwargs, Value, ValueKind},
    Error, ErrorKind, State,
};
use minijinja_contrib::pycompat::unknown_method_callback;

use crate::Json;

type Result<T> = std::result::Result<T, Error>;

/// JSON as a template sees it.
pub(super) fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(bool) => Value::from(*bool),
        Json::Integer(number) => {
            i64::try_from(*number).map_or_else(|_| Value::from(*number), Value::from)
        }
        Json::Float(number) => Value::from(*number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<_>>()),
        Json::Object(fields) => {
            Value::from_pairs(fields.iter().map(|(key, field)| (key.as_str(), value(field))))
        }
    }
}

/// A method that Python's values have.
pub(super) fn method(
    state: &mut State,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value> {
    match (name, value.as_str()) {
        ("title", Some(text)) if arguments.is_empty() => Ok(Value::from(title(text))),
        _ => unknown_method_callback(state, value, name, arguments),
    }
}

/// Every run of letters with its first in upper case and the others in lower.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for char in text.chars() {
        if inside {
            out.extend(char.to_lowercase());
        } else {
            // Of a letter that becomes two, only the first stays in upper case.
            let mut upper = char.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
        inside = char.is_lowercase() || char.is_uppercase();
    }
    out
}

/// A value as Python's `str` prints it.
pub(super) fn text(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default().to_string(),
        ValueKind::Undefined => String::new(),
        _ => repr(value),
    }
}

fn repr(value: &Value) -> String {
    match value.kind() {
        ValueKind::None => "None".into(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.into(),
        ValueKind::Number => number(value),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut out = String::from(quote);
            for char in text.chars() {
                match char {
                    '\n' => out.push_str("\\n"),
                    '\r' => out.push_str("\\r"),
                    '\t' => out.push_str("\\t"),
                    '\\' => out.push_str("\\\\"),
                    char if char == quote => out.extend(['\\', quote]),
                    char => out.push(char),
                }
            }
            out.push(quote);
            out
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().into_iter().flatten().map(|item| repr(&item));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        ValueKind::Map => {
            let fields = value.try_iter().into_iter().flatten().map(|key| {
                let field = value.get_item(&key).unwrap_or_default();
                format!("{}: {}", repr(&key), repr(&field))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

/// A number as Python prints it.
fn number(value: &Value) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    let Ok(number) = f64::try_from(value.clone()) else { return value.to_string() };
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        // Rust's digits, and Python's exponent: a sign, and two digits at least.
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{number:?}")
}

/// `json.dumps(value, ensure_ascii=False)`, with the options that transformers gives the filter.
pub(super) fn to_json(value: &Value, options: Kwargs) -> Result<String> {
    let indent: Option<usize> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let ascii = options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false);
    let sort = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    options.assert_all_used()?;
    let comma = if indent.is_some() { "," } else { ", " };
    let (comma, colon) = match separators.as_deref() {
        Some([comma, colon]) => (comma.clone(), colon.clone()),
        None => (comma.into(), ": ".into()),
        Some(other) => {
            let message = format!("separators are two strings, not {}", other.len());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
    };
    let mut out = String::new();
    Writer { indent, comma, colon, ascii, sort, out: &mut out }.write(value, 1)?;
    Ok(out)
}

struct Writer<'a> {
    indent: Option<usize>,
    comma: String,
    colon: String,
    ascii: bool,
    sort: bool,
    out: &'a mut String,
}

impl Writer<'_> {
    fn write(&mut self, value: &Value, depth: usize) -> Result<()> {
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.out.push_str(&number(value)),
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.list('[', ']', depth, &items, |writer, item| writer.write(item, depth + 1))?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sort {
                    keys.sort();
                }
                self.list('{', '}', depth, &keys, |writer, key| {
                    writer.string(&text(key));
                    writer.out.push_str(&writer.colon.clone());
                    writer.write(&value.get_item(key)?, depth + 1)
                })?;
            }
            kind => {
                let message = format!("a value of kind {kind} has no JSON");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        open: char,
        close: char,
        depth: usize,
        items: &[Value],
        mut write: impl FnMut(&mut Self, &Value) -> Result<()>,
    ) -> Result<()> {
        self.out.push(open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.out.push_str(&self.comma.clone());
            }
            self.line(depth);
            write(self, item)?;
        }
        if !items.is_empty() {
            self.line(depth - 1);
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                char if u32::from(char) < 0x20 || self.ascii && !char.is_ascii() => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                char => self.out.push(char),
            }
        }
        self.out.push('"');
    }
}

/// `datetime.fromtimestamp(now, UTC).strftime(format)`.
pub(super) fn strftime(format: &str, now: u64) -> Result<String> {
    let wrong = |what: &str| {
        Error::new(ErrorKind::InvalidOperation, format!("strftime_now({format:?}): {what}"))
    };
    let items: Vec<Item> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return Err(wrong("no such format"));
    }
    let now = i64::try_from(now).ok().and_then(|now| DateTime::from_timestamp(now, 0));
    let now = now.ok_or_else(|| wrong("no such time"))?;
    Ok(now.format_with_items(items.iter()).to_string())
}
