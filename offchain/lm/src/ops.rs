//! Fused operations with hand-written derivatives, recorded on burn's own autodiff tape.
//!
//! Composed of burn's primitives, the memory-bound parts of a decoder (normalisation, rotary embedding, attention,
//! SwiGLU, cross-entropy) allocate and walk memory four to ten times over; each of these walks it once. Everything is
//! two-dimensional, `[rows, features]`. These are for the CPU; other devices have the same functions composed of burn's
//! primitives (`composed.rs`). The tests hold each against its composition, and against that one's derivative.

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

use crate::{composed, kernels, rotary::Rotary};

/// Elements that one thread takes at a time: enough to hide the hand-over, small enough to share evenly.
pub(crate) const GRAIN: usize = 1 << 15;

/// An operation on `N` matrices that knows its own derivative.
pub(crate) trait Op<const N: usize>: Clone + Debug + Send + 'static {
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

pub(crate) const ON_FLEX: &str =
    "inputs are together on one device, and this is the flex backend's";

/// Runs an operation, on the tape if any input is.
pub(crate) fn apply<O: Op<N>, const N: usize>(op: O, inputs: [Tensor<2>; N]) -> Tensor<2> {
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
pub(crate) fn on_cpu(x: &Tensor<2>) -> bool {
    x.device() == Device::flex()
}

/// The values of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("operations are only given contiguous f32 tensors")
}

