//! The normal form, and where each part of it was.

use openledger_store::record::{normalise, Normal};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

/// As docs/protocol/records.md says it, step by step.
fn by_the_book(text: &str) -> String {
    let composed: String = text.nfc().collect();
    let unix = composed.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> =
        unix.split('\n').map(|line| line.trim_end_matches([' ', '\t'])).collect();
    lines.join("\n").trim_end_matches('\n').to_string()
}

#[test]
fn original_should_be_where_the_words_were() {
    let text = "  one \t\r\ncafe\u{301} two\r\n\r\nthree  \n \n";
    let normal = Normal::new(text);
    assert_eq!(normal.text(), "  one\ncaf\u{e9} two\n\nthree");
    let of = |words: &str| {
        let at = normal.text().find(words).unwrap();
        &text[normal.original(at..at + words.len())]
    };
    assert_eq!(of("one"), "one");
    assert_eq!(of("\u{e9}"), "e\u{301}");
    assert_eq!(of("two\n\nthree"), "two\r\n\r\nthree");
    assert_eq!(of("one\ncaf"), "one \t\r\ncaf");
    assert_eq!(normal.original(0..normal.text().len()), 0..text.len() - 5);
    assert_eq!(normal.original(3..3), 3..3);
    assert_eq!(Normal::new(" \n\t\r").original(0..0), 0..0);
}

#[test]
fn normalise_should_part_characters_that_are_only_decomposed() {
    // A letter with a point that composes of nothing: its parts stand alone, whatever is before it.
    assert_eq!(normalise("\r\u{fb3e}  \n"), "\n\u{5de}\u{5bc}");
}

#[test]
fn normalise_should_end_lines_before_characters_that_join_letters() {
    for mark in ["\u{cd5}", "\u{301}"] {
        assert_eq!(normalise(&format!("a \r{mark} \t\r\n{mark}")), format!("a\n{mark}\n{mark}"));
    }
}

fn texts() -> impl Strategy<Value = String> {
    "[ \\t\\r\\na\\PC\u{301}\u{327}\u{1100}\u{1161}\u{11a8}\u{9c7}\u{9be}\u{212b}\u{1e0b}\u{323}]{0,60}"
}

proptest! {
    #[test]
    fn normalise_should_be_what_the_book_says(text in texts()) {
        prop_assert_eq!(normalise(&text), by_the_book(&text));
    }

    #[test]
    fn normalise_should_be_idempotent(text in texts()) {
        let once = normalise(&text);
        prop_assert_eq!(normalise(&once), once);
    }

    #[test]
    fn original_should_have_the_same_normal_form(text in texts(), from in 0_usize..60, length in 0_usize..60) {
        let normal = Normal::new(&text);
        let ends: Vec<usize> = normal.text().char_indices().map(|(at, _)| at).chain([normal.text().len()]).collect();
        let (from, to) = (ends[from.min(ends.len() - 1)], ends[(from + length).min(ends.len() - 1)]);
        let part = format!("{}|", &text[normal.original(from..to)]);
        // Of a whole part nothing is missing, and what is more of it was composed with it.
        let wanted = normal.text()[from..to].trim_end_matches([' ', '\t', '\n']);
        let found = normalise(&part);
        prop_assert!(found.contains(wanted), "{found:?} has no {wanted:?}");
    }
}
