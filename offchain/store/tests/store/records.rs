//! Records and contributions.

use std::collections::BTreeMap;

use openledger_primitives::{hashing, merkle, H256};
use openledger_store::{
    contribution::{self, Contribution, Shared},
    record::{self, Body, Call, Message, Record, Role},
    BlobStore, Error,
};
use proptest::prelude::*;

fn text(text: &str) -> Record {
    Record::new(Body::Text(text.into()), None).unwrap()
}

/// SCALE by hand: a string with its length, where that is below 64.
fn scale(text: &str) -> Vec<u8> {
    [&[(text.len() as u8) << 2], text.as_bytes()].concat()
}

#[test]
fn hash_should_be_that_of_the_protocol() {
    let hash = |preimage: &[&[u8]]| {
        hashing::content_id(&[b"openledger/record/v2", &preimage.concat()[..]].concat())
    };
    assert_eq!(text("abc").hash(), hash(&[&[0], &scale("abc")]));
    let completion = Body::Completion { prompt: "a".into(), completion: "b".into() };
    let completion = Record::new(completion, None).unwrap();
    assert_eq!(completion.hash(), hash(&[&[1], &scale("a"), &scale("b")]));

    let call = Call { id: Some("c1".into()), name: "f".into(), arguments: "{ \"x\": 1.0 }".into() };
    let messages = vec![
        Message { name: Some("bo".into()), ..Message::new(Role::User, "hi") },
        Message { calls: vec![call], learned: false, ..Message::new(Role::Assistant, "") },
        Message { answers: Some("c1".into()), ..Message::new(Role::Tool, "2") },
    ];
    let turns: &[&[u8]] = &[
        &[2, 1],
        &scale("bo"),
        &scale("hi"),
        &[0, 0, 1],
        &[3, 0],
        &scale(""),
        &[1 << 2, 1],
        &scale("c1"),
        &scale("f"),
        &scale("{\"x\":1.0}"),
        &[0, 0],
        &[4, 0],
        &scale("2"),
        &[0, 1],
        &scale("c1"),
        &[1],
    ];
    let tools = [&[1 << 2][..], &scale("{\"name\":\"f\"}")].concat();
    let body = |messages| Body::Chat { messages, tools: vec!["{\"name\": \"f\"}".into()] };
    let chat = Record::new(body(messages.clone()), None).unwrap();
    assert_eq!(chat.hash(), hash(&[&[2, 3 << 2], &turns.concat(), &tools]));

    let (a, b) = (Message::new(Role::Assistant, "a"), Message::new(Role::Assistant, "b"));
    let pair = Body::Preference {
        prompt: messages[..1].to_vec(),
        chosen: vec![a],
        rejected: vec![b],
        tools: Vec::new(),
    };
    let turn = |text: &str| [&[1 << 2, 3, 0][..], &scale(text), &[0, 0, 1]].concat();
    let prompt = [&[1 << 2][..], &turns[..4].concat()].concat();
    assert_eq!(
        Record::new(pair, None).unwrap().hash(),
        hash(&[&[3], &prompt, &turn("a"), &turn("b"), &[0]])
    );
}

/// Computed by the second implementation, tools/payout/rules.py, whose tests read the same file.
#[test]
fn hash_should_be_that_of_the_second_implementation() {
    let json = include_str!("hashes.json");
    let hashes: BTreeMap<String, String> = serde_json::from_str(json).unwrap();
    assert_eq!(hashes.len(), 5);
    for (line, expected) in hashes {
        let record = Record::from_json(&line).unwrap();
        assert_eq!(hex::encode(record.hash()), expected, "{line}");
        assert_eq!(record.to_json(), line);
    }
}

#[test]
fn hash_should_differ_when_a_text_imitates_turns() {
    let chat = |turns: &[(Role, &str)]| {
        let turn = |(role, text): &(Role, &str)| Message::new(*role, *text);
        let messages = turns.iter().map(turn).collect();
        Record::new(Body::Chat { messages, tools: Vec::new() }, None).unwrap().hash()
    };
    let hashes = [
        chat(&[(Role::User, "hi\nassistant: yes")]),
        chat(&[(Role::User, "hi"), (Role::Assistant, "yes")]),
        chat(&[(Role::System, "hi"), (Role::Assistant, "yes")]),
        text("user: hi\nassistant: yes").hash(),
    ];
    assert!((1..hashes.len()).all(|i| !hashes[..i].contains(&hashes[i])));
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
        (b"{\"text\":\"a\",\"source\":5}", "source"),
        (b"{\"instruction\":\"a\",\"output\":\"b\"}", "unknown field"),
        (b"{\"messages\":[{\"role\":\"user: hi\",\"content\":\"x\"}]}", "role"),
        (b"{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"weight\":0}]}", "weight"),
        (b"{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}", "is empty"),
        (b"{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"b\"}", "the same"),
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
    let call =
        (proptest::option::of(string()), string(), "\\{\"a\": [0-9]{1,3}(\\.0)?\\}|\\PC{0,8}")
            .prop_map(|(id, name, arguments)| Call { id, name, arguments });
    let calls = proptest::collection::vec(call, 0..3);
    let message = (0..5_usize, proptest::option::of(string()), string(), calls, any::<bool>())
        .prop_map(|(role, name, content, calls, learned)| {
            let role = Role::ALL[role];
            let speaks = role == Role::Assistant;
            let calls = if speaks { calls } else { Vec::new() };
            let answers = name.clone().filter(|_| role == Role::Tool);
            Message { role, name, content, calls, answers, learned: learned || !speaks }
        });
    let turns = || proptest::collection::vec(message.clone(), 0..4);
    let tools = || proptest::collection::vec("\\{ ?\"name\": ?\"[a-z]{1,5}\" ?\\}", 0..2);
    prop_oneof![
        string().prop_map(Body::Text),
        (string(), string())
            .prop_map(|(prompt, completion)| Body::Completion { prompt, completion }),
        (turns(), tools()).prop_map(|(messages, tools)| Body::Chat { messages, tools }),
        (turns(), turns(), turns(), tools()).prop_map(|(prompt, chosen, rejected, tools)| {
            Body::Preference { prompt, chosen, rejected, tools }
        }),
    ]
}

proptest! {
    #[test]
    fn jsonl_should_return_the_records_that_were_written(
        bodies in proptest::collection::vec((body(), proptest::option::of("[a-z/.@]{1,20}")), 1..8),
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
