//! The families of decoders, and what the configuration of each may say.

use serde_json::{json, Value};

use crate::{Error, Result};

/// A family of decoders, with what its members may differ in. DeepSeek's R1 distillations are of the families that
/// they were distilled into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// Llama 2 and 3, SmolLM, TinyLlama, Yi, DeepSeek-LLM.
    Llama {
        /// Whether the linear layers of attention add a bias.
        attention_bias: bool,
        /// Whether those of the feed-forward layer do.
        mlp_bias: bool,
    },
    /// Mistral: Llama with a window in every layer.
    Mistral {
        /// How many tokens back each sees, itself included.
        window: Option<usize>,
    },
    /// Qwen 2 and 2.5: queries, keys and values have a bias.
    Qwen2 {
        /// Layers that see a window only.
        windows: Option<Windows>,
    },
    /// Qwen 3: queries and keys are normalised head by head.
    Qwen3 {
        /// Whether the linear layers of attention add a bias.
        attention_bias: bool,
        /// Layers that see a window only.
        windows: Option<Windows>,
    },
}

/// A window that some layers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How many tokens back each sees, itself included.
    pub width: usize,
    /// Of each layer, whether it has the window.
    pub layers: Vec<bool>,
}

impl Family {
    /// Llama without biases, as almost all of that family are.
    pub const LLAMA: Self = Self::Llama { attention_bias: false, mlp_bias: false };

    /// `model_type` in config.json.
    pub fn model_type(&self) -> &'static str {
        match self {
            Self::Llama { .. } => "llama",
            Self::Mistral { .. } => "mistral",
            Self::Qwen2 { .. } => "qwen2",
            Self::Qwen3 { .. } => "qwen3",
        }
    }

    /// The class in `architectures` of config.json.
    pub fn architecture(&self) -> &'static str {
        match self {
            Self::Llama { .. } => "LlamaForCausalLM",
            Self::Mistral { .. } => "MistralForCausalLM",
            Self::Qwen2 { .. } => "Qwen2ForCausalLM",
            Self::Qwen3 { .. } => "Qwen3ForCausalLM",
        }
    }

    /// Which of the seven linear layers, [`crate::PROJECTIONS`], add a bias.
    pub(crate) fn biases(&self) -> [bool; 7] {
        let [qkv, o, mlp] = match *self {
            Self::Llama { attention_bias, mlp_bias } => [attention_bias, attention_bias, mlp_bias],
            Self::Mistral { .. } => [false; 3],
            Self::Qwen2 { .. } => [true, false, false],
            Self::Qwen3 { attention_bias, .. } => [attention_bias, attention_bias, false],
        };
        [qkv, qkv, qkv, o, mlp, mlp, mlp]
    }

    /// The window of a layer.
    pub(crate) fn window(&self, layer: usize) -> Option<usize> {
        match self {
            Self::Llama { .. } => None,
            Self::Mistral { window } => *window,
            Self::Qwen2 { windows } | Self::Qwen3 { windows, .. } => {
                let windows = windows.as_ref()?;
                windows.layers.get(layer)?.then_some(windows.width)
            }
        }
    }

    /// Puts what its members differ in into config.json.
    pub(crate) fn write(&self, config: &mut Value) {
        match self {
            Self::Llama { attention_bias, mlp_bias } => {
                config["attention_bias"] = json!(attention_bias);
                config["mlp_bias"] = json!(mlp_bias);
            }
            Self::Mistral { window } => config["sliding_window"] = json!(window),
            Self::Qwen2 { windows } => write_windows(windows.as_ref(), config),
            Self::Qwen3 { attention_bias, windows } => {
                config["attention_bias"] = json!(attention_bias);
                write_windows(windows.as_ref(), config);
            }
        }
    }

    /// Checks that windows fit the layers.
    pub(crate) fn check(&self, layers: usize) -> Result<()> {
        let (width, listed) = match self {
            Self::Mistral { window: Some(width) } => (*width, layers),
            Self::Qwen2 { windows: Some(windows) } | Self::Qwen3 { windows: Some(windows), .. } => {
                (windows.width, windows.layers.len())
            }
            _ => return Ok(()),
        };
        if width == 0 {
            return Err(Error::Config("sliding_window is 0: expected a token or more".into()));
        }
        if listed != layers {
            return Err(Error::Config(format!(
                "layer_types has {listed} entries, but num_hidden_layers is {layers}"
            )));
        }
        Ok(())
    }
}

fn write_windows(windows: Option<&Windows>, config: &mut Value) {
    config["use_sliding_window"] = json!(windows.is_some());
    let Some(Windows { width, layers }) = windows else { return };
    let kind = |windowed: &bool| if *windowed { "sliding_attention" } else { "full_attention" };
    config["sliding_window"] = json!(width);
    config["layer_types"] = layers.iter().map(kind).collect();
}
