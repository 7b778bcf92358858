//! What a decoder layer is made of.
//!
//! An architecture is written once: as a [`LayerSpec`]. Loading, saving, footprints and adapters take its shapes;
//! training, generation, the gradients of single records and the products with the Gauss-Newton matrix walk through it
//! (`walk.rs`).

use burn::tensor::Tensor;

use crate::{
    names::{DOWN, GATE, K, O, PROJECTIONS, Q, UP, V},
    Result,
};

/// What one decoder layer is made of: attention and a gated feed-forward layer (SwiGLU), each behind a root mean square
/// normalisation and added to what comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width of the feed-forward layer.
    pub inner: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads, each shared by as many query heads.
    pub shared: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Which of the [`PROJECTIONS`] add a bias.
    pub biases: [bool; 7],
    /// Whether queries and keys are normalised head by head before they are rotated.
    pub head_norms: bool,
    /// How many tokens back each sees, itself included; all without.
    pub window: Option<usize>,
}

impl LayerSpec {
    /// Inputs and outputs of one of the [`PROJECTIONS`].
    pub fn projection(&self, projection: usize) -> [usize; 2] {
        let heads = self.heads * self.head_dim;
        let shared = self.shared * self.head_dim;
        match projection {
            Q => [self.hidden, heads],
            K | V => [self.hidden, shared],
            O => [heads, self.hidden],
            GATE | UP => [self.hidden, self.inner],
            _ => [self.inner, self.hidden],
        }
    }

    /// Number of parameters.
    pub(crate) fn parameters(&self) -> u128 {
        let linears = (0..PROJECTIONS.len()).map(|projection| {
            let [inputs, outputs] = self.projection(projection).map(|width| width as u128);
            outputs * (inputs + u128::from(self.biases[projection]))
        });
        let head_norms = if self.head_norms { 2 * self.head_dim as u128 } else { 0 };
        linears.sum::<u128>() + head_norms + 2 * self.hidden as u128
    }
}

/// A linear layer.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    /// `[out, in]`, as checkpoints store it.
    pub weight: Tensor<2>,
    /// `[1, out]`.
    pub bias: Option<Tensor<2>>,
}

/// The parameters of one decoder layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// `[1, D]`.
    pub input_norm: Tensor<2>,
    /// `[1, D]`.
    pub post_norm: Tensor<2>,
    /// Of queries and of keys, `[1, E]`.
    pub head_norms: Option<[Tensor<2>; 2]>,
    /// The [`PROJECTIONS`].
    pub linears: [Linear; 7],
}

impl Layer {
    /// Asks `make` for each parameter, by its name within the layer and `[rows, columns]` (norms and biases are one
    /// row), in the one order that everything in this crate keeps to.
    pub(crate) fn build(
        spec: &LayerSpec,
        mut make: impl FnMut(&str, [usize; 2]) -> Result<Tensor<2>>,
    ) -> Result<Self> {
        let input_norm = make("input_layernorm.weight", [1, spec.hidden])?;
        let post_norm = make("post_attention_layernorm.weight", [1, spec.hidden])?;
        let mut linear = |projection: usize| {
            let [inputs, outputs] = spec.projection(projection);
            let name = PROJECTIONS[projection];
            let weight = make(&format!("{name}.weight"), [outputs, inputs])?;
            let bias = if spec.biases[projection] {
                Some(make(&format!("{name}.bias"), [1, outputs])?)
            } else {
                None
            };
            Ok(Linear { weight, bias })
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
        let head_norms = if spec.head_norms {
            let mut norm = |name| make(name, [1, spec.head_dim]);
            Some([norm("self_attn.q_norm.weight")?, norm("self_attn.k_norm.weight")?])
        } else {
            None
        };
        Ok(Self { input_norm, post_norm, head_norms, linears })
    }

    /// Every parameter in the order of [`Layer::build`].
    pub(crate) fn list(&self) -> impl Iterator<Item = Tensor<2>> + '_ {
        let norms = [self.input_norm.clone(), self.post_norm.clone()].into_iter();
        let linears = self
            .linears
            .iter()
            .flat_map(|linear| std::iter::once(linear.weight.clone()).chain(linear.bias.clone()));
        norms.chain(linears).chain(self.head_norms.clone().into_iter().flatten())
    }
}
