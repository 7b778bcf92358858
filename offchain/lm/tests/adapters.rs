//! Adapters by peft: the same logits where its configuration is honoured, and a refusal that names the key where not.
//!
//! Needs Python as `parity.rs` does, and says that it skipped without.

use crate::common;
use std::fs;

use crate::common::{
    python::{compare, python, run, Case},
    Folder,
};
use openledger_lm::{Adapter, Config, Model, Precision};
use serde::Deserialize;

#[derive(Deserialize)]
struct Made {
    same: Vec<String>,
    refused: Vec<String>,
}

#[test]
fn adapters_of_peft_should_compute_the_same_or_be_refused_by_name() {
    let Some(python) = python() else { return };
    let folder = Folder::new("adapters");
    let made = run(&python, "adapters.py", &["make", folder.path().to_str().unwrap()], b"");
    let made: Made = serde_json::from_slice(&made).unwrap();
    let base = folder.path().join("base");
    let config = Config::load(&base).unwrap();

    let mut cases = Vec::new();
    for name in &made.same {
        let path = folder.path().join(name);
        cases.push(Case::new("base", base.clone(), Some(path.clone())));
        // And as it is written again here.
        let again = folder.path().join(format!("{name}-again"));
        fs::create_dir_all(&again).unwrap();
        Adapter::load(&path, &config, None).unwrap().save(&again, &config).unwrap();
        cases.push(Case::new("base", base.clone(), Some(again)));
    }
    compare(&python, &cases);

    for name in &made.refused {
        let error =
            Adapter::load(&folder.path().join(name), &config, None).unwrap_err().to_string();
        let key = name.split('-').next().unwrap();
        assert!(error.contains(key), "{name}: {error}");
    }
}

#[test]
fn adapter_should_be_the_same_when_its_branches_differ_and_it_is_saved_and_loaded() {
    let folder = Folder::new("uneven");
    common::adapted().save(folder.path(), Precision::F32).unwrap();
    common::adapted().adapter().unwrap().save(folder.path(), &common::config()).unwrap();
    // Branches on one layer alone, of another scale.
    let path = folder.path().join("adapter_config.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    json["use_rslora"] = true.into();
    json["alpha_pattern"] = serde_json::json!({"model.layers.1.self_attn.q_proj": 2.5});
    fs::write(&path, json.to_string()).unwrap();
    let base = Model::load(folder.path()).unwrap();
    let adapter = Adapter::load(folder.path(), base.config(), None).unwrap();
    let ids = [1, 2, 3, 4];
    let logits = base.with_adapter(adapter.clone()).unwrap().forward(&ids).unwrap();
    assert_ne!(logits, common::adapted().forward(&ids).unwrap());
    adapter.save(folder.path(), base.config()).unwrap();
    let again = Adapter::load(folder.path(), base.config(), None).unwrap();
    assert_eq!(base.with_adapter(again).unwrap().forward(&ids).unwrap(), logits);
}
