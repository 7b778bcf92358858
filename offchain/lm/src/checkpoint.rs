//! Hugging Face folders: `config.json` and `model.safetensors`, whole or in shards.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;

use crate::{
    model::{tensor, values, Weights},
    tensors::{write, write_whole, Named, Precision, TensorFiles},
    Config, Error, Model, Result,
};

const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// The files of a folder that say how a base computes, begins, ends and tells turns apart, besides its tensors.
const DESCRIPTIONS: [&str; 6] = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    INDEX,
    "tokenizer.json",
    "tokenizer_config.json",
];

/// Whether a file of a folder is part of a base: this crate reads no others.
pub fn is_file_of_base(name: &str) -> bool {
    DESCRIPTIONS.contains(&name) || name.ends_with(".safetensors")
}

/// `model.safetensors.index.json`.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Model {
    /// Loads a base model from a folder of the Llama family: `config.json`, and `model.safetensors` or the
    /// shards that `model.safetensors.index.json` lists, in F32, BF16 or F16.
    ///
    /// # Errors
    /// If a file is missing or damaged, the architecture is another, or a tensor is missing, misshapen, of
    /// another type, or not finite.
    pub fn load(folder: &Path) -> Result<Self> {
        let config = Config::load(folder)?;
        let files = TensorFiles::open(&weight_files(folder)?)?;
        // Some tied checkpoints store the shared matrix under the other name only.
        let embedding = "model.embed_tokens.weight";
        let weights = Weights::build(&config, |name, shape| {
            let tied = name == embedding && config.tie_word_embeddings && !files.contains(name);
            let stored = if tied { "lm_head.weight" } else { name };
            Ok(tensor(files.read(stored, &stored_shape(stored, shape))?, shape))
        })?;
        Ok(Self::new(Arc::new(config), weights))
    }

    /// Writes `config.json` and `model.safetensors` of the base model. The same model gives the same bytes.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path, precision: Precision) -> Result<()> {
        let mut config = self.config.to_json();
        config["dtype"] = match precision {
            Precision::F32 => "float32".into(),
            Precision::BF16 => "bfloat16".into(),
        };
        write_whole(&folder.join("config.json"), format!("{config:#}\n").as_bytes())?;
        let metadata = BTreeMap::from([("format".into(), "pt".into())]);
        write(&folder.join(WHOLE), &self.named_weights()?, precision, metadata)
    }

    /// Every parameter under its Hugging Face name, in the order of [`Weights::build`].
    pub(crate) fn named_weights(&self) -> Result<Vec<Named>> {
        let mut named: Vec<Named> = Vec::new();
        let mut tensors = self.weights.list().into_iter();
        Weights::build(&self.config, |name, shape| {
            let tensor = tensors.next().ok_or_else(|| Error::MissingTensor(name.into()))?;
            named.push((name.into(), stored_shape(name, shape), values(tensor.clone())));
            Ok(tensor)
        })?;
        Ok(named)
    }
}

/// Norms are rows of a matrix here and vectors on disk.
fn stored_shape(name: &str, shape: [usize; 2]) -> Vec<usize> {
    if name.ends_with("norm.weight") {
        vec![shape[1]]
    } else {
        shape.to_vec()
    }
}

fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let whole = folder.join(WHOLE);
    let path = folder.join(INDEX);
    if whole.exists() || !path.exists() {
        return Ok(vec![whole]);
    }
    let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
    let index: Index = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Json { path: path.clone(), source })?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    names
        .into_iter()
        .map(|name| {
            // A shard is a file of the folder, not a way out of it.
            if name.contains(['/', '\\']) || name.starts_with("..") {
                return Err(Error::Config(format!("{}: shard {name} is a path", path.display())));
            }
            Ok(folder.join(name))
        })
        .collect()
}
