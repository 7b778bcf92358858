//! The same by looking everywhere.

use std::{collections::BTreeMap, ops::Range, path::Path};

use openledger_primitives::ContributionId;
use openledger_trace::{
    build::{self, Contribution, Limits, Record},
    About, Alphabet, Error, Index, Place, Rules,
};
use proptest::prelude::*;

/// Contributions of records of tokens, by id.
pub type Corpus = Vec<(ContributionId, Vec<Vec<u32>>)>;

/// How many different tokens records are made of.
pub const LETTERS: u32 = 5;

/// Tokens `0..LETTERS`, `apart` from each other so that wider integers hold them; two of them are parts of words.
pub fn alphabet(apart: u32) -> Alphabet {
    let digit = |id: u32| {
        if id.is_multiple_of(apart) {
            ["0", "3", "1", "2", "0"][(id / apart) as usize]
        } else {
            "0"
        }
    };
    (0..LETTERS * apart).map(digit).collect::<String>().parse().unwrap()
}

/// Some contributions, few enough letters that they have much in common.
pub fn corpora() -> impl Strategy<Value = Corpus> {
    let record = prop::collection::vec(0..LETTERS, 0..14);
    let contribution = prop::collection::vec(record, 0..5);
    prop::collection::vec(contribution, 1..6)
        .prop_map(|list| (0..).map(|id| id * 100).zip(list).collect())
        .prop_filter("no token at all", |corpus: &Corpus| {
            corpus.iter().any(|(_, records)| records.iter().any(|record| !record.is_empty()))
        })
}

/// A text, with tokens that are in no alphabet.
pub fn texts() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(prop_oneof![20 => 0..LETTERS, 1 => Just(1_000_000)], 0..24)
}

/// Adds contributions to an index.
pub fn add(
    folder: &Path,
    apart: u32,
    corpus: &[(ContributionId, Vec<Vec<u32>>)],
    shard_tokens: usize,
) {
    let contributions = corpus.iter().map(|(id, records)| {
        let records = records.iter().enumerate().map(|(index, record)| Record {
            tokens: record.iter().map(|token| token * apart).collect(),
            source: (index % 3 > 0).then(|| format!("{}/{}", id, index / 3)),
        });
        let about = About { contribution: *id, label: None, contributor: None, licence: None };
        Ok::<_, Error>(Contribution { about, records: records.collect() })
    });
    build::add(folder, &alphabet(apart), contributions, Limits { shard_tokens }).unwrap();
}

/// An index of a corpus alone, in a folder that lasts as long.
pub fn index(apart: u32, corpus: &Corpus, shard_tokens: usize) -> (tempfile::TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), apart, corpus, shard_tokens);
    let index = Index::open(folder.path()).unwrap();
    (folder, index)
}

/// All records that count, with their places.
pub fn kept(corpus: &Corpus) -> Vec<(ContributionId, u32, &[u32])> {
    let mut kept: Vec<(ContributionId, u32, &[u32])> = Vec::new();
    for (id, records) in corpus {
        for (index, record) in (0..).zip(records) {
            if !record.is_empty() && !kept.iter().any(|(.., other)| other == record) {
                kept.push((*id, index, record));
            }
        }
    }
    kept
}

/// How often each record has a run of tokens that begins at no inside of a word.
pub fn places(corpus: &Corpus, run: &[u32]) -> Vec<Place> {
    let alphabet = alphabet(1);
    let count = |record: &[u32]| {
        let begins = |at: usize| at == 0 || !alphabet.is_inside(record[at - 1], record[at]);
        let windows = record.windows(run.len()).enumerate();
        windows.filter(|(at, window)| *window == run && begins(*at)).count()
    };
    kept(corpus)
        .into_iter()
        .map(|(contribution, record, tokens)| Place {
            contribution,
            record,
            occurrences: count(tokens) as u32,
        })
        .filter(|place| place.occurrences > 0)
        .collect()
}

/// All maximal spans with how often they occur.
pub fn matches(corpus: &Corpus, text: &[u32], least: usize) -> Vec<(Range<usize>, u64)> {
    let alphabet = alphabet(1);
    let border =
        |at: usize| at == 0 || at == text.len() || !alphabet.is_inside(text[at - 1], text[at]);
    let mut spans: Vec<(Range<usize>, u64)> = Vec::new();
    for begin in (0..text.len()).filter(|at| border(*at)) {
        for end in (begin + 1..=text.len()).filter(|at| border(*at)) {
            let places = places(corpus, &text[begin..end]);
            if !places.is_empty() {
                let occurrences = places.iter().map(|place| u64::from(place.occurrences)).sum();
                spans.push((begin..end, occurrences));
            }
        }
    }
    let within =
        |a: &Range<usize>, b: &Range<usize>| a != b && b.start <= a.start && a.end <= b.end;
    let maximal = |span: &Range<usize>| !spans.iter().any(|(other, _)| within(span, other));
    spans.iter().filter(|(span, _)| maximal(span) && span.len() >= least).cloned().collect()
}

/// What is credited to whom, in 65,536ths of a bit; and the spans left out as boilerplate.
pub fn credits(
    corpus: &Corpus,
    index: &Index,
    text: &[u32],
    rules: &Rules,
) -> (BTreeMap<ContributionId, u64>, usize) {
    let bits = |token: u32| index.improbability(token);
    let total = kept(corpus).iter().map(|(.., record)| record.len()).sum::<usize>() as f64;
    let least = (total.log2() * 65_536.0).floor() as u64 + u64::from(rules.margin_bits) * 65_536;
    let (mut spans, mut common) = (Vec::new(), 0);
    for (span, _) in matches(corpus, text, rules.least_tokens as usize) {
        let places = places(corpus, &text[span.clone()]);
        if text[span.clone()].iter().map(|token| bits(*token)).sum::<u64>() < least {
            continue;
        }
        if places.len() as u64 > rules.most_records(kept(corpus).len() as u64) {
            common += 1;
        } else {
            spans.push((span, places));
        }
    }
    let mut credits = BTreeMap::new();
    for (span, places) in &spans {
        let covers = |at: usize| spans.iter().filter(|(span, _)| span.contains(&at)).count() as u64;
        let worth: u64 = span.clone().map(|at| bits(text[at]) / covers(at)).sum();
        for place in places {
            let credit = worth / places.len() as u64;
            if credit > 0 {
                *credits.entry(place.contribution).or_default() += credit;
            }
        }
    }
    (credits, common)
}
