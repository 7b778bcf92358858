//! Frequencies of the rotary embedding, and where configurations state them.

use serde_json::{json, Value};

use crate::{Error, Result};

const DEFAULT_THETA: f64 = 10_000.0;

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

/// What config.json says of rotary embedding, wherever transformers looks for it.
pub(crate) struct Stated {
    /// `rope_scaling`, which comes before `rope_parameters` unless it is empty.
    pub scaling: Option<Value>,
    pub parameters: Option<Value>,
    pub theta: Option<f64>,
    /// `original_max_position_embeddings` beside the others, which comes before the one among them.
    pub original: Option<f64>,
    pub partial: Option<f64>,
    pub context: usize,
}

impl Stated {
    /// The base of the angles, and how they are stretched.
    pub(crate) fn read(self) -> Result<(f64, RopeScaling)> {
        let given = |value: Option<Value>| {
            value.filter(|value| {
                !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty())
            })
        };
        let rope = given(self.scaling).or(given(self.parameters)).unwrap_or_else(|| json!({}));
        let nested = rope.as_object().is_none_or(|map| map.values().any(Value::is_object));
        if nested {
            return Err(Error::Unsupported {
                what: "rope_parameters",
                expected: "one set of settings for all layers",
                found: rope.to_string(),
            });
        }
        let theta = rope["rope_theta"].as_f64().or(self.theta).unwrap_or(DEFAULT_THETA);
        // transformers passes over it in these families, others rotate a part of each head: readers disagree.
        let partial = rope["partial_rotary_factor"].as_f64().or(self.partial);
        if let Some(part) = partial.filter(|part| *part != 1.0) {
            return Err(Error::Unsupported {
                what: "partial_rotary_factor",
                expected: "1, as in every model of these families",
                found: part.to_string(),
            });
        }
        // Older files say "type".
        let kind = rope["rope_type"].as_str().or(rope["type"].as_str()).unwrap_or("default");
        let positive = |name: &str, found: Option<f64>| {
            found.filter(|number| *number > 0.0).ok_or_else(|| {
                Error::Config(format!("rope scaling {kind} needs a positive number {name}"))
            })
        };
        let number = |name: &str| positive(name, rope[name].as_f64());
        let original = || {
            let name = "original_max_position_embeddings";
            let within = rope[name].as_f64();
            positive(name, self.original.or(within).or(Some(self.context as f64)))
        };
        let scaling = match kind {
            "default" => RopeScaling::None,
            "linear" => RopeScaling::Linear { factor: number("factor")? },
            "llama3" => RopeScaling::Llama3 {
                factor: number("factor")?,
                low_freq_factor: number("low_freq_factor")?,
                high_freq_factor: number("high_freq_factor")?,
                original: original()?,
            },
            other => {
                return Err(Error::Unsupported {
                    what: "rope_type",
                    expected: "default, linear or llama3",
                    found: other.into(),
                })
            }
        };
        Ok((theta, scaling))
    }
}

impl RopeScaling {
    /// `rope_parameters` as `transformers` reads them.
    pub(crate) fn to_json(self, theta: f64) -> Value {
        let mut rope = json!({ "rope_type": "default", "rope_theta": theta });
        match self {
            Self::None => {}
            Self::Linear { factor } => {
                rope["rope_type"] = json!("linear");
                rope["factor"] = json!(factor);
            }
            Self::Llama3 { factor, low_freq_factor, high_freq_factor, original } => {
                rope["rope_type"] = json!("llama3");
                rope["factor"] = json!(factor);
                rope["low_freq_factor"] = json!(low_freq_factor);
                rope["high_freq_factor"] = json!(high_freq_factor);
                rope["original_max_position_embeddings"] = json!(original as u64);
            }
        }
        rope
    }

    /// Stretches one frequency, as `transformers.modeling_rope_utils` does.
    pub(crate) fn apply(self, frequency: f64) -> f64 {
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
