//! The Fisher matrix of an adapter, one block per LoRA matrix, as eigenvalue-corrected Kronecker factors
//! (George et al. 2018; Grosse et al. 2023, section 3.1).
//!
//! For a matrix with inputs x and output gradients g, the covariances `A = E[x xᵀ] = U_A Λ_A U_Aᵀ` and
//! `S = E[g gᵀ] = U_S Λ_S U_Sᵀ` give the eigenvectors `U_A ⊗ U_S` of the block. Its eigenvalues are not the products
//! of theirs but measured: the mean over records of the squared gradient in that basis. Labels are drawn from the
//! model, so this is the true Fisher matrix, which is the Gauss-Newton matrix of a softmax with log loss.

use nalgebra::{DMatrix, Dyn, SymmetricEigen};
use ndarray::{s, Array2, Zip};
use openledger_lm::Labels;
use rayon::prelude::*;

use crate::{
    gradients::{factors, Trained, ROWS},
    Error, Result,
};

/// The block of H that belongs to one LoRA matrix.
#[derive(Clone, Debug)]
pub struct Block {
    /// Eigenvectors of the input covariance, in columns: `[in, in]`.
    inputs: Array2<f32>,
    /// Eigenvectors of the covariance of output gradients, in columns: `[out, out]`.
    outputs: Array2<f32>,
    /// Eigenvalues in that basis, λ included: `[in, out]`.
    damped: Array2<f64>,
    lambda: f64,
}

/// H + λI.
#[derive(Clone, Debug)]
pub struct EkFac {
    /// In the order of [`Trained::matrices`].
    pub blocks: Vec<Block>,
}

impl Block {
    /// A gradient in the eigenbasis: `U_Aᵀ g U_S`, `[in, out]`.
    pub fn rotate(&self, gradient: &Array2<f32>) -> Array2<f32> {
        self.inputs.t().dot(gradient).dot(&self.outputs)
    }

    /// `aᵀ (H + λI)⁻¹ b` of rotated gradients: this block's part of one record's influence on another, or on itself.
    pub fn product(&self, a: &Array2<f32>, b: &Array2<f32>) -> f64 {
        let terms = a.iter().zip(b).zip(&self.damped);
        terms
            .map(|((&a, &b), &d)| if d > 0.0 { f64::from(a) * f64::from(b) / d } else { 0.0 })
            .sum()
    }

    /// `(H + λI)⁻¹ g` of rotated gradients, back in the parameters' own basis.
    pub fn solve(&self, rotated: Vec<Array2<f64>>) -> Vec<Array2<f64>> {
        let inputs = self.inputs.mapv(f64::from);
        let outputs = self.outputs.mapv(f64::from);
        rotated
            .into_iter()
            .map(|mut g| {
                // Eigenvalues and λ are zero together where no gradient ever was anything but zero.
                Zip::from(&mut g)
                    .and(&self.damped)
                    .for_each(|g, &d| *g = if d > 0.0 { *g / d } else { 0.0 });
                inputs.dot(&g).dot(&outputs.t())
            })
            .collect()
    }

    /// The block's λ plus eigenvalue, for every direction of the eigenbasis: `[in, out]`.
    pub fn damped_eigenvalues(&self) -> &Array2<f64> {
        &self.damped
    }

    /// The block's λ.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }
}

