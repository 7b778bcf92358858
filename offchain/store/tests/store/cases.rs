//! Files as people have them, each with what is right.

use std::path::Path;

use openledger_store::{
    files::Collected,
    record::{Body, Record, Role},
};

fn read(name: &str) -> (Vec<Record>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/cases").join(name);
    let found = Collected::from_path(&path, None, &[]).unwrap();
    let records = found.files.into_iter().flat_map(|file| file.records).collect();
    (records, found.skipped.into_iter().map(|skipped| skipped.reason).collect())
}

/// So many records, and nothing left out.
fn all(name: &str, count: usize) -> Vec<Record> {
    let (records, skipped) = read(name);
    assert!(skipped.is_empty(), "{name}: {skipped:?}");
    assert_eq!(records.len(), count, "{name}");
    records
}

#[test]
fn alpaca_and_csv_should_be_conversations() {
    let records = all("alpaca.json", 2);
    let Body::Chat { messages, .. } = records[1].body() else { panic!("{records:?}") };
    assert_eq!(messages[0].content, "Translate to French\n\ngood morning");
    assert_eq!(messages[1].content, "bonjour");
    let records = all("table.csv", 5);
    assert!(records.iter().all(|record| matches!(record.body(), Body::Chat { .. })));
}

#[test]
fn calls_of_tools_should_be_kept() {
    for name in ["tool-calls.jsonl", "tool-calls-null.jsonl"] {
        let records = all(name, 1);
        let Body::Chat { messages, .. } = records[0].body() else { panic!("{records:?}") };
        let [call] = &messages[1].calls[..] else { panic!("{messages:?}") };
        assert_eq!(call.id.as_deref(), Some("c1"));
        assert_eq!((&*call.name, &*call.arguments), ("weather", "{\"city\":\"Oslo\"}"));
        assert_eq!(messages[2].role, Role::Tool);
        assert_eq!(messages[2].answers.as_deref(), Some("c1"));
        assert_eq!(messages[2].name.as_deref(), Some("weather"));
    }
    assert_ne!(all("tool-calls.jsonl", 1)[0].hash(), all("tool-calls-null.jsonl", 1)[0].hash());
}

#[test]
fn a_byte_order_mark_crlf_and_blank_lines_should_be_passed_over() {
    let plain = all("crlf-blank.jsonl", 4);
    let hashes = |records: &[Record]| records.iter().map(Record::hash).collect::<Vec<_>>();
    assert_eq!(hashes(&all("bom.jsonl", 4)), hashes(&plain));
}

#[test]
fn a_lone_surrogate_should_be_named_and_the_good_line_kept() {
    let (records, skipped) = read("lone-surrogate.jsonl");
    assert_eq!(records.len(), 1);
    let [reason] = &skipped[..] else { panic!("{skipped:?}") };
    assert!(reason.starts_with("line 1: \\ud83d at byte 38 is half of a character"), "{reason}");
    let (records, skipped) = read("one-bad-line.jsonl");
    assert_eq!(records.len(), 5);
    assert!(skipped[0].starts_with("line 5: "), "{skipped:?}");
}

#[test]
fn forged_turns_should_be_told_apart() {
    let names = ["forged-a.jsonl", "forged-b.jsonl", "forged-c.jsonl"];
    let records: Vec<Record> = names.iter().flat_map(|name| all(name, 1)).collect();
    let turns = |record: &Record| match record.body() {
        Body::Chat { messages, .. } => messages.len(),
        _ => 0,
    };
    assert_eq!(records.iter().map(turns).collect::<Vec<_>>(), [1, 2, 0]);
    assert!((1..3).all(|i| records[..i].iter().all(|other| other.hash() != records[i].hash())));
}

#[test]
fn solidity_strings_should_go_on_after_an_escaped_newline() {
    let (records, skipped) = read("continued.sol");
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records[1].text().contains("goes on, \\\nand ends here"), "{records:?}");
    // The contract alone is `contract Motto {}`.
    assert_eq!(skipped, ["1 declaration has fewer than 40 characters"]);
    for name in ["assembly.sol", "layout.sol", "operators.sol", "unicode.sol"] {
        assert!(!read(name).0.is_empty(), "{name}");
    }
}

#[test]
fn other_lines_should_be_taken_or_refused_with_a_reason() {
    all("sharegpt.jsonl", 1);
    all("parts.jsonl", 1);
    all("u2028.jsonl", 1);
    all("nul.jsonl", 1);
    assert_eq!(
        all("trailing-blank.jsonl", 1)[0].text(),
        "A Markdown hard break ends with two spaces\nand the next line follows it, here it is."
    );
    for (name, expected) in [
        ("dup-key.jsonl", "line 1: the key \"text\" is there twice"),
        ("empty-prompt.jsonl", "lines 1, 2, 3: \"prompt\" is empty"),
        ("empty-system.jsonl", "line 1: turn 1 of \"messages\": \"content\" is empty"),
    ] {
        let (records, skipped) = read(name);
        assert!(records.is_empty(), "{name}");
        assert_eq!(skipped, [expected]);
    }
    let (records, skipped) = read("extra-id.jsonl");
    assert_eq!(records.len(), 1);
    assert_eq!(skipped, ["the field \"id\" of 1 line is not taken: no record has it"]);
}