pub(crate) fn matrix(data: Vec<f32>, columns: usize) -> FlexTensor {
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

pub(crate) fn columns(tensor: &FlexTensor) -> usize {
    tensor.layout().shape()[1]
}

/// Rows of `width` elements that make one thread's task.
fn rows_per_task(width: usize) -> usize {
    (GRAIN / width.max(1)).max(1)
}

#[derive(Clone, Debug)]
struct RmsNorm {
    eps: f32,
}

impl Op<2> for RmsNorm {
    fn forward(&self, [x, w]: [FlexTensor; 2]) -> (FlexTensor, Vec<FlexTensor>) {
        let d = columns(&x);
        let rows = rows_per_task(d);
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
        let rows = rows_per_task(d);
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

/// `[batch * seq, heads * head_dim]` → `[batch * heads * seq, head_dim]`, rotating on the way where asked to.
#[derive(Clone, Debug)]
struct Heads {
    heads: usize,
    seq: usize,
    rotary: Option<Arc<Rotary>>,
}

impl Heads {
    /// Moves rows one way or the other; `merged` is the index of a head's row in the merged layout.
    fn copy(&self, from: &[f32], head_dim: usize, merge: bool) -> Vec<f32> {
        let (heads, seq) = (self.heads, self.seq);
        let mut to = vec![0.0; from.len()];
        let rows = rows_per_task(head_dim);
        to.par_chunks_mut(rows * head_dim).enumerate().for_each(|(piece, to)| {
            for (i, to) in to.chunks_exact_mut(head_dim).enumerate() {
                let row = piece * rows + i;
                let (batch, position, source) = if merge {
                    let (token, head) = (row / heads, row % heads);
                    let (batch, position) = (token / seq, token % seq);
                    (batch, position, (batch * heads + head) * seq + position)
                } else {
                    let (group, position) = (row / seq, row % seq);
                    let (batch, head) = (group / heads, group % heads);
                    (batch, position, (batch * seq + position) * heads + head)
                };
                let from = &from[source * head_dim..(source + 1) * head_dim];
                match &self.rotary {
                    None => to.copy_from_slice(from),
                    Some(table) => {
                        let at = table.row(batch, position, seq) * table.half;
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

impl Op<1> for Heads {
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
            Some(table) => composed::rotate(apart, self.heads, self.seq, table),
        }
    }
}

/// The way back of [`Heads`], without rotation.
#[derive(Clone, Debug)]
struct Merge(Heads);

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
    apply(Heads { heads, seq, rotary: None }, [x])
}

/// [`split_heads`] with the rotary embedding applied, in Hugging Face's layout.
pub(crate) fn split_heads_rotated(
    x: Tensor<2>,
    heads: usize,
    seq: usize,
    rotary: &Arc<Rotary>,
) -> Tensor<2> {
    apply(Heads { heads, seq, rotary: Some(rotary.clone()) }, [x])
}

/// The inverse of [`split_heads`].
pub(crate) fn merge_heads(x: Tensor<2>, heads: usize, seq: usize) -> Tensor<2> {
    apply(Merge(Heads { heads, seq, rotary: None }), [x])
}

/// `-log softmax(logits)[label]` of each row, and its gradient by the logits: `[rows, vocab]` → `[rows]` and
/// `[rows, vocab]`. Not on the tape.
///
/// Every label must be below `vocab`.
pub(crate) fn cross_entropy(logits: Tensor<2>, labels: &[u32]) -> (Vec<f32>, Tensor<2>) {
    if !on_cpu(&logits) {
        return composed::cross_entropy(logits, labels);
    }
    let mut d = own(logits.try_into_primitive::<Flex>().expect(ON_FLEX).to_contiguous());
    let vocab = columns(&d);
    let rows = rows_per_task(vocab);
    let mut losses = vec![0.0; labels.len()];
    d.storage_mut::<f32>()
        .par_chunks_mut(rows * vocab)
        .zip(labels.par_chunks(rows))
        .zip(losses.par_chunks_mut(rows))
        .for_each(|((d, labels), losses)| kernels::cross_entropy(d, labels, losses));
    (losses, Tensor::from_primitive::<Flex>(d))
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
    use burn::tensor::{activation, Int};

    use super::*;
    use crate::{
        attention::{attention, attention_cached, attention_moving},
        random::{normals, stream},
        sight::{Attention, Sight},
        tensors::{tensor, values},
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
        for (ours, truth) in run(&fused).into_iter().zip(run(&composed)) {
            near(&ours, &truth);
        }
    }

    fn near(ours: &[f32], truth: &[f32]) {
        assert_eq!(ours.len(), truth.len());
        for (at, (ours, truth)) in ours.iter().zip(truth).enumerate() {
            let near = (ours - truth).abs() < 1e-5 * (1.0 + truth.abs());
            assert!(near, "at {at}: {ours}, not {truth}");
        }
    }

    // More rows than one thread's task, and a width that is no multiple of the lanes.
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

    /// Who sees what in tests: causal, in windows, packed.
    fn sights(batch: usize, seq: usize) -> Vec<Sight> {
        let causal = Sight { seq, past: 0, window: None, starts: None };
        let records = (0..batch * seq).map(|token| (token % seq / 7 * 7) as u32);
        let packed = Sight { starts: Some(records.collect()), ..causal.clone() };
        vec![causal.clone(), causal.within(Some(5)), packed.clone(), packed.within(Some(3))]
    }

    #[test]
    fn attention_should_equal_its_composition() {
        // Fewer queries than a block has, and more, and more keys too.
        for (batch, seq, width) in [(3, 11, 6), (1, 300, 4)] {
            let (heads, shared) = (6, 2);
            for sight in sights(batch, seq) {
                let at = Attention { heads, shared, sight, scale: 0.3 };
                let shapes = [heads, shared, shared].map(|heads| [batch * heads * seq, width]);
                compare(
                    shapes,
                    |qkv| attention(at.clone(), qkv),
                    |qkv| composed::attention(&at, qkv, 8),
                );
            }
        }
    }

    #[test]
    fn attention_should_change_as_fast_as_its_composition() {
        for (batch, seq, width) in [(3, 11, 6), (1, 300, 4)] {
            let (heads, shared) = (6, 2);
            for sight in sights(batch, seq) {
                let attention = Attention { heads, shared, sight, scale: 0.3 };
                let given = |seed| {
                    let mut seed = seed;
                    [heads, shared, shared].map(|heads| {
                        seed += 1;
                        random([batch * heads * seq, width], seed)
                    })
                };
                let ours = attention_moving(&attention, given(0), given(9));
                let truth = composed::attention_moving(&attention, given(0), given(9), 8);
                for (ours, truth) in ours.into_iter().zip(truth) {
                    near(&values(ours), &values(truth));
                }
            }
        }
    }

    #[test]
    fn attention_should_be_the_same_when_keys_come_from_a_cache() {
        let (heads, shared, seq, width, capacity) = (4, 2, 70, 6, 90);
        let whole = Sight { seq, past: 0, window: Some(33), starts: None };
        let at = |sight| Attention { heads, shared, sight, scale: 0.3 };
        let [q, k, v] =
            [(heads, 1), (shared, 2), (shared, 3)].map(|(n, seed)| random([n * seq, width], seed));
        let truth = attention(at(whole.clone()), [q.clone(), k.clone(), v.clone()]);
        let truth = truth.reshape([heads, seq, width]).narrow(1, seq - 1, 1);
        let cached = [k, v].map(|of| {
            let room = Tensor::<3>::zeros([shared, capacity, width], &Device::flex());
            room.slice_assign([0..shared, 0..seq, 0..width], of.reshape([shared, seq, width]))
        });
        let last = q.reshape([heads, seq, width]).narrow(1, seq - 1, 1).reshape([heads, width]);
        let sight = Sight { seq: 1, past: seq - 1, ..whole };
        let ours = attention_cached(at(sight), last, cached);
        near(&values(ours), &values(truth));
    }

    #[test]
    fn cross_entropy_should_equal_its_composition() {
        let labels: Vec<u32> = (0..ROWS).map(|row| (row % WIDTH) as u32).collect();
        let logits = random([ROWS, WIDTH], 1);
        let (ours, gradient) = cross_entropy(logits.clone(), &labels);
        let (truth, true_gradient) = composed::cross_entropy(logits.clone(), &labels);
        near(&ours, &truth);
        near(&values(gradient.clone()), &values(true_gradient));
        // And burn's own derivative.
        let leaf = logits.autodiff().require_grad();
        let indices: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
        let indices = TensorData::new(indices, [ROWS, 1]);
        let indices = Tensor::<2, Int>::from_data(indices, &Device::flex());
        let chosen = activation::log_softmax(leaf.clone(), 1).gather(1, indices);
        let gradients = chosen.neg().sum().backward();
        near(&values(gradient), &values(leaf.grad(&gradients).unwrap()));
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
        let (batch, seq, heads, dim) = (2, 9, 3, 6);
        let frequencies = [1.0, 0.3, 0.1];
        for sight in sights(batch, seq) {
            for past in if sight.starts.is_some() { [0, 0] } else { [0, 4] } {
                let rotary = Arc::new(Rotary::new(&frequencies, &Sight { past, ..sight.clone() }));
                compare(
                    [[batch * seq, heads * dim]],
                    |[x]| split_heads_rotated(x, heads, seq, &rotary),
                    |[x]| {
                        composed::rotate(composed::split_heads(x, heads, seq), heads, seq, &rotary)
                    },
                );
            }
        }
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
