//! What `ops.rs` fuses, composed of burn's primitives: for devices that are not the CPU, and to hold the fused ones
//! against.

use burn::tensor::{activation, Bool, Device, Int, Tensor, TensorData};

use crate::{rotary::Rotary, sight::Attention, tensors::values};

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
pub(crate) fn rotate(x: Tensor<2>, heads: usize, seq: usize, rotary: &Rotary) -> Tensor<2> {
    let half = rotary.half;
    let [rows, dim] = x.dims();
    let batch = rows / (heads * seq);
    let device = x.device().inner();
    let table = |values: &[f32]| {
        let each: Vec<f32> = (0..batch)
            .flat_map(|row| (0..seq).map(move |position| rotary.row(row, position, seq)))
            .flat_map(|at| &values[at * half..(at + 1) * half])
            .copied()
            .collect();
        Tensor::<4>::from_data(TensorData::new(each, [batch, 1, seq, half]), &device)
    };
    let [cos, sin] = [table(&rotary.cos), table(&rotary.sin)];
    let x = x.reshape([batch, heads, seq, dim]);
    let (a, b) = (x.clone().narrow(3, 0, half), x.narrow(3, half, half));
    let left = a.clone() * cos.clone() - b.clone() * sin.clone();
    let right = b * cos + a * sin;
    Tensor::cat(vec![left, right], 3).reshape([rows, dim])
}

/// Some queries of every head, and all keys that any of them sees.
struct Block {
    from: usize,
    queries: usize,
    keys: usize,
    /// `[batch, 1, queries, keys]`: what a query does not see.
    unseen: Tensor<4, Bool>,
}

impl Attention {
    fn masked(&self, batch: usize, from: usize, queries: usize, device: &Device) -> Block {
        let keys = self.sight.past + from + queries;
        let unseen: Vec<bool> = (0..batch)
            .flat_map(|row| (from..from + queries).map(move |position| (row, position)))
            .flat_map(|(row, position)| {
                let (first, end) = self.sight.of(row, position);
                (0..keys).map(move |key| key < first || key >= end)
            })
            .collect();
        let unseen = TensorData::new(unseen, [batch, 1, queries, keys]);
        Block { from, queries, keys, unseen: Tensor::from_data(unseen, device) }
    }

    /// The block's rows of queries, `[batch * shared, group * queries, width]`.
    fn queries(&self, of: &Tensor<2>, block: &Block) -> Tensor<3> {
        let [rows, width] = of.dims();
        let (seq, group) = (self.sight.seq, self.heads / self.shared);
        let of = of.clone().reshape([rows / (group * seq), group, seq, width]);
        let of = of.narrow(2, block.from, block.queries);
        of.reshape([rows / (group * seq), group * block.queries, width])
    }

    /// The block's rows of keys or values, `[batch * shared, keys, width]`.
    fn keys(&self, of: &Tensor<2>, block: &Block) -> Tensor<3> {
        let [rows, width] = of.dims();
        let keys = self.sight.keys();
        of.clone().reshape([rows / keys, keys, width]).narrow(1, 0, block.keys)
    }

    /// Scores to probabilities.
    fn softmax(&self, scores: Tensor<3>, block: &Block) -> Tensor<3> {
        let [groups, rows, keys] = scores.dims();
        let batch = groups / self.shared;
        let apart = [batch, self.heads, block.queries, keys];
        let unseen = block.unseen.clone().expand(apart);
        let scores = scores.reshape(apart) * self.scale;
        activation::softmax(scores.mask_fill(unseen, -1e30), 3).reshape([groups, rows, keys])
    }

    /// The results of all blocks, in the order of the queries.
    fn together(&self, blocks: Vec<Tensor<3>>, rows: usize) -> Tensor<2> {
        let (seq, group) = (self.sight.seq, self.heads / self.shared);
        let apart = blocks.into_iter().map(|block| {
            let [groups, rows, width] = block.dims();
            block.reshape([groups * group, rows / group, width])
        });
        let all = Tensor::cat(apart.collect(), 1);
        let [_, _, width] = all.dims();
        debug_assert_eq!(all.dims(), [rows / seq, seq, width]);
        all.reshape([rows, width])
    }

    fn blocks_of(&self, rows: usize, most: usize, device: &Device) -> Vec<Block> {
        let seq = self.sight.seq;
        let batch = rows / (self.heads * seq);
        let starts = (0..seq).step_by(most);
        starts.map(|from| self.masked(batch, from, most.min(seq - from), device)).collect()
    }
}

/// Blocks of so many queries, each with all keys that it sees.
pub(crate) fn attention(at: &Attention, [q, k, v]: [Tensor<2>; 3], queries: usize) -> Tensor<2> {
    let [rows, _] = q.dims();
    let blocks = at.blocks_of(rows, queries, &q.device().inner()).into_iter().map(|block| {
        let scores = at.queries(&q, &block).matmul(at.keys(&k, &block).swap_dims(1, 2));
        at.softmax(scores, &block).matmul(at.keys(&v, &block))
    });
    at.together(blocks.collect(), rows)
}

/// [`attention`], and its rate of change.
pub(crate) fn attention_moving(
    at: &Attention,
    [q, k, v]: [Tensor<2>; 3],
    [rate_q, rate_k, rate_v]: [Tensor<2>; 3],
    queries: usize,
) -> [Tensor<2>; 2] {
    let [rows, _] = q.dims();
    let (mut out, mut moved) = (Vec::new(), Vec::new());
    for block in at.blocks_of(rows, queries, &q.device().inner()) {
        let (keys, rate_keys) = (at.keys(&k, &block), at.keys(&rate_k, &block));
        let (keys, rate_keys) = (keys.swap_dims(1, 2), rate_keys.swap_dims(1, 2));
        let asked = at.queries(&q, &block);
        let p = at.softmax(asked.clone().matmul(keys.clone()), &block);
        let rates = at.queries(&rate_q, &block).matmul(keys) + asked.matmul(rate_keys);
        let part = p.clone() * rates * at.scale;
        let rate = part.clone() - p.clone() * part.sum_dim(2);
        let values = at.keys(&v, &block);
        moved.push(rate.matmul(values.clone()) + p.clone().matmul(at.keys(&rate_v, &block)));
        out.push(p.matmul(values));
    }
    [out, moved].map(|blocks| at.together(blocks, rows))
}

/// Losses, and their gradient by the logits.
pub(crate) fn cross_entropy(logits: Tensor<2>, labels: &[u32]) -> (Vec<f32>, Tensor<2>) {
    let device = logits.device();
    let [rows, vocab] = logits.dims();
    let indices: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows]), &device);
    let log_p = activation::log_softmax(logits, 1);
    let losses = log_p.clone().gather(1, indices.clone().reshape([rows, 1])).neg();
    let chosen = indices.one_hot(vocab).float();
    (values(losses), log_p.exp() - chosen)
}
