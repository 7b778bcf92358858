//! The decoder: configuration (in `config.rs`), layers, forward pass. Shapes in comments: B sequences of T
//! tokens, D features, H query heads and K key-value heads of width E, S keys, V tokens.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
    lora::{Adapter, Lora},
    ops::{self, Rotary},
    random::normals,
    Config, Error, Result,
};

/// The seven linear layers of a decoder layer, in the order in which this crate lists them.
pub const PROJECTIONS: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];
pub(crate) const Q: usize = 0;
pub(crate) const K: usize = 1;
pub(crate) const V: usize = 2;
pub(crate) const O: usize = 3;
pub(crate) const GATE: usize = 4;
pub(crate) const UP: usize = 5;
pub(crate) const DOWN: usize = 6;

impl Config {
    /// Inputs and outputs of one of the [`PROJECTIONS`].
    pub fn projection_shape(&self, projection: usize) -> [usize; 2] {
        let heads = self.num_attention_heads * self.head_dim;
        let shared = self.num_key_value_heads * self.head_dim;
        match projection {
            Q => [self.hidden_size, heads],
            K | V => [self.hidden_size, shared],
            O => [heads, self.hidden_size],
            GATE | UP => [self.hidden_size, self.intermediate_size],
            _ => [self.intermediate_size, self.hidden_size],
        }
    }
}

/// One decoder layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// `[1, D]`.
    pub input_norm: Tensor<2>,
    /// `[1, D]`.
    pub post_norm: Tensor<2>,
    /// The [`PROJECTIONS`], each `[out, in]` as checkpoints store them.
    pub linears: [Tensor<2>; 7],
}

/// Every parameter of a base model.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// `[V, D]`.
    embedding: Tensor<2>,
    pub layers: Vec<Layer>,
    /// `[1, D]`.
    pub norm: Tensor<2>,
    /// `[V, D]`; none where the embedding serves.
    head: Option<Tensor<2>>,
}

impl Weights {
    /// Asks `make` for each parameter, by its Hugging Face name and `[rows, columns]` (norms are one row), in
    /// the one order that everything in this crate keeps to.
    pub(crate) fn build(
        config: &Config,
        mut make: impl FnMut(&str, [usize; 2]) -> Result<Tensor<2>>,
    ) -> Result<Self> {
        let d = config.hidden_size;
        let embedding = make("model.embed_tokens.weight", [config.vocab_size, d])?;
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let at = format!("model.layers.{i}");
            let input_norm = make(&format!("{at}.input_layernorm.weight"), [1, d])?;
            let post_norm = make(&format!("{at}.post_attention_layernorm.weight"), [1, d])?;
            let mut linear = |projection: usize| {
                let [inputs, outputs] = config.projection_shape(projection);
                make(&format!("{at}.{}.weight", PROJECTIONS[projection]), [outputs, inputs])
            };
            let linears = [
                linear(Q)?,
                linear(K)?,
                linear(V)?,
                linear(O)?,
                linear(GATE)?,
                linear(UP)?,
                linear(DOWN)?,
            ];
            layers.push(Layer { input_norm, post_norm, linears });
        }
        let norm = make("model.norm.weight", [1, d])?;
        let head = if config.tie_word_embeddings {
            None
        } else {
            Some(make("lm_head.weight", [config.vocab_size, d])?)
        };
        Ok(Self { embedding, layers, norm, head })
    }

    /// Every parameter in the order of [`Weights::build`].
    pub(crate) fn list(&self) -> Vec<Tensor<2>> {
        let mut all = vec![self.embedding.clone()];
        for layer in &self.layers {
            all.extend([layer.input_norm.clone(), layer.post_norm.clone()]);
            all.extend(layer.linears.iter().cloned());
        }
        all.push(self.norm.clone());
        all.extend(self.head.clone());
        all
    }
}

/// A base model, with or without an adapter.
///
/// A handle: cloning shares every weight, and [`Model::with_adapter`] shares the base, so a gateway holds one
/// base and as many adapters as it likes. It is `Send` and `Sync`; all methods take `&self`.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) config: Arc<Config>,
    pub(crate) weights: Arc<Weights>,
    pub(crate) adapter: Option<Arc<Adapter>>,
    pub(crate) rotary: Arc<Rotary>,
}

/// Keys and values of the tokens seen so far, for one sequence.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// Per layer, keys and values `[K, S, E]`.
    layers: Vec<Option<(Tensor<3>, Tensor<3>)>>,
    /// S.
    pub len: usize,
}

