use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    About, Alphabet, Error, Index, Rules,
};
use proptest::prelude::*;

use crate::naive;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn matches_should_be_those_of_looking_everywhere(
        corpus in naive::corpora(),
        text in naive::texts(),
        least in 0..4_usize,
        shard_tokens in 1..60_usize,
        apart in prop_oneof![Just(1), Just(100), Just(14_000)],
    ) {
        let (_folder, index) = naive::index(apart, &corpus, shard_tokens);
        let far: Vec<u32> = text.iter().map(|token| token.saturating_mul(apart)).collect();
        let found: Vec<_> = index.matches(&far, least).into_iter().map(|m| (m.range, m.occurrences)).collect();
        prop_assert_eq!(found, naive::matches(&corpus, &text, least));
    }

    #[test]
    fn trace_should_name_every_record_that_has_a_span(
        corpus in naive::corpora(),
        text in naive::texts(),
        shard_tokens in 1..60_usize,
    ) {
        let (_folder, index) = naive::index(1, &corpus, shard_tokens);
        let rules = Rules { least_tokens: 1, margin_bits: 0, common_records: 100, common_ppm: 0 };
        for span in index.trace(&text, &rules).spans {
            prop_assert_eq!(&span.places, &naive::places(&corpus, &text[span.begin..span.end]));
            prop_assert!(span.credit * span.places.len() as u64 <= span.worth && span.worth <= span.bits);
            for place in span.places {
                let source = (place.record % 3 > 0).then(|| format!("{}/{}", place.contribution, place.record / 3));
                prop_assert_eq!(index.source(place.contribution, place.record), source.as_deref());
            }
        }
    }
}

/// An index of bytes with one record in each contribution.
fn of_texts(texts: &[&str]) -> (tempfile::TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    let contributions = (0..).zip(texts).map(|(contribution, text)| {
        let tokens = text.bytes().map(u32::from).collect();
        let about = About { contribution, label: None, contributor: None, licence: None };
        let records = vec![Record { tokens, source: Some("a.txt".into()) }];
        Ok::<_, Error>(Contribution { about, records })
    });
    add(folder.path(), &Alphabet::bytes(), contributions, Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    (folder, index)
}

fn tokens(text: &str) -> Vec<u32> {
    text.bytes().map(u32::from).collect()
}

#[test]
fn trace_should_begin_and_end_spans_at_words_and_within_records() {
    let (_folder, index) =
        of_texts(&["shall I compare thee to a summer's day", "a summer's daydream"]);
    let text = "I compare thee to a summer's dayx. I compare";
    let spans = index.matches(&tokens(text), 3);
    let found: Vec<&str> = spans.iter().map(|span| &text[span.range.clone()]).collect();
    assert_eq!(found, ["I compare thee to a summer's ", " I compare"]);
    assert_eq!(spans[0].occurrences, 1);
}

#[test]
fn trace_should_find_words_where_they_are_words() {
    let (_folder, index) = of_texts(&["concat these", "(cat these)"]);
    let spans = index.matches(&tokens("cat these"), 1);
    assert_eq!((spans.len(), spans[0].range.clone(), spans[0].occurrences), (1, 0..9, 1));
}

#[test]
fn trace_should_leave_out_what_is_no_surprise() {
    let words = "the quick brown fox jumps over the lazy dog; sphinx of black quartz, judge my vow";
    let (_folder, index) = of_texts(&[words, "pack my box with five dozen liquor jugs"]);
    let trace = |text: &str| index.trace(&tokens(text), &Rules::default());
    let short = trace("the dog");
    assert!(short.spans.is_empty() && short.credits.is_empty());
    assert_eq!(short.rest, short.bits);
    let long = trace("she saw sphinx of black quartz, and left");
    assert_eq!(long.spans.len(), 1);
    assert_eq!(long.credits.keys().collect::<Vec<_>>(), [&0]);
    assert_eq!(index.source(0, 0), Some("a.txt"));
    assert_eq!((index.source(0, 1), index.source(7, 0)), (None, None));
}

#[test]
fn trace_should_leave_out_boilerplate() {
    let licence = "Permission is hereby granted, free of charge";
    let all: Vec<String> = (0..18).map(|i| format!("file {i}\n{licence}, {i}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (_folder, index) = of_texts(&all);
    let found = index.trace(&tokens(licence), &Rules::default());
    assert_eq!((found.spans.len(), found.common.len()), (0, 1));
    assert_eq!(found.common[0], 0..licence.len());
    let rules = Rules { common_records: 18, ..Rules::default() };
    let found = index.trace(&tokens(licence), &rules);
    assert_eq!((found.spans.len(), found.common.len()), (1, 0));
    assert_eq!(found.credits.len(), 18);
}

#[test]
fn trace_of_nothing_should_be_nothing() {
    let (_folder, index) = of_texts(&["some record with words"]);
    let found = index.trace(&[], &Rules::default());
    assert_eq!((found.tokens, found.bits, found.rest), (0, 0, 0));
    assert_eq!(found.shares().pool(), 1_000_000);
    let unknown = index.trace(&[255, 256, u32::MAX], &Rules::default());
    assert!(unknown.spans.is_empty());
    assert_eq!(unknown.rest, unknown.bits);
}
