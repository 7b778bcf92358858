//! Texts that were copied by programs: records are in normal form, and what is asked is brought into it.

use std::path::Path;

use openledger_store::files::Collected;
use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    report::{Bytes, Codec, Report},
    About, Alphabet, Error, Index, Rules,
};
use tempfile::TempDir;

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trace/cases").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// An index of bytes, of a contribution for each of these files.
fn index(names: &[&str]) -> (TempDir, Index) {
    let folder = tempfile::tempdir().unwrap();
    let contributions = names.iter().zip(0..).map(|(name, contribution)| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trace/cases").join(name);
        let found = Collected::from_path(&path, None, &[]).unwrap();
        let records = found.files.iter().flat_map(|file| &file.records).map(|record| {
            let tokens = record.text().bytes().map(u32::from).collect();
            Record { tokens, source: None }
        });
        let about = About { contribution, label: None, contributor: None, licence: None };
        Ok::<_, Error>(Contribution { about, records: records.collect() })
    });
    add(folder.path(), &Alphabet::bytes(), contributions, Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    (folder, index)
}

fn ask(index: &Index, text: &str) -> Report {
    Report::of_text(index, &Bytes, text, &Rules::default()).unwrap()
}

#[test]
fn a_record_quoted_whole_should_be_credited_whole_however_its_lines_end() {
    let (_folder, index) = index(&["code.jsonl", "filler.jsonl"]);
    let plain = ask(&index, &case("q-code-lf.txt"));
    assert_eq!((plain.rest, plain.spans.len()), (0, 1));
    assert_eq!(plain.contributions[0].ppm, 1_000_000);
    for name in ["q-code-crlf.txt", "q-code-trailing.txt"] {
        let text = case(name);
        let found = ask(&index, &text);
        assert_eq!((found.rest, found.bits), (0, plain.bits), "{name}");
        let [span] = &found.spans[..] else { panic!("{name}: {:?}", found.spans) };
        // Told as it was given.
        let bytes = span.bytes.clone().unwrap();
        assert_eq!((bytes.start, &span.text[..]), (0, &text[bytes]), "{name}");
        assert!(span.text.starts_with("function settle") && span.text.ends_with('}'), "{name}");
    }
    let tokens: Vec<u32> = case("q-code-lf.txt").trim_end().bytes().map(u32::from).collect();
    let of_tokens = Report::of_tokens(&index, &Bytes, &tokens, &Rules::default()).unwrap();
    assert_eq!((of_tokens.rest, of_tokens.spans[0].bytes.clone()), (0, None));
}

#[test]
fn composed_characters_should_be_found_by_their_parts() {
    let folder = tempfile::tempdir().unwrap();
    let record =
        "Die Fähre über den Fluß fährt täglich um neun, außer an Feiertagen und bei Nebel.";
    let tokens = record.bytes().map(u32::from).collect();
    let about = About { contribution: 0, label: None, contributor: None, licence: None };
    let records = vec![Record { tokens, source: None }];
    let contribution = Ok::<_, Error>(Contribution { about, records });
    add(folder.path(), &Alphabet::bytes(), [contribution], Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    let parts = record.replace('ä', "a\u{308}").replace('ü', "u\u{308}");
    assert_ne!(parts, record);
    let found = ask(&index, &format!("{parts} Oder?"));
    let [span] = &found.spans[..] else { panic!("{:?}", found.spans) };
    // The blank after it is no part of the record.
    assert_eq!(span.text, parts);
    assert_eq!(span.bytes, Some(0..parts.len()));
}

#[test]
fn a_text_over_the_border_of_two_records_should_be_two_spans() {
    let (_folder, index) = index(&["border.jsonl", "filler.jsonl"]);
    let text = case("q-border.txt");
    let found = ask(&index, &text);
    let said: Vec<&str> = found.spans.iter().map(|span| span.text.as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].ends_with("leaves at") || said[0].ends_with("leaves at "), "{said:?}");
    assert!(said[1].trim_start().starts_with("nine from"), "{said:?}");
}

#[test]
fn equal_letters_should_make_an_index_that_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let about =
        |contribution| About { contribution, label: None, contributor: None, licence: None };
    let contributions = (0..300).map(|contribution| {
        // Of different lengths, or all but one would repeat the first.
        let tokens = vec![u32::from(b'a'); 100_000 + contribution as usize];
        let records = vec![Record { tokens, source: None }];
        Ok::<_, Error>(Contribution { about: about(contribution), records })
    });
    add(folder.path(), &Alphabet::bytes(), contributions, Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    assert_eq!(index.records(), 300);
    let found = ask(&index, &"a".repeat(1_000));
    // Nothing is improbable about a letter that all records are made of.
    assert_eq!((found.bits, found.spans.len()), (0, 0));
    assert_eq!(Bytes.encode("ab").unwrap(), [(97, 0..1), (98, 1..2)]);
}
