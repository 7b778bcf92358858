//! Adapters in PEFT's format: `adapter_config.json` and `adapter_model.safetensors`.

mod settings;

use std::{collections::BTreeMap, path::Path};

use burn::tensor::Tensor;
use serde_json::{json, Map, Value};

use self::settings::Settings;
use crate::{
    json::read_ordered,
    lora::{Adapter, Branch, MatrixSpec},
    names::PROJECTIONS,
    tensor_files::{write, write_whole, Named, Precision, TensorFiles},
    tensors::{tensor, values},
    Config, Error, Result,
};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

impl Adapter {
    /// Reads a PEFT folder for a base of this configuration: LoRA on the linear layers of its decoder layers, with a
    /// rank and a scale for each (`rank_pattern`, `alpha_pattern`, `use_rslora`), on the modules and layers that the
    /// configuration chooses as peft does.
    ///
    /// `base`, where given, is the identity of the loaded base (its content hash), which
    /// `base_model_name_or_path` must equal.
    ///
    /// # Errors
    /// If a file is missing or damaged, the adapter is for another base, of a variant of LoRA that this crate
    /// does not compute, or has missing, unknown or misshapen tensors.
    pub fn load(folder: &Path, config: &Config, base: Option<&str>) -> Result<Self> {
        let settings = Settings::read(read_ordered(&folder.join(CONFIG))?)?;
        if let Some(expected) = base.filter(|&expected| expected != settings.base) {
            let expected = expected.into();
            return Err(Error::OtherBase { expected, found: settings.base });
        }

        let files = TensorFiles::open(&[folder.join(WEIGHTS)])?;
        let widest = config.hidden_size.max(config.intermediate_size);
        let mut wide = None;
        let branch = |layer: usize, projection: usize| {
            let branch = settings.branch(&module(layer, projection))?;
            if branch.rank > widest {
                wide = Some(branch.rank);
            }
            Some(branch)
        };
        let branches = Branch::of_each(config, branch);
        if let Some(rank) = wide {
            return Err(Error::Config(format!("LoRA rank {rank} does not fit this base")));
        }
        let adapter =
            Self::build(config, &branches, settings.stabilised, &settings.base, |spec| {
                let name = peft_name(spec);
                // PEFT stores [out, in].
                let stored =
                    files.read(&name, &[spec.output, spec.input]).map_err(|error| match error {
                        Error::MissingTensor(name) => Error::Config(format!(
                            "{CONFIG} asks for tensor {name}, which {WEIGHTS} does not hold"
                        )),
                        other => other,
                    })?;
                Ok(materialise(tensor(stored, [spec.output, spec.input]).transpose()))
            })?;
        let specs = adapter.specs(config);
        if specs.is_empty() {
            return Err(Error::Config(format!(
                "{CONFIG} puts LoRA on no linear layer of this base"
            )));
        }
        if specs.len() != files.names().count() {
            let stranger =
                files.names().find(|name| !specs.iter().any(|spec| peft_name(spec) == **name));
            return Err(Error::Config(format!(
                "the adapter has a tensor that {CONFIG} does not ask for, or that this base has no place for: {}",
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
        let branches = self.branches();
        // What most have is said once.
        let usual = usual(&branches);
        let mut ranks = Map::new();
        let mut alphas = Map::new();
        for (layer, branches) in branches.iter().enumerate() {
            for (projection, branch) in branches.iter().enumerate() {
                let Some(branch) = branch else { continue };
                if branch.rank != usual.rank {
                    ranks.insert(module(layer, projection), branch.rank.into());
                }
                if branch.alpha != usual.alpha {
                    alphas.insert(module(layer, projection), branch.alpha.into());
                }
            }
        }
        let json = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": self.base,
            "r": usual.rank,
            "lora_alpha": usual.alpha,
            "lora_dropout": 0.0,
            "target_modules": targets(&branches),
            "bias": "none",
            "fan_in_fan_out": false,
            "use_rslora": self.stabilised,
            "use_dora": false,
            "init_lora_weights": true,
            "inference_mode": true,
            "modules_to_save": null,
            "rank_pattern": ranks,
            "alpha_pattern": alphas,
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

/// The rank and alpha of the first branch.
fn usual(branches: &[[Option<Branch>; 7]]) -> Branch {
    let first = branches.iter().flatten().flatten().next();
    first.copied().unwrap_or(Branch { rank: 1, alpha: 1.0 })
}

/// The modules with a branch: by their last names where all layers have the same, else by their whole names.
fn targets(branches: &[[Option<Branch>; 7]]) -> Value {
    let chosen = |layer: &[Option<Branch>; 7]| layer.map(|branch| branch.is_some());
    let alike = branches.windows(2).all(|pair| chosen(&pair[0]) == chosen(&pair[1]));
    let layers = if alike { &branches[..branches.len().min(1)] } else { branches };
    let mut names = Vec::new();
    for (layer, branches) in layers.iter().enumerate() {
        for projection in (0..branches.len()).filter(|&i| branches[i].is_some()) {
            let module = module(layer, projection);
            let last = module.rsplit('.').next().unwrap_or_default().to_string();
            names.push(if alike { last } else { module });
        }
    }
    names.into()
}

/// The name of a linear layer in a model of transformers.
fn module(layer: usize, projection: usize) -> String {
    format!("model.layers.{layer}.{}", PROJECTIONS[projection])
}

fn peft_name(spec: &MatrixSpec) -> String {
    format!("base_model.model.model.{}.weight", spec.name)
}

/// A tensor with its values in the order of its shape.
fn materialise(matrix: Tensor<2>) -> Tensor<2> {
    let shape = matrix.dims();
    tensor(values(matrix), shape)
}
