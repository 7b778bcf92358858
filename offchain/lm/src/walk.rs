//! The one walk through the decoder layers.

use burn::tensor::Tensor;

use crate::{
    layer::{Layer, LayerSpec, Linear},
    lora::Lora,
    names::{DOWN, GATE, K, O, Q, UP, V},
    Model,
};

/// A layer of a model, and where it is.
pub(crate) struct Place<'a> {
    pub index: usize,
    pub spec: LayerSpec,
    pub layer: &'a Layer,
    /// The adapter's branches.
    pub loras: Option<&'a [Option<Lora>; 7]>,
}

impl Place<'_> {
    /// A linear layer and its branch.
    pub(crate) fn linear(&self, projection: usize) -> (&Linear, Option<&Lora>) {
        let lora = self.loras.and_then(|loras| loras[projection].as_ref());
        (&self.layer.linears[projection], lora)
    }
}

/// What a decoder layer does, with numbers or with more than numbers.
pub(crate) trait Walk {
    /// What flows through the layers: `[tokens, features]`.
    type Value: Clone;

    /// One of the [`PROJECTIONS`].
    fn linear(&mut self, place: &Place, projection: usize, x: &Self::Value) -> Self::Value;

    /// Root mean square normalisation of the features of each token, in as many parts as the weight `[1, width]` is
    /// shorter.
    fn norm(&mut self, x: &Self::Value, weight: &Tensor<2>) -> Self::Value;

    /// What each token takes of those that it sees: queries `[B T, H E]`, keys and values `[B T, K E]` to
    /// `[B T, H E]`.
    fn attention(&mut self, place: &Place, queries_keys_values: [Self::Value; 3]) -> Self::Value;

    /// `silu(gate) * up`.
    fn gated(&mut self, gate: Self::Value, up: Self::Value) -> Self::Value;

    /// The sum.
    fn add(&mut self, a: Self::Value, b: Self::Value) -> Self::Value;
}

impl Model {
    /// Takes embedded tokens through all layers to the final hidden states.
    pub(crate) fn walk<W: Walk>(&self, walk: &mut W, embedded: W::Value) -> W::Value {
        let mut x = embedded;
        for (index, layer) in self.weights.layers.iter().enumerate() {
            let loras = self.adapter.as_deref().map(|adapter| &adapter.layers[index]);
            let place = Place { index, spec: self.config.layer(index), layer, loras };

            // Attention.
            let h = walk.norm(&x, &layer.input_norm);
            let [mut q, mut k, v] = [Q, K, V].map(|projection| walk.linear(&place, projection, &h));
            if let Some([of_queries, of_keys]) = &layer.head_norms {
                q = walk.norm(&q, of_queries);
                k = walk.norm(&k, of_keys);
            }
            let mixed = walk.attention(&place, [q, k, v]);
            let mixed = walk.linear(&place, O, &mixed);
            x = walk.add(x, mixed);

            // Feed-forward.
            let h = walk.norm(&x, &layer.post_norm);
            let [gate, up] = [GATE, UP].map(|projection| walk.linear(&place, projection, &h));
            let inner = walk.gated(gate, up);
            let inner = walk.linear(&place, DOWN, &inner);
            x = walk.add(x, inner);
        }
        walk.norm(&x, &self.weights.norm)
    }
}
