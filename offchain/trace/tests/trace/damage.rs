use openledger_trace::{
    build::{self, Limits},
    Error, Index, Rules,
};

use crate::naive;

/// An index with one shard; where the shard lies.
fn sample() -> (tempfile::TempDir, std::path::PathBuf) {
    let corpus = vec![
        (0, vec![vec![0, 1, 2, 3, 4, 0, 1], vec![4, 4, 0], vec![2]]),
        (100, vec![]),
        (200, vec![vec![4, 0, 1, 2, 3, 0], vec![3, 3]]),
    ];
    let (folder, _) = naive::index(1, &corpus, 1_000);
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let shard = entries.into_iter().find(|path| path.extension().is_some_and(|e| e == "shard"));
    (folder, shard.unwrap())
}

const RULES: Rules = Rules { least_tokens: 1, margin_bits: 0, common_records: 9, common_ppm: 0 };

#[test]
fn open_should_refuse_when_a_shard_is_cut_short_or_longer() {
    let (folder, shard) = sample();
    let bytes = std::fs::read(&shard).unwrap();
    for length in 0..bytes.len() {
        std::fs::write(&shard, &bytes[..length]).unwrap();
        let refused = Index::open(folder.path()).unwrap_err();
        // The system maps no empty file.
        let expected = matches!(refused, Error::Malformed { .. }) || length == 0;
        assert!(expected, "{length} bytes: {refused}");
    }
    std::fs::write(&shard, [&bytes[..], &[0]].concat()).unwrap();
    assert!(matches!(Index::open(folder.path()), Err(Error::Malformed { .. })));
}

#[test]
fn any_changed_byte_should_be_refused_or_found_by_verify() {
    let (folder, shard) = sample();
    let bytes = std::fs::read(&shard).unwrap();
    let (mut refused, mut opened) = (0, 0);
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= change;
            std::fs::write(&shard, &other).unwrap();
            match Index::open(folder.path()) {
                Err(error) => {
                    assert!(matches!(error, Error::Malformed { .. }), "byte {at}: {error}");
                    refused += 1;
                }
                Ok(index) => {
                    index.trace(&[0, 1, 2, 3, 4, 0, 1, 2, 3, 3], &RULES);
                    assert!(index.verify().is_err(), "byte {at}");
                    let merged = build::merge(folder.path(), Limits::default());
                    assert!(matches!(merged, Err(Error::Malformed { .. })), "byte {at}");
                    opened += 1;
                }
            }
        }
    }
    // What only verify finds: labels, how a contribution's records are numbered, the text and its suffixes.
    assert!(refused > 3 * 300 && opened > 3 * 60, "{refused} {opened}");
}

#[test]
fn open_should_say_what_is_wrong() {
    let (folder, shard) = sample();
    let bytes = std::fs::read(&shard).unwrap();
    let length = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let counts = (12 + length).next_multiple_of(64);
    let buckets = (counts + 4 * 5).next_multiple_of(64);
    let starts = (buckets + 4 * 6).next_multiple_of(64);
    let indices = (starts + 4 * 5).next_multiple_of(64);
    for (at, new, expected) in [
        (0, vec![b'X'], "OLTRACE1"),
        (7, vec![b'2'], "another version"),
        (8, u32::MAX.to_le_bytes().to_vec(), "cut short"),
        (8, vec![bytes[8] - 1], "does not decode"),
        (12, vec![3], "sizes that cannot be"),
        (12, vec![2], "tokens of 2 bytes"),
        (13, vec![6], "tokens of 1 bytes"),
        (17, u32::MAX.to_le_bytes().to_vec(), "sizes that cannot be"),
        (17, vec![bytes[17] + 1], "counts"),
        (21, vec![bytes[17] + 1], "sizes that cannot be"),
        (21, vec![bytes[21] - 1], "as its header says"),
        (25, vec![bytes[25] + 1], "records"),
        // Behind a length of one byte, the first member's contribution and records.
        (30, vec![250], "not ascending"),
        (34, vec![bytes[34] + 1], "as many"),
        (12 + length, vec![1], "not zero"),
        (counts, vec![bytes[counts] + 1], "counts"),
        (buckets, vec![1], "buckets"),
        (starts, vec![1], "begin where"),
        (starts + 4, vec![1], "begin where"),
        (starts + 16, vec![200], "begin where"),
        (indices, vec![2], "not in order"),
    ] {
        let mut other = bytes.clone();
        other[at..at + new.len()].copy_from_slice(&new);
        std::fs::write(&shard, &other).unwrap();
        let refused = Index::open(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(expected), "byte {at}, {expected}: {refused}");
    }
}

#[test]
fn open_should_refuse_when_the_manifest_is_not_whole() {
    let (folder, shard) = sample();
    let path = folder.path().join("trace.json");
    let text = std::fs::read_to_string(&path).unwrap();
    for length in 0..text.len() {
        std::fs::write(&path, &text[..length]).unwrap();
        assert!(
            matches!(Index::open(folder.path()), Err(Error::Malformed { .. })),
            "{length} bytes"
        );
    }
    let name = shard.file_name().unwrap().to_str().unwrap();
    for (old, new) in [
        ("\"format\":2", "\"format\":3"),
        ("\"contribution\":100", "\"contribution\":101"),
        ("{\"contribution\":100},", ""),
        ("\"alphabet\":\"03120\"", "\"alphabet\":\"031200\""),
        ("\"alphabet\":\"03120\"", "\"alphabet\":\"03124\""),
        (name, "../other.shard"),
        (name, ""),
        (name, "missing.shard"),
    ] {
        assert!(text.contains(old), "{old} in {text}");
        std::fs::write(&path, text.replace(old, new)).unwrap();
        assert!(Index::open(folder.path()).is_err(), "{old} to {new:?}");
    }
}
