use std::path::Path;

use serde::Deserialize;
use serde_json::{json, Value};

use crate::{json, Error, Result};

/// The shape of a Llama-family decoder, as `config.json` of a Hugging Face folder states it.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
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

/// How the rotary frequencies differ from `theta^(-2i/d)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    /// They do not.
    None,
    /// All are divided by a factor.
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// Llama 3.1: long wavelengths are divided, short ones kept, those between blended.
    Llama3 {
        /// The divisor of long wavelengths.
        factor: f64,
        /// Wavelengths above `original / low_freq_factor` are long.
        low_freq_factor: f64,
        /// Wavelengths below `original / high_freq_factor` are short.
        high_freq_factor: f64,
        /// Context length before stretching.
        original: f64,
    },
}

/// `config.json`, with what is optional in it.
#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    #[serde(default = "default_context")]
    max_position_embeddings: usize,
    #[serde(default = "default_eps")]
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    hidden_act: Option<String>,
    bos_token_id: Option<Value>,
    eos_token_id: Option<Value>,
}

/// What this crate reads of `generation_config.json`.
#[derive(Deserialize)]
struct Generation {
    eos_token_id: Option<Value>,
}

// The defaults of transformers' LlamaConfig.
fn default_context() -> usize {
    2048
}
fn default_eps() -> f64 {
    1e-6
}
const DEFAULT_THETA: f64 = 10_000.0;

impl Config {
    /// Reads `config.json` from a checkpoint folder, and the end tokens from `generation_config.json` where it is
    /// there.
    ///
    /// # Errors
    /// If the file is missing or malformed, if it describes another architecture than Llama's or a variant that
    /// this crate does not run, or if its numbers contradict each other.
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
        let mut rope = json!({ "rope_type": "default", "rope_theta": self.rope_theta });
        match self.rope_scaling {
            RopeScaling::None => {}
            RopeScaling::Linear { factor } => {
                rope["rope_type"] = json!("linear");
                rope["factor"] = json!(factor);
            }
            RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original } => {
                rope["rope_type"] = json!("llama3");
                rope["factor"] = json!(factor);
                rope["low_freq_factor"] = json!(low_freq_factor);
                rope["high_freq_factor"] = json!(high_freq_factor);
                rope["original_max_position_embeddings"] = json!(original as u64);
            }
        }
        let mut value = json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "attention_bias": false,
            "mlp_bias": false,
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
            "rope_parameters": rope,
            "tie_word_embeddings": self.tie_word_embeddings,
        });
        if self.rope_scaling != RopeScaling::None {
            value["rope_scaling"] = value["rope_parameters"].clone();
        }
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

    /// Query heads that share one key and value head.
    pub fn group_size(&self) -> usize {
        self.num_attention_heads / self.num_key_value_heads
    }

    /// Rotary frequency of each pair of a head's features, in radians per position: `[head_dim / 2]`.
    pub fn rotary_frequencies(&self) -> Vec<f64> {
        let d = self.head_dim as f64;
        (0..self.head_dim / 2)
            .map(|i| self.rope_scaling.apply(self.rope_theta.powf(-2.0 * i as f64 / d)))
            .collect()
    }

    /// Number of parameters.
    pub fn parameters(&self) -> usize {
        let d = self.hidden_size;
        let (q, kv) =
            (self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim);
        let layer = 2 * d * q + 2 * d * kv + 3 * d * self.intermediate_size + 2 * d;
        let ends = if self.tie_word_embeddings { 1 } else { 2 };
        self.num_hidden_layers * layer + ends * self.vocab_size * d + d
    }

    /// Checks that the numbers agree with each other.
    ///
    /// # Errors
    /// If one is zero, odd where it must be even, or not divisible where it must be.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
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
        let named = raw.architectures.unwrap_or_default();
        let llama = match (&raw.model_type, named.as_slice()) {
            (Some(kind), []) => kind == "llama",
            (_, [name]) => name == "LlamaForCausalLM",
            _ => false,
        };
        if !llama {
            return Err(Error::Unsupported {
                what: "architectures in config.json",
                expected: "LlamaForCausalLM",
                found: if named.is_empty() {
                    raw.model_type.unwrap_or_else(|| "nothing".into())
                } else {
                    named.join(", ")
                },
            });
        }
        if let Some(act) = raw.hidden_act.filter(|act| act != "silu") {
            return Err(Error::Unsupported { what: "hidden_act", expected: "silu", found: act });
        }
        if raw.attention_bias || raw.mlp_bias {
            return Err(Error::Unsupported {
                what: "attention_bias and mlp_bias",
                expected: "false",
                found: "true".into(),
            });
        }
        if raw.num_attention_heads == 0 {
            return Err(Error::Config("num_attention_heads is 0".into()));
        }
        let rope = raw.rope_parameters.or(raw.rope_scaling).filter(|value| !value.is_null());
        let theta = rope.as_ref().and_then(|rope| rope["rope_theta"].as_f64());
        let config = Self {
            vocab_size: raw.vocab_size,
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            num_hidden_layers: raw.num_hidden_layers,
            num_attention_heads: raw.num_attention_heads,
            num_key_value_heads: raw.num_key_value_heads.unwrap_or(raw.num_attention_heads),
            head_dim: raw.head_dim.unwrap_or(raw.hidden_size / raw.num_attention_heads),
            max_position_embeddings: raw.max_position_embeddings,
            rms_norm_eps: raw.rms_norm_eps,
            rope_theta: theta.or(raw.rope_theta).unwrap_or(DEFAULT_THETA),
            rope_scaling: rope.as_ref().map_or(Ok(RopeScaling::None), RopeScaling::parse)?,
            tie_word_embeddings: raw.tie_word_embeddings,
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

impl RopeScaling {
    fn parse(rope: &Value) -> Result<Self> {
        // Older files say "type".
        let kind = rope["rope_type"].as_str().or(rope["type"].as_str()).unwrap_or("default");
        let number = |name: &str| {
            rope[name].as_f64().filter(|number| *number > 0.0).ok_or_else(|| {
                Error::Config(format!("rope scaling {kind} needs a positive number {name}"))
            })
        };
        match kind {
            "default" => Ok(Self::None),
            "linear" => Ok(Self::Linear { factor: number("factor")? }),
            "llama3" => Ok(Self::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original: number("original_max_position_embeddings")?,
            }),
            other => Err(Error::Unsupported {
                what: "rope_type",
                expected: "default, linear or llama3",
                found: other.into(),
            }),
        }
    }

    /// Stretches one frequency, as `transformers.modeling_rope_utils` does.
    fn apply(self, frequency: f64) -> f64 {
        match self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original } => {
                let wavelength = std::f64::consts::TAU / frequency;
                if wavelength < original / high_freq_factor {
                    frequency
                } else if wavelength > original / low_freq_factor {
                    frequency / factor
                } else {
                    let smooth = (original / wavelength - low_freq_factor)
                        / (high_freq_factor - low_freq_factor);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            }
        }
    }
}
