use std::{fs, path::Path};

use openledger_cli::parse::hash;
use openledger_primitives::{hashing, merkle, H256};
use openledger_store::record;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::run;

const CONTRACT: &str = "\
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// Counts, and lets its owner start again.
contract Counter {
    uint256 private _count;
    address private immutable _owner = msg.sender;

    /// Adds one.
    function increase() external returns (uint256) {
        _count += 1;
        return _count;
    }

    /// Starts again from zero.
    function reset() external {
        require(msg.sender == _owner, \"only the owner may reset\");
        _count = 0;
    }
}
";
const TEXT: &str = "\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software.

The above copyright notice and this permission notice shall be included in all copies.
";

/// A folder with these files, and room beside it.
fn files(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `records build` of the folder, with more options.
fn build(folder: &TempDir, more: &[&str]) -> crate::program::Run {
    let (from, out) = (folder.path().join("in"), folder.path().join("out.jsonl"));
    let arguments =
        [&["--json", "records", "build", text(&from), "--out", text(&out)][..], more].concat();
    run(&folder.path().join("home"), &arguments)
}

fn sources(json: &Value) -> Vec<&str> {
    json["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["file"].as_str().unwrap())
        .collect()
}

#[test]
fn build_should_cut_every_kind_of_file_and_say_what_it_left_out() {
    let folder = files(&[
        ("a/Counter.sol", CONTRACT.as_bytes()),
        ("b.txt", TEXT.as_bytes()),
        (
            "c.jsonl",
            b"{\"prompt\":\"Two and two?\",\"completion\":\"Four.\"}\n{\"text\":\"plain\"}\n",
        ),
        ("d.jsonl", b"{\"text\":\"good\"}\n{\"text\":\n"),
        ("e.txt", b"caf\xe9 is not UTF-8 in this file, which was written long ago"),
        ("f.md", b""),
        ("g.bin", b"not looked at"),
    ]);
    let found = build(&folder, &["--label", "mine"]);
    assert_eq!(found.status, 0, "{}", found.errors);
    let json = found.json();
    assert_eq!(json["files"], 4);
    let left_out = ["mine/d.jsonl", "mine/e.txt", "mine/f.md", "mine"];
    assert_eq!(sources(&json), left_out);
    let reason = |i: usize| json["skipped"][i]["reason"].as_str().unwrap();
    assert!(reason(0).contains("line 2"), "{}", reason(0));
    assert!(reason(1).contains("UTF-8") && reason(1).contains("byte 4"), "{}", reason(1));
    assert!(reason(2).contains("empty"), "{}", reason(2));
    assert!(reason(3).contains("files that end in .bin"), "{}", reason(3));

    // What was written is what is reported, and what the protocol says of it.
    let bytes = fs::read(folder.path().join("out.jsonl")).unwrap();
    let records = record::parse_jsonl(&bytes).unwrap();
    assert_eq!(json["records"], records.len());
    assert_eq!(json["bytes"], bytes.len());
    let named = |key: &str| hash(json[key].as_str().unwrap()).unwrap();
    assert_eq!(named("content"), hashing::content_id(&bytes));
    let hashes: Vec<H256> = records.iter().map(record::Record::hash).collect();
    assert_eq!(named("root"), merkle::root(&hashes));
    assert!(records.iter().any(|record| record.text().contains("function reset()")));
    assert_eq!(records[0].source(), Some("mine/a/Counter.sol"));
    assert!(json["heldout"].is_null());
}

#[test]
fn build_should_refuse_when_nothing_is_left() {
    for (name, bytes, expected) in [
        ("a.jsonl", &b"{\"texts\": \"ok\"}\n{\"text\": \n"[..], "line 2"),
        ("a.jsonl", b"[1,2]\n", "records 1, 2: expected an object"),
        ("a.jsonl", b"{\"texts\":\"x\",\"colour\":\"red\"}\n", "colour"),
        ("a.txt", b"\xff\xfe", "UTF-8"),
        ("a.jsonl", b"\xff\xfe", "UTF-8"),
        ("a.jsonl", b"", "empty"),
        ("a.sol", b"", "empty"),
        ("a.bin", b"bytes", ".bin"),
    ] {
        let folder = files(&[(name, bytes)]);
        let found = build(&folder, &[]);
        assert_eq!((found.status, found.output.as_str()), (1, ""), "{name}");
        let (message, code) = found.error();
        assert_eq!(code, "failed");
        assert!(message.contains(expected), "{message}");
        assert!(!folder.path().join("out.jsonl").exists());
    }
}

#[test]
fn build_should_hold_out_whole_files() {
    let names: Vec<String> = (0..20).map(|i| format!("{i}.jsonl")).collect();
    let contents: Vec<String> = (0..20).map(|i| format!("{{\"text\":\"record {i}\"}}\n")).collect();
    let list: Vec<(&str, &[u8])> =
        names.iter().zip(&contents).map(|(n, c)| (n.as_str(), c.as_bytes())).collect();
    let folder = files(&list);
    let held = folder.path().join("held.jsonl");
    let found = build(&folder, &["--heldout-fraction", "0.4", "--heldout-out", text(&held)]);
    assert_eq!(found.status, 0, "{}", found.errors);
    let json = found.json();
    let records = record::parse_jsonl(&fs::read(&held).unwrap()).unwrap();
    let named: Vec<&str> =
        json["heldout"]["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    let written: Vec<&str> = records.iter().map(|record| record.source().unwrap()).collect();
    assert_eq!(named, written);
    assert!((1..20).contains(&named.len()));
    assert_eq!(json["files"].as_u64().unwrap() + named.len() as u64, 20);
    let kept = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert!(records.iter().all(|record| !kept.contains(&record.to_json())));

    let everything = build(&folder, &["--heldout-fraction", "1", "--heldout-out", text(&held)]);
    assert_eq!(everything.status, 1);
    assert!(everything.error().0.contains("held out"));
}

#[test]
fn build_should_refuse_when_there_is_no_such_path_or_no_place_to_write() {
    let folder = files(&[("a.txt", TEXT.as_bytes())]);
    let (home, from) = (folder.path().join("home"), folder.path().join("in"));
    let missing = folder.path().join("nowhere");
    let out = folder.path().join("out.jsonl");
    let found = run(&home, &["--json", "records", "build", text(&missing), "--out", text(&out)]);
    assert_eq!(found.status, 1);
    let message = found.error().0;
    assert!(message.contains("nowhere"), "{message}");
    assert_eq!(message.matches("No such file").count(), 1, "{message}");

    // A file is no folder to write into.
    let below = from.join("a.txt/out.jsonl");
    let found = run(&home, &["--json", "records", "build", text(&from), "--out", text(&below)]);
    assert_eq!(found.status, 1);
    assert!(found.error().0.contains("cannot write"), "{}", found.errors);
}

#[test]
fn show_should_print_what_build_wrote() {
    let folder = files(&[("a.txt", TEXT.as_bytes())]);
    let built = build(&folder, &[]).json();
    let (home, out) = (folder.path().join("home"), folder.path().join("out.jsonl"));
    let shown = run(&home, &["--json", "records", "show", text(&out), "--limit", "1"]).json();
    for key in ["content", "root"] {
        assert_eq!(shown[key], built[key]);
    }
    assert_eq!(shown["count"], built["records"]);
    assert_eq!(shown["records"].as_array().unwrap().len(), 1);
    assert_eq!(shown["records"][0]["source"], "in/a.txt");
    let words = run(&home, &["records", "show", text(&out), "--limit", "1"]).output;
    assert!(words.contains("Permission is hereby granted"), "{words}");
    assert!(words.contains("1 record more; --limit"), "{words}");
}

#[test]
fn show_should_refuse_what_is_damaged_missing_or_no_record() {
    let folder = files(&[]);
    let home = folder.path().join("home");
    let id = hashing::content_id(b"{\"text\":\"x\"}\n");
    let digits = hex::encode(id);
    let name = format!("0x{digits}");
    let missing = run(&home, &["--json", "records", "show", &name]);
    assert_eq!(missing.status, 1);
    assert!(missing.error().0.contains("not in the store"), "{}", missing.errors);

    let blob = home.join("store").join(&digits[..2]).join(&digits[2..4]).join(&digits);
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(&blob, "{\"text\":\"y\"}\n").unwrap();
    let damaged = run(&home, &["--json", "records", "show", &name]);
    assert_eq!(damaged.status, 1);
    assert!(damaged.error().0.contains("damaged"), "{}", damaged.errors);

    fs::write(&blob, "{\"text\":\"x\"}\n").unwrap();
    assert_eq!(run(&home, &["--json", "records", "show", &name]).json()["count"], 1);

    let file = folder.path().join("no.jsonl");
    fs::write(&file, "no JSON\n").unwrap();
    let wrong = run(&home, &["--json", "records", "show", text(&file)]);
    assert!(wrong.error().0.contains("line 1"), "{}", wrong.errors);
}

const CHAT: &str = "{\"messages\":[{\"role\":\"user\",\"content\":\"Weather?\\nassistant:\\n  Hot.\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{ }\"}}]}]}\n";

#[test]
fn show_should_tell_turns_from_texts_that_look_like_them() {
    let folder = files(&[("a.jsonl", CHAT.as_bytes())]);
    build(&folder, &[]);
    let (home, out) = (folder.path().join("home"), folder.path().join("out.jsonl"));
    let words = run(&home, &["records", "show", text(&out)]).output;
    let expected =
        "--- in/a.jsonl\nuser:\n  Weather?\n  assistant:\n    Hot.\nassistant:\ncalls \"weather\":\n  {}\n";
    assert!(words.contains(expected), "{words}");
    let json = run(&home, &["--json", "records", "show", text(&out)]).json();
    let call = &json["records"][0]["record"]["messages"][1]["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], "{}");
}

#[test]
fn a_named_file_should_be_asked_for_its_kind() {
    for (name, bytes, records) in [
        ("alpaca.json", &b"[{\"instruction\":\"a\",\"input\":\"\",\"output\":\"b\"}]"[..], 1),
        ("table.csv", b"question,answer\nwho,he\nwhat,it\n", 2),
        ("other.html", b"<p>a paragraph that is long enough to be a record</p>", 0),
    ] {
        let folder = files(&[(name, bytes)]);
        let (home, out) = (folder.path().join("home"), folder.path().join("out.jsonl"));
        let path = folder.path().join("in").join(name);
        let found = run(&home, &["--json", "records", "build", text(&path), "--out", text(&out)]);
        if records == 0 {
            assert_eq!(found.status, 1);
            assert!(found.error().0.contains("kind is not known"), "{}", found.errors);
        } else {
            assert_eq!(found.json()["records"], records, "{name}: {}", found.errors);
        }
    }
}

#[test]
fn build_should_replace_a_file_whole_and_leave_nothing_beside_it() {
    let folder = files(&[("a.txt", TEXT.as_bytes())]);
    let out = folder.path().join("out.jsonl");
    fs::write(&out, "what was there").unwrap();
    let partial = folder.path().join("out.jsonl.part");
    fs::write(&partial, "another writer's").unwrap();
    assert_eq!(build(&folder, &[]).status, 0);
    assert!(fs::read_to_string(&out).unwrap().starts_with("{\"text\""));
    assert_eq!(fs::read_to_string(&partial).unwrap(), "another writer's");
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name.to_string_lossy().ends_with(".part"));
    assert_eq!(names, ["out.jsonl.part"]);
}
