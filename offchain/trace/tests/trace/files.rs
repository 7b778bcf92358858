use std::{collections::BTreeMap, path::Path};

use openledger_trace::{
    build::{self, Contribution, Limits, Record},
    About, Alphabet, Error, Index,
};
use proptest::prelude::*;

use crate::naive::{self, Corpus};

/// Names and bytes of all files.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn merge_should_make_what_building_at_once_makes(
        corpus in naive::corpora(),
        cuts in prop::collection::vec(any::<bool>(), 6),
        small in 1..40_usize,
        large in 1..200_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let with_tokens = |corpus: &[(u32, Vec<Vec<u32>>)]| corpus.iter().any(|(_, records)| !records.concat().is_empty());
        let mut from = 0;
        for to in 1..=corpus.len() {
            let begun = from > 0 || with_tokens(&corpus[from..to]);
            if begun && (cuts[to - 1] || to == corpus.len()) {
                naive::add(folder.path(), 100, &corpus[from..to], small);
                from = to;
            }
        }
        build::merge(folder.path(), Limits { shard_tokens: large }).unwrap();
        let (scratch, index) = naive::index(100, &corpus, large);
        prop_assert_eq!(files(folder.path()), files(scratch.path()));
        index.verify().unwrap();
        let kept = naive::kept(&corpus);
        prop_assert_eq!(index.records(), kept.len() as u64);
        prop_assert_eq!(index.tokens(), kept.iter().map(|(.., record)| record.len() as u64).sum::<u64>());
    }
}

#[test]
fn build_should_not_depend_on_the_number_of_threads() {
    let token = |seed: u32| seed.wrapping_mul(2_654_435_761).rotate_left(9).wrapping_mul(97) >> 13;
    let record = |seed: u32| (0..30).map(|at| token(seed * 30 + at) % naive::LETTERS).collect();
    let corpus: Corpus =
        (0..40).map(|id| (id * 100, (0..20).map(|at| record(id * 20 + at)).collect())).collect();
    let build = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (folder, _) = naive::index(1, &corpus, 1_500);
            files(folder.path())
        })
    };
    let one = build(1);
    assert!(one.len() > 5, "{} files", one.len());
    assert_eq!(one, build(3));
}

fn contribution(id: u32, tokens: &[u32]) -> Result<Contribution, Error> {
    let about =
        About { contribution: id, label: Some("x".into()), contributor: None, licence: None };
    Ok(Contribution { about, records: vec![Record { tokens: tokens.to_vec(), source: None }] })
}

#[test]
fn add_should_refuse_what_does_not_fit_and_leave_the_index_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let add = |alphabet: &Alphabet, list: Vec<Result<Contribution, Error>>| {
        // Each contribution a shard, so that some are written before one is refused.
        build::add(path, alphabet, list, Limits { shard_tokens: 1 })
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let add = |alphabet: &Alphabet, list| pool.install(|| add(alphabet, list));
    let bytes = Alphabet::bytes();
    assert!(matches!(Index::open(path), Err(Error::NoIndex(_))));
    assert!(matches!(build::merge(path, Limits::default()), Err(Error::NoIndex(_))));
    for list in [vec![], vec![contribution(1, &[]), contribution(2, &[])]] {
        assert!(matches!(add(&bytes, list), Err(Error::NoRecords)));
        assert!(files(path).is_empty());
    }
    add(&bytes, vec![contribution(5, &[1, 2, 3])]).unwrap();
    let before = files(path);
    for (list, expected) in [
        (vec![contribution(5, &[7])], "contribution 5 comes after 5"),
        (vec![contribution(9, &[7]), contribution(8, &[7])], "contribution 8 comes after 9"),
        (
            vec![contribution(6, &[3]), contribution(7, &[4]), contribution(8, &[3, 255])],
            "token 255",
        ),
        (vec![contribution(6, &[3]), Err(Error::NoRecords)], "no records"),
    ] {
        let refused = add(&bytes, list).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
        assert_eq!(files(path), before, "{expected}");
    }
    let other = naive::alphabet(1);
    assert!(matches!(add(&other, vec![contribution(6, &[1])]), Err(Error::OtherAlphabet(_))));
    let added = add(&bytes, vec![contribution(6, &[1, 2, 3]), contribution(7, &[1, 2])]).unwrap();
    assert_eq!((added.contributions, added.records, added.left_out, added.tokens), (2, 2, 1, 2));
    let index = Index::open(path).unwrap();
    assert_eq!(index.contributions().len(), 3);
    assert_eq!(index.about(7).unwrap().label.as_deref(), Some("x"));
    assert!(index.about(8).is_none());
}
