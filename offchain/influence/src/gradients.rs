//! Every record's own gradient.

use ndarray::{s, Array2, Array3, ArrayView2};
use openledger_lm::{Labels, Model, Sequence};
use rayon::prelude::*;

use crate::Result;

/// Records of one forward and backward pass. Where the batch ends may decide the last bit of a sum, so this is
/// part of the method's code version.
pub(crate) const ROWS: usize = 16;

/// Inputs `[tokens, in]` and output gradients `[tokens, out]` of one record at one matrix, without padding.
pub(crate) struct Factors<'a> {
    pub x: ArrayView2<'a, f32>,
    pub g: ArrayView2<'a, f32>,
}

impl Factors<'_> {
    /// The record's gradient `Σ_t x_t ⊗ g_t`: `[in, out]`.
    pub fn gradient(&self) -> Array2<f32> {
        self.x.t().dot(&self.g)
    }
}

/// The records of a captured batch at one matrix.
pub(crate) fn factors<'a>(
    (x, g): &'a (Array3<f32>, Array3<f32>),
    sequences: &'a [Sequence],
) -> impl Iterator<Item = Factors<'a>> {
    sequences.iter().enumerate().map(move |(i, sequence)| {
        let tokens = sequence.ids.len() - 1;
        Factors { x: x.slice(s![i, ..tokens, ..]), g: g.slice(s![i, ..tokens, ..]) }
    })
}

/// The gradient of each sequence's loss (the sum of `-log p` over its targets): for each sequence, one `[in, out]`
/// array for each matrix of `Model::lora_matrices`. One forward and one backward pass in all.
///
/// # Errors
/// As `Model::capture`: there is no adapter, or a sequence does not fit the model.
pub fn of_records(
    model: &Model,
    sequences: &[Sequence],
    labels: Labels,
) -> Result<Vec<Vec<Array2<f32>>>> {
    let capture = model.capture(sequences, labels)?;
    let by_matrix: Vec<Vec<Array2<f32>>> = capture
        .matrices
        .par_iter()
        .map(|matrix| factors(matrix, sequences).map(|record| record.gradient()).collect())
        .collect();
    let mut by_record = vec![Vec::with_capacity(by_matrix.len()); sequences.len()];
    for matrix in by_matrix {
        for (record, gradient) in by_record.iter_mut().zip(matrix) {
            record.push(gradient);
        }
    }
    Ok(by_record)
}
