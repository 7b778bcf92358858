//! Functions of a Gauss-Newton matrix that is given by gradients of sampled labels, without an approximation.
//!
//! With the samples as rows of G, scaled so that `H = Gᵀ G`, the matrix `G Gᵀ = U Λ Uᵀ` has the same eigenvalues but as many
//! rows as there are samples, however many parameters there are. For any function f of a symmetric matrix,
//! `f(H) x = f(0) x + Gᵀ U ((f(Λ) − f(0)) / Λ) Uᵀ G x`; with `f(h) = 1 / (h + λ)` this is Woodbury's identity.

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use openledger_influence::ekfac::decompose;

use crate::{Error, Result};

/// Eigenvalues below this part of the largest are rounding, and count as zero.
const RANK: f64 = 1e-9;
/// Columns whose products are summed in `f32`, before they are added up in `f64`.
const COLUMNS: usize = 2_048;
/// Rows of one thread's part of a product.
const ROWS: usize = 64;

/// A matrix `Gᵀ G`.
pub struct Exact {
    /// `[samples, parameters]`.
    basis: Array2<f32>,
    /// The eigenvalues that are not zero.
    values: Array1<f64>,
    /// Their eigenvectors of `G Gᵀ`, in columns: `[samples, eigenvalues]`.
    vectors: Array2<f64>,
}

impl Exact {
    /// Of the rows of G.
    ///
    /// # Errors
    /// If there are none, a value is not finite, or the decomposition does not converge.
    pub fn new(basis: Array2<f32>) -> Result<Self> {
        if basis.is_empty() {
            return Err(Error::NoRecords);
        }
        let wide = basis.nrows() <= basis.ncols();
        let gram = if wide {
            products(&basis, &basis)
        } else {
            let columns = basis.t().as_standard_layout().into_owned();
            products(&columns, &columns)
        };
        let (values, vectors) = eigen(&gram)?;
        if wide {
            return Ok(Self { basis, values, vectors });
        }
        // Of fewer parameters than samples, the eigenvectors of H itself make a smaller G.
        let mut basis = vectors.t().mapv(|value| value as f32);
        for (mut row, value) in basis.rows_mut().into_iter().zip(&values) {
            row *= value.sqrt() as f32;
        }
        let vectors = Array2::eye(values.len());
        Ok(Self { basis: basis.as_standard_layout().into_owned(), values, vectors })
    }

    /// The mean over all eigenvalues, zeros included.
    pub fn mean_eigenvalue(&self) -> f64 {
        self.values.sum() / self.basis.ncols() as f64
    }

    /// `f(H) x` for each row x.
    pub fn apply(&self, rows: &Array2<f32>, f: impl Fn(f64) -> f64) -> Array2<f32> {
        let rest = f(0.0);
        let mut parts = products(rows, &self.basis).dot(&self.vectors); // [rows, eigenvalues]
        for mut row in parts.rows_mut() {
            row.zip_mut_with(&self.values, |part, &value| *part *= (f(value) - rest) / value);
        }
        let parts = parts.dot(&self.vectors.t()).mapv(|part| part as f32); // [rows, samples]
        let mut result = parts.dot(&self.basis);
        result.zip_mut_with(rows, |result, &x| {
            *result = (f64::from(*result) + rest * f64::from(x)) as f32
        });
        result
    }
}

/// The eigenvalues of a symmetric matrix that are not zero, and their eigenvectors, in columns.
fn eigen(matrix: &Array2<f64>) -> Result<(Array1<f64>, Array2<f64>)> {
    let n = matrix.nrows();
    let symmetric = DMatrix::from_fn(n, n, |i, j| (matrix[[i, j]] + matrix[[j, i]]) / 2.0);
    let eigen = decompose(symmetric, "the gradients of sampled labels")?;
    let limit = eigen.eigenvalues.max() * RANK;
    let kept: Vec<usize> = (0..n).filter(|&i| eigen.eigenvalues[i] > limit).collect();
    let values = kept.iter().map(|&i| eigen.eigenvalues[i]).collect();
    let vectors = Array2::from_shape_fn((n, kept.len()), |(row, column)| {
        eigen.eigenvectors[(row, kept[column])]
    });
    Ok((values, vectors))
}

/// `a bᵀ`, `[rows of a, rows of b]`; the same whatever the number of threads.
fn products(a: &Array2<f32>, b: &Array2<f32>) -> Array2<f64> {
    let parts: Vec<Array2<f64>> = a
        .axis_chunks_iter(Axis(0), ROWS)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|a| {
            let mut sum = Array2::zeros((a.nrows(), b.nrows()));
            let columns = a.axis_chunks_iter(Axis(1), COLUMNS);
            for (a, b) in columns.zip(b.axis_chunks_iter(Axis(1), COLUMNS)) {
                sum.zip_mut_with(&a.dot(&b.t()), |sum, &part| *sum += f64::from(part));
            }
            sum
        })
        .collect();
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    ndarray::concatenate(Axis(0), &views).expect("all parts have a column for each row of b")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::SymmetricEigen;

    #[test]
    fn apply_should_be_the_function_of_the_dense_matrix() {
        // Fewer samples than parameters, and more.
        for samples in [5, 12, 40] {
            check(samples);
        }
    }

    fn check(samples: usize) {
        let number = |i: usize| ((i * i * 7_919 + i * 13) % 101) as f32 / 50.0 - 1.0;
        let basis = Array2::from_shape_fn((samples, 12), |(i, j)| number(i * 12 + j));
        let rows = Array2::from_shape_fn((3, 12), |(i, j)| number(100 + i * 12 + j));
        let dense = basis.t().dot(&basis).mapv(f64::from);
        let dense = DMatrix::from_fn(12, 12, |i, j| dense[[i, j]]);
        let eigen = SymmetricEigen::new(dense);
        let functions: [fn(f64) -> f64; 2] =
            [|h| 1.0 / (h + 0.1), |h| if h > 1e-9 { (1.0 - (-2.0 * h).exp()) / h } else { 2.0 }];
        let exact = Exact::new(basis).unwrap();
        for f in functions {
            let values = DMatrix::from_diagonal(&eigen.eigenvalues.map(|h| f(h.max(0.0))));
            let matrix = &eigen.eigenvectors * values * eigen.eigenvectors.transpose();
            let found = exact.apply(&rows, f);
            for (row, found) in rows.rows().into_iter().zip(found.rows()) {
                let row = nalgebra::DVector::from_iterator(12, row.iter().map(|&x| f64::from(x)));
                let expected = &matrix * row;
                for (expected, found) in expected.iter().zip(found) {
                    let error = (expected - f64::from(*found)).abs();
                    assert!(error < 1e-4, "{samples} samples: {expected} {found}");
                }
            }
        }
        let mean = eigen.eigenvalues.sum() / 12.0;
        assert!((exact.mean_eigenvalue() - mean).abs() < 1e-5 * mean);
    }

    #[test]
    fn new_should_refuse_when_there_is_nothing_or_nothing_finite() {
        assert!(matches!(Exact::new(Array2::zeros((0, 3))), Err(Error::NoRecords)));
        assert!(matches!(
            Exact::new(Array2::from_elem((2, 3), f32::NAN)),
            Err(Error::NotFinite(_))
        ));
    }
}
