//! Every record's own gradient.

use ndarray::{s, Array2, Array3, ArrayView2, Axis};
use openledger_lm::{Capture, Labels, MatrixSpec, Model, Sequence};
use rayon::prelude::*;

use crate::Result;

/// Records of one forward and backward pass. Where the batch ends may decide the last bit of a sum, so this is
/// part of the method's code version.
pub const ROWS: usize = 16;

/// Something that was trained, and gives each record's own gradient as the two factors it is made of.
pub trait Trained: Sync + Sized {
    /// What it is trained on.
    type Record: Clone + Sync;

    /// The matrices whose gradients are meant.
    fn matrices(&self) -> Vec<MatrixSpec>;

    /// Losses and gradient factors of some records, in one pass.
    ///
    /// # Errors
    /// If a record does not fit.
    fn capture(&self, records: &[Self::Record], labels: Labels) -> Result<Capture>;

    /// How many rows of the factors are a record's own; what follows is padding.
    fn rows(record: &Self::Record) -> usize;

    /// Rows G `[at most samples, parameters]` with which `Gᵀ G` is the Gauss-Newton matrix of the sum of all records'
    /// losses. As it stands here an estimate: of records evenly spread, with labels that the seed draws.
    ///
    /// # Errors
    /// If a record does not fit.
    fn curvature(
        &self,
        records: &[Self::Record],
        samples: usize,
        seed: u64,
    ) -> Result<Array2<f32>> {
        let sampled: Vec<Self::Record> = evenly(records, samples).cloned().collect();
        let mut rows = flat(self, &sampled, Labels::Sampled { seed })?;
        rows *= (records.len() as f32 / sampled.len().max(1) as f32).sqrt();
        Ok(rows)
    }
}

impl Trained for Model {
    type Record = Sequence;

    fn matrices(&self) -> Vec<MatrixSpec> {
        self.lora_matrices()
    }

    fn capture(&self, records: &[Sequence], labels: Labels) -> Result<Capture> {
        Ok(Self::capture(self, records, labels)?)
    }

    fn rows(record: &Sequence) -> usize {
        record.ids().len().saturating_sub(1)
    }
}

/// At most so many of the records, at even distances.
pub fn evenly<T>(records: &[T], count: usize) -> impl Iterator<Item = &T> {
    let count = count.min(records.len());
    (0..count).map(move |i| &records[i * records.len() / count])
}

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
pub(crate) fn factors<'a, M: Trained>(
    (x, g): &'a (Array3<f32>, Array3<f32>),
    records: &'a [M::Record],
) -> impl Iterator<Item = Factors<'a>> {
    records.iter().enumerate().map(move |(i, record)| {
        let rows = M::rows(record);
        Factors { x: x.slice(s![i, ..rows, ..]), g: g.slice(s![i, ..rows, ..]) }
    })
}

/// The gradient of each record's loss (of a text, the sum of `-log p` over its targets): for each record, one
/// `[in, out]` array for each matrix. One forward and one backward pass in all.
///
/// # Errors
/// If a record does not fit.
pub fn of_records<M: Trained>(
    model: &M,
    records: &[M::Record],
    labels: Labels,
) -> Result<Vec<Vec<Array2<f32>>>> {
    let capture = model.capture(records, labels)?;
    let by_matrix: Vec<Vec<Array2<f32>>> = capture
        .matrices
        .par_iter()
        .map(|matrix| factors::<M>(matrix, records).map(|record| record.gradient()).collect())
        .collect();
    let mut by_record = vec![Vec::with_capacity(by_matrix.len()); records.len()];
    for matrix in by_matrix {
        for (record, gradient) in by_record.iter_mut().zip(matrix) {
            record.push(gradient);
        }
    }
    Ok(by_record)
}

/// The gradients of any number of records, a pass of some at a time: `[records, parameters]`, matrix by matrix, each row
/// by row. Drawn labels take one seed after the other, a seed for each pass.
///
/// # Errors
/// If a record does not fit.
pub fn flat<M: Trained>(model: &M, records: &[M::Record], labels: Labels) -> Result<Array2<f32>> {
    let width = model.matrices().iter().map(|spec| spec.input * spec.output).sum();
    let mut gradients = Array2::zeros((records.len(), width));
    let passes = records.chunks(ROWS).zip(gradients.axis_chunks_iter_mut(Axis(0), ROWS));
    for (pass, (records, mut rows)) in (0..).zip(passes) {
        let labels = match labels {
            Labels::Data => Labels::Data,
            Labels::Sampled { seed } => Labels::Sampled { seed: seed.wrapping_add(pass) },
        };
        for (mut row, gradient) in
            rows.rows_mut().into_iter().zip(of_records(model, records, labels)?)
        {
            row.iter_mut().zip(gradient.iter().flatten()).for_each(|(to, from)| *to = *from);
        }
    }
    Ok(gradients)
}
