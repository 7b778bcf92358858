//! Products with the Gauss-Newton matrix of the LoRA matrices, without the matrix.

use std::{sync::Arc, vec::IntoIter};

use burn::tensor::{
    activation::{sigmoid, softmax},
    Tensor,
};
use ndarray::{Array2, Array3};

use crate::{
    attention::attention_moving,
    batch::{Batch, Sequence},
    forward::{attention_of, norm},
    layer::LayerSpec,
    ops,
    rotary::Rotary,
    sight::Sight,
    walk::{Place, Walk},
    Error, Model, Result,
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
}

/// The walk with every derivative beside its value, as the LoRA matrices move along a direction.
struct Rates {
    eps: f32,
    sight: Sight,
    rotary: Arc<Rotary>,
    /// Of the LoRA matrices that are yet to come.
    direction: IntoIter<Tensor<2>>,
}

impl Walk for Rates {
    type Value = Moving;

    /// `y = x Wᵀ + b + s (x A) B`, with A and B moving.
    fn linear(&mut self, place: &Place, projection: usize, x: &Moving) -> Moving {
        let (linear, lora) = place.linear(projection);
        let mut y = x.clone().map(|x| x.matmul(linear.weight.clone().transpose()));
        if let Some(bias) = &linear.bias {
            y.at = y.at + bias.clone();
        }
        let Some(lora) = lora else { return y };
        let (Some(a), Some(b)) = (self.direction.next(), self.direction.next()) else {
            unreachable!("a direction has a matrix for each of the adapter's")
        };
        let inner = Moving {
            at: x.at.clone().matmul(lora.a.clone()),
            rate: x.rate.clone().matmul(lora.a.clone()) + x.at.clone().matmul(a),
        };
        let branch = Moving {
            at: inner.at.clone().matmul(lora.b.clone()),
            rate: inner.rate.matmul(lora.b.clone()) + inner.at.matmul(b),
        };
        self.add(y, branch.map(|part| part * lora.scale))
    }

    fn norm(&mut self, x: &Moving, weight: &Tensor<2>) -> Moving {
        let ([rows, features], [_, width]) = (x.at.dims(), weight.dims());
        let parts = x.clone().map(|x| x.reshape([rows * (features / width), width]));
        let inverse = ((parts.at.clone() * parts.at.clone()).mean_dim(1) + self.eps).sqrt().recip();
        let pull = (parts.at.clone() * parts.rate.clone()).mean_dim(1);
        let unit = parts.at * inverse.clone();
        let rate = (parts.rate - unit * inverse.clone() * pull) * inverse * weight.clone();
        Moving { at: norm(&x.at, weight, self.eps), rate: rate.reshape([rows, features]) }
    }

    fn attention(&mut self, place: &Place, [q, k, v]: [Moving; 3]) -> Moving {
        let LayerSpec { heads, shared, .. } = place.spec;
        let seq = self.sight.seq;
        let rotated = |x, heads| ops::split_heads_rotated(x, heads, seq, &self.rotary);
        let q = q.map(|x| rotated(x, heads)); // [B H T, E]
        let k = k.map(|x| rotated(x, shared)); // [B K T, E]
        let v = v.map(|x| ops::split_heads(x, shared, seq));
        let attend = attention_of(&place.spec, &self.sight);
        let (at, rates) = ([q.at, k.at, v.at], [q.rate, k.rate, v.rate]);
        let [at, rate] = attention_moving(&attend, at, rates); // [B H T, E]
        Moving { at, rate }.map(|x| ops::merge_heads(x, heads, seq)) // [B T, H E]
    }

    fn gated(&mut self, gate: Moving, up: Moving) -> Moving {
        let open = sigmoid(gate.at.clone());
        let slope = open.clone() + gate.at.clone() * open.clone() * (open.clone().neg() + 1.0);
        let rate = gate.rate * up.at.clone() * slope + gate.at.clone() * open * up.rate;
        Moving { at: ops::swiglu(gate.at, up.at), rate }
    }

    fn add(&mut self, a: Moving, b: Moving) -> Moving {
        Moving { at: a.at + b.at, rate: a.rate + b.rate }
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
        let rate = self.at_targets(self.rate(&batch, direction), &batch); // J v, but for the output matrix
        let matrices = self.factors(&batch, |hidden| {
            let pulls = self.in_parts(hidden).map(|(at, _, logits)| {
                let ([rows, _], [_, width]) = (logits.dims(), rate.dims());
                let rate = self.logits(rate.clone().slice([at..at + rows, 0..width]));
                let p = softmax(logits, 1);
                let mean = (p.clone() * rate.clone()).sum_dim(1);
                (p * (rate - mean)).matmul(self.head().clone()) // H J v, by the hidden states
            });
            Tensor::cat(pulls.collect(), 0)
        })?;
        Ok(matrices.into_iter().map(|(x, g)| by_token(x).t().dot(&by_token(g))).collect())
    }

    /// How fast the final hidden states `[B T, D]` change as the LoRA matrices move along a direction.
    fn rate(&self, batch: &Batch, direction: Vec<Tensor<2>>) -> Tensor<2> {
        let pass = batch.pass();
        let sight = pass.sight(0);
        let at = self.embedded(pass.ids);
        let mut rates = Rates {
            eps: self.config.rms_norm_eps as f32,
            rotary: Arc::new(Rotary::new(&self.frequencies, &sight)),
            sight,
            direction: direction.into_iter(),
        };
        self.walk(&mut rates, Moving { rate: at.zeros_like(), at }).rate
    }
}

/// `[B, T, features]` → `[B T, features]`.
fn by_token(array: Array3<f32>) -> Array2<f32> {
    let (rows, seq, features) = array.dim();
    Array2::from_shape_vec((rows * seq, features), array.into_iter().collect())
        .expect("as many values as before")
}
