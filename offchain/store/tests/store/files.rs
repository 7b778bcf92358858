//! Files of a folder to records.

use std::{fs, path::Path};

use openledger_store::{
    files::{self, Collected, Skipped},
    record::{Body, Record, Role},
};

/// What was left out, as `file: reason`.
fn told(skipped: &[Skipped]) -> Vec<String> {
    skipped.iter().map(|skipped| format!("{}: {}", skipped.file, skipped.reason)).collect()
}

fn texts(collected: &Collected) -> Vec<String> {
    collected.files.iter().flat_map(|file| file.records.iter().map(Record::text)).collect()
}

#[test]
fn from_path_should_take_text_and_list_what_it_cannot_use() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let paragraph = "Permission is hereby granted, free of charge, to any person.";
    write("b/LICENSE", paragraph.as_bytes());
    write("a.sol", b"contract A { function f() external pure returns (uint256) { return 1; } }");
    write("empty.sol", b"");
    write("broken.sol", b"contract {");
    write("latin1.txt", b"caf\xe9");
    write("code.js", b"ignored");
    write(".hidden/c.txt", paragraph.as_bytes());
    write("own.jsonl", b"{\"text\":\"one\",\"source\":\"mine\"}\n{\"text\":\"two\"}\n");

    let found = Collected::from_path(folder.path(), Some("pkg"), &[]).unwrap();
    let sources: Vec<&str> = found.files.iter().map(|file| file.source.as_str()).collect();
    assert_eq!(sources, ["pkg/a.sol", "pkg/b/LICENSE", "pkg/own.jsonl"]);
    let own: Vec<_> = found.files[2].records.iter().map(Record::source).collect();
    assert_eq!(own, [Some("mine"), Some("pkg/own.jsonl")]);
    assert_eq!(
        told(&found.skipped),
        [
            "pkg/a.sol: 1 declaration has fewer than 40 characters",
            "pkg/broken.sol: line 1: a declaration's braces do not close",
            "pkg/empty.sol: it is empty",
            "pkg/latin1.txt: not UTF-8, from byte 4 on",
            "pkg: files that end in .js are not taken (1 here)",
            "pkg: hidden files and folders are not taken (1 here)",
        ]
    );
    let only = Collected::from_path(folder.path(), None, &["sol".into()]).unwrap();
    assert_eq!(only.files.len(), 1);
    assert!(Collected::from_path(&folder.path().join("nowhere"), None, &[]).is_err());
}

#[test]
fn hold_out_should_part_whole_files_the_same_way_each_time() {
    let files: Vec<files::SourceFile> = (0..400)
        .map(|i| files::SourceFile {
            source: format!("pkg/{i}.sol"),
            records: vec![Record::new(Body::Text("x".into()), None).unwrap()],
        })
        .collect();
    let (kept, held) = files::hold_out(files.clone(), 0.25);
    assert_eq!(kept.len() + held.len(), files.len());
    assert!((60..140).contains(&held.len()), "{}", held.len());
    assert_eq!(files::hold_out(files.clone(), 0.25).1, held);
    // A larger fraction holds out the same files and more.
    let more = files::hold_out(files.clone(), 0.5).1;
    assert!(held.iter().all(|file| more.contains(file)));
    assert!(files::hold_out(files.clone(), 0.0).1.is_empty());
    assert_eq!(files::hold_out(files.clone(), 1.0).1, files);
}

