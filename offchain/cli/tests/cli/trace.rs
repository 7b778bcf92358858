use std::{fs, path::Path};

use serde_json::{json, Value};
use tempfile::TempDir;

use crate::program::{run, Run};

const SONNET: &str = "\
Shall I compare thee to a summer's day? Thou art more lovely and more temperate.

Rough winds do shake the darling buds of May, and summer's lease hath all too short a date.
";
const LINE: &str =
    "{\"text\":\"the darling buds of May are in this record as well\",\"source\":\"may.txt\"}\n";
const ANSWER: &str = "She wrote that rough winds do shake the darling buds of May, alas.";

/// A folder with two contributions and room for an index; the model is the repository's.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sonnets")).unwrap();
    fs::write(folder.path().join("sonnets/18.txt"), SONNET).unwrap();
    fs::write(folder.path().join("may.jsonl"), LINE).unwrap();
    folder
}

fn trace(folder: &TempDir, arguments: &[&str]) -> Run {
    run(&folder.path().join("home"), &[&["--json", "trace"][..], arguments].concat())
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().into()
}

fn build(folder: &TempDir, more: &[&str]) -> Value {
    let paths = [path(folder, "sonnets"), path(folder, "may.jsonl"), path(folder, "index")];
    let arguments = ["build", &paths[0], &paths[1], "--out", &paths[2]];
    trace(folder, &[&arguments[..], more].concat()).json()
}

#[test]
fn trace_should_show_what_a_text_repeats_and_where_from() {
    let folder = folder();
    let built = build(&folder, &[]);
    assert_eq!((&built["contributions"], &built["records"]), (&json!(2), &json!(3)));
    assert_eq!(built["skipped"], json!([]));
    let index = path(&folder, "index");
    let found = trace(&folder, &["query", &index, ANSWER]).json();
    let span = &found["spans"][0];
    assert_eq!(span["text"], " winds do shake the darling buds of May, ");
    assert_eq!(
        span["records"],
        json!([{
            "contribution": 0, "record": 1, "occurrences": 1, "source": "sonnets/18.txt"
        }])
    );
    assert_eq!(found["contributions"][0]["label"], "sonnets");
    let words = run(folder.path(), &["trace", "query", &index, ANSWER]);
    assert!(
        words.output.contains("record 1 of contribution 0, sonnets/18.txt"),
        "{}",
        words.output
    );
    assert!(words.output.contains("The pool's share is"), "{}", words.output);
}

#[test]
fn trace_should_use_the_tokens_of_a_model() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
    let folder = folder();
    let bytes = build(&folder, &[])["tokens"].as_u64().unwrap();
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    let built = build(&folder, &["--tokenizer", model.to_str().unwrap()]);
    assert!(built["tokens"].as_u64().unwrap() < bytes / 2, "{built}");
    let index = path(&folder, "index");
    let found = trace(&folder, &["query", &index, ANSWER]).json();
    assert_eq!(found["spans"][0]["text"], " winds do shake the darling buds of May,", "{found}");
    // More records, as tokens of the same model, without naming it again.
    fs::write(
        folder.path().join("more.txt"),
        "A record of its own, which says nothing of winds or of May.",
    )
    .unwrap();
    let more = path(&folder, "more.txt");
    let added = trace(&folder, &["build", &more, "--out", &index, "--merge"]).json();
    assert_eq!((&added["added"]["records"], &added["contributions"]), (&json!(1), &json!(3)));
    assert_eq!(
        trace(&folder, &["query", &index, ANSWER]).json()["spans"][0]["text"],
        found["spans"][0]["text"]
    );
}

#[test]
fn trace_should_say_what_is_wrong() {
    let folder = folder();
    build(&folder, &[]);
    let (index, home) = (path(&folder, "index"), path(&folder, "home"));
    fs::write(folder.path().join("nothing.bin"), "x").unwrap();
    let (other, away) = (path(&folder, "nothing.bin"), path(&folder, "away"));
    for (arguments, expected) in [
        (&["query", &home, "x"][..], "no trace index"),
        (&["build", &away, "--out", &index], "No such file"),
        (&["build", &other, "--out", &index], "no records to take"),
        (&["build", "--datanets", "0:1", "--out", &index], "of files, not of datanets"),
        (&["build", &other, "--out", &home, "--tokenizer", &away], "expected a model's folder"),
    ] {
        let (message, code) = trace(&folder, arguments).error();
        assert!(message.contains(expected), "{arguments:?}: {message}");
        assert_eq!(code, "failed");
    }
    assert_eq!(trace(&folder, &["build", "--out", &index]).status, 2);
}
