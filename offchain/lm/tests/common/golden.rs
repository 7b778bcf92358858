//! Checkpoints of every family, and what transformers and peft make of them: `golden.json`, by `bench/parity/golden.py`.

use std::{collections::BTreeMap, fs, path::Path};

use openledger_lm::{Adapter, Model};
use safetensors::{tensor::TensorView, Dtype};
use serde::Deserialize;

use super::Folder;

#[derive(Deserialize)]
pub struct Golden {
    /// The positions of the logits below.
    pub positions: Vec<usize>,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    /// The text of config.json.
    pub config: String,
    pub tensors: BTreeMap<String, Vec<usize>>,
    pub adapter: BTreeMap<String, Vec<usize>>,
    pub ids: Vec<u32>,
    pub alone: Vec<Vec<f32>>,
    pub adapted: Vec<Vec<f32>>,
}

const ADAPTER: &str = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 3, "bias": "none",
    "base_model_name_or_path": "base", "task_type": "CAUSAL_LM", "target_modules":
    ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]}"#;

impl Golden {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("../golden.json")).unwrap()
    }
}

impl Case {
    /// Writes the checkpoint and the adapter.
    pub fn write(&self, folder: &Path) {
        fs::write(folder.join("config.json"), &self.config).unwrap();
        store(&folder.join("model.safetensors"), &self.tensors);
        fs::write(folder.join("adapter_config.json"), ADAPTER).unwrap();
        store(&folder.join("adapter_model.safetensors"), &self.adapter);
    }

    /// The base, and the base with its adapter.
    pub fn load(&self) -> [Model; 2] {
        let folder = Folder::new(&format!("golden-{}", self.name));
        self.write(folder.path());
        let base = Model::load(folder.path()).unwrap();
        let adapter = Adapter::load(folder.path(), base.config(), Some("base")).unwrap();
        [base.clone(), base.with_adapter(adapter).unwrap()]
    }
}

pub fn store(path: &Path, shapes: &BTreeMap<String, Vec<usize>>) {
    let bytes: Vec<Vec<u8>> = shapes.iter().map(|(name, shape)| numbers(name, shape)).collect();
    let views = shapes.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The numbers that follow from a tensor's name: as `numbers` in `golden.py`.
fn numbers(name: &str, shape: &[usize]) -> Vec<u8> {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let count = shape.iter().product::<usize>() as u64;
    let each = (1..=count).map(|i| {
        let z = seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        let u = (z >> 40) as f64 / f64::from(1 << 24) - 0.5;
        if name.ends_with("norm.weight") {
            1.0 + u / 2.0
        } else if name.ends_with(".bias") {
            u
        } else {
            u / 2.0
        }
    });
    each.flat_map(|value| (value as f32).to_le_bytes()).collect()
}