/// A folder with this file.
fn folder(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

const LINE: &[u8] = b"{\"text\":\"The boats wait in the harbour.\"}\n";

#[test]
fn a_link_should_be_what_its_own_name_says() {
    let folder = folder("5f1d", LINE);
    let snapshot = folder.path().join("snapshots/main");
    fs::create_dir_all(&snapshot).unwrap();
    let link = snapshot.join("train.jsonl");
    std::os::unix::fs::symlink("../../5f1d", &link).unwrap();
    std::os::unix::fs::symlink("nowhere", snapshot.join("lost.txt")).unwrap();
    std::os::unix::fs::symlink("..", snapshot.join("loop")).unwrap();

    let named = Collected::from_path(&link, None, &[]).unwrap();
    assert_eq!(named.files[0].source, "train.jsonl");
    assert_eq!(texts(&named), ["The boats wait in the harbour."]);
    let walked = Collected::from_path(&snapshot, None, &[]).unwrap();
    assert_eq!(walked.files[0].source, "main/train.jsonl");
    let skipped = told(&walked.skipped);
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    assert!(skipped[0].starts_with("main/loop: a link to a folder"), "{skipped:?}");
    assert!(skipped[1].starts_with("main/lost.txt: No such file"), "{skipped:?}");
    // Without a name that says it, by what is in it.
    assert_eq!(
        texts(&Collected::from_path(&folder.path().join("5f1d"), None, &[]).unwrap()).len(),
        1
    );
}

#[test]
fn a_named_file_should_be_refused_when_its_kind_is_not_taken() {
    for (name, bytes, expected) in [
        ("a.bin", &b"bytes of something, long enough to be a paragraph"[..], "kind is not known"),
        ("notes", b"some words, long enough to be a paragraph", "kind is not known"),
        ("a.jsonl", b"\x1f\x8b\x08 compressed", "gzip"),
        ("a.csv", b"PK\x03\x04 a spreadsheet", "ZIP"),
        ("a.txt", b"\xff\xfea\0b\0", "UTF-16"),
        ("a.parquet", b"no such thing", "named .parquet"),
        ("a.parquet", b"PAR1 and then nothing that one could read", "a.parquet"),
        ("a.csv", b"a,a\n1,2\n", "\"a\" is there twice"),
        ("a.csv", b"colour,size\nred,2\nblue,3\n", "lines 2, 3: expected \"text\""),
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ("a.json", b"[{\"text\":\"a\"}", "EOF"),
        ("a.json", b"[]", "nothing in it"),
        ("a.json", b"[1, \"b\"]", "record 1: expected an object, this is a number"),
    ] {
        let folder = folder(name, bytes);
        let found = Collected::from_path(&folder.path().join(name), None, &[]).unwrap();
        assert!(found.files.is_empty(), "{name}");
        let skipped = told(&found.skipped).join("; ");
        assert!(skipped.contains(expected), "{name}: {skipped}");
    }
}

#[test]
fn good_lines_should_be_kept_when_others_are_not() {
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend_from_slice(LINE);
    bytes.extend_from_slice(
        b"\r\n{\"text\": \"cut in the mid\r\n{\"id\": 7, \"text\": \"numbered\"}\r\n",
    );
    bytes.extend_from_slice(b"{\"text\":\"\xff\"}\n");
    for _ in 0..13 {
        bytes.extend_from_slice(b"{\"text\":\"\"}\n");
    }
    let folder = folder("a.jsonl", &bytes);
    let found = Collected::from_path(&folder.path().join("a.jsonl"), None, &[]).unwrap();
    assert_eq!(texts(&found), ["The boats wait in the harbour.", "numbered"]);
    let skipped = told(&found.skipped);
    assert_eq!(skipped.len(), 4, "{skipped:?}");
    assert!(skipped[0].starts_with("a.jsonl: line 3: EOF"), "{skipped:?}");
    assert_eq!(skipped[1], "a.jsonl: line 5: not UTF-8, from byte 10 of the line on");
    assert_eq!(
        skipped[2],
        "a.jsonl: lines 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 3 more: \"text\" is empty"
    );
    assert_eq!(skipped[3], "a.jsonl: the field \"id\" of 1 line is not taken: no record has it");
}

#[test]
fn rows_of_json_should_be_taken_whatever_the_file_is_called() {
    let list = b"[\n  {\n    \"text\": \"The boats wait in the harbour.\"\n  }\n]\n";
    let one = b"{\n  \"text\": \"The boats wait in the harbour.\"\n}\n";
    for (name, bytes) in [
        ("a.txt", LINE),
        ("a.md", list),
        ("a", LINE),
        ("a.json", LINE),
        ("a.json", one),
        ("a.ndjson", LINE),
    ] {
        let folder = folder(name, bytes);
        let found = Collected::from_path(&folder.path().join(name), None, &[]).unwrap();
        assert_eq!(texts(&found), ["The boats wait in the harbour."], "{name}");
        assert!(found.skipped.is_empty(), "{name}: {:?}", found.skipped);
    }
    // Prose may begin with a brace.
    let prose = b"{ braces } are what this paragraph, which is long enough, is about.";
    let folder = folder("a.md", prose);
    let found = Collected::from_path(&folder.path().join("a.md"), None, &[]).unwrap();
    assert_eq!(texts(&found).len(), 1);
}

#[test]
fn a_table_should_be_read_by_its_names() {
    let csv = b"question,answer,id\n\"What is, say, 2?\",\"Two,\nthe number\",1\nshort\nWho?,,2\n";
    let folder = folder("a.csv", csv);
    let found = Collected::from_path(&folder.path().join("a.csv"), None, &[]).unwrap();
    let [record] = &found.files[0].records[..] else { panic!("{found:?}") };
    let Body::Chat { messages, .. } = record.body() else { panic!("{record:?}") };
    assert_eq!((messages[0].role, &*messages[0].content), (Role::User, "What is, say, 2?"));
    assert_eq!((messages[1].role, &*messages[1].content), (Role::Assistant, "Two,\nthe number"));
    let skipped = told(&found.skipped);
    assert_eq!(skipped.len(), 3, "{skipped:?}");
    assert_eq!(skipped[0], "a.csv: line 4: 1 values, expected 3");
    assert!(skipped[1].starts_with("a.csv: line 5: expected \"text\""), "{skipped:?}");
    assert!(skipped[2].contains("\"id\" of 1 line is not taken"), "{skipped:?}");
}

fn parquet(name: &str) -> Collected {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/parquet").join(name);
    Collected::from_path(&path, None, &[]).unwrap()
}

#[test]
fn parquet_should_give_conversations_without_the_fields_that_are_null() {
    let found = parquet("messages.parquet");
    let records = &found.files[0].records;
    let Body::Chat { messages, .. } = records[0].body() else { panic!("{records:?}") };
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[1].calls[0].arguments, "{\"city\":\"Oslo\"}");
    assert_eq!((messages[2].role, &*messages[2].content), (Role::Tool, "4 C, rain"));
    assert_eq!(records.len(), 2);
    assert_eq!(
        told(&found.skipped),
        ["id", "score"].map(|name| {
            format!("messages.parquet: the column {name:?} is not taken: no record has it")
        })
    );
}