impl Cache {
    pub(crate) fn new(config: &Config) -> Self {
        Self { layers: vec![None; config.num_hidden_layers], len: 0 }
    }
}

/// What a forward pass leaves of one linear layer, for per-record gradients.
pub(crate) struct Trace {
    /// Its input `[B T, in]`.
    pub x: Tensor<2>,
    /// `x A`, `[B T, r]`.
    pub xa: Tensor<2>,
    /// A leaf that receives the gradient of its output `[B T, out]`.
    pub probe: Tensor<2>,
}

impl Model {
    pub(crate) fn new(config: Arc<Config>, weights: Weights) -> Self {
        let frequencies = config.rotary_frequencies();
        let angles = (0..config.max_position_embeddings)
            .flat_map(|position| frequencies.iter().map(move |f| position as f64 * f));
        let (cos, sin) = angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip();
        let rotary = Rotary { cos, sin, half: config.head_dim / 2 };
        Self { config, weights: Arc::new(weights), adapter: None, rotary: Arc::new(rotary) }
    }

    /// A model with random weights: normal with deviation 0.02, those that write to the residual stream
    /// scaled by `1 / sqrt(2 layers)` (Radford et al. 2019), norms at 1.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub fn random(config: Config, seed: u64) -> Result<Self> {
        config.check()?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let residual = 1.0 / (2.0 * config.num_hidden_layers as f32).sqrt();
        let weights = Weights::build(&config, |name, shape| {
            let values = if name.ends_with("norm.weight") {
                vec![1.0; shape[1]]
            } else {
                let writes = name.contains("o_proj") || name.contains("down_proj");
                let deviation = if writes { 0.02 * residual } else { 0.02 };
                normals(&mut rng, shape[0] * shape[1], deviation)
            };
            Ok(tensor(values, shape))
        })?;
        Ok(Self::new(Arc::new(config), weights))
    }

    /// The shape of this model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The adapter in use.
    pub fn adapter(&self) -> Option<&Adapter> {
        self.adapter.as_deref()
    }

    /// This base with an adapter on it, sharing the base's weights; the adapter goes where they are.
    ///
    /// # Errors
    /// If the adapter's matrices have other shapes than this base asks for.
    pub fn with_adapter(&self, adapter: Adapter) -> Result<Self> {
        adapter.check(&self.config)?;
        let device = self.device();
        let there = adapter.list().into_iter().map(|matrix| matrix.to_device(&device)).collect();
        let adapter = adapter.with_matrices(&self.config, there)?;
        Ok(Self { adapter: Some(Arc::new(adapter)), ..self.clone() })
    }

    /// This base alone, sharing its weights.
    pub fn without_adapter(&self) -> Self {
        Self { adapter: None, ..self.clone() }
    }

    /// This model with other base weights, in the order of [`Weights::build`].
    pub(crate) fn with_weights(&self, tensors: Vec<Tensor<2>>) -> Result<Self> {
        let mut tensors = tensors.into_iter();
        let weights = Weights::build(&self.config, |name, _| {
            tensors.next().ok_or_else(|| Error::MissingTensor(name.into()))
        })?;
        Ok(Self { weights: Arc::new(weights), ..self.clone() })
    }

    /// Final hidden states of B sequences of T tokens: `[B T, D]`.
    ///
    /// With a cache (B = 1), the tokens follow those that the cache holds. With `traces`, what the way back
    /// needs of each adapted linear layer is pushed in the order of [`Model::lora_matrices`].
    pub(crate) fn hidden(
        &self,
        ids: &[u32],
        batch: usize,
        mut cache: Option<&mut Cache>,
        mut traces: Option<&mut Vec<Trace>>,
    ) -> Tensor<2> {
        let c = &*self.config;
        let seq = ids.len() / batch.max(1);
        let past = cache.as_ref().map_or(0, |cache| cache.len);
        let eps = c.rms_norm_eps as f32;
        let (heads, shared) = (c.num_attention_heads, c.num_key_value_heads);

        let mut x = self.embedded(ids); // [B T, D]

        for (i, layer) in self.weights.layers.iter().enumerate() {
            let loras = self.adapter.as_deref().map(|adapter| &adapter.layers[i]);
            let mut linear = |x: &Tensor<2>, projection: usize| {
                let lora = loras.and_then(|loras| loras[projection].as_ref());
                project(x, &layer.linears[projection], lora, traces.as_deref_mut())
            };

            // Attention.
            let h = ops::rms_norm(x.clone(), layer.input_norm.clone(), eps);
            let (q, k, v) = (linear(&h, Q), linear(&h, K), linear(&h, V));
            let q = ops::split_heads_rotated(q, heads, seq, &self.rotary, past); // [B H T, E]
            let k = ops::split_heads_rotated(k, shared, seq, &self.rotary, past); // [B K T, E]
            let v = ops::split_heads(v, shared, seq);
            // Query heads that share a key head become rows of one product.
            let q = q.reshape([batch * shared, c.group_size() * seq, c.head_dim]);
            let mut k = k.reshape([batch * shared, seq, c.head_dim]);
            let mut v = v.reshape([batch * shared, seq, c.head_dim]);
            if let Some(cache) = cache.as_deref_mut() {
                if let Some((keys, values)) = cache.layers[i].take() {
                    k = Tensor::cat(vec![keys, k], 1);
                    v = Tensor::cat(vec![values, v], 1);
                }
                cache.layers[i] = Some((k.clone(), v.clone()));
            }
            let scores = q.matmul(k.swap_dims(1, 2)); // [B K, (H/K) T, S]
            let scores = scores.reshape([batch * heads * seq, past + seq]);
            let scale = 1.0 / (c.head_dim as f32).sqrt();
            let weights = ops::causal_softmax(scores, seq, past, scale);
            let weights = weights.reshape([batch * shared, c.group_size() * seq, past + seq]);
            let mixed = weights.matmul(v).reshape([batch * heads * seq, c.head_dim]);
            let mixed = ops::merge_heads(mixed, heads, seq); // [B T, H E]
            x = x + linear(&mixed, O);

            // Feed-forward.
            let h = ops::rms_norm(x.clone(), layer.post_norm.clone(), eps);
            let inner = ops::swiglu(linear(&h, GATE), linear(&h, UP)); // [B T, F]
            x = x + linear(&inner, DOWN);
        }
        if let Some(cache) = cache {
            cache.len += seq;
        }
        ops::rms_norm(x, self.weights.norm.clone(), eps)
    }

    /// The rows of the embedding: `[N, D]`.
    pub(crate) fn embedded(&self, ids: &[u32]) -> Tensor<2> {
        let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let count = ids.len();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [count]), &self.device());
        self.weights.embedding.clone().select(0, ids)
    }

    /// Logits of hidden states: `[N, D]` → `[N, V]`.
    pub(crate) fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        let head = self.weights.head.as_ref().unwrap_or(&self.weights.embedding);
        hidden.matmul(head.clone().transpose())
    }

    /// Refuses tokens outside the vocabulary and sequences beyond the context.
    pub(crate) fn check_ids(&self, ids: &[u32], context: usize) -> Result<()> {
        let limit = self.config.max_position_embeddings;
        if context > limit {
            return Err(Error::TooLong { limit, found: context });
        }
        let vocab = self.config.vocab_size;
        match ids.iter().find(|&&id| id as usize >= vocab) {
            Some(&id) => Err(Error::UnknownToken { id, vocab }),
            None => Ok(()),
        }
    }

    /// Logits after each token of one sequence: row-major `[tokens, vocab]`.
    ///
    /// # Errors
    /// If the sequence is empty, too long, or holds a token outside the vocabulary.
    pub fn forward(&self, ids: &[u32]) -> Result<ndarray::Array2<f32>> {
        if ids.is_empty() {
            return Err(Error::NoTarget { len: 0 });
        }
        self.check_ids(ids, ids.len())?;
        let logits = self.logits(self.hidden(ids, 1, None, None));
        let shape = (ids.len(), self.config.vocab_size);
        Ok(ndarray::Array2::from_shape_vec(shape, values(logits))
            .expect("one row of logits per token"))
    }
}

/// `y = x Wᵀ + s (x A) B`: `[N, in]` → `[N, out]`.
fn project(
    x: &Tensor<2>,
    weight: &Tensor<2>,
    lora: Option<&Lora>,
    traces: Option<&mut Vec<Trace>>,
) -> Tensor<2> {
    let y = x.clone().matmul(weight.clone().transpose());
    let Some(lora) = lora else { return y };
    let xa = x.clone().matmul(lora.a.clone()); // [N, r]
    let y = y + (xa.clone() * lora.scale).matmul(lora.b.clone());
    let Some(traces) = traces else { return y };
    let (y, probe) = ops::tap(y);
    traces.push(Trace { x: x.clone().inner(), xa: xa.inner(), probe });
    y
}

/// A matrix on the CPU.
pub(crate) fn tensor(values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// The values of a tensor, row by row.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("tensors of this crate are f32")
}
