//! Attention in blocks of queries and keys (Dao et al. 2022), so that memory grows with the length of a sequence and not
//! with its square: scores exist for one block at a time, and the way back computes them again.
//!
//! Queries and results are `[batch * heads * seq, width]`, keys and values `[batch * shared * keys, width]`; as many
//! query heads share one key head as there are more of them.

use burn::{backend::Flex, tensor::Tensor};
use burn_flex::FlexTensor;
use rayon::prelude::*;

use crate::{
    composed,
    kernels::{self, Seen},
    ops::{apply, columns, matrix, on_cpu, values, Op, GRAIN, ON_FLEX},
    product::{product, Matrix},
    sight::Attention,
};

/// Queries of a block.
const QUERIES: usize = 64;
/// Keys of a block.
const KEYS: usize = 256;
/// Queries of a block on devices that are not the CPU, which has all their keys at once.
const QUERIES_ELSEWHERE: usize = 512;

/// Keys or values of all heads.
#[derive(Clone, Copy)]
struct Shared<'a> {
    data: &'a [f32],
    /// Numbers from one head to the next.
    stride: usize,
}

impl<'a> Shared<'a> {
    /// `keys` rows of one head.
    fn head(self, head: usize, keys: usize, width: usize) -> &'a [f32] {
        &self.data[head * self.stride..][..keys * width]
    }
}

impl Attention {
    /// Query heads for each key head.
    fn group(&self) -> usize {
        self.heads / self.shared
    }

    /// Rows of a block, and of the run of rows that blocks divide: a head's, or those of all heads that share keys where
    /// a head has few.
    fn blocks(&self) -> (usize, usize) {
        let seq = self.sight.seq;
        if seq >= QUERIES {
            (QUERIES, seq)
        } else {
            let heads = (QUERIES / seq.max(1)).clamp(1, self.group());
            (heads * seq, self.group() * seq)
        }
    }

    /// The head that has the keys of a row.
    fn key_head(&self, row: usize) -> usize {
        let head = row / self.sight.seq;
        head / self.heads * self.shared + head % self.heads / self.group()
    }

    /// The keys that each of some rows sees, and those that any of them does.
    fn views(&self, first: usize, rows: usize) -> (Vec<(usize, usize)>, std::ops::Range<usize>) {
        let seq = self.sight.seq;
        let views: Vec<(usize, usize)> = (first..first + rows)
            .map(|row| self.sight.of(row / (seq * self.heads), row % seq))
            .collect();
        let from = views.iter().map(|view| view.0).min().unwrap_or(0);
        let to = views.iter().map(|view| view.1).max().unwrap_or(0);
        (views, from..to)
    }

    /// Results, and the logarithm of the sum of exponentials of each row.
    fn attend(&self, q: &[f32], k: Shared, v: Shared, width: usize) -> (Vec<f32>, Vec<f32>) {
        let mut out = vec![0.0; q.len()];
        let mut log_sums = vec![0.0; q.len() / width];
        let (block, run) = self.blocks();
        let together = GRAIN / (run * width * self.sight.keys()).max(1);
        out.par_chunks_mut(run * width)
            .zip(log_sums.par_chunks_mut(run))
            .enumerate()
            .with_min_len(together.max(1))
            .for_each(|(i, (out, log_sums))| {
                out.par_chunks_mut(block * width)
                    .zip(log_sums.par_chunks_mut(block))
                    .enumerate()
                    .for_each(|(j, (out, log_sums))| {
                        let first = i * run + j * block;
                        let q = &q[first * width..][..out.len()];
                        let head = self.key_head(first);
                        let keys = self.sight.keys();
                        let (k, v) = (k.head(head, keys, width), v.head(head, keys, width));
                        self.block(first, q, k, v, out, log_sums);
                    });
            });
        (out, log_sums)
    }

    /// A block of queries, through all blocks of keys.
    fn block(
        &self,
        first: usize,
        q: &[f32],
        k: &[f32],
        v: &[f32],
        out: &mut [f32],
        log_sums: &mut [f32],
    ) {
        let rows = log_sums.len();
        let width = q.len() / rows;
        let (views, seen_by_any) = self.views(first, rows);
        let mut seen = vec![Seen::NOTHING; rows];
        let mut scores = vec![0.0; rows * KEYS.min(seen_by_any.len())];
        for (at, keys) in blocks_of_keys(seen_by_any) {
            let scores = &mut scores[..rows * keys];
            let (k, v) = (&k[at * width..][..keys * width], &v[at * width..][..keys * width]);
            product(scores, Matrix::new(q, width), Matrix::new(k, width).transposed(), false);
            kernels::attend(scores, keys, &within(&views, at, keys), self.scale, &mut seen, out);
            product(out, Matrix::new(scores, keys), Matrix::new(v, width), true);
        }
        kernels::divide(out, &seen);
        for (log_sum, seen) in log_sums.iter_mut().zip(&seen) {
            *log_sum = seen.log_sum(self.scale);
        }
    }

