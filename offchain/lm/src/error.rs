use std::path::PathBuf;

/// What can go wrong between a folder and a model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A JSON file does not say what it should.
    #[error("{path}: not the JSON that was expected: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why parsing stopped.
        source: serde_json::Error,
    },
    /// A safetensors file is damaged.
    #[error("{path}: not a readable safetensors file: {source}")]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: safetensors::SafeTensorError,
    },
    /// The checkpoint is of a kind that this crate does not run.
    #[error("{what}: expected {expected}, found {found}")]
    Unsupported {
        /// The setting.
        what: &'static str,
        /// What this crate runs.
        expected: &'static str,
        /// What the checkpoint says.
        found: String,
    },
    /// An adapter is of a kind that this crate does not compute.
    #[error("{key} of adapter_config.json: expected {expected}, found {found}")]
    Adapter {
        /// The key.
        key: String,
        /// What this crate reads.
        expected: &'static str,
        /// What the file says.
        found: String,
    },
    /// The numbers of a configuration contradict each other.
    #[error("configuration: {0}")]
    Config(String),
    /// No file of the checkpoint holds this tensor.
    #[error("tensor {0} is missing: the checkpoint is incomplete, or config.json is not its own")]
    MissingTensor(String),
    /// A tensor is in two files of one checkpoint.
    #[error(
        "tensor {name} is in {} and in {}: expected the shards of one checkpoint",
        files[0].display(),
        files[1].display()
    )]
    StoredTwice {
        /// The tensor.
        name: String,
        /// The files.
        files: [PathBuf; 2],
    },
    /// The files of the checkpoint hold a tensor that the model does not have.
    #[error("tensor {0} has no place in the model that config.json describes: it is not its own")]
    UnknownTensor(String),
    /// The configuration describes more numbers than the files of the checkpoint can hold.
    #[error("config.json describes {parameters} numbers, but its files are of {bytes} bytes: expected 2 a number or more")]
    Larger {
        /// The numbers.
        parameters: u64,
        /// The size of the files together.
        bytes: u64,
    },
    /// Something needs more memory than there may be used.
    #[error("{what} needs {needed} bytes of memory: expected at most {limit}")]
    Memory {
        /// What needs it.
        what: String,
        /// How much it needs.
        needed: u64,
        /// How much there is.
        limit: u64,
    },
    /// A tensor has another shape than the configuration implies.
    #[error("tensor {name}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// What the configuration implies.
        expected: Vec<usize>,
        /// What the file holds.
        found: Vec<usize>,
    },
    /// A tensor is stored in a format that this crate does not read.
    #[error("tensor {name}: expected F32, BF16 or F16, found {found}")]
    DType {
        /// The tensor.
        name: String,
        /// What the file holds.
        found: String,
    },
    /// A tensor holds a NaN or an infinity.
    #[error("tensor {0} holds values that are not finite")]
    NotFinite(String),
    /// The adapter was trained on another base model.
    #[error("the adapter is for base {found}, but the loaded base is {expected}")]
    OtherBase {
        /// The loaded base.
        expected: String,
        /// What `adapter_config.json` says.
        found: String,
    },
    /// A call needs an adapter, and the model has none.
    #[error("this model has no adapter: load one with Model::with_adapter")]
    NoAdapter,
    /// A sequence is longer than the model's context.
    #[error("a sequence of {found} tokens does not fit a context of {limit}")]
    TooLong {
        /// The model's `max_position_embeddings`.
        limit: usize,
        /// The tokens of the sequence.
        found: usize,
    },
    /// A sequence has nothing to predict.
    #[error("a sequence of {len} tokens has no target: expected one after the first that counts")]
    NoTarget {
        /// The tokens of the sequence.
        len: usize,
    },
    /// A mask does not say of each token whether it counts.
    #[error("a mask for a sequence of {tokens} tokens has {found} entries: expected one for each")]
    Mask {
        /// The tokens of the sequence.
        tokens: usize,
        /// The entries of the mask.
        found: usize,
    },
    /// A token id is not in the vocabulary.
    #[error("token {id} is outside a vocabulary of {vocab}")]
    UnknownToken {
        /// The token.
        id: u32,
        /// The size of the vocabulary.
        vocab: usize,
    },
    /// The tokenizer could not be loaded, trained or applied.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A chat template could not be read, or refuses a conversation.
    #[error("chat template: {0}")]
    Template(String),
    /// A model's logits hold a NaN or an infinity, so that no token can be chosen.
    #[error(
        "the logits after {0} tokens are not finite: the base or its adapter overflows in f32"
    )]
    Overflow(usize),
    /// What to compute on is unknown, or not there.
    #[error("device: {0}")]
    Device(String),
    /// A training run cannot start or go on as configured.
    #[error("training: {0}")]
    Training(String),
}

/// This crate's results.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err` after an operation on `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
