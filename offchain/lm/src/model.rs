//! A base model, with or without an adapter: its parameters. What a layer is made of is in `layer.rs`, the way of tokens
//! through the layers in `walk.rs` and `forward.rs`.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use ndarray::Array2;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};

use crate::{
    layer::Layer,
    lora::Adapter,
    names::{EMBEDDING, HEAD},
    random::normals,
    tensors::{array, tensor},
    Config, Error, MatrixSpec, Result,
};

/// Every parameter of a base model.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// `[V, D]`.
    pub embedding: Tensor<2>,
    pub layers: Vec<Layer>,
    /// `[1, D]`.
    pub norm: Tensor<2>,
    /// `[V, D]`; none where the embedding serves.
    pub head: Option<Tensor<2>>,
}

impl Weights {
    /// Asks `make` for each parameter, by its Hugging Face name and `[rows, columns]` (norms and biases
    /// are one row), in the one order that everything in this crate keeps to.
    pub(crate) fn build(
        config: &Config,
        mut make: impl FnMut(&str, [usize; 2]) -> Result<Tensor<2>>,
    ) -> Result<Self> {
        let d = config.hidden_size;
        let embedding = make(EMBEDDING, [config.vocab_size, d])?;
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let named = |name: &str, shape| make(&format!("model.layers.{i}.{name}"), shape);
            layers.push(Layer::build(&config.layer(i), named)?);
        }
        let norm = make("model.norm.weight", [1, d])?;
        let head = if config.tie_word_embeddings {
            None
        } else {
            Some(make(HEAD, [config.vocab_size, d])?)
        };
        Ok(Self { embedding, layers, norm, head })
    }

    /// Every parameter in the order of [`Weights::build`].
    pub(crate) fn list(&self) -> Vec<Tensor<2>> {
        let mut all = vec![self.embedding.clone()];
        for layer in &self.layers {
            all.extend(layer.list());
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
    /// Radians per position of each pair of a head's features.
    pub(crate) frequencies: Arc<[f64]>,
}

impl Model {
    pub(crate) fn new(config: Arc<Config>, weights: Weights) -> Self {
        let frequencies = config.rotary_frequencies().into();
        Self { config, weights: Arc::new(weights), adapter: None, frequencies }
    }

    /// A model with random weights: normal with deviation 0.02, those that write to the residual stream
    /// scaled by `1 / sqrt(2 layers)` (Radford et al. 2019), norms at 1, biases at 0.
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
            } else if name.ends_with(".bias") {
                vec![0.0; shape[1]]
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

    /// The rows of the embedding: `[N, D]`.
    pub(crate) fn embedded(&self, ids: &[u32]) -> Tensor<2> {
        let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let count = ids.len();
        let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [count]), &self.device());
        self.weights.embedding.clone().select(0, ids)
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

    /// The LoRA matrices of this model: layer by layer, within a layer in the order of [`crate::PROJECTIONS`], A before B.
    /// Gradients, captures and optimizer states all follow this order. Empty without an adapter.
    pub fn lora_matrices(&self) -> Vec<MatrixSpec> {
        self.adapter().map(|adapter| adapter.specs(&self.config)).unwrap_or_default()
    }

    /// The values of the LoRA matrices in the order of [`Model::lora_matrices`], each row-major `[input, output]`.
    pub fn lora_values(&self) -> Vec<Array2<f32>> {
        self.adapter().map(Adapter::list).unwrap_or_default().into_iter().map(array).collect()
    }

    /// This model with other values in its LoRA matrices.
    ///
    /// # Errors
    /// If there is no adapter, or number or shapes differ from [`Model::lora_matrices`].
    pub fn with_lora_values(&self, matrices: Vec<Array2<f32>>) -> Result<Self> {
        let adapter = self.adapter().ok_or(Error::NoAdapter)?;
        let matrices = matrices
            .into_iter()
            .map(|matrix| {
                let shape = [matrix.nrows(), matrix.ncols()];
                tensor(matrix.iter().copied().collect(), shape)
            })
            .collect();
        self.with_adapter(adapter.with_matrices(&self.config, matrices)?)
    }
}
