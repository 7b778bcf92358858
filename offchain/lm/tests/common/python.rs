//! What Hugging Face's own implementation makes of the same files.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use openledger_lm::{Adapter, Model};
use serde_json::{json, Value};

const TOLERANCE: f32 = 1e-4;

/// An interpreter that has the packages.
pub fn python() -> Option<PathBuf> {
    let named = std::env::var_os("OPENLEDGER_PYTHON").map(PathBuf::from);
    let cache = std::env::var_os("OPENLEDGER_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/openledger")));
    let python = named.or_else(|| Some(cache?.join("venv/bin/python")))?;
    let probe = Command::new(&python).args(["-c", "import torch, transformers, peft"]).output();
    if probe.is_ok_and(|probe| probe.status.success()) {
        return Some(python);
    }
    println!("SKIPPED: no Python with torch, transformers and peft; run bench/parity/setup");
    None
}

pub fn run(python: &Path, script: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/parity").join(script))
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
pub struct Case {
    pub name: String,
    checkpoint: PathBuf,
    adapter: Option<PathBuf>,
    ids: Vec<u32>,
    ours: ndarray::Array2<f32>,
}

impl Case {
    pub fn new(name: &str, checkpoint: PathBuf, adapter: Option<PathBuf>) -> Self {
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

/// Compares the logits of all cases.
pub fn compare(python: &Path, cases: &[Case]) {
    let jobs: Vec<Value> = cases
        .iter()
        .map(
            |case| json!({"checkpoint": case.checkpoint, "adapter": case.adapter, "ids": case.ids}),
        )
        .collect();
    let answer = run(python, "parity.py", &["logits"], &serde_json::to_vec(&jobs).unwrap());
    let answer: Vec<Value> = serde_json::from_slice(&answer).unwrap();
    for (case, theirs) in cases.iter().zip(&answer) {
        case.compare(theirs);
    }
}
