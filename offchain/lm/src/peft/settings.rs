//! `adapter_config.json`: what it says about branches, as peft reads it; whatever else would change the result is
//! refused by name.

use regex::Regex;

use super::CONFIG;
use crate::{lora::Branch, Error, Json, Result};

/// What an adapter's configuration says.
pub(super) struct Settings {
    /// `base_model_name_or_path`.
    pub base: String,
    /// Whether branches are scaled by `alpha / sqrt(rank)` (Kalajdzievski 2023), not `alpha / rank`.
    pub stabilised: bool,
    rank: usize,
    alpha: f64,
    ranks: Vec<(Regex, usize)>,
    alphas: Vec<(Regex, f64)>,
    targets: Modules,
    excluded: Option<Modules>,
    layers: Option<Layers>,
}

/// Modules by name.
enum Modules {
    /// Every linear layer but the output matrix.
    All,
    /// A regular expression for whole names.
    Pattern(Regex),
    /// Whole names, or their last parts.
    Names(Vec<String>),
}

/// `layers_to_transform` and `layers_pattern`.
struct Layers {
    indices: Vec<i128>,
    /// Each gives the layer of a name as its first group. The first that fits a name counts.
    patterns: Vec<Regex>,
}

/// Keys that do not change what a loaded adapter computes, or only together with one that is refused: how it was made,
/// where it is from, how it is trained on.
const NEUTRAL: [&str; 14] = [
    "auto_mapping",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    // For layers that store their matrix transposed, which no base here does. peft sets it to false for others.
    "fan_in_fan_out",
    "inference_mode",
    "loftq_config",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
];

/// Initialisations that leave the base as it is, so that the tensors say all.
const PLAIN: [&str; 3] = ["eva", "gaussian", "orthogonal"];

impl Settings {
    pub fn read(json: Json) -> Result<Self> {
        let Json::Object(fields) = json else {
            return Err(Error::Config(format!("{CONFIG} holds no object")));
        };
        let mut settings = Self {
            base: String::new(),
            stabilised: false,
            // peft's defaults.
            rank: 8,
            alpha: 8.0,
            ranks: Vec::new(),
            alphas: Vec::new(),
            targets: Modules::Names(vec!["q_proj".into(), "v_proj".into()]),
            excluded: None,
            layers: None,
        };
        let mut kind = None;
        let mut indices = None;
        let mut layers = Vec::new();
        for (key, value) in &fields {
            let key = key.as_str();
            match key {
                "peft_type" => kind = value.as_str(),
                "task_type" => match value {
                    Json::Null => {}
                    Json::String(task) if task == "CAUSAL_LM" => {}
                    other => return Err(refused(key, "CAUSAL_LM", other)),
                },
                "base_model_name_or_path" => {
                    settings.base = value.as_str().unwrap_or_default().into();
                }
                "r" => settings.rank = rank(key, value)?,
                "lora_alpha" => settings.alpha = alpha(key, value)?,
                "use_rslora" => settings.stabilised = flag(key, value)?,
                "rank_pattern" => settings.ranks = patterns(key, value, rank)?,
                "alpha_pattern" => settings.alphas = patterns(key, value, alpha)?,
                "target_modules" => {
                    if let Some(targets) = Modules::read(key, value)? {
                        settings.targets = targets;
                    }
                }
                "exclude_modules" => settings.excluded = Modules::read(key, value)?,
                "layers_to_transform" => indices = layer_indices(key, value)?,
                "layers_pattern" => layers = layer_patterns(key, value)?,
                "init_lora_weights" => match value {
                    Json::Null | Json::Bool(_) => {}
                    Json::String(name) if PLAIN.contains(&name.to_lowercase().as_str()) => {}
                    other => {
                        let expected = "an initialisation that leaves the base as it is: true, \
                                        false, gaussian, orthogonal or eva";
                        return Err(refused(key, expected, other));
                    }
                },
                "bias" => match value {
                    Json::Null => {}
                    Json::String(bias) if bias == "none" => {}
                    other => return Err(refused(key, "none", other)),
                },
                _ if NEUTRAL.contains(&key) => {}
                // DoRA, aLoRA, KaSA and the like, and what no version of peft had when this was written.
                _ if nothing(value) => {}
                _ => return Err(refused(key, "nothing", value)),
            }
        }
        if kind != Some("LORA") {
            let found = kind.map_or("nothing".into(), str::to_string);
            return Err(Error::Adapter { key: "peft_type".into(), expected: "LORA", found });
        }
        match indices {
            // A pattern without layers would be left unread.
            None if !layers.is_empty() => {
                return Err(Error::Adapter {
                    key: "layers_pattern".into(),
                    expected: "nothing, where layers_to_transform names no layers",
                    found: "a pattern".into(),
                })
            }
            None => {}
            Some(_) if !matches!(settings.targets, Modules::Names(_)) => {
                return Err(Error::Adapter {
                    key: "layers_to_transform".into(),
                    expected: "nothing, where target_modules is a pattern",
                    found: "layers".into(),
                })
            }
            Some(indices) => {
                if layers.is_empty() {
                    layers.push(regex("layers_pattern", r"^.*?\.[^.]*\.(\d+)\.")?);
                }
                settings.layers = Some(Layers { indices, patterns: layers });
            }
        }
        Ok(settings)
    }

