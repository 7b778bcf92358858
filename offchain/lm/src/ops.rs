//! Fused operations with hand-written derivatives, recorded on burn's own autodiff tape.
//!
//! Composed of burn's primitives, the memory-bound parts of a decoder (normalisation, rotary embedding, masked
//! softmax, SwiGLU, cross-entropy) allocate and walk memory four to ten times over; each of these walks it once.
//! Matrix products stay burn's. Everything is two-dimensional, `[rows, features]`. These are for the CPU; other devices
//! have the same functions composed of burn's primitives (`composed.rs`), which the tests hold each against, and its
//! derivative.

use std::{fmt::Debug, marker::PhantomData, sync::Arc};

use burn::{
    backend::{
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        Autodiff, Flex,
    },
    tensor::{Device, Tensor, TensorData},
};
use burn_flex::FlexTensor;
use rayon::prelude::*;

use crate::{composed, kernels};

/// Elements that one thread takes at a time: enough to hide the hand-over, small enough to share evenly.
const GRAIN: usize = 1 << 15;

/// An operation on `N` matrices that knows its own derivative.
trait Op<const N: usize>: Clone + Debug + Send + 'static {
    /// The output, and what the way back needs.
    fn forward(&self, inputs: [FlexTensor; N]) -> (FlexTensor, Vec<FlexTensor>);
    /// The gradient of each input that is wanted.
    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: [bool; N],
    ) -> [Option<FlexTensor>; N];
    /// The same of burn's primitives, for devices that are not the CPU.
    fn composed(&self, inputs: [Tensor<2>; N]) -> Tensor<2>;
}

/// Puts an [`Op`] on burn's tape.
#[derive(Debug)]
struct Node<O>(PhantomData<O>);

impl<O: Op<N>, const N: usize> Backward<Flex, N> for Node<O> {
    type State = (O, Vec<FlexTensor>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (op, saved) = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let results = op.backward(saved, gradient.to_contiguous(), wanted);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let (Some(parent), Some(result)) = (parent, result) {
                gradients.register::<Flex>(parent.id, result);
            }
        }
    }
}

