//! Hugging Face folders: `config.json` and `model.safetensors`, whole or in shards.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
};

use crate::{
    model::Weights,
    names::{EMBEDDING, HEAD},
    tensor_files::{
        bytes, weight_files, write, write_whole, Named, Precision, TensorFiles, INDEX, WHOLE,
    },
    tensors::{tensor, values},
    Config, Error, Footprint, Model, Result,
};

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

impl Model {
    /// Loads a base model from a folder: `config.json`, and `model.safetensors` or the shards that
    /// `model.safetensors.index.json` lists, in F32, BF16 or F16. [`Footprint::of_checkpoint`] says beforehand what it
    /// will need.
    ///
    /// What the files hold counts: where config.json says that the output matrix is the embedding, and the files have
    /// another, the files' serves, as in transformers.
    ///
    /// # Errors
    /// If a file is missing or damaged; if the architecture is another; if a tensor is missing, stored twice, misshapen, of
    /// another type, or not finite; if the files hold one that config.json has no place for; or if config.json describes
    /// more than the files can hold.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut config = Config::load(folder)?;
        let paths = weight_files(folder)?;
        let files = Stored::new(TensorFiles::open(&paths)?);
        // Before anything is made as large as config.json says.
        Footprint::of(&config, bytes(&paths)?)?;
        let shape = [config.vocab_size, config.hidden_size];
        if config.tie_word_embeddings && files.differ(EMBEDDING, HEAD, &shape)? {
            config.tie_word_embeddings = false;
        }
        let tied = config.tie_word_embeddings;
        let weights = Weights::build(&config, |name, shape| {
            // Some tied checkpoints store the shared matrix under the other name only.
            let swapped = name == EMBEDDING && tied && !files.contains(name);
            let name = if swapped { HEAD } else { name };
            Ok(tensor(files.read(name, &stored_shape(name, shape))?, shape))
        })?;
        files.check_all_read(tied)?;
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

/// The tensors of a checkpoint by their names in it, which may lack the `model.` of a model with an output matrix.
struct Stored {
    files: TensorFiles,
    read: RefCell<HashSet<String>>,
}

impl Stored {
    fn new(files: TensorFiles) -> Self {
        Self { files, read: RefCell::default() }
    }

    /// The name in the files.
    fn name<'a>(&self, name: &'a str) -> &'a str {
        let bare = name.strip_prefix("model.").filter(|bare| self.files.contains(bare));
        bare.filter(|_| !self.files.contains(name)).unwrap_or(name)
    }

    fn contains(&self, name: &str) -> bool {
        self.files.contains(self.name(name))
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let name = self.name(name);
        self.read.borrow_mut().insert(name.into());
        self.files.read(name, shape)
    }

    /// Whether both tensors are there, and are not the same.
    fn differ(&self, one: &str, other: &str, shape: &[usize]) -> Result<bool> {
        let both = self.contains(one) && self.contains(other);
        Ok(both && self.read(one, shape)? != self.read(other, shape)?)
    }

    /// Refuses tensors that nothing asked for: config.json is then not theirs.
    fn check_all_read(&self, tied: bool) -> Result<()> {
        let read = self.read.borrow();
        // Old files keep the rotary frequencies, and tied ones the shared matrix twice.
        let known = |name: &str| {
            read.contains(name) || name.ends_with("rotary_emb.inv_freq") || (tied && name == HEAD)
        };
        let stranger = self.files.names().filter(|name| !known(name)).min();
        stranger.map_or(Ok(()), |name| Err(Error::UnknownTensor(name.into())))
    }
}

/// Norms and biases are rows of a matrix here and vectors on disk.
fn stored_shape(name: &str, shape: [usize; 2]) -> Vec<usize> {
    if name.ends_with("norm.weight") || name.ends_with(".bias") {
        vec![shape[1]]
    } else {
        shape.to_vec()
    }
}