    /// The branch on a module, for example `model.layers.0.self_attn.q_proj`.
    pub fn branch(&self, module: &str) -> Option<Branch> {
        if self.excluded.as_ref().is_some_and(|excluded| excluded.holds(module)) {
            return None;
        }
        let chosen = match &self.targets {
            // A name that stands there whole counts in any layer.
            Modules::Names(names) if names.iter().any(|name| name == module) => true,
            targets => {
                targets.holds(module)
                    && self.layers.as_ref().is_none_or(|layers| layers.hold(module))
            }
        };
        chosen.then(|| Branch {
            rank: first(&self.ranks, module).unwrap_or(self.rank),
            alpha: first(&self.alphas, module).unwrap_or(self.alpha),
        })
    }
}

/// The value of the first pattern that fits, as peft's `get_pattern_key` chooses it.
fn first<T: Copy>(patterns: &[(Regex, T)], module: &str) -> Option<T> {
    patterns.iter().find(|(pattern, _)| pattern.is_match(module)).map(|&(_, value)| value)
}

impl Modules {
    fn read(key: &str, value: &Json) -> Result<Option<Self>> {
        match value {
            Json::Null => Ok(None),
            Json::String(name)
                if key == "target_modules" && name.to_lowercase() == "all-linear" =>
            {
                Ok(Some(Self::All))
            }
            Json::String(pattern) => {
                Ok(Some(Self::Pattern(regex(key, &format!("^(?:{pattern})$"))?)))
            }
            Json::Array(names) => {
                let names = names.iter().map(|name| {
                    name.as_str().map(str::to_string).ok_or_else(|| refused(key, "names", value))
                });
                Ok(Some(Self::Names(names.collect::<Result<_>>()?)))
            }
            other => Err(refused(key, "a pattern or names", other)),
        }
    }

    fn holds(&self, module: &str) -> bool {
        match self {
            Self::All => true,
            Self::Pattern(pattern) => pattern.is_match(module),
            Self::Names(names) => names.iter().any(|name| {
                module
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }),
        }
    }
}

impl Layers {
    fn hold(&self, module: &str) -> bool {
        let found = self.patterns.iter().find_map(|pattern| pattern.captures(module));
        let layer = found.and_then(|found| found.get(1)?.as_str().parse().ok());
        layer.is_some_and(|layer| self.indices.contains(&layer))
    }
}

fn refused(key: &str, expected: &'static str, found: &Json) -> Error {
    let found = serde_json::to_string(found).unwrap_or_default();
    Error::Adapter { key: key.into(), expected, found }
}

/// Whether a value asks for nothing.
fn nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn flag(key: &str, value: &Json) -> Result<bool> {
    match value {
        Json::Null => Ok(false),
        Json::Bool(flag) => Ok(*flag),
        other => Err(refused(key, "true or false", other)),
    }
}

fn rank(key: &str, value: &Json) -> Result<usize> {
    match value {
        Json::Integer(rank) => usize::try_from(*rank).ok().filter(|rank| *rank > 0),
        _ => None,
    }
    .ok_or_else(|| refused(key, "a rank of 1 or more", value))
}

fn alpha(key: &str, value: &Json) -> Result<f64> {
    match value {
        Json::Integer(alpha) => Ok(*alpha as f64),
        Json::Float(alpha) => Ok(*alpha),
        other => Err(refused(key, "a number", other)),
    }
}

fn patterns<T>(
    key: &str,
    value: &Json,
    read: fn(&str, &Json) -> Result<T>,
) -> Result<Vec<(Regex, T)>> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Object(fields) => fields
            .iter()
            .map(|(pattern, value)| {
                Ok((regex(key, &format!(r"^(?:.*\.)?(?:{pattern})$"))?, read(key, value)?))
            })
            .collect(),
        other => Err(refused(key, "an object of patterns", other)),
    }
}

fn layer_indices(key: &str, value: &Json) -> Result<Option<Vec<i128>>> {
    match value {
        Json::Null => Ok(None),
        Json::Integer(layer) => Ok(Some(vec![*layer])),
        Json::Array(layers) if layers.is_empty() => Ok(None),
        Json::Array(layers) => {
            let layers = layers.iter().map(|layer| match layer {
                Json::Integer(layer) => Ok(*layer),
                _ => Err(refused(key, "layers", value)),
            });
            layers.collect::<Result<_>>().map(Some)
        }
        other => Err(refused(key, "layers", other)),
    }
}

fn layer_patterns(key: &str, value: &Json) -> Result<Vec<Regex>> {
    let listed = match value {
        Json::Null => &[],
        Json::String(pattern) if pattern.is_empty() => &[],
        Json::Array(patterns) => patterns.as_slice(),
        one => std::slice::from_ref(one),
    };
    let patterns = listed.iter().map(|pattern| match pattern {
        Json::String(pattern) => regex(key, &format!(r"^(?:|.*?\.)(?:{pattern})\.(\d+)\.")),
        _ => Err(refused(key, "a pattern or several", value)),
    });
    patterns.collect()
}

