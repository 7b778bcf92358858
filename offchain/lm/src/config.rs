use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::{json, Value};

use crate::{
    family::{Family, Windows},
    json,
    rope::{RopeScaling, Stated},
    Error, LayerSpec, Result,
};

/// The shape of a decoder, as `config.json` of a Hugging Face folder states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which family it is of.
    pub family: Family,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the residual stream (`d_model`).
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Number of decoder layers.
    pub num_hidden_layers: usize,
    /// Number of query heads.
    pub num_attention_heads: usize,
    /// Number of key and value heads: a divisor of the query heads.
    pub num_key_value_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Longest sequence.
    pub max_position_embeddings: usize,
    /// Epsilon of every normalisation.
    pub rms_norm_eps: f64,
    /// Base of the rotary angles.
    pub rope_theta: f64,
    /// How the rotary angles are stretched.
    pub rope_scaling: RopeScaling,
    /// Whether the output matrix is the embedding.
    pub tie_word_embeddings: bool,
    /// The begin token by config.json. Whether a text begins with one is the tokenizer's to say.
    pub bos_token_id: Option<u32>,
    /// Tokens that end an answer.
    pub eos_token_ids: Vec<u32>,
}

/// `config.json`, with what is optional in it.
#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    architectures: Option<Vec<String>>,
    quantization_config: Option<Value>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    #[serde(default, deserialize_with = "stated")]
    num_key_value_heads: Option<Option<usize>>,
    head_dim: Option<usize>,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    original_max_position_embeddings: Option<f64>,
    partial_rotary_factor: Option<f64>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    hidden_act: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    sliding_window: Option<Option<usize>>,
    use_sliding_window: Option<bool>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    bos_token_id: Option<Value>,
    eos_token_id: Option<Value>,
}

/// What this crate reads of `generation_config.json`.
#[derive(Deserialize)]
struct Generation {
    eos_token_id: Option<Value>,
}

/// Keeps what says null apart from what is not there, which takes the family's default.
fn stated<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(from).map(Some)
}

const FAMILIES: [Family; 4] = [
    Family::LLAMA,
    Family::Mistral { window: None },
    Family::Qwen2 { windows: None },
    Family::Qwen3 { attention_bias: false, windows: None },
];

/// Most decoder layers: several times those of the deepest models.
const MAX_LAYERS: usize = 1024;

impl Raw {
    /// The family, as yet without what its members differ in.
    fn family(&self) -> Result<Family> {
        let named = self.architectures.as_deref().unwrap_or_default();
        // Of a checkpoint without an output matrix, the class is for example LlamaModel.
        let is = |family: &Family, name: &str| {
            let class = family.architecture();
            name == class || name.strip_suffix("Model") == class.strip_suffix("ForCausalLM")
        };
        let found = FAMILIES.into_iter().find(|family| match (&self.model_type, named) {
            (Some(kind), []) => kind == family.model_type(),
            (Some(kind), [name]) => kind == family.model_type() && is(family, name),
            (None, [name]) => is(family, name),
            _ => false,
        });
        found.ok_or_else(|| Error::Unsupported {
            what: "model_type and architectures in config.json",
            expected: "those of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM",
            found: match (&self.model_type, named) {
                (None, []) => "nothing".into(),
                (None, names) => names.join(", "),
                (Some(kind), []) => kind.clone(),
                (Some(kind), names) => format!("{kind} and {}", names.join(", ")),
            },
        })
    }

    /// The window of Qwen's layers, as transformers reads it.
    fn windows(&self) -> Result<Option<Windows>> {
        let used = self.use_sliding_window.unwrap_or(false);
        let width = self.sliding_window.unwrap_or(Some(4096)).filter(|_| used);
        let layers = match &self.layer_types {
            None => {
                let first = self.max_window_layers.unwrap_or(28);
                // Too many layers are an error that comes later; nothing is made for each of them.
                let layers = self.num_hidden_layers.min(MAX_LAYERS + 1);
                (0..layers).map(|i| width.is_some() && i >= first).collect()
            }
            Some(kinds) => {
                let windowed = |kind: &String| match kind.as_str() {
                    "full_attention" => Ok(false),
                    "sliding_attention" => Ok(true),
                    _ => Err(Error::Unsupported {
                        what: "layer_types",
                        expected: "full_attention or sliding_attention",
                        found: kind.clone(),
                    }),
                };
                kinds.iter().map(windowed).collect::<Result<Vec<bool>>>()?
            }
        };
        match width {
            Some(width) => Ok(Some(Windows { width, layers })),
            None if layers.contains(&true) => Err(Error::Config(
                "layer_types has sliding_attention: expected use_sliding_window and sliding_window"
                    .into(),
            )),
            None => Ok(None),
        }
    }
}

