//! The same logits as Hugging Face's transformers and peft, to 1e-4 in f32, in both directions.
//!
//! Needs Python with the packages of `bench/parity/requirements.txt`: `bench/parity/setup`, or
//! `OPENLEDGER_PYTHON`. Says that it skipped without.

mod common;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use common::Folder;
use openledger_lm::{Adapter, Config, Model, Precision};
use serde_json::{json, Value};

const TOLERANCE: f32 = 1e-4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An interpreter that has the packages.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("OPENLEDGER_PYTHON").map(PathBuf::from);
    let cache = std::env::var_os("OPENLEDGER_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/openledger")));
    let python = named.or_else(|| Some(cache?.join("venv/bin/python")))?;
    let probe = Command::new(&python).args(["-c", "import torch, transformers, peft"]).output();
    probe.is_ok_and(|probe| probe.status.success()).then_some(python)
}

fn run(python: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(python)
        .arg(root().join("bench/parity/parity.py"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A checkpoint, perhaps an adapter, and what we compute with them.
struct Case {
    name: String,
    checkpoint: PathBuf,
    adapter: Option<PathBuf>,
    ids: Vec<u32>,
    ours: ndarray::Array2<f32>,
}

impl Case {
    fn new(name: &str, checkpoint: PathBuf, adapter: Option<PathBuf>) -> Self {
        let mut model = Model::load(&checkpoint).unwrap();
        if let Some(adapter) = &adapter {
            let adapter = Adapter::load(adapter, model.config(), Some(name)).unwrap();
            model = model.with_adapter(adapter).unwrap();
        }
        let vocab = model.config().vocab_size as u32;
        let ids: Vec<u32> = (0..29).map(|i| (i * 37 + 11) % vocab).collect();
        let ours = model.forward(&ids).unwrap();
        Self { name: name.into(), checkpoint, adapter, ids, ours }
    }

    fn compare(&self, theirs: &Value) {
        let theirs: Vec<Vec<f32>> = serde_json::from_value(theirs.clone()).unwrap();
        assert_eq!(theirs.len(), self.ours.nrows());
        let mut worst = 0.0_f32;
        for (ours, theirs) in self.ours.rows().into_iter().zip(&theirs) {
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(theirs) {
                worst = worst.max((ours - theirs).abs());
            }
        }
        let adapted = if self.adapter.is_some() { "with adapter" } else { "alone" };
        println!("{} {adapted}: largest difference {worst:e}", self.name);
        assert!(worst <= TOLERANCE, "{} {adapted}: {worst:e} apart", self.name);
    }
}

#[test]
fn logits_should_equal_those_of_transformers_and_peft_when_the_files_are_the_same() {
    let Some(python) = python() else {
        println!("SKIPPED: no Python with torch, transformers and peft; run bench/parity/setup");
        return;
    };
    let folder = Folder::new("parity");
    run(&python, &["make", folder.path().to_str().unwrap()], b"");

    let mut cases = Vec::new();
    let made =
        ["tied", "grouped-untied-sharded", "wide-heads-bfloat16", "float16", "llama3-rotary"];
    for name in made {
        let (base, adapter) =
            (folder.path().join(name).join("base"), folder.path().join(name).join("adapter"));
        cases.push(Case::new(name, base.clone(), None));
        cases.push(Case::new(name, base, Some(adapter)));
    }
    // The other direction: what this crate writes.
    let written = folder.path().join("written");
    let adapter = folder.path().join("written-adapter");
    std::fs::create_dir_all(&written).unwrap();
    std::fs::create_dir_all(&adapter).unwrap();
    let model = common::adapted();
    model.save(&written, Precision::F32).unwrap();
    model.adapter().unwrap().save(&adapter, &common::config()).unwrap();
    cases.push(Case::new("base", written, Some(adapter)));
    // The base that ships.
    let shipped = root().join("models/base");
    if Config::load(&shipped).is_ok() {
        cases.push(Case::new("shipped", shipped, None));
    }

    let jobs: Vec<Value> = cases
        .iter()
        .map(
            |case| json!({"checkpoint": case.checkpoint, "adapter": case.adapter, "ids": case.ids}),
        )
        .collect();
    let answer = run(&python, &["logits"], &serde_json::to_vec(&jobs).unwrap());
    let answer: Vec<Value> = serde_json::from_slice(&answer).unwrap();
    for (case, theirs) in cases.iter().zip(&answer) {
        case.compare(theirs);
    }
}
