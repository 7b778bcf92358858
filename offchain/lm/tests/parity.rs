//! The same logits as Hugging Face's transformers and peft, to 1e-4 in f32, in both directions.
//!
//! Needs Python with the packages of `bench/parity/requirements.txt`: `bench/parity/setup`, or
//! `OPENLEDGER_PYTHON`. Says that it skipped without.

use crate::common;
use std::path::{Path, PathBuf};

use crate::common::{
    python::{compare, python, run, Case},
    Folder,
};
use openledger_lm::{Config, Precision};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn logits_should_equal_those_of_transformers_and_peft_when_the_files_are_the_same() {
    let Some(python) = python() else {
        return;
    };
    let folder = Folder::new("parity");
    run(&python, "parity.py", &["make", folder.path().to_str().unwrap()], b"");

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

    compare(&python, &cases);
}
