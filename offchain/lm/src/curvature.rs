//! Products with the Gauss-Newton matrix of the LoRA matrices, without the matrix.

use burn::tensor::{
    activation::{sigmoid, softmax},
    Tensor,
};
use ndarray::{Array2, Array3};

use crate::{
    batch::{Batch, Sequence},
    lora::Lora,
    model::{tensor, DOWN, GATE, K, O, Q, UP, V},
    ops, Error, Model, Result,
};

/// Something that the model computes, and how fast it changes as the weights move along the direction.
#[derive(Clone)]
struct Moving {
    at: Tensor<2>,
    rate: Tensor<2>,
}

impl Moving {
    /// Through what is linear.
    fn map(self, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Self {
        Self { at: f(self.at), rate: f(self.rate) }
    }

    fn plus(self, other: Self) -> Self {
        Self { at: self.at + other.at, rate: self.rate + other.rate }
    }

    fn rms_norm(self, weight: &Tensor<2>, eps: f32) -> Self {
        let inverse = ((self.at.clone() * self.at.clone()).mean_dim(1) + eps).sqrt().recip();
        let pull = (self.at.clone() * self.rate.clone()).mean_dim(1);
        let unit = self.at.clone() * inverse.clone();
        let rate = (self.rate - unit * inverse.clone() * pull) * inverse * weight.clone();
        Self { at: ops::rms_norm(self.at, weight.clone(), eps), rate }
    }

    fn swiglu(gate: Self, up: Self) -> Self {
        let open = sigmoid(gate.at.clone());
        let slope = open.clone() + gate.at.clone() * open.clone() * (open.clone().neg() + 1.0);
        let rate = gate.rate * up.at.clone() * slope + gate.at.clone() * open * up.rate;
        Self { at: ops::swiglu(gate.at, up.at), rate }
    }

    /// The product of groups of rows: `[n, a, b] · [n, b, c]`, both and the result flattened to two dimensions.
    fn matmul(self, other: Self, groups: usize, transpose: bool) -> Self {
        let apart = |part: Tensor<2>| {
            let [rows, columns] = part.dims();
            part.reshape([groups, rows / groups, columns])
        };
        let product = |a: &Tensor<2>, b: &Tensor<2>| {
            let b = apart(b.clone());
            let b = if transpose { b.swap_dims(1, 2) } else { b };
            let product = apart(a.clone()).matmul(b);
            let [_, rows, columns] = product.dims();
            product.reshape([groups * rows, columns])
        };
        let rate = product(&self.rate, &other.at) + product(&self.at, &other.rate);
        Self { at: product(&self.at, &other.at), rate }
    }

    /// `y = x Wᵀ + s (x A) B`, with A and B moving.
    fn project(&self, weight: &Tensor<2>, lora: Option<(&Lora, [Tensor<2>; 2])>) -> Self {
        let y = self.clone().map(|x| x.matmul(weight.clone().transpose()));
        let Some((lora, [a, b])) = lora else { return y };
        let inner = Self {
            at: self.at.clone().matmul(lora.a.clone()),
            rate: self.rate.clone().matmul(lora.a.clone()) + self.at.clone().matmul(a),
        };
        let branch = Self {
            at: inner.at.clone().matmul(lora.b.clone()),
            rate: inner.rate.matmul(lora.b.clone()) + inner.at.matmul(b),
        };
        y.plus(branch.map(|part| part * lora.scale))
    }
}

impl Model {
    /// `Σ_i J_iᵀ H_i J_i v` over all targets of the sequences, with the derivatives J of a target's logits by the LoRA
    /// matrices and the second derivatives `H = diag(p) − p pᵀ` of the loss by the logits: an expectation over all labels
    /// where [`crate::Labels::Sampled`] draws one. `direction` is v, in the order of [`Model::lora_matrices`], as is the
    /// product.
    ///
    /// # Errors
    /// As [`Model::capture`], and if the direction has other shapes than the matrices.
    pub fn gauss_newton(
        &self,
        sequences: &[Sequence],
        direction: &[Array2<f32>],
    ) -> Result<Vec<Array2<f32>>> {
        // Of the matrices' shapes, or an error.
        let moved = self.with_lora_values(direction.to_vec())?;
        if sequences.is_empty() {
            return Ok(direction.iter().map(|matrix| Array2::zeros(matrix.dim())).collect());
        }
        let batch = Batch::padded(self, sequences)?;
        let direction = moved.adapter().ok_or(Error::NoAdapter)?.list();
        let rate = self.rate(&batch, direction); // J v
        let counts = tensor(batch.weights.to_vec(), [batch.weights.len(), 1]);
        let counts = counts.to_device(&self.device());
        let matrices = self.factors(&batch, |logits| {
            let p = softmax(logits.clone().inner(), 1);
            let mean = (p.clone() * rate.clone()).sum_dim(1);
            let pull = p * (rate - mean) * counts; // H J v
            logits * pull.autodiff()
        })?;
        Ok(matrices.into_iter().map(|(x, g)| by_token(x).t().dot(&by_token(g))).collect())
    }

