//! The output matrix: logits, and losses with their gradients, of some rows at a time, so that the logits of a long
//! sequence are never there all at once.

use burn::tensor::{Int, Tensor, TensorData};
use ndarray::Array2;

use crate::{
    batch::{Batch, Pass},
    ops,
    tensors::values,
    Error, Model, Result,
};

/// Logits that are held at a time: 16 MiB of them.
pub(crate) const LOGITS: usize = 1 << 22;

/// What the output matrix says of the targets of a batch.
pub(crate) struct Scored {
    /// `-log p` of each target.
    pub losses: Vec<f32>,
    /// The gradient of their sum by the hidden states `[targets, D]`.
    pub hidden: Tensor<2>,
    /// And by the output matrix `[V, D]`, where asked for.
    pub head: Option<Tensor<2>>,
}

impl Model {
    /// The output matrix `[V, D]`.
    pub(crate) fn head(&self) -> &Tensor<2> {
        self.weights.head.as_ref().unwrap_or(&self.weights.embedding)
    }

    /// Logits of hidden states: `[N, D]` → `[N, V]`.
    pub(crate) fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.head().clone().transpose())
    }

    /// Logits after each token of one sequence: row-major `[tokens, vocab]`.
    ///
    /// # Errors
    /// If the sequence is empty, too long, or holds a token outside the vocabulary.
    pub fn forward(&self, ids: &[u32]) -> Result<Array2<f32>> {
        if ids.is_empty() {
            return Err(Error::NoTarget { len: 0 });
        }
        self.check_ids(ids, ids.len())?;
        let logits = self.logits(self.hidden(&Pass::of(ids), None, None));
        let shape = (ids.len(), self.config.vocab_size);
        Ok(Array2::from_shape_vec(shape, values(logits)).expect("one row of logits per token"))
    }

    /// The rows of hidden states `[B T, D]` at which a target is predicted: `[targets, D]`.
    pub(crate) fn at_targets(&self, hidden: Tensor<2>, batch: &Batch) -> Tensor<2> {
        if batch.targets.len() == batch.ids.len() {
            return hidden;
        }
        let places: Vec<i64> = batch.targets.iter().map(|&place| i64::from(place)).collect();
        let places = TensorData::new(places, [batch.targets.len()]);
        let places = Tensor::<1, Int>::from_data(places, &hidden.device().inner());
        hidden.select(0, places)
    }

    /// Hidden states `[N, D]` some at a time: where they begin, the hidden states `[n, D]`, and their logits `[n, V]`.
    pub(crate) fn in_parts<'a>(
        &'a self,
        hidden: &'a Tensor<2>,
    ) -> impl Iterator<Item = (usize, Tensor<2>, Tensor<2>)> + 'a {
        let [all, width] = hidden.dims();
        let most = (LOGITS / self.config.vocab_size).max(1);
        (0..all).step_by(most).map(move |at| {
            let part = hidden.clone().slice([at..(at + most).min(all), 0..width]);
            let logits = self.logits(part.clone());
            (at, part, logits)
        })
    }

    /// `-log p` of each label, given the hidden states `[labels, D]` at which they are predicted.
    pub(crate) fn losses_of(&self, hidden: &Tensor<2>, labels: &[u32]) -> Vec<f32> {
        self.in_parts(hidden)
            .flat_map(|(at, _, logits)| {
                let [rows, _] = logits.dims();
                ops::cross_entropy(logits, &labels[at..at + rows]).0
            })
            .collect()
    }

    /// [`Model::losses_of`] with gradients. `labels` gives the labels of some rows, the first being the given one, and
    /// may make them of the logits. `head` asks for the gradient by the output matrix too.
    pub(crate) fn score(
        &self,
        hidden: &Tensor<2>,
        head: bool,
        mut labels: impl FnMut(usize, &Tensor<2>) -> Vec<u32>,
    ) -> Scored {
        let (mut losses, mut of_hidden) = (Vec::new(), Vec::new());
        let mut of_head: Option<Tensor<2>> = None;
        for (at, part, logits) in self.in_parts(hidden) {
            let labels = labels(at, &logits);
            let (some, gradient) = ops::cross_entropy(logits, &labels);
            losses.extend(some);
            of_hidden.push(gradient.clone().matmul(self.head().clone()));
            if head {
                let part = gradient.transpose().matmul(part);
                of_head = Some(match of_head {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
        }
        Scored { losses, hidden: Tensor::cat(of_hidden, 0), head: of_head }
    }
}