#[test]
fn parquet_should_be_read_whatever_it_is_compressed_by() {
    // zstd, of several row groups.
    let found = parquet("alpaca.parquet");
    assert_eq!(texts(&found).len(), 2);
    assert!(texts(&found)[1].contains("good morning\nbonjour"), "{:?}", texts(&found));
    let skipped = told(&found.skipped);
    assert!(
        skipped[0].starts_with("alpaca.parquet: row 3: expected") || skipped[0].contains("row 3"),
        "{skipped:?}"
    );
    // Not compressed, with a dictionary and pages of the second version.
    let found = parquet("text.parquet");
    assert_eq!(texts(&found)[2..], ["plain text, dictionary encoded", "and another one"]);
    let other = told(&parquet("gzip.parquet").skipped);
    assert!(other[0].contains("compressed by GZIP"), "{other:?}");
    let none = parquet("images.parquet");
    assert!(none.files.is_empty());
    assert!(told(&none.skipped)[0].contains("no column is known, of image, width"), "{none:?}");
}

#[test]
fn damaged_parquet_should_be_refused_and_never_end_the_program() {
    let bytes =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/parquet/alpaca.parquet"))
            .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let take = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let found = Collected::from_path(&path, None, &[]).unwrap();
        assert!(!found.files.is_empty() || !found.skipped.is_empty());
        found
    };
    for at in (4..bytes.len()).step_by(7) {
        let mut other = bytes.clone();
        other[at] ^= 0x55;
        take(&other);
    }
    for end in (8..bytes.len()).step_by(97) {
        assert!(take(&bytes[..end]).files.is_empty());
    }
}