impl EkFac {
    /// Estimates H from records, with labels drawn from the model, in two passes: covariances, then eigenvalues
    /// from new draws. λ of a block is `damping` times its mean eigenvalue. `each` hears after every batch how many
    /// records of how many were passed.
    ///
    /// # Errors
    /// If there are no records, one does not fit the model, or a gradient is not finite.
    pub fn fit<M: Trained>(
        model: &M,
        records: &[&M::Record],
        damping: f64,
        seed: u64,
        mut each: impl FnMut(usize, usize),
    ) -> Result<Self> {
        if records.is_empty() {
            return Err(Error::NoRecords);
        }
        let specs = model.matrices();
        let batches: Vec<Vec<M::Record>> = records
            .chunks(ROWS)
            .map(|rows| rows.iter().map(|&row| row.clone()).collect())
            .collect();
        let (mut done, all) = (0, 2 * records.len());
        let labels = |draw: usize| Labels::Sampled { seed: seed.wrapping_add(draw as u64) };

        let mut covariances: Vec<(Array2<f64>, Array2<f64>)> = specs
            .iter()
            .map(|spec| {
                let square = |n| Array2::zeros((n, n));
                (square(spec.input), square(spec.output))
            })
            .collect();
        for (i, batch) in batches.iter().enumerate() {
            let capture = model.capture(batch, labels(i))?;
            covariances.par_iter_mut().zip(&capture.matrices).for_each(|((a, s), matrix)| {
                for record in factors::<M>(matrix, batch) {
                    add(a, &record.x.t().dot(&record.x));
                    add(s, &record.g.t().dot(&record.g));
                }
            });
            done += batch.len();
            each(done, all);
        }

        let mut blocks: Vec<Block> = covariances
            .into_par_iter()
            .zip(&specs)
            .map(|((a, s), spec)| {
                Ok(Block {
                    inputs: eigenvectors(&a, &spec.name)?,
                    outputs: eigenvectors(&s, &spec.name)?,
                    damped: Array2::zeros((spec.input, spec.output)),
                    lambda: 0.0,
                })
            })
            .collect::<Result<_>>()?;

        for (i, batch) in batches.iter().enumerate() {
            let capture = model.capture(batch, labels(batches.len() + i))?;
            blocks.par_iter_mut().zip(&capture.matrices).for_each(|(block, matrix)| {
                for record in factors::<M>(matrix, batch) {
                    let rotated = block.rotate(&record.gradient());
                    Zip::from(&mut block.damped)
                        .and(&rotated)
                        .for_each(|sum, &g| *sum += f64::from(g).powi(2));
                }
            });
            done += batch.len();
            each(done, all);
        }
        for (block, spec) in blocks.iter_mut().zip(&specs) {
            block.damped /= records.len() as f64;
            block.lambda = damping * block.damped.mean().unwrap_or_default();
            block.damped += block.lambda;
            if !block.lambda.is_finite() {
                return Err(Error::NotFinite(spec.name.clone()));
            }
        }
        Ok(Self { blocks })
    }

    /// `(H + λI)⁻¹ g` of each row g, a gradient of all matrices end to end.
    pub fn solve(&self, gradients: &Array2<f32>) -> Array2<f32> {
        let mut solved = gradients.clone();
        let mut start = 0;
        for block in &self.blocks {
            let shape = block.damped.dim();
            let end = start + block.damped.len();
            let rotated = gradients.slice(s![.., start..end]);
            let rotated = rotated.rows().into_iter().map(|row| {
                let matrix = row.to_shape(shape).expect("a slice has as many values as its matrix");
                block.rotate(&matrix.to_owned()).mapv(f64::from)
            });
            for (mut row, matrix) in
                solved.rows_mut().into_iter().zip(block.solve(rotated.collect()))
            {
                let row = row.slice_mut(s![start..end]);
                Zip::from(row).and(&matrix.flatten()).for_each(|to, from| *to = *from as f32);
            }
            start = end;
        }
        solved
    }
}

fn add(sum: &mut Array2<f64>, part: &Array2<f32>) {
    Zip::from(sum).and(part).for_each(|sum, &part| *sum += f64::from(part));
}

/// The eigenvalues and eigenvectors of a symmetric matrix, which an error calls `name`.
///
/// # Errors
/// If a value is not finite, or the decomposition does not converge.
pub fn decompose(matrix: DMatrix<f64>, name: &str) -> Result<SymmetricEigen<f64, Dyn>> {
    /// Iterations per row, far above the two or three that implicit QR takes.
    const ITERATIONS: usize = 100;
    // The decomposition of a matrix with a NaN would not end.
    if matrix.iter().any(|value| !value.is_finite()) {
        return Err(Error::NotFinite(name.into()));
    }
    let most = ITERATIONS * matrix.nrows();
    SymmetricEigen::try_new(matrix, f64::EPSILON, most).ok_or_else(|| Error::Eigen(name.into()))
}

/// Eigenvectors of a covariance, in columns.
fn eigenvectors(covariance: &Array2<f64>, name: &str) -> Result<Array2<f32>> {
    let n = covariance.nrows();
    let matrix = DMatrix::from_fn(n, n, |row, column| covariance[[row, column]]);
    let vectors = decompose(matrix, name)?.eigenvectors;
    Ok(Array2::from_shape_fn((n, n), |(row, column)| vectors[(row, column)] as f32))
}