    /// How fast the logits `[B T, V]` change as the LoRA matrices move along a direction: the forward pass of
    /// [`Model::hidden`], with every derivative beside its value.
    fn rate(&self, batch: &Batch, direction: Vec<Tensor<2>>) -> Tensor<2> {
        let c = &*self.config;
        let (rows, seq, eps) = (batch.rows, batch.seq, c.rms_norm_eps as f32);
        let (heads, shared) = (c.num_attention_heads, c.num_key_value_heads);
        let mut direction = direction.into_iter();
        let at = self.embedded(&batch.ids);
        let mut x = Moving { rate: at.zeros_like(), at };
        for (i, layer) in self.weights.layers.iter().enumerate() {
            let loras = self.adapter.as_deref().map(|adapter| &adapter.layers[i]);
            let mut linear = |x: &Moving, projection: usize| {
                let lora = loras.and_then(|loras| loras[projection].as_ref());
                let lora =
                    lora.and_then(|lora| Some((lora, [direction.next()?, direction.next()?])));
                x.project(&layer.linears[projection], lora)
            };

            let h = x.clone().rms_norm(&layer.input_norm, eps);
            let (q, k, v) = (linear(&h, Q), linear(&h, K), linear(&h, V));
            let rotated = |x, heads| ops::split_heads_rotated(x, heads, seq, &self.rotary, 0);
            let q = q.map(|x| rotated(x, heads)); // [B H T, E]
            let k = k.map(|x| rotated(x, shared)); // [B K T, E]
            let v = v.map(|x| ops::split_heads(x, shared, seq));
            let scores = q.matmul(k, rows * shared, true); // [B H T, T]
            let scale = 1.0 / (c.head_dim as f32).sqrt();
            let at = ops::causal_softmax(scores.at, seq, 0, scale);
            let part = at.clone() * scores.rate * scale;
            let rate = part.clone() - at.clone() * part.sum_dim(1);
            let mixed = Moving { at, rate }.matmul(v, rows * shared, false); // [B H T, E]
            let mixed = mixed.map(|x| ops::merge_heads(x, heads, seq)); // [B T, H E]
            x = x.plus(linear(&mixed, O));

            let h = x.clone().rms_norm(&layer.post_norm, eps);
            let inner = Moving::swiglu(linear(&h, GATE), linear(&h, UP));
            x = x.plus(linear(&inner, DOWN));
        }
        self.logits(x.rms_norm(&self.weights.norm, eps).rate)
    }
}

/// `[B, T, features]` → `[B T, features]`.
fn by_token(array: Array3<f32>) -> Array2<f32> {
    let (rows, seq, features) = array.dim();
    Array2::from_shape_vec((rows * seq, features), array.into_iter().collect())
        .expect("as many values as before")
}
