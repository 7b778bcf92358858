//! Adapters in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`.

use std::{collections::BTreeMap, path::Path};

use burn::tensor::Tensor;
use serde::Deserialize;
use serde_json::{json, Value};

use crate::{
    lora::{Adapter, MatrixSpec},
    names::PROJECTIONS,
    tensor_files::{write, write_whole, Named, Precision, TensorFiles},
    tensors::{tensor, values},
    Config, Error, Result,
};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// What this crate reads of `adapter_config.json`.
#[derive(Deserialize)]
struct Raw {
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    base_model_name_or_path: Option<String>,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    bias: Option<String>,
    modules_to_save: Option<Vec<String>>,
    #[serde(default)]
    rank_pattern: BTreeMap<String, Value>,
    #[serde(default)]
    alpha_pattern: BTreeMap<String, Value>,
}

impl Raw {
    /// Refuses the variants of LoRA that this crate does not compute.
    fn check(&self) -> Result<()> {
        let expect = |what, expected, holds: bool, found: &str| {
            if holds {
                Ok(())
            } else {
                Err(Error::Unsupported { what, expected, found: found.into() })
            }
        };
        expect("peft_type", "LORA", self.peft_type == "LORA", &self.peft_type)?;
        expect("use_rslora", "false", !self.use_rslora, "true")?;
        expect("use_dora", "false", !self.use_dora, "true")?;
        expect("fan_in_fan_out", "false", !self.fan_in_fan_out, "true")?;
        let bias = self.bias.as_deref().unwrap_or("none");
        expect("bias", "none", bias == "none", bias)?;
        let saved = self.modules_to_save.as_deref().unwrap_or_default();
        expect("modules_to_save", "nothing", saved.is_empty(), &saved.join(", "))?;
        let plain = self.rank_pattern.is_empty() && self.alpha_pattern.is_empty();
        expect("rank_pattern and alpha_pattern", "nothing", plain, "patterns")
    }
}

impl Adapter {
    /// Reads a PEFT folder for a base of this configuration.
    ///
    /// `base`, where given, is the identity of the loaded base (its content hash), which
    /// `base_model_name_or_path` must equal.
    ///
    /// # Errors
    /// If a file is missing or damaged, the adapter is for another base, of a variant of LoRA that this crate
    /// does not compute, or has missing, unknown or misshapen tensors.
    pub fn load(folder: &Path, config: &Config, base: Option<&str>) -> Result<Self> {
        let path = folder.join(CONFIG);
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let raw: Raw =
            serde_json::from_slice(&bytes).map_err(|source| Error::Json { path, source })?;
        raw.check()?;
        let found = raw.base_model_name_or_path.unwrap_or_default();
        if let Some(expected) = base.filter(|&expected| expected != found) {
            return Err(Error::OtherBase { expected: expected.into(), found });
        }
        if raw.r == 0 || raw.r > config.hidden_size.max(config.intermediate_size) {
            return Err(Error::Config(format!("LoRA rank {} does not fit this base", raw.r)));
        }
        if !(raw.lora_alpha > 0.0 && raw.lora_alpha.is_finite()) {
            return Err(Error::Config(format!("lora_alpha {} is not positive", raw.lora_alpha)));
        }

        let files = TensorFiles::open(&[folder.join(WEIGHTS)])?;
        let wanted = std::array::from_fn(|i| {
            let part = format!(".{}.lora_A.weight", PROJECTIONS[i]);
            files.names().any(|name| name.ends_with(&part))
        });
        let mut known = 0;
        let adapter = Self::build(config, wanted, raw.r, raw.lora_alpha, &found, |spec| {
            known += 1;
            // PEFT stores [out, in].
            let stored = files.read(&peft_name(spec), &[spec.output, spec.input])?;
            Ok(materialise(tensor(stored, [spec.output, spec.input]).transpose()))
        })?;
        if known == 0 {
            return Err(Error::Config("the adapter has no LoRA tensors".into()));
        }
        if known != files.names().count() {
            let specs = adapter.specs(config);
            let stranger =
                files.names().find(|name| !specs.iter().any(|spec| peft_name(spec) == **name));
            return Err(Error::Config(format!(
                "the adapter has a tensor that this base has no place for: {}",
                stranger.unwrap_or_default()
            )));
        }
        Ok(adapter)
    }

    /// Writes a PEFT folder, F32. The same adapter gives the same bytes.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path, config: &Config) -> Result<()> {
        let wanted = self.wanted();
        let modules: Vec<&str> = (0..PROJECTIONS.len())
            .filter(|&i| wanted[i])
            .filter_map(|i| PROJECTIONS[i].rsplit('.').next())
            .collect();
        let json = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": self.base,
            "r": self.rank,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "target_modules": modules,
            "bias": "none",
            "fan_in_fan_out": false,
            "use_rslora": false,
            "use_dora": false,
            "init_lora_weights": true,
            "inference_mode": true,
            "modules_to_save": null,
            "rank_pattern": {},
            "alpha_pattern": {},
        });
        write_whole(&folder.join(CONFIG), format!("{json:#}\n").as_bytes())?;
        let named: Vec<Named> = self
            .specs(config)
            .iter()
            .zip(self.list())
            .map(|(spec, matrix)| {
                let shape = vec![spec.output, spec.input];
                (peft_name(spec), shape, values(matrix.transpose()))
            })
            .collect();
        let metadata = BTreeMap::from([("format".into(), "pt".into())]);
        write(&folder.join(WEIGHTS), &named, Precision::F32, metadata)
    }
}

fn peft_name(spec: &MatrixSpec) -> String {
    format!("base_model.model.model.{}.weight", spec.name)
}

/// A tensor with its values in the order of its shape.
fn materialise(matrix: Tensor<2>) -> Tensor<2> {
    let shape = matrix.dims();
    tensor(values(matrix), shape)
}
