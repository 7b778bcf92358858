//! The walk with numbers: for training, generation, and the gradients of single records. Shapes in comments: B sequences
//! of T tokens, D features, H query heads and K key-value heads of width E.

use std::sync::Arc;

use burn::tensor::Tensor;

use crate::{
    attention::{attention, attention_cached},
    batch::Pass,
    cache::Cache,
    layer::LayerSpec,
    ops,
    rotary::Rotary,
    sight::{Attention, Sight},
    walk::{Place, Walk},
    Model,
};

/// What a forward pass leaves of one linear layer, for the gradients of single records.
pub(crate) struct Activations {
    /// Its input `[B T, in]`.
    pub x: Tensor<2>,
    /// `x A`, `[B T, r]`.
    pub xa: Tensor<2>,
    /// A leaf that receives the gradient of its output `[B T, out]`.
    pub probe: Tensor<2>,
}

/// One pass.
struct Forward<'a> {
    eps: f32,
    sight: Sight,
    rotary: Arc<Rotary>,
    cache: Option<&'a mut Cache>,
    activations: Option<&'a mut Vec<Activations>>,
}

impl<'a> Forward<'a> {
    fn new(
        model: &Model,
        pass: &Pass,
        cache: Option<&'a mut Cache>,
        activations: Option<&'a mut Vec<Activations>>,
    ) -> Self {
        let sight = pass.sight(cache.as_ref().map_or(0, |cache| cache.len));
        let rotary = Arc::new(Rotary::new(&model.frequencies, &sight));
        Self { eps: model.config.rms_norm_eps as f32, sight, rotary, cache, activations }
    }

    /// The tokens of the pass are in the cache of every layer.
    fn end(self) {
        if let Some(cache) = self.cache {
            cache.len += self.sight.seq;
        }
    }
}

/// Root mean square normalisation of each row, in parts as wide as the weight.
pub(crate) fn norm(x: &Tensor<2>, weight: &Tensor<2>, eps: f32) -> Tensor<2> {
    let ([rows, features], [_, width]) = (x.dims(), weight.dims());
    let parts = x.clone().reshape([rows * (features / width), width]);
    ops::rms_norm(parts, weight.clone(), eps).reshape([rows, features])
}

/// Attention of a layer, over the sequences of a pass.
pub(crate) fn attention_of(spec: &LayerSpec, sight: &Sight) -> Attention {
    Attention {
        heads: spec.heads,
        shared: spec.shared,
        sight: sight.within(spec.window),
        scale: 1.0 / (spec.head_dim as f32).sqrt(),
    }
}

impl Walk for Forward<'_> {
    type Value = Tensor<2>;

    /// `y = x Wᵀ + b + s (x A) B`.
    fn linear(&mut self, place: &Place, projection: usize, x: &Tensor<2>) -> Tensor<2> {
        let (linear, lora) = place.linear(projection);
        let mut y = x.clone().matmul(linear.weight.clone().transpose());
        if let Some(bias) = &linear.bias {
            y = y + bias.clone();
        }
        let Some(lora) = lora else { return y };
        let xa = x.clone().matmul(lora.a.clone()); // [N, r]
        let y = y + (xa.clone() * lora.scale).matmul(lora.b.clone());
        let Some(activations) = self.activations.as_deref_mut() else { return y };
        let (y, probe) = ops::tap(y);
        activations.push(Activations { x: x.clone().inner(), xa: xa.inner(), probe });
        y
    }

    fn norm(&mut self, x: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
        norm(x, weight, self.eps)
    }

    fn attention(&mut self, place: &Place, [q, k, v]: [Tensor<2>; 3]) -> Tensor<2> {
        let LayerSpec { heads, shared, head_dim, .. } = place.spec;
        let seq = self.sight.seq;
        let q = ops::split_heads_rotated(q, heads, seq, &self.rotary); // [B H T, E]
        let k = ops::split_heads_rotated(k, shared, seq, &self.rotary); // [B K T, E]
        let v = ops::split_heads(v, shared, seq);
        let attend = attention_of(&place.spec, &self.sight);
        let mixed = match self.cache.as_deref_mut() {
            None => attention(attend, [q, k, v]),
            Some(cache) => {
                let apart = [k, v].map(|of| of.reshape([shared, seq, head_dim]));
                attention_cached(attend, q, cache.put(place.index, apart))
            }
        };
        ops::merge_heads(mixed, heads, seq) // [B T, H E]
    }

    fn gated(&mut self, gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
        ops::swiglu(gate, up)
    }

    fn add(&mut self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        a + b
    }
}

impl Model {
    /// Final hidden states of B sequences of T tokens: `[B T, D]`.
    ///
    /// With a cache (B = 1), the tokens follow those that the cache holds. With `activations`, what the way back needs of
    /// each adapted linear layer is pushed in the order of [`Model::lora_matrices`].
    pub(crate) fn hidden(
        &self,
        pass: &Pass,
        cache: Option<&mut Cache>,
        activations: Option<&mut Vec<Activations>>,
    ) -> Tensor<2> {
        let mut forward = Forward::new(self, pass, cache, activations);
        let hidden = self.walk(&mut forward, self.embedded(pass.ids));
        forward.end();
        hidden
    }
}