    /// The gradients of queries, keys and values.
    fn attend_back(&self, [q, k, v, out, log_sums, g]: [&[f32]; 6], width: usize) -> [Vec<f32>; 3] {
        let mut of_q = vec![0.0; q.len()];
        let mut of_k = vec![0.0; k.len()];
        let mut of_v = vec![0.0; v.len()];
        let (rows, keys) = (self.group() * self.sight.seq, self.sight.keys());
        let (block, run) = self.blocks();
        of_q.par_chunks_mut(rows * width)
            .zip(of_k.par_chunks_mut(keys * width))
            .zip(of_v.par_chunks_mut(keys * width))
            .enumerate()
            .for_each(|(head, ((of_q, of_k), of_v))| {
                let (k, v) = (&k[head * keys * width..], &v[head * keys * width..]);
                let (mut p, mut of_p) = (vec![0.0; block * KEYS], vec![0.0; block * KEYS]);
                let mut drag = vec![0.0; block];
                for (run_at, of_q) in of_q.chunks_mut(run * width).enumerate() {
                    for (i, of_q) in of_q.chunks_mut(block * width).enumerate() {
                        let first = head * rows + run_at * run + i * block;
                        let n = of_q.len() / width;
                        let here = first * width..(first + n) * width;
                        let (q, g) = (&q[here.clone()], &g[here.clone()]);
                        kernels::dots(g, &out[here], &mut drag[..n]);
                        let (views, seen_by_any) = self.views(first, n);
                        for (at, keys) in blocks_of_keys(seen_by_any) {
                            let block_of_keys = at * width..(at + keys) * width;
                            let k = Matrix::new(&k[block_of_keys.clone()], width);
                            let v = Matrix::new(&v[block_of_keys.clone()], width);
                            let (p, of_p) = (&mut p[..n * keys], &mut of_p[..n * keys]);
                            let (q, g) = (Matrix::new(q, width), Matrix::new(g, width));
                            product(p, q, k.transposed(), false);
                            let visible = within(&views, at, keys);
                            let log_sums = &log_sums[first..first + n];
                            kernels::probabilities(p, keys, &visible, self.scale, log_sums);
                            product(of_p, g, v.transposed(), false);
                            kernels::softmax_back(p, keys, self.scale, &drag[..n], of_p);
                            let (p, of_p) = (Matrix::new(p, keys), Matrix::new(of_p, keys));
                            product(&mut of_v[block_of_keys.clone()], p.transposed(), g, true);
                            product(&mut of_k[block_of_keys], of_p.transposed(), q, true);
                            product(of_q, of_p, k, true);
                        }
                    }
                }
            });
        [of_q, of_k, of_v]
    }

    /// Results, and how fast they change when queries, keys and values do.
    fn attend_moving(
        &self,
        [q, k, v]: [&[f32]; 3],
        [rate_q, rate_k, rate_v]: [&[f32]; 3],
        width: usize,
    ) -> [Vec<f32>; 2] {
        let (mut out, mut moved) = (vec![0.0; q.len()], vec![0.0; q.len()]);
        let (block, run) = self.blocks();
        let keys = self.sight.keys();
        out.par_chunks_mut(run * width)
            .zip(moved.par_chunks_mut(run * width))
            .enumerate()
            .for_each(|(i, (out, moved))| {
                let pieces = out.chunks_mut(block * width).zip(moved.chunks_mut(block * width));
                for (j, (out, moved)) in pieces.enumerate() {
                    let first = i * run + j * block;
                    let rows = out.len() / width;
                    let of_rows = |of: &'_ [f32]| -> Vec<f32> {
                        of[first * width..(first + rows) * width].to_vec()
                    };
                    let (q, rate_q) = (of_rows(q), of_rows(rate_q));
                    let (q, rate_q) = (Matrix::new(&q, width), Matrix::new(&rate_q, width));
                    let head = self.key_head(first) * keys * width;
                    let (views, seen_by_any) = self.views(first, rows);
                    let mut seen = vec![Seen::NOTHING; rows];
                    let mut turned = vec![0.0; rows];
                    let mut scores = vec![0.0; rows * KEYS.min(seen_by_any.len())];
                    let mut rates = scores.clone();
                    for (at, keys) in blocks_of_keys(seen_by_any) {
                        let here = head + at * width..head + (at + keys) * width;
                        let [k, v, rate_k, rate_v] =
                            [k, v, rate_k, rate_v].map(|of| Matrix::new(&of[here.clone()], width));
                        let scores = &mut scores[..rows * keys];
                        let rates = &mut rates[..rows * keys];
                        product(scores, q, k.transposed(), false);
                        product(rates, rate_q, k.transposed(), false);
                        product(rates, q, rate_k.transposed(), true);
                        let visible = within(&views, at, keys);
                        kernels::attend_moving(
                            scores,
                            rates,
                            keys,
                            &visible,
                            self.scale,
                            &mut seen,
                            &mut turned,
                            out,
                            moved,
                        );
                        let (scores, rates) = (Matrix::new(scores, keys), Matrix::new(rates, keys));
                        product(out, scores, v, true);
                        product(moved, scores, rate_v, true);
                        product(moved, rates, v, true);
                    }
                    kernels::divide(out, &seen);
                    kernels::divide(moved, &seen);
                    let pieces = out.chunks(width).zip(moved.chunks_mut(width));
                    for ((out, moved), (turned, seen)) in pieces.zip(turned.iter().zip(&seen)) {
                        let part = turned / seen.sum;
                        moved.iter_mut().zip(out).for_each(|(moved, out)| *moved -= part * out);
                    }
                }
            });
        [out, moved]
    }
}

