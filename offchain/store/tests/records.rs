//! Records and contributions, through the public interface.

use openledger_primitives::{hashing, merkle, H256};
use openledger_store::{
    contribution::{self, Contribution, Shared},
    files::{self, Collected},
    record::{self, Body, Message, Record},
    BlobStore, Error,
};
use proptest::prelude::*;

fn text(text: &str) -> Record {
    Record::new(Body::Text(text.into()), None).unwrap()
}

#[test]
fn hash_should_be_that_of_the_protocol() {
    // SCALE by hand: the kind, a compact length, then each string with its own.
    let preimage = |kind: u8, strings: &[&str]| {
        let mut bytes = b"openledger/record/v1".to_vec();
        bytes.extend([kind, (strings.len() as u8) << 2]);
        for string in strings {
            bytes.push((string.len() as u8) << 2);
            bytes.extend(string.as_bytes());
        }
        hashing::content_id(&bytes)
    };
    assert_eq!(text("abc").hash(), preimage(0, &["abc"]));
    let completion = Body::Completion { prompt: "a".into(), completion: "b".into() };
    assert_eq!(Record::new(completion, None).unwrap().hash(), preimage(1, &["a", "b"]));
    let chat = Body::Chat(vec![Message { role: "user".into(), content: "hi".into() }]);
    assert_eq!(Record::new(chat, None).unwrap().hash(), preimage(2, &["user", "hi"]));
}

#[test]
fn hash_should_not_depend_on_source_or_on_how_text_was_written() {
    let composed = Record::new(Body::Text("caf\u{e9}\nx".into()), Some("a/b.txt".into())).unwrap();
    assert_eq!(text("cafe\u{301} \t\r\nx\r\n\n").hash(), composed.hash());
}

#[test]
fn parse_should_name_the_line_when_it_is_no_record() {
    for (line, expected) in [
        (&b"{\"text\":"[..], "EOF"),
        (b"{\"text\":\"a\",\"prompt\":\"b\"}", "either"),
        (b"{\"prompt\":\"b\"}", "either"),
        (b"{\"txt\":\"a\"}", "unknown field"),
        (b"{\"text\":\" \\n\\t\"}", "is empty"),
        (b"{\"messages\":[]}", "is empty"),
        (b"[]", "expected"),
        (b"\xff\xfe", "UTF-8"),
    ] {
        let mut bytes = b"{\"text\":\"good\"}\n\n".to_vec();
        bytes.extend_from_slice(line);
        match record::parse_jsonl(&bytes) {
            Err(Error::Record { line: 3, reason }) => {
                assert!(reason.contains(expected), "{reason}");
            }
            other => panic!("{line:?}: {other:?}"),
        }
    }
    let huge = format!("{{\"text\":\"{}\"}}", "a".repeat(record::MAX_LINE));
    assert!(matches!(record::parse_jsonl(huge.as_bytes()), Err(Error::Record { line: 1, .. })));
    assert!(matches!(record::parse_jsonl(b" \n\n"), Err(Error::NoRecords)));
}

#[tokio::test]
async fn fetch_should_refuse_when_records_have_another_root() {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path().to_str().unwrap()).unwrap();
    let records = [text("one"), text("two")];
    let made = Contribution::new(&records).unwrap();
    assert_eq!(made.root, merkle::root(&[records[0].hash(), records[1].hash()]));
    assert_eq!(store.put(made.blob.clone()).await.unwrap(), made.content);
    assert_eq!(contribution::fetch(&store, &made.content, &made.root).await.unwrap(), records);
    let other = contribution::fetch(&store, &made.content, &H256::zero()).await;
    assert!(matches!(other, Err(Error::WrongRoot { .. })));
    assert!(matches!(Contribution::new(&[]), Err(Error::NoRecords)));
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
    let skipped: Vec<(&str, bool)> = found
        .skipped
        .iter()
        .map(|skipped| {
            let reasons = ["empty", "close", "UTF-8"];
            (skipped.file.as_str(), reasons.iter().any(|reason| skipped.reason.contains(reason)))
        })
        .collect();
    assert_eq!(
        skipped,
        [("pkg/broken.sol", true), ("pkg/empty.sol", true), ("pkg/latin1.txt", true)]
    );
    let only = Collected::from_path(folder.path(), None, &["sol".into()]).unwrap();
    assert_eq!(only.files.len(), 1);
    assert!(Collected::from_path(&folder.path().join("nowhere"), None, &[]).is_err());
}

#[test]
fn hold_out_should_part_whole_files_the_same_way_each_time() {
    let files: Vec<files::SourceFile> = (0..400)
        .map(|i| files::SourceFile { source: format!("pkg/{i}.sol"), records: vec![text("x")] })
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

#[test]
fn shared_should_prove_the_first_record_that_both_have() {
    let hashes = |texts: &[&str]| -> Vec<H256> { texts.iter().map(|t| text(t).hash()).collect() };
    let (first, second) = (hashes(&["a", "b", "c"]), hashes(&["x", "c", "b", "b", "y"]));
    let found = Shared::find(&first, &second).unwrap();
    assert_eq!((found.record, found.first.index, found.second.index), (first[1], 1, 2));
    for (records, proof) in [(&first, &found.first), (&second, &found.second)] {
        let (root, count) = (merkle::root(records), records.len() as u64);
        assert!(merkle::verify(&root, &found.record, proof.index.into(), count, &proof.siblings));
    }
    assert_eq!(Shared::find(&first, &hashes(&["x", "y"])), None);
    assert_eq!(Shared::find(&[], &second), None);
}

fn body() -> impl Strategy<Value = Body> {
    let string = || "[^\\s][ \\t\\r\\n\\PC]{0,20}|\\PC{0,12}|[ae\u{301}\u{327} \t\r\n]{0,12}";
    let message = (string(), string()).prop_map(|(role, content)| Message { role, content });
    prop_oneof![
        string().prop_map(Body::Text),
        (string(), string())
            .prop_map(|(prompt, completion)| Body::Completion { prompt, completion }),
        proptest::collection::vec(message, 0..4).prop_map(Body::Chat),
    ]
}

proptest! {
    #[test]
    fn normalise_should_be_idempotent(text in "[ \\t\\r\\n\\PC\u{301}\u{327}\u{1100}\u{1161}]{0,60}") {
        let once = record::normalise(&text);
        prop_assert_eq!(record::normalise(&once), once);
    }

    #[test]
    fn jsonl_should_return_the_records_that_were_written(
        bodies in proptest::collection::vec((body(), proptest::option::of("[a-z/.@]{1,20}")), 1..8)
    ) {
        let records: Vec<Record> =
            bodies.into_iter().filter_map(|(body, source)| Record::new(body, source).ok()).collect();
        prop_assume!(!records.is_empty());
        let bytes = record::to_jsonl(&records);
        let read = record::parse_jsonl(&bytes).unwrap();
        prop_assert_eq!(&read, &records);
        prop_assert_eq!(record::to_jsonl(&read), bytes);
    }
}
