//! What `ops.rs` fuses, composed of burn's primitives: for devices that are not the CPU, and to hold the fused ones
//! against.

use burn::tensor::{activation, Bool, Int, Tensor, TensorData};

use crate::ops::Rotary;

pub(crate) fn rms_norm(x: Tensor<2>, weight: Tensor<2>, eps: f32) -> Tensor<2> {
    let mean = (x.clone() * x.clone()).mean_dim(1);
    x / (mean + eps).sqrt() * weight
}

pub(crate) fn swiglu(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    activation::silu(gate) * up
}

pub(crate) fn split_heads(x: Tensor<2>, heads: usize, seq: usize) -> Tensor<2> {
    let [tokens, features] = x.dims();
    let [batch, dim] = [tokens / seq, features / heads];
    let apart = x.reshape([batch, seq, heads, dim]).swap_dims(1, 2);
    apart.reshape([batch * heads * seq, dim])
}

pub(crate) fn merge_heads(x: Tensor<2>, heads: usize, seq: usize) -> Tensor<2> {
    let [rows, dim] = x.dims();
    let batch = rows / (heads * seq);
    let together = x.reshape([batch, heads, seq, dim]).swap_dims(1, 2);
    together.reshape([batch * seq, heads * dim])
}

/// Rotates the rows that [`split_heads`] gave.
pub(crate) fn rotate(x: Tensor<2>, seq: usize, rotary: &Rotary, start: usize) -> Tensor<2> {
    let half = rotary.half;
    let [rows, dim] = x.dims();
    let device = x.device().inner();
    let table = |values: &[f32]| {
        let of = values[start * half..(start + seq) * half].to_vec();
        Tensor::<3>::from_data(TensorData::new(of, [1, seq, half]), &device)
    };
    let [cos, sin] = [table(&rotary.cos), table(&rotary.sin)];
    let x = x.reshape([rows / seq, seq, dim]);
    let (a, b) = (x.clone().narrow(2, 0, half), x.narrow(2, half, half));
    let left = a.clone() * cos.clone() - b.clone() * sin.clone();
    let right = b * cos + a * sin;
    Tensor::cat(vec![left, right], 2).reshape([rows, dim])
}

pub(crate) fn causal_softmax(
    scores: Tensor<2>,
    queries: usize,
    past: usize,
    scale: f32,
) -> Tensor<2> {
    let [rows, keys] = scores.dims();
    let device = scores.device().inner();
    let hidden = Tensor::<2, Bool>::tril_mask([queries, keys], past as i64, &device);
    let hidden = hidden.reshape([1, queries, keys]).expand([rows / queries, queries, keys]);
    let scores = scores.reshape([rows / queries, queries, keys]) * scale;
    activation::softmax(scores.mask_fill(hidden, -1e30), 2).reshape([rows, keys])
}

pub(crate) fn cross_entropy(logits: Tensor<2>, labels: &[u32], weights: &[f32]) -> Tensor<2> {
    let device = logits.device().inner();
    let rows = labels.len();
    let labels: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [rows, 1]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(weights.to_vec(), [rows, 1]), &device);
    activation::log_softmax(logits, 1).gather(1, labels) * -weights
}
