//! Low-rank adapters (Hu et al. 2021), unmerged: `y = x W + s (x A) B`.

use burn::tensor::Tensor;
use rand::Rng;

use crate::{names::PROJECTIONS, random::stream, tensors::tensor, Config, Error, Result};

/// The low-rank branch of one linear layer.
#[derive(Clone, Debug)]
pub(crate) struct Lora {
    /// `[in, r]`.
    pub a: Tensor<2>,
    /// `[r, out]`.
    pub b: Tensor<2>,
    pub alpha: f64,
    /// `s = alpha / r`, or `alpha / sqrt(r)` where it is rank-stabilised.
    pub scale: f32,
}

impl Lora {
    fn branch(&self) -> Branch {
        Branch { rank: self.a.dims()[1], alpha: self.alpha }
    }
}

/// What tells the branch of one linear layer from another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Branch {
    pub rank: usize,
    pub alpha: f64,
}

impl Branch {
    /// Per decoder layer, the branch of each projection that has one.
    pub fn of_each(
        config: &Config,
        mut branch: impl FnMut(usize, usize) -> Option<Self>,
    ) -> Vec<[Option<Self>; 7]> {
        (0..config.num_hidden_layers)
            .map(|layer| std::array::from_fn(|projection| branch(layer, projection)))
            .collect()
    }
}

/// An adapter: low-rank branches on linear layers of a base model, which it leaves as it is.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Per decoder layer, a branch for each of the [`PROJECTIONS`] that has one.
    pub(crate) layers: Vec<[Option<Lora>; 7]>,
    /// Whether branches are scaled by `alpha / sqrt(r)`.
    pub(crate) stabilised: bool,
    /// Identity of the base it was trained on, as in `base_model_name_or_path`.
    pub(crate) base: String,
}

/// The name and shape of one LoRA matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixSpec {
    /// For example `layers.0.self_attn.q_proj.lora_A`.
    pub name: String,
    /// Rows: features of its input.
    pub input: usize,
    /// Columns: features of its output.
    pub output: usize,
}

impl Adapter {
    /// A fresh adapter on all seven linear layers: A uniform in `±1/sqrt(in)` as PEFT initialises it, B zero, so
    /// that it changes nothing before it is trained.
    ///
    /// `base` is the identity of the base model (its content hash), kept in the exported configuration.
    ///
    /// # Errors
    /// If the rank is 0 or above the narrowest layer, or alpha is not positive.
    pub fn new(config: &Config, rank: usize, alpha: f64, base: &str, seed: u64) -> Result<Self> {
        let narrowest = (0..PROJECTIONS.len())
            .flat_map(|projection| config.projection_shape(projection))
            .min()
            .unwrap_or(0);
        if rank == 0 || rank > narrowest {
            return Err(Error::Config(format!("LoRA rank {rank} is not in 1 to {narrowest}")));
        }
        if !(alpha > 0.0 && alpha.is_finite()) {
            return Err(Error::Config(format!("LoRA alpha {alpha} is not positive")));
        }
        let mut rng = stream(seed, 0);
        let branches = Branch::of_each(config, |_, _| Some(Branch { rank, alpha }));
        Self::build(config, &branches, false, base, |spec| {
            let values = if spec.name.ends_with("lora_A") {
                let bound = 1.0 / (spec.input as f32).sqrt();
                (0..spec.input * spec.output).map(|_| rng.random_range(-bound..bound)).collect()
            } else {
                vec![0.0; spec.input * spec.output]
            };
            Ok(tensor(values, [spec.input, spec.output]))
        })
    }

    /// Asks `make` for each matrix of these branches, in the order of [`crate::Model::lora_matrices`].
    pub(crate) fn build(
        config: &Config,
        branches: &[[Option<Branch>; 7]],
        stabilised: bool,
        base: &str,
        mut make: impl FnMut(&MatrixSpec) -> Result<Tensor<2>>,
    ) -> Result<Self> {
        let mut layers = Vec::with_capacity(branches.len());
        for (i, branches) in branches.iter().enumerate() {
            let mut layer = [const { None }; 7];
            for (projection, slot) in layer.iter_mut().enumerate() {
                let Some(Branch { rank, alpha }) = branches[projection] else { continue };
                let [a, b] = specs(config, i, projection, rank);
                let divisor = if stabilised { (rank as f64).sqrt() } else { rank as f64 };
                let scale = (alpha / divisor) as f32;
                *slot = Some(Lora { a: make(&a)?, b: make(&b)?, alpha, scale });
            }
            layers.push(layer);
        }
        Ok(Self { layers, stabilised, base: base.into() })
    }

    /// This adapter with other matrices, in the same order.
    pub(crate) fn with_matrices(&self, config: &Config, matrices: Vec<Tensor<2>>) -> Result<Self> {
        let mut matrices = matrices.into_iter();
        Self::build(config, &self.branches(), self.stabilised, &self.base, |spec| {
            matrices.next().ok_or_else(|| Error::MissingTensor(spec.name.clone()))
        })
    }

    /// Per decoder layer, the branch of each projection that has one.
    pub(crate) fn branches(&self) -> Vec<[Option<Branch>; 7]> {
        self.layers
            .iter()
            .map(|layer| layer.each_ref().map(|lora| Some(lora.as_ref()?.branch())))
            .collect()
    }

    /// Every matrix, A before B, in the order of [`crate::Model::lora_matrices`].
    pub(crate) fn list(&self) -> Vec<Tensor<2>> {
        let branches = self.layers.iter().flatten().flatten();
        branches.flat_map(|lora| [lora.a.clone(), lora.b.clone()]).collect()
    }

    /// Identity of the base model that it belongs to.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Name and shape of every matrix for a model of this configuration.
    pub(crate) fn specs(&self, config: &Config) -> Vec<MatrixSpec> {
        let mut found = Vec::new();
        for (layer, branches) in self.branches().into_iter().enumerate() {
            for (projection, branch) in branches.into_iter().enumerate() {
                let Some(branch) = branch else { continue };
                found.extend(specs(config, layer, projection, branch.rank));
            }
        }
        found
    }

    /// Compares every shape with what a base of this configuration needs.
    pub(crate) fn check(&self, config: &Config) -> Result<()> {
        if self.layers.len() != config.num_hidden_layers {
            return Err(Error::Config(format!(
                "the adapter has {} layers, the base {}",
                self.layers.len(),
                config.num_hidden_layers
            )));
        }
        for (spec, matrix) in self.specs(config).into_iter().zip(self.list()) {
            let (expected, found) = ([spec.input, spec.output], matrix.dims());
            if found != expected {
                let (expected, found) = (expected.to_vec(), found.to_vec());
                return Err(Error::Shape { name: spec.name, expected, found });
            }
        }
        Ok(())
    }
}

/// A and B of one linear layer.
fn specs(config: &Config, layer: usize, projection: usize, rank: usize) -> [MatrixSpec; 2] {
    let [input, output] = config.projection_shape(projection);
    let at = format!("layers.{layer}.{}", PROJECTIONS[projection]);
    [
        MatrixSpec { name: format!("{at}.lora_A"), input, output: rank },
        MatrixSpec { name: format!("{at}.lora_B"), input: rank, output },
    ]
}