// The defaults of transformers, of the families that differ.
const DEFAULT_EPS: f64 = 1e-6;

impl Family {
    fn default_context(&self) -> usize {
        match self {
            Self::Llama { .. } => 2048,
            Self::Mistral { .. } => 4096 * 32,
            Self::Qwen2 { .. } | Self::Qwen3 { .. } => 32_768,
        }
    }

    fn default_shared(&self, heads: usize) -> usize {
        match self {
            Self::Llama { .. } => heads,
            Self::Mistral { .. } => 8,
            Self::Qwen2 { .. } | Self::Qwen3 { .. } => 32,
        }
    }

    fn default_head_dim(&self, hidden: usize, heads: usize) -> usize {
        match self {
            Self::Qwen3 { .. } => 128,
            _ => hidden / heads,
        }
    }
}

impl Config {
    /// Reads `config.json` from a checkpoint folder, and the end tokens from `generation_config.json` where it is
    /// there.
    ///
    /// # Errors
    /// If the file is missing or malformed, if it describes an architecture or a variant that this crate does not run,
    /// or if its numbers contradict each other.
    pub fn load(folder: &Path) -> Result<Self> {
        let raw: Raw = json::read(&folder.join("config.json"))?;
        let mut config = Self::try_from(raw)?;
        // Where it names end tokens, those count; config.json's do not.
        let generation: Option<Generation> =
            json::read_if_there(&folder.join("generation_config.json"))?;
        match generation.and_then(|generation| generation.eos_token_id) {
            None | Some(Value::Null) => {}
            Some(ends) => config.eos_token_ids = token_ids(&ends)?,
        }
        Ok(config)
    }

    /// `config.json` as `transformers` reads it.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "architectures": [self.family.architecture()],
            "model_type": self.family.model_type(),
            "hidden_act": "silu",
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.num_hidden_layers,
            "num_attention_heads": self.num_attention_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "head_dim": self.head_dim,
            "max_position_embeddings": self.max_position_embeddings,
            "rms_norm_eps": self.rms_norm_eps,
            // Both spellings: transformers 5 reads rope_parameters, transformers 4 the other two.
            "rope_theta": self.rope_theta,
            "rope_parameters": self.rope_scaling.to_json(self.rope_theta),
            "tie_word_embeddings": self.tie_word_embeddings,
        });
        if self.rope_scaling != RopeScaling::None {
            value["rope_scaling"] = value["rope_parameters"].clone();
        }
        self.family.write(&mut value);
        if let Some(bos) = self.bos_token_id {
            value["bos_token_id"] = json!(bos);
        }
        match self.eos_token_ids.as_slice() {
            [] => {}
            [one] => value["eos_token_id"] = json!(one),
            many => value["eos_token_id"] = json!(many),
        }
        value
    }

    /// What one decoder layer of this model is made of.
    pub fn layer(&self, layer: usize) -> LayerSpec {
        LayerSpec {
            hidden: self.hidden_size,
            inner: self.intermediate_size,
            heads: self.num_attention_heads,
            shared: self.num_key_value_heads,
            head_dim: self.head_dim,
            biases: self.family.biases(),
            head_norms: matches!(self.family, Family::Qwen3 { .. }),
            window: self.family.window(layer),
        }
    }

    /// Inputs and outputs of one of the [`crate::PROJECTIONS`], the same in every layer.
    pub fn projection_shape(&self, projection: usize) -> [usize; 2] {
        self.layer(0).projection(projection)
    }

    /// Rotary frequency of each pair of a head's features, in radians per position: `[head_dim / 2]`.
    pub fn rotary_frequencies(&self) -> Vec<f64> {
        let d = self.head_dim as f64;
        (0..self.head_dim / 2)
            .map(|i| self.rope_scaling.apply(self.rope_theta.powf(-2.0 * i as f64 / d)))
            .collect()
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        let layers: u128 = (0..self.num_hidden_layers).map(|i| self.layer(i).parameters()).sum();
        let ends = if self.tie_word_embeddings { 1 } else { 2 };
        let (d, vocab) = (self.hidden_size as u128, self.vocab_size as u128);
        // No machine holds as many as do not fit.
        u64::try_from(layers + ends * vocab * d + d).unwrap_or(u64::MAX)
    }

    /// Checks that the numbers agree with each other.
    ///
    /// # Errors
    /// If one is zero, odd where it must be even, or not divisible where it must be.
    pub fn check(&self) -> Result<()> {
        if !(1..=MAX_LAYERS).contains(&self.num_hidden_layers) {
            return Err(Error::Config(format!(
                "num_hidden_layers is {}, outside 1 to {MAX_LAYERS}",
                self.num_hidden_layers
            )));
        }
        let positive = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        for (name, value) in positive {
            // The upper bound keeps every product of two of them far inside 64 bits.
            if value == 0 || value > 1 << 24 {
                return Err(Error::Config(format!("{name} is {value}, outside 1 to 2^24")));
            }
        }
        self.family.check(self.num_hidden_layers)?;
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            return Err(Error::Config(format!(
                "num_attention_heads ({}) is not a multiple of num_key_value_heads ({})",
                self.num_attention_heads, self.num_key_value_heads
            )));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(Error::Config(format!("head_dim ({}) is odd", self.head_dim)));
        }
        if !(self.rms_norm_eps > 0.0 && self.rms_norm_eps < 1.0) {
            return Err(Error::Config(format!(
                "rms_norm_eps ({}) is not in (0, 1)",
                self.rms_norm_eps
            )));
        }
        if !(self.rope_theta > 1.0 && self.rope_theta.is_finite()) {
            return Err(Error::Config(format!("rope_theta ({}) is not above 1", self.rope_theta)));
        }
        Ok(())
    }
}

