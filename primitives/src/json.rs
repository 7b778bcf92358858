//! How values that JSON cannot hold are written in it: `#[serde(with = "…")]` names one of these modules.

/// An amount as a decimal string: JavaScript's numbers hold integers up to 2^53 only.
pub mod decimal {
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    /// Writes a decimal string.
    pub fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads a decimal string.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = alloc::string::String::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            D::Error::custom(alloc::format!("expected an amount as a decimal string, got {text:?}"))
        })
    }
}

/// Bytes as `0x` and hexadecimal digits.
pub mod hex_bytes {
    use alloc::{format, string::String, vec::Vec};
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    /// Writes `0x…`.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(bytes)))
    }

    /// Reads `0x…`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok()).ok_or_else(|| {
            D::Error::custom(format!("expected 0x and hexadecimal digits, got {text:?}"))
        })
    }
}
