use openledger_cli::{
    failure::{classify, Difference},
    output::{count, open, percent, table, thousands, Output},
};
use openledger_primitives::UNIT;
use serde_json::json;

#[test]
fn open_should_part_thousands_and_cut_after_six_decimals() {
    assert_eq!(open(12 * UNIT + UNIT / 2), "12.5 OPEN");
    assert_eq!(open(1_234_567 * UNIT), "1,234,567 OPEN");
    assert_eq!(open(UNIT / 3), "0.333333 OPEN");
    assert_eq!(open(UNIT - 1), "0.999999 OPEN");
    assert_eq!(open(UNIT + 1), "1 OPEN");
    assert_eq!(open(0), "0 OPEN");
    assert_eq!(open(999_999_999_999), "999999999999 units");
}

#[test]
fn numbers_should_be_easy_to_read() {
    assert_eq!(thousands(999), "999");
    assert_eq!(thousands(1_000), "1,000");
    assert_eq!(count(1u32, "record"), "1 record");
    assert_eq!(count(1_200u32, "record"), "1,200 records");
    assert_eq!(percent(1_000_000), "100.00 %");
    assert_eq!(percent(1_234), "0.12 %");
    assert_eq!(percent(999_950), "100.00 %");
}

#[test]
fn table_should_align_numbers_to_the_right_and_words_to_the_left() {
    let rows = [vec!["1".into(), "long name".into()], vec!["22".into(), "é".into()]];
    assert_eq!(table(&[">id", "name"], &rows), "id  name\n 1  long name\n22  é\n");
    assert_eq!(table(&[">id", "name"], &[]), "id  name\n");
}

#[test]
fn print_should_fail_after_printing_when_there_is_a_difference() {
    let output = || Output::new(json!({"ok": false}), "differs");
    assert!(output().print(true).is_ok());
    let difference = Some(Difference("1 of 2 receipts differ".into()));
    let error = output().with_difference(difference).print(false).unwrap_err();
    assert_eq!(classify(&error), (1, "difference"));
}