impl TryFrom<Raw> for Config {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let family = raw.family()?;
        if let Some(quantised) = &raw.quantization_config {
            return Err(Error::Unsupported {
                what: "quantization_config",
                expected: "none: weights in F32, BF16 or F16",
                found: quantised["quant_method"].as_str().unwrap_or("some").into(),
            });
        }
        // Two names of one function.
        if let Some(act) = raw.hidden_act.as_deref().filter(|act| !["silu", "swish"].contains(act))
        {
            let (what, expected) = ("hidden_act", "silu");
            return Err(Error::Unsupported { what, expected, found: act.into() });
        }
        if raw.num_attention_heads == 0 {
            return Err(Error::Config("num_attention_heads is 0".into()));
        }
        let attention_bias = raw.attention_bias.unwrap_or(false);
        let family = match family {
            Family::Llama { .. } => {
                Family::Llama { attention_bias, mlp_bias: raw.mlp_bias.unwrap_or(false) }
            }
            Family::Mistral { .. } => {
                Family::Mistral { window: raw.sliding_window.unwrap_or(Some(4096)) }
            }
            Family::Qwen2 { .. } => Family::Qwen2 { windows: raw.windows()? },
            Family::Qwen3 { .. } => Family::Qwen3 { attention_bias, windows: raw.windows()? },
        };
        let heads = raw.num_attention_heads;
        let context = raw.max_position_embeddings.unwrap_or(family.default_context());
        let shared = raw.num_key_value_heads.unwrap_or(Some(family.default_shared(heads)));
        let rope = Stated {
            scaling: raw.rope_scaling,
            parameters: raw.rope_parameters,
            theta: raw.rope_theta,
            original: raw.original_max_position_embeddings,
            partial: raw.partial_rotary_factor,
            context,
        };
        let (rope_theta, rope_scaling) = rope.read()?;
        let head_dim = raw.head_dim.unwrap_or(family.default_head_dim(raw.hidden_size, heads));
        let config = Self {
            family,
            vocab_size: raw.vocab_size,
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_hidden_layers: raw.num_hidden_layers,
            num_attention_heads: heads,
            num_key_value_heads: shared.unwrap_or(heads),
            head_dim,
            max_position_embeddings: context,
            rms_norm_eps: raw.rms_norm_eps.unwrap_or(DEFAULT_EPS),
            rope_theta,
            rope_scaling,
            tie_word_embeddings: raw.tie_word_embeddings.unwrap_or(false),
            bos_token_id: raw.bos_token_id.as_ref().and_then(token_id),
            eos_token_ids: raw.eos_token_id.map_or(Ok(Vec::new()), |ends| token_ids(&ends))?,
        };
        config.check()?;
        Ok(config)
    }
}

/// The token that a number stands for. One below 0 stands for none, as in transformers.
fn token_id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// `eos_token_id` is a number, a list of numbers, or null.
fn token_ids(value: &Value) -> Result<Vec<u32>> {
    let listed = match value {
        Value::Null => &[],
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    match listed.iter().find(|id| !id.is_i64() && !id.is_u64()) {
        Some(other) => {
            Err(Error::Config(format!("eos_token_id holds {other}, not a whole number")))
        }
        None => Ok(listed.iter().filter_map(token_id).collect()),
    }
}
