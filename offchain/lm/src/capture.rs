//! Per-record gradients of the LoRA matrices, as the two factors that they are made of.

use burn::tensor::Tensor;
use ndarray::Array3;
use rand::Rng;

use crate::{
    batch::{Batch, Sequence},
    random::stream,
    tensors::values,
    Error, MatrixSpec, Model, Result,
};

/// Whose labels the loss compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The tokens of the data.
    Data,
    /// Tokens drawn from the model's own distribution at each target: the gradients' second moment is then the
    /// true Fisher matrix (Kunstner et al. 2019), not the empirical one.
    Sampled {
        /// The same seed draws the same labels. Row `i` of a call uses stream `i`, so vary the seed over calls.
        seed: u64,
    },
}

/// Losses and gradient factors of a batch of sequences.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Loss of each sequence, in nats: the **sum** over its targets of `-log p(target | what precedes it)`.
    pub losses: Vec<f32>,
    /// For each matrix of [`Model::lora_matrices`], in that order, inputs `X [batch, seq, in]` and output
    /// gradients `G [batch, seq, out]`. The gradient of `losses[i]` with respect to the matrix is
    /// `Σ_t X[i,t,:] ⊗ G[i,t,:]`, of shape `[in, out]`. `seq` is the longest sequence less one; G is 0 at
    /// padding, X is not.
    pub matrices: Vec<(Array3<f32>, Array3<f32>)>,
}

impl Model {
    /// One forward and one backward pass over all sequences at once, giving every record's own gradient.
    ///
    /// With `g = ∂loss/∂y` at the output `y = x W + s (x A) B` of a linear layer, matrix A has `X = x` and
    /// `G = s g Bᵀ`; matrix B has `X = x A` and `G = s g`.
    ///
    /// # Errors
    /// If the model has no adapter, a sequence has no target or does not fit the context, or a token is outside
    /// the vocabulary.
    pub fn capture(&self, sequences: &[Sequence], labels: Labels) -> Result<Capture> {
        if sequences.is_empty() {
            let none = |spec: MatrixSpec| {
                (Array3::zeros((0, 0, spec.input)), Array3::zeros((0, 0, spec.output)))
            };
            let matrices = self.lora_matrices().into_iter().map(none).collect();
            return Ok(Capture { losses: Vec::new(), matrices });
        }
        let batch = Batch::padded(self, sequences)?;
        let mut losses = Vec::new();
        let mut drawn = labels.of(&batch);
        let matrices = self.factors(&batch, |hidden| {
            let scored = self.score(hidden, false, &mut drawn);
            losses = batch.by_row(&scored.losses);
            scored.hidden
        })?;
        Ok(Capture { losses, matrices })
    }

    /// The matrices of a [`Capture`], of any function of the batch's targets: `gradient` gets their hidden states
    /// `[targets, D]` and returns its gradient by them. As long as it does not mix rows, each row's gradients are those of
    /// its own part.
    pub(crate) fn factors(
        &self,
        batch: &Batch,
        gradient: impl FnOnce(&Tensor<2>) -> Tensor<2>,
    ) -> Result<Vec<(Array3<f32>, Array3<f32>)>> {
        let adapter = self.adapter().ok_or(Error::NoAdapter)?;
        let rows = batch.rows;
        let mut activations = Vec::new();
        let hidden = self.hidden(&batch.pass(), None, Some(&mut activations));
        let hidden = self.at_targets(hidden, batch);
        let gradient = gradient(&hidden.clone().inner());
        let mut gradients = (hidden * gradient.autodiff()).backward(); // from ones

        let loras = adapter.layers.iter().flatten().flatten();
        let mut matrices = Vec::with_capacity(2 * activations.len());
        for (activations, lora) in activations.into_iter().zip(loras) {
            let g = activations
                .probe
                .grad_remove(&mut gradients)
                .ok_or_else(|| Error::Training("a linear layer received no gradient".into()))?;
            let g = g * lora.scale; // [B T, out]
            let g_a = g.clone().matmul(lora.b.clone().transpose()); // [B T, r]
            matrices.push((array(activations.x, rows), array(g_a, rows)));
            matrices.push((array(activations.xa, rows), array(g, rows)));
        }
        Ok(matrices)
    }

    /// Loss of each sequence: the sum over its targets of `-log p`, in nats.
    ///
    /// # Errors
    /// As [`Model::capture`], but an adapter is not needed.
    pub fn losses(&self, sequences: &[Sequence]) -> Result<Vec<f32>> {
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Batch::padded(self, sequences)?;
        let hidden = self.at_targets(self.hidden(&batch.pass(), None, None), &batch);
        let losses = self.losses_of(&hidden, &batch.labels);
        Ok(batch.by_row(&losses))
    }

    /// Held-out loss: mean `-log p` per target over all sequences, in nats.
    ///
    /// # Errors
    /// As [`Model::losses`], and if there is no sequence at all.
    pub fn mean_loss(&self, sequences: &[Sequence]) -> Result<f64> {
        /// Sequences per forward pass.
        const ROWS: usize = 16;
        // Of similar length side by side, so that little is padded.
        let mut sorted: Vec<&Sequence> = sequences.iter().collect();
        sorted.sort_by_key(|sequence| sequence.ids().len());
        let (mut sum, mut count) = (0.0, 0);
        for rows in sorted.chunks(ROWS) {
            let rows: Vec<Sequence> = rows.iter().map(|&row| row.clone()).collect();
            sum += self.losses(&rows)?.iter().map(|&loss| f64::from(loss)).sum::<f64>();
            count += rows.iter().map(Sequence::targets).sum::<usize>();
        }
        if count == 0 {
            return Err(Error::NoTarget { len: 0 });
        }
        Ok(sum / count as f64)
    }
}

impl Labels {
    /// The labels of some targets of a batch, the first being `at`, given their logits: to be asked in ascending order.
    fn of(self, batch: &Batch) -> impl FnMut(usize, &Tensor<2>) -> Vec<u32> + '_ {
        let mut row = None;
        move |at, logits| {
            let [targets, vocab] = logits.dims();
            let Self::Sampled { seed } = self else {
                return batch.labels[at..at + targets].to_vec();
            };
            let logits = values(logits.clone());
            let places = &batch.targets[at..at + targets];
            let each = places.iter().zip(logits.chunks_exact(vocab)).map(|(&place, logits)| {
                let of = place as usize / batch.seq;
                let (_, rng) = match row.take() {
                    Some((known, rng)) if known == of => row.insert((known, rng)),
                    _ => row.insert((of, stream(seed, of as u64))),
                };
                draw(logits, rng.random())
            });
            each.collect()
        }
    }
}

/// The token at which the cumulative distribution passes `u` in [0, 1).
fn draw(logits: &[f32], u: f64) -> u32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = || logits.iter().map(|&logit| f64::from((logit - top).exp()));
    let mut left = u * weights().sum::<f64>();
    for (token, weight) in weights().enumerate() {
        left -= weight;
        if left < 0.0 {
            return token as u32;
        }
    }
    // Only rounding leads here.
    logits.len().saturating_sub(1) as u32
}

/// `[B T, features]` → `[B, T, features]`.
fn array(tensor: Tensor<2>, rows: usize) -> Array3<f32> {
    let [tokens, features] = tensor.dims();
    Array3::from_shape_vec((rows, tokens / rows.max(1), features), values(tensor))
        .expect("a tensor holds as many values as its shape says")
}
