//! Keys and values of the tokens seen so far, for one sequence.

use burn::tensor::{Device, Tensor};

/// Tokens of a prompt that go through the model together.
pub(crate) const PREFILL: usize = 512;

/// Room for the keys and values of one sequence, in every layer.
#[derive(Debug)]
pub(crate) struct Cache {
    /// Per layer, keys and values `[K, capacity, E]`.
    layers: Vec<Option<[Tensor<3>; 2]>>,
    /// Tokens that it holds.
    pub len: usize,
    capacity: usize,
}

impl Cache {
    /// Room for `capacity` tokens, taken when a layer's first come.
    pub(crate) fn new(layers: usize, capacity: usize) -> Self {
        Self { layers: vec![None; layers], len: 0, capacity }
    }

    /// Puts keys and values `[K, T, E]` of new tokens after those of a layer, in place, and returns all of them,
    /// `[K, capacity, E]`: what is after the new tokens is not yet used.
    pub(crate) fn put(&mut self, layer: usize, new: [Tensor<3>; 2]) -> [Tensor<3>; 2] {
        let [shared, tokens, width] = new[0].dims();
        let device = new[0].device();
        let room = self.layers[layer].take();
        let room = room.unwrap_or_else(|| self.room([shared, self.capacity, width], &device));
        let here = [0..shared, self.len..self.len + tokens, 0..width];
        let ([keys, values], [new_keys, new_values]) = (room, new);
        let filled =
            [keys.slice_assign(here.clone(), new_keys), values.slice_assign(here, new_values)];
        self.layers[layer] = Some(filled.clone());
        filled
    }

    fn room(&self, shape: [usize; 3], device: &Device) -> [Tensor<3>; 2] {
        [(); 2].map(|()| Tensor::zeros(shape, device))
    }
}
