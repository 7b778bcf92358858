//! What JSON cannot hold is written as text, and read from nothing else.

use openledger_primitives::json::{decimal, hex_bytes};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Amount(#[serde(with = "decimal")] u128);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Bytes(#[serde(with = "hex_bytes")] Vec<u8>);

#[test]
fn amount_should_keep_every_digit_when_it_is_larger_than_a_double_holds() {
    let text = serde_json::to_string(&Amount(u128::MAX)).unwrap();
    assert_eq!(text, "\"340282366920938463463374607431768211455\"");
    assert_eq!(serde_json::from_str::<Amount>(&text).unwrap(), Amount(u128::MAX));
}

#[test]
fn amount_should_be_refused_when_it_is_no_decimal_string() {
    for text in
        ["1", "\"-1\"", "\"1.0\"", "\"0x1\"", "\"\"", "\"340282366920938463463374607431768211456\""]
    {
        let error = serde_json::from_str::<Amount>(text).unwrap_err().to_string();
        assert!(error.contains("string"), "{text}: {error}");
    }
}

#[test]
fn bytes_should_be_hexadecimal_digits_after_0x_and_nothing_else() {
    let bytes = Bytes(vec![0, 255]);
    assert_eq!(serde_json::to_string(&bytes).unwrap(), "\"0x00ff\"");
    assert_eq!(serde_json::from_str::<Bytes>("\"0x00FF\"").unwrap(), bytes);
    for text in ["\"00ff\"", "\"0x0\"", "\"0xgg\""] {
        let error = serde_json::from_str::<Bytes>(text).unwrap_err().to_string();
        assert!(error.contains("expected 0x and hexadecimal digits"), "{text}: {error}");
    }
}
