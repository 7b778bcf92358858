//! JSON as Python reads and writes it: keys keep their order, and `NaN` and `Infinity` are numbers.

use std::{borrow::Cow, fmt, path::Path};

use serde::{
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
    Deserialize, Deserializer, Serialize, Serializer,
};
use serde_json::Value;

use crate::{Error, Result};

/// A JSON value whose objects keep the order of their keys, as Python's do: what a chat template prints follows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction or exponent.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Keys with their values. No key occurs twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value of a key; none where this is not an object or has no such key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// An object of these keys; of a key that occurs twice the last value counts, in the place of the first, as in
    /// Python.
    pub fn object(fields: impl IntoIterator<Item = (String, Json)>) -> Self {
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (key, value) in fields {
            match places.get(&key) {
                Some(&place) => {
                    let field: &mut (String, Json) = &mut object[place];
                    field.1 = value;
                }
                None => {
                    places.insert(key.clone(), object.len());
                    object.push((key, value));
                }
            }
        }
        Self::Object(object)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(bool),
            Value::Number(number) => from_number(&number.to_string()).unwrap_or(Self::Null),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
        }
    }
}

fn from_number(text: &str) -> Option<Json> {
    let integer = text.parse().ok().map(Json::Integer);
    integer.or_else(|| text.parse().ok().map(Json::Float))
}

/// The key under which serde_json hands over a number when some crate of the build asks it for arbitrary precision.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, bool: bool) -> Result<Json, E> {
                Ok(Json::Bool(bool))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Integer(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json::Integer(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
                Ok(Json::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<Json, E> {
                Ok(text.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::Array(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry::<String, Json>()? {
                    object.push(field);
                }
                if let [(key, Json::String(number))] = object.as_slice() {
                    if let Some(number) = (key == NUMBER).then(|| from_number(number)).flatten() {
                        return Ok(number);
                    }
                }
                Ok(Json::object(object))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => serializer.serialize_i64(number),
                (_, Ok(number)) => serializer.serialize_u64(number),
                _ => serializer.serialize_f64(*number as f64),
            },
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(fields) => {
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    object.serialize_entry(key, value)?;
                }
                object.end()
            }
        }
    }
}

/// Reads a JSON file that Python's `json` may have written. Where a key occurs twice, the last value counts.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    typed(read_ordered(path)?).map_err(|source| Error::Json { path: path.into(), source })
}

/// As [`read`], with the keys in their order.
pub(crate) fn read_ordered(path: &Path) -> Result<Json> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    serde_json::from_slice(&quoted(&bytes))
        .map_err(|source| Error::Json { path: path.into(), source })
}

/// As [`read`], and nothing where there is no such file.
pub(crate) fn read_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match read(path) {
        Ok(value) => Ok(Some(value)),
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the JSON says, as a type.
pub(crate) fn typed<T: DeserializeOwned>(json: Json) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::to_value(json)?)
}

/// Puts `NaN`, `Infinity` and `-Infinity` into quotes: a field that nobody reads does no harm, and one that is read
/// says what it holds.
fn quoted(bytes: &[u8]) -> Cow<'_, [u8]> {
    let words: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let mut inside = false;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => inside = !inside,
            b'\\' if inside => at += 1,
            _ if inside => {}
            _ => {
                if let Some(word) = words.iter().find(|word| bytes[at..].starts_with(word)) {
                    out.extend_from_slice(&bytes[copied..at]);
                    out.push(b'"');
                    out.extend_from_slice(word);
                    out.push(b'"');
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_should_keep_their_order_when_read_and_written() {
        let text = r#"{"b":1,"a":{"z":[1.5,-2,null,true],"c":"ü"}}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[test]
    fn last_value_should_count_when_a_key_occurs_twice() {
        let json: Json = serde_json::from_str(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        let fields = vec![("a".into(), Json::Integer(3)), ("b".into(), Json::Integer(2))];
        assert_eq!(json, Json::Object(fields));
    }

    #[test]
    fn number_should_be_one_when_handed_over_in_arbitrary_precision() {
        let json: Json = serde_json::from_str(&format!(r#"[{{"{NUMBER}":"1.50"}}]"#)).unwrap();
        assert_eq!(json, Json::Array(vec![Json::Float(1.5)]));
    }

    #[test]
    fn infinity_should_be_passed_over_when_nobody_reads_it() {
        #[derive(Deserialize)]
        struct One {
            a: usize,
            s: String,
        }
        let text = br#"{"a": 1, "s": "NaN \" Infinity", "t": [0.0, Infinity, -Infinity, NaN]}"#;
        let parse = |text: &[u8]| typed::<One>(serde_json::from_slice(&quoted(text)).unwrap());
        let one = parse(text).unwrap();
        assert_eq!((one.a, one.s.as_str()), (1, "NaN \" Infinity"));
        let read = parse(br#"{"a": Infinity, "s": ""}"#).map(|one| one.a).unwrap_err();
        assert!(read.to_string().contains("Infinity"), "{read}");
    }
}