fn regex(key: &str, pattern: &str) -> Result<Regex> {
    // Looking ahead or back, and references, are not there: such a pattern can take exponential time.
    Regex::new(pattern).map_err(|_| Error::Adapter {
        key: key.into(),
        expected: "a regular expression without look-around and back-references",
        found: pattern.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{json, Value};

    use super::*;
    use crate::names::PROJECTIONS;

    fn read(changes: &Value) -> Result<Settings> {
        let mut json =
            json!({"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 8});
        for (key, value) in changes.as_object().unwrap() {
            json[key] = value.clone();
        }
        Settings::read(json.into())
    }

    #[test]
    fn branches_should_be_those_of_peft_when_its_configurations_are_read() {
        // By `bench/parity/adapters.py table`.
        let table: Json =
            serde_json::from_str(include_str!("../../tests/adapters/peft.json")).unwrap();
        let Some(Json::Array(rows)) = table.get("rows") else { panic!("no rows") };
        assert!(rows.len() > 20);
        for row in rows {
            let configuration = row.get("configuration").unwrap();
            let settings = Settings::read(configuration.clone()).unwrap();
            let mut found = BTreeMap::new();
            for layer in 0..12 {
                for projection in PROJECTIONS {
                    let module = format!("model.layers.{layer}.{projection}");
                    let Some(Branch { rank, alpha }) = settings.branch(&module) else { continue };
                    let rank = rank as f64;
                    let divisor = if settings.stabilised { rank.sqrt() } else { rank };
                    found.insert(module, (rank, alpha / divisor));
                }
            }
            let expected = serde_json::to_value(row.get("branches").unwrap()).unwrap();
            let expected: BTreeMap<String, (f64, f64)> = serde_json::from_value(expected).unwrap();
            assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
            for (module, (rank, scale)) in found {
                assert_eq!(rank, expected[&module].0, "{module} of {configuration:?}");
                assert!(
                    (scale - expected[&module].1).abs() < 1e-12,
                    "{module} of {configuration:?}"
                );
            }
        }
    }

    #[test]
    fn key_should_be_refused_by_name_when_it_asks_for_what_is_not_computed() {
        let cases = [
            json!({"peft_type": "ADALORA"}),
            json!({"task_type": "SEQ_CLS"}),
            json!({"r": 0}),
            json!({"lora_alpha": null}),
            json!({"use_rslora": "yes"}),
            json!({"bias": "lora_only"}),
            json!({"init_lora_weights": "pissa_niter_16"}),
            json!({"init_lora_weights": "olora"}),
            json!({"init_lora_weights": "corda"}),
            json!({"init_lora_weights": "loftq"}),
            json!({"init_lora_weights": "lora_ga"}),
            json!({"init_lora_weights": "mica"}),
            json!({"modules_to_save": ["lm_head"]}),
            json!({"layer_replication": [[0, 1]]}),
            json!({"trainable_token_indices": {"embed_tokens": [1]}}),
            json!({"target_parameters": ["a"]}),
            json!({"alora_invocation_tokens": [1]}),
            json!({"megatron_config": {"a": 1}}),
            json!({"use_dora": true}),
            json!({"use_qalora": true}),
            json!({"use_bdlora": {"nblocks": 2}}),
            json!({"lora_bias": true}),
            json!({"velora_config": {"scale": 1.0}}),
            json!({"monteclora_config": {"a": 1}}),
            json!({"arrow_config": {"top_k": 1}}),
            json!({"kasa_config": {"a": 1}}),
            json!({"a_key_of_tomorrow": 0.5}),
            json!({"rank_pattern": {"q_proj": 0}}),
            json!({"alpha_pattern": ["q_proj"]}),
            json!({"rank_pattern": {"(?=q_proj)": 1}}),
            json!({"exclude_modules": "(?!q).*"}),
            json!({"target_modules": "q_proj("}),
            json!({"target_modules": 3}),
            json!({"layers_to_transform": ["a"]}),
            json!({"layers_pattern": "layers"}),
            json!({"layers_to_transform": [1], "target_modules": "all-linear"}),
        ];
        for case in cases {
            let key = case.as_object().unwrap().keys().next().unwrap().clone();
            match read(&case) {
                Err(Error::Adapter { key: found, .. }) => assert_eq!(found, key),
                Err(other) => panic!("{case}: {other}"),
                Ok(_) => panic!("{case} is taken"),
            }
        }
        for neutral in [
            json!({"a_key_of_tomorrow": null, "another": false, "more": [], "most": {}}),
            json!({"lora_alpha": 0, "auto_mapping": {"a": "b"}, "eva_config": {"rho": 2.0}}),
        ] {
            assert!(read(&neutral).is_ok(), "{neutral}");
        }
    }
}
