//! JSON as it was written: keys in their order, numbers as their digits.
//!
//! What is hashed of a record may hold JSON (a tool's parameters, a call's arguments). Its bytes must not depend on
//! how a library holds numbers or sorts keys, so nothing of it is interpreted but the blanks between tokens.

use std::{collections::HashSet, fmt};

use serde::{
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    Deserializer,
};
use serde_json::value::RawValue;

/// How deep lists and objects may be nested.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// No key twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing else.
    ///
    /// # Errors
    /// A sentence: where it stops being JSON, or which key an object has twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed(text, &error))?;
        Self::of(raw, MAX_DEPTH).map_err(|error| match lone_surrogate(text) {
            Some(reason) => reason,
            None => told(&error),
        })
    }

    fn of(raw: &RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        let depth = depth.checked_sub(1).ok_or_else(|| {
            serde_json::Error::custom(format!("it is nested deeper than {MAX_DEPTH} levels"))
        })?;
        let mut reader = serde_json::Deserializer::from_str(text);
        Ok(match text.as_bytes().first() {
            Some(b'{') => Self::Object(reader.deserialize_map(Fields(depth))?),
            Some(b'[') => Self::List(reader.deserialize_seq(Items(depth))?),
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text.into()),
        })
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Without blanks.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (i, (key, value)) in fields.iter().enumerate() {
                    write!(f, "{}{}:{value}", if i > 0 { "," } else { "" }, quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("strings always serialise")
}

struct Fields(usize);

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, Json)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut keys): (Self::Value, _) = (Vec::new(), HashSet::new());
        while let Some((key, raw)) = map.next_entry::<String, &RawValue>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {key:?} is there twice")));
            }
            fields.push((key, Json::of(raw, self.0).map_err(A::Error::custom)?));
        }
        Ok(fields)
    }
}

struct Items(usize);

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Json>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(raw) = list.next_element::<&RawValue>()? {
            items.push(Json::of(raw, self.0).map_err(A::Error::custom)?);
        }
        Ok(items)
    }
}

/// What is wrong, without the place, which is that in a part.
fn told(error: &serde_json::Error) -> String {
    let told = error.to_string();
    told.rsplit_once(" at line ").map_or(told.clone(), |(what, _)| what.to_string())
}

/// Where a text stops being JSON.
fn malformed(text: &str, error: &serde_json::Error) -> String {
    let what = told(error);
    match (error.line(), error.column()) {
        (1, column) if !text.contains('\n') => format!("{what}, at byte {column}"),
        (line, column) => format!("{what}, at line {line}, byte {column}"),
    }
}

/// What is wrong with the first `\uD800` to `\uDFFF` that is not one of a pair.
fn lone_surrogate(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?;
        let digits = escape.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok().map(|unit| (unit, escape))
    };
    let mut at = 0;
    while let Some(next) = text[at..].find('\\') {
        at += next;
        let lone = match unit(at) {
            Some((0xD800..=0xDBFF, escape)) => match unit(at + 6) {
                Some((0xDC00..=0xDFFF, _)) => Err(12),
                _ => Ok(escape),
            },
            Some((0xDC00..=0xDFFF, escape)) => Ok(escape),
            Some(_) => Err(6),
            // The backslash and what it escapes.
            None => Err(1 + text[at + 1..].chars().next().map_or(0, char::len_utf8)),
        };
        match lone {
            Ok(escape) => {
                return Some(format!(
                    "{escape} at byte {} is half of a character, whose other half is missing (a lone surrogate): write \
                     both halves, or leave it out",
                    at + 1
                ))
            }
            Err(length) => at += length,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_should_keep_numbers_and_order_and_drop_blanks() {
        let text = "{ \"b\": [1.00, 1e999, -0],\n \"a\": {\"x\": null, \"y\": \"\\u00e9 \\\"\"} }";
        let json = Json::parse(text).unwrap();
        assert_eq!(json.to_string(), "{\"b\":[1.00,1e999,-0],\"a\":{\"x\":null,\"y\":\"é \\\"\"}}");
        assert_eq!(Json::parse(&json.to_string()).unwrap(), json);
    }

    #[test]
    fn parse_should_say_what_is_wrong() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        for (text, expected) in [
            ("{\"a\":1,\"a\":2}", "\"a\" is there twice"),
            ("{\"a\":{\"b\":1,\"b\":2}}", "\"b\" is there twice"),
            ("{\"a\":", "EOF"),
            ("{} {}", "trailing"),
            ("", "EOF"),
            (&deep, "nested deeper"),
            ("{\"a\":\"half \\ud83d of it\"}", "\\ud83d at byte 12 is half"),
            ("{\"a\":\"\\\\ud83d \\udc00\"}", "\\udc00 at byte 15 is half"),
        ] {
            let error = Json::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("at line"), "{error}");
        }
        // A whole character, and a backslash before what looks like half of one.
        assert!(Json::parse("\"\\ud83d\\ude00 \\\\ud83d\"").is_ok());
    }
}