/// Where blocks of keys begin, and how many keys each has.
fn blocks_of_keys(keys: std::ops::Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let end = keys.end;
    keys.step_by(KEYS).map(move |at| (at, KEYS.min(end - at)))
}

/// What queries see of the keys from `at` on.
fn within(views: &[(usize, usize)], at: usize, keys: usize) -> Vec<(usize, usize)> {
    let inside = |key: usize| key.saturating_sub(at).min(keys);
    views.iter().map(|&(from, to)| (inside(from), inside(to))).collect()
}

impl Op<3> for Attention {
    fn forward(&self, [q, k, v]: [FlexTensor; 3]) -> (FlexTensor, Vec<FlexTensor>) {
        let width = columns(&q);
        let stride = self.sight.keys() * width;
        let shared = |of| Shared { data: values(of), stride };
        let (out, log_sums) = self.attend(values(&q), shared(&k), shared(&v), width);
        let out = matrix(out, width);
        (out.clone(), vec![q, k, v, out, matrix(log_sums, 1)])
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let width = columns(&gradient);
        let [q, k, v, out, log_sums] = std::array::from_fn(|i| values(&saved[i]));
        let gradients = [q, k, v, out, log_sums, values(&gradient)];
        self.attend_back(gradients, width).map(|of| Some(matrix(of, width)))
    }

    fn composed(&self, [q, k, v]: [Tensor<2>; 3]) -> Tensor<2> {
        composed::attention(self, [q, k, v], QUERIES_ELSEWHERE)
    }
}

/// What each query takes of the values of the keys that it sees.
pub(crate) fn attention(attention: Attention, queries_keys_values: [Tensor<2>; 3]) -> Tensor<2> {
    apply(attention, queries_keys_values)
}

/// [`attention`] with keys and values from a cache, `[shared, capacity, width]`, as of now filled up to the last query's.
pub(crate) fn attention_cached(
    attention: Attention,
    q: Tensor<2>,
    [k, v]: [Tensor<3>; 2],
) -> Tensor<2> {
    let [_, capacity, width] = k.dims();
    if !on_cpu(&q) {
        let keys = attention.sight.keys();
        let filled =
            |of: Tensor<3>| of.narrow(1, 0, keys).reshape([attention.shared * keys, width]);
        let all = [q, filled(k), filled(v)];
        return composed::attention(&attention, all, QUERIES_ELSEWHERE);
    }
    let flex = |of: Tensor<3>| of.try_into_primitive::<Flex>().expect(ON_FLEX).to_contiguous();
    let (k, v) = (flex(k), flex(v));
    let shared = |of| Shared { data: values(of), stride: capacity * width };
    let q = q.try_into_primitive::<Flex>().expect(ON_FLEX).to_contiguous();
    let (out, _) = attention.attend(values(&q), shared(&k), shared(&v), width);
    Tensor::from_primitive::<Flex>(matrix(out, width))
}

/// [`attention`], and how fast its result changes when queries, keys and values change at the given rates.
pub(crate) fn attention_moving(
    attention: &Attention,
    at: [Tensor<2>; 3],
    rates: [Tensor<2>; 3],
) -> [Tensor<2>; 2] {
    if !on_cpu(&at[0]) {
        return composed::attention_moving(attention, at, rates, QUERIES_ELSEWHERE);
    }
    let [_, width] = at[0].dims();
    let flex = |of: Tensor<2>| of.try_into_primitive::<Flex>().expect(ON_FLEX).to_contiguous();
    let (at, rates) = (at.map(flex), rates.map(flex));
    let found =
        attention.attend_moving(at.each_ref().map(values), rates.each_ref().map(values), width);
    found.map(|of| Tensor::from_primitive::<Flex>(matrix(of, width)))
}