/// Runs an operation, on the tape if any input is.
fn apply<O: Op<N>, const N: usize>(op: O, inputs: [Tensor<2>; N]) -> Tensor<2> {
    const ON_FLEX: &str = "inputs are together on one device, and this is the flex backend's";
    if !on_cpu(&inputs[0]) {
        return op.composed(inputs);
    }
    if !inputs.iter().any(Tensor::is_autodiff) {
        let inputs =
            inputs.map(|input| input.try_into_primitive::<Flex>().expect(ON_FLEX).to_contiguous());
        return Tensor::from_primitive::<Flex>(op.forward(inputs).0);
    }
    let parts = inputs.map(|input| {
        let tensor = input.autodiff().try_into_primitive::<Autodiff<Flex>>().expect(ON_FLEX);
        tensor.into_parts()
    });
    let mut primitives = Vec::with_capacity(N);
    let guards = parts.map(|(primitive, guard)| {
        primitives.push(primitive.to_contiguous());
        guard
    });
    let Ok(primitives) = <[FlexTensor; N]>::try_from(primitives) else {
        unreachable!("one primitive was pushed for each of N inputs")
    };
    let node = Node::<O>(PhantomData).prepare::<NoCheckpointing>(guards).compute_bound();
    let output = match node.stateful() {
        OpsKind::Tracked(node) => {
            let (output, saved) = op.forward(primitives);
            node.finish((op, saved), output)
        }
        OpsKind::UnTracked(node) => node.finish(op.forward(primitives).0),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

/// Whether the fused operations can run where the tensor is.
fn on_cpu(x: &Tensor<2>) -> bool {
    x.device() == Device::flex()
}

/// The values of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("operations are only given contiguous f32 tensors")
}

fn matrix(data: Vec<f32>, columns: usize) -> FlexTensor {
    let rows = data.len() / columns.max(1);
    FlexTensor::from_data(TensorData::new(data, [rows, columns]))
}

/// The tensor in a buffer of its own size, so that its storage is its values.
fn own(tensor: FlexTensor) -> FlexTensor {
    if tensor.storage::<f32>().len() == values(&tensor).len() {
        tensor
    } else {
        matrix(values(&tensor).to_vec(), columns(&tensor))
    }
}

fn columns(tensor: &FlexTensor) -> usize {
    tensor.layout().shape()[1]
}

/// Rows of `width` elements that make one thread's portion.
fn portion(width: usize) -> usize {
    (GRAIN / width.max(1)).max(1)
}

#[derive(Clone, Debug)]
struct RmsNorm {
    eps: f32,
}

impl Op<2> for RmsNorm {
    fn forward(&self, [x, w]: [FlexTensor; 2]) -> (FlexTensor, Vec<FlexTensor>) {
        let d = columns(&x);
        let rows = portion(d);
        let mut y = vec![0.0; values(&x).len()];
        let mut inverse = vec![0.0; y.len() / d];
        let weight = values(&w);
        values(&x)
            .par_chunks(rows * d)
            .zip(y.par_chunks_mut(rows * d))
            .zip(inverse.par_chunks_mut(rows))
            .for_each(|((x, y), inverse)| kernels::rms_norm(x, weight, self.eps, y, inverse));
        (matrix(y, d), vec![x, w, matrix(inverse, 1)])
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let (x, w, inverse) = (values(&saved[0]), values(&saved[1]), values(&saved[2]));
        let g = values(&gradient);
        let d = w.len();
        let rows = portion(d);
        let pieces =
            || x.par_chunks(rows * d).zip(g.par_chunks(rows * d)).zip(inverse.par_chunks(rows));
        let for_x = wanted[0].then(|| {
            let mut out = vec![0.0; x.len()];
            pieces()
                .zip(out.par_chunks_mut(rows * d))
                .for_each(|(((x, g), inverse), out)| kernels::rms_norm_back(x, w, inverse, g, out));
            matrix(out, d)
        });
        let for_w = wanted[1].then(|| {
            // The pieces do not depend on the number of threads and are added in order.
            let partial: Vec<Vec<f32>> = pieces()
                .map(|((x, g), inverse)| {
                    let mut out = vec![0.0; d];
                    kernels::rms_norm_back_weight(x, inverse, g, &mut out);
                    out
                })
                .collect();
            let mut out = vec![0.0; d];
            for piece in partial {
                out.iter_mut().zip(piece).for_each(|(out, piece)| *out += piece);
            }
            matrix(out, d)
        });
        [for_x, for_w]
    }

    fn composed(&self, [x, w]: [Tensor<2>; 2]) -> Tensor<2> {
        composed::rms_norm(x, w, self.eps)
    }
}

/// Root mean square normalisation over the features of each row: `[rows, d]`, weight `[1, d]` → `[rows, d]`
/// (Zhang and Sennrich 2019).
pub(crate) fn rms_norm(x: Tensor<2>, weight: Tensor<2>, eps: f32) -> Tensor<2> {
    apply(RmsNorm { eps }, [x, weight])
}

#[derive(Clone, Debug)]
struct SwiGlu;

impl Op<2> for SwiGlu {
    fn forward(&self, [gate, up]: [FlexTensor; 2]) -> (FlexTensor, Vec<FlexTensor>) {
        let mut y = vec![0.0; values(&gate).len()];
        values(&gate)
            .par_chunks(GRAIN)
            .zip(values(&up).par_chunks(GRAIN))
            .zip(y.par_chunks_mut(GRAIN))
            .for_each(|((gate, up), y)| kernels::swiglu(gate, up, y));
        (matrix(y, columns(&gate)), vec![gate, up])
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let (gate, up) = (values(&saved[0]), values(&saved[1]));
        let mut for_gate = vec![0.0; gate.len()];
        let mut for_up = vec![0.0; gate.len()];
        gate.par_chunks(GRAIN)
            .zip(up.par_chunks(GRAIN))
            .zip(values(&gradient).par_chunks(GRAIN))
            .zip(for_gate.par_chunks_mut(GRAIN))
            .zip(for_up.par_chunks_mut(GRAIN))
            .for_each(|((((gate, up), g), for_gate), for_up)| {
                kernels::swiglu_back(gate, up, g, for_gate, for_up)
            });
        let width = columns(&saved[0]);
        [Some(matrix(for_gate, width)), Some(matrix(for_up, width))]
    }

    fn composed(&self, [gate, up]: [Tensor<2>; 2]) -> Tensor<2> {
        composed::swiglu(gate, up)
    }
}

/// `silu(gate) * up`, element by element (Shazeer 2020).
pub(crate) fn swiglu(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    apply(SwiGlu, [gate, up])
}

/// Cosines and sines of the rotary embedding, for every position that the model knows.
#[derive(Debug)]
pub(crate) struct Rotary {
    /// `[positions, head_dim / 2]`.
    pub cos: Vec<f32>,
    /// As `cos`.
    pub sin: Vec<f32>,
    pub half: usize,
}

/// `[batch * seq, heads * head_dim]` → `[batch * heads * seq, head_dim]`, rotating on the way where asked to.
#[derive(Clone, Debug)]
struct Split {
    heads: usize,
    seq: usize,
    /// The tables, and the position of the first row.
    rotary: Option<(Arc<Rotary>, usize)>,
}

impl Split {
    /// Moves rows one way or the other; `merged` is the index of a head's row in the merged layout.
    fn copy(&self, from: &[f32], head_dim: usize, merge: bool) -> Vec<f32> {
        let (heads, seq) = (self.heads, self.seq);
        let mut to = vec![0.0; from.len()];
        let rows = portion(head_dim);
        to.par_chunks_mut(rows * head_dim).enumerate().for_each(|(piece, to)| {
            for (i, to) in to.chunks_exact_mut(head_dim).enumerate() {
                let row = piece * rows + i;
                let (position, source) = if merge {
                    let (token, head) = (row / heads, row % heads);
                    let (batch, position) = (token / seq, token % seq);
                    (position, (batch * heads + head) * seq + position)
                } else {
                    let (group, position) = (row / seq, row % seq);
                    let (batch, head) = (group / heads, group % heads);
                    (position, (batch * seq + position) * heads + head)
                };
                let from = &from[source * head_dim..(source + 1) * head_dim];
                match &self.rotary {
                    None => to.copy_from_slice(from),
                    Some((table, start)) => {
                        let at = (start + position) * table.half;
                        let (cos, sin) =
                            (&table.cos[at..at + table.half], &table.sin[at..at + table.half]);
                        kernels::rotate(from, cos, sin, if merge { -1.0 } else { 1.0 }, to);
                    }
                }
            }
        });
        to
    }
}

impl Op<1> for Split {
    fn forward(&self, [x]: [FlexTensor; 1]) -> (FlexTensor, Vec<FlexTensor>) {
        let head_dim = columns(&x) / self.heads;
        (matrix(self.copy(values(&x), head_dim, false), head_dim), Vec::new())
    }

    fn backward(
        &self,
        _: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let head_dim = columns(&gradient);
        [Some(matrix(self.copy(values(&gradient), head_dim, true), head_dim * self.heads))]
    }

    fn composed(&self, [x]: [Tensor<2>; 1]) -> Tensor<2> {
        let apart = composed::split_heads(x, self.heads, self.seq);
        match &self.rotary {
            None => apart,
            Some((table, start)) => composed::rotate(apart, self.seq, table, *start),
        }
    }
}

/// The way back of [`Split`], without rotation.
#[derive(Clone, Debug)]
struct Merge(Split);

impl Op<1> for Merge {
    fn forward(&self, [x]: [FlexTensor; 1]) -> (FlexTensor, Vec<FlexTensor>) {
        let head_dim = columns(&x);
        (matrix(self.0.copy(values(&x), head_dim, true), head_dim * self.0.heads), Vec::new())
    }

    fn backward(
        &self,
        _: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let head_dim = columns(&gradient) / self.0.heads;
        [Some(matrix(self.0.copy(values(&gradient), head_dim, false), head_dim))]
    }

    fn composed(&self, [x]: [Tensor<2>; 1]) -> Tensor<2> {
        composed::merge_heads(x, self.0.heads, self.0.seq)
    }
}

/// One row per position and head: `[batch * seq, heads * head_dim]` → `[batch * heads * seq, head_dim]`.
pub(crate) fn split_heads(x: Tensor<2>, heads: usize, seq: usize) -> Tensor<2> {
    apply(Split { heads, seq, rotary: None }, [x])
}

/// [`split_heads`] with the rotary embedding applied, the first row of each sequence being at position `start`
/// (Su et al. 2021, in Hugging Face's layout).
pub(crate) fn split_heads_rotated(
    x: Tensor<2>,
    heads: usize,
    seq: usize,
    rotary: &Arc<Rotary>,
    start: usize,
) -> Tensor<2> {
    apply(Split { heads, seq, rotary: Some((rotary.clone(), start)) }, [x])
}

/// The inverse of [`split_heads`].
pub(crate) fn merge_heads(x: Tensor<2>, heads: usize, seq: usize) -> Tensor<2> {
    apply(Merge(Split { heads, seq, rotary: None }), [x])
}

#[derive(Clone, Debug)]
struct CausalSoftmax {
    queries: usize,
    past: usize,
    scale: f32,
}

impl Op<1> for CausalSoftmax {
    fn forward(&self, [scores]: [FlexTensor; 1]) -> (FlexTensor, Vec<FlexTensor>) {
        let keys = columns(&scores);
        let rows = portion(keys);
        let mut p = own(scores);
        // Copies only if somebody else holds the scores; nobody does.
        p.storage_mut::<f32>().par_chunks_mut(rows * keys).enumerate().for_each(|(piece, p)| {
            let first = piece * rows;
            kernels::causal_softmax(p, keys, first, self.queries, self.past, self.scale)
        });
        (p.clone(), vec![p])
    }

    fn backward(
        &self,
        saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let keys = columns(&gradient);
        let rows = portion(keys);
        let mut g = own(gradient);
        values(&saved[0])
            .par_chunks(rows * keys)
            .zip(g.storage_mut::<f32>().par_chunks_mut(rows * keys))
            .for_each(|(p, g)| kernels::softmax_back(p, keys, self.scale, g));
        [Some(g)]
    }

    fn composed(&self, [scores]: [Tensor<2>; 1]) -> Tensor<2> {
        composed::causal_softmax(scores, self.queries, self.past, self.scale)
    }
}

/// `softmax(scale * scores)` where row `r` of `[rows, past + queries]` belongs to query `r % queries`, which
/// sees the `past` and the queries up to itself.
pub(crate) fn causal_softmax(
    scores: Tensor<2>,
    queries: usize,
    past: usize,
    scale: f32,
) -> Tensor<2> {
    apply(CausalSoftmax { queries, past, scale }, [scores])
}

#[derive(Clone, Debug)]
struct CrossEntropy {
    labels: Arc<[u32]>,
    weights: Arc<[f32]>,
}

impl Op<1> for CrossEntropy {
    fn forward(&self, [logits]: [FlexTensor; 1]) -> (FlexTensor, Vec<FlexTensor>) {
        let vocab = columns(&logits);
        let rows = portion(vocab);
        let mut d = own(logits);
        let mut loss = vec![0.0; self.labels.len()];
        d.storage_mut::<f32>()
            .par_chunks_mut(rows * vocab)
            .zip(self.labels.par_chunks(rows))
            .zip(self.weights.par_chunks(rows))
            .zip(loss.par_chunks_mut(rows))
            .for_each(|(((d, labels), weights), loss)| {
                kernels::cross_entropy(d, labels, weights, loss)
            });
        (matrix(loss, 1), vec![d])
    }

    fn backward(
        &self,
        mut saved: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let Some(mut d) = saved.pop() else { unreachable!("forward saved one tensor") };
        let factors = values(&gradient);
        if factors.iter().all(|&factor| factor == 1.0) {
            return [Some(d)];
        }
        let vocab = columns(&d);
        let rows = portion(vocab);
        d.storage_mut::<f32>()
            .par_chunks_mut(rows * vocab)
            .zip(factors.par_chunks(rows))
            .for_each(|(d, factors)| kernels::scale_rows(d, factors));
        [Some(d)]
    }

    fn composed(&self, [logits]: [Tensor<2>; 1]) -> Tensor<2> {
        composed::cross_entropy(logits, &self.labels, &self.weights)
    }
}

/// `-weight * log softmax(logits)[label]` of each row: `[rows, vocab]` → `[rows, 1]`.
///
/// Every label must be below `vocab`.
pub(crate) fn cross_entropy(
    logits: Tensor<2>,
    labels: Arc<[u32]>,
    weights: Arc<[f32]>,
) -> Tensor<2> {
    apply(CrossEntropy { labels, weights }, [logits])
}

#[derive(Clone, Debug)]
struct Tap;

impl Op<2> for Tap {
    fn forward(&self, [y, _]: [FlexTensor; 2]) -> (FlexTensor, Vec<FlexTensor>) {
        (y, Vec::new())
    }

    fn backward(
        &self,
        _: Vec<FlexTensor>,
        gradient: FlexTensor,
        _: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        [Some(gradient.clone()), Some(gradient)]
    }

    fn composed(&self, [y, probe]: [Tensor<2>; 2]) -> Tensor<2> {
        y + probe
    }
}

/// `y`, unchanged, and a leaf that receives the gradient with respect to it on the way back.
///
/// What `y + d` with `d = 0` would give; on the CPU, without the zeros and the sum.
pub(crate) fn tap(y: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let shape = if on_cpu(&y) { [1, 1] } else { y.dims() };
    let probe = Tensor::zeros(shape, &y.device().inner()).autodiff().require_grad();
    (apply(Tap, [y, probe.clone()]), probe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{tensor, values},
        random::{normals, stream},
    };

    fn random(shape: [usize; 2], seed: u64) -> Tensor<2> {
        tensor(normals(&mut stream(seed, 0), shape[0] * shape[1], 1.0), shape)
    }

    /// Holds a fused operation against its composition of burn's primitives: outputs, and the gradient of every
    /// input under a random output gradient.
    fn compare<const N: usize>(
        shapes: [[usize; 2]; N],
        fused: impl Fn([Tensor<2>; N]) -> Tensor<2>,
        composed: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    ) {
        let run = |f: &dyn Fn([Tensor<2>; N]) -> Tensor<2>| {
            let mut seed = 0;
            let leaves = shapes.map(|shape| {
                seed += 1;
                random(shape, seed).autodiff().require_grad()
            });
            let y = f(leaves.clone());
            let pull = random(y.dims(), 99);
            let gradients = (y.clone() * pull).sum().backward();
            let mut all = vec![values(y.inner())];
            all.extend(leaves.map(|leaf| values(leaf.grad(&gradients).unwrap())));
            all
        };
        for (part, (ours, truth)) in run(&fused).into_iter().zip(run(&composed)).enumerate() {
            assert_eq!(ours.len(), truth.len());
            for (ours, truth) in ours.into_iter().zip(truth) {
                let near = (ours - truth).abs() < 1e-5 * (1.0 + truth.abs());
                assert!(near, "part {part}: {ours}, not {truth}");
            }
        }
    }

    // More rows than one thread's portion, and a width that is no multiple of the lanes.
    const ROWS: usize = 1500;
    const WIDTH: usize = 37;

    #[test]
    fn rms_norm_should_equal_its_composition() {
        let shapes = [[ROWS, WIDTH], [1, WIDTH]];
        compare(shapes, |[x, w]| rms_norm(x, w, 1e-5), |[x, w]| composed::rms_norm(x, w, 1e-5));
    }

    #[test]
    fn swiglu_should_equal_its_composition() {
        let shapes = [[ROWS, WIDTH]; 2];
        compare(shapes, |[a, b]| swiglu(a, b), |[a, b]| composed::swiglu(a, b));
    }

    #[test]
    fn causal_softmax_should_equal_its_composition() {
        // 8 groups of 5 queries after 3 known keys.
        let (groups, queries, past) = (8, 5, 3);
        let keys = past + queries;
        compare(
            [[groups * queries, keys]],
            |[x]| causal_softmax(x, queries, past, 0.3),
            |[x]| composed::causal_softmax(x, queries, past, 0.3),
        );
    }

    #[test]
    fn cross_entropy_should_equal_its_composition() {
        let labels: Vec<u32> = (0..ROWS).map(|row| (row % WIDTH) as u32).collect();
        let weights: Vec<f32> = (0..ROWS).map(|row| (row % 3) as f32).collect();
        compare(
            [[ROWS, WIDTH]],
            |[x]| cross_entropy(x, labels.clone().into(), weights.clone().into()),
            |[x]| composed::cross_entropy(x, &labels, &weights),
        );
    }

    #[test]
    fn heads_should_come_apart_and_together_again() {
        let (batch, seq, heads, dim) = (3, 5, 4, 6);
        compare(
            [[batch * seq, heads * dim]],
            |[x]| split_heads(x, heads, seq),
            |[x]| composed::split_heads(x, heads, seq),
        );
        compare(
            [[batch * heads * seq, dim]],
            |[x]| merge_heads(x, heads, seq),
            |[x]| composed::merge_heads(x, heads, seq),
        );
        let x = random([batch * seq, heads * dim], 1);
        let back = merge_heads(split_heads(x.clone(), heads, seq), heads, seq);
        assert_eq!(values(back), values(x));
    }

    #[test]
    fn rotation_should_equal_its_composition() {
        let (batch, seq, heads, dim, start) = (2, 5, 3, 6, 4);
        let half = dim / 2;
        let angle = |position: usize, i: usize| position as f32 * 0.3 / (i + 1) as f32;
        let table = |f: fn(f32) -> f32, first: usize, rows: usize| -> Vec<f32> {
            (first..first + rows)
                .flat_map(|position| (0..half).map(move |i| f(angle(position, i))))
                .collect()
        };
        let rotary = Arc::new(Rotary {
            cos: table(f32::cos, 0, start + seq),
            sin: table(f32::sin, 0, start + seq),
            half,
        });
        compare(
            [[batch * seq, heads * dim]],
            |[x]| split_heads_rotated(x, heads, seq, &rotary, start),
            |[x]| composed::rotate(composed::split_heads(x, heads, seq), seq, &rotary, start),
        );
    }

    #[test]
    fn tap_should_hand_over_the_gradient_of_its_input() {
        let x = random([4, 3], 1).autodiff().require_grad();
        let pull = random([4, 3], 3);
        let (y, probe) = tap(x.clone());
        let gradients = (y * pull.clone()).sum().backward();
        assert_eq!(values(probe.grad(&gradients).unwrap()), values(pull.clone()));
        assert_eq!(values(x.grad(&gradients).unwrap()), values(pull));
    }
}
