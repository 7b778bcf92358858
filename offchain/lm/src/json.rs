//! JSON as Python writes it.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Result};

/// Reads a JSON file that Python may have written: `NaN`, `Infinity` and `-Infinity`, which JSON does not have, read as
/// null, and of a key that occurs twice the last counts.
///
/// # Errors
/// If the file cannot be read or does not say what it should.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let failed = |source| Error::Json { path: path.into(), source };
    let value: Value = serde_json::from_slice(&finite(bytes)).map_err(failed)?;
    serde_json::from_value(value).map_err(failed)
}

/// Puts null in the place of numbers that JSON does not have, outside of strings.
fn finite(bytes: Vec<u8>) -> Vec<u8> {
    const NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    let mut quoted = false;
    while let Some(&byte) = rest.first() {
        if !quoted {
            if let Some(number) = NUMBERS.iter().find(|number| rest.starts_with(number)) {
                out.extend_from_slice(b"null");
                rest = &rest[number.len()..];
                continue;
            }
        }
        // In a string, a backslash takes the next byte with it.
        let taken = if quoted && byte == b'\\' { 2.min(rest.len()) } else { 1 };
        quoted ^= byte == b'"';
        out.extend_from_slice(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_lacks_should_be_null_when_outside_of_strings() {
        let text = br#"{"a": [NaN, -Infinity, 1], "NaN": "\" Infinity \\", "b": Infinity}"#;
        let value: Value = serde_json::from_slice(&finite(text.to_vec())).unwrap();
        let expected = serde_json::json!({
            "a": [null, null, 1], "NaN": "\" Infinity \\", "b": null,
        });
        assert_eq!(value, expected);
    }
}
