use ndarray::{s, Array2};
use openledger_influence::gradients::{self, Trained};
use openledger_lm::Labels;

use crate::{
    attributor::{lengths, Vectors},
    Result,
};

/// λ of a matrix, of the mean squared length of its gradients: the authors' own choice.
const DAMPING: f64 = 0.1;

/// DataInf (Kwon et al. 2024): the mean of inverses instead of the inverse of the mean, matrix by matrix:
/// `H⁻¹ v ≈ 1/n Σ_i (g_i g_iᵀ + λI)⁻¹ v = 1/λ (v − 1/n Σ_i (g_iᵀ v) / (λ + |g_i|²) g_i)`, with the records' own labels.
///
/// # Errors
/// If a record does not fit the model.
pub fn datainf<'a, M: Trained>(model: &'a M, records: &[M::Record]) -> Result<Vectors<'a, M>> {
    let gradients = gradients::flat(model, records, Labels::Data)?;
    let n = gradients.nrows() as f64;
    let mut vectors = Array2::zeros(gradients.dim());
    let mut start = 0;
    for spec in model.matrices() {
        let end = start + spec.input * spec.output;
        let block = gradients.slice(s![.., start..end]).to_owned();
        let squares: Vec<f64> = lengths(&block).into_iter().map(|length| length * length).collect();
        let lambda = DAMPING * squares.iter().sum::<f64>() / n;
        if lambda > 0.0 {
            // One row for each vector: the part of each gradient that is taken away.
            let mut parts = block.dot(&block.t());
            for mut row in parts.rows_mut() {
                for (part, square) in row.iter_mut().zip(&squares) {
                    *part = (f64::from(*part) / (n * (lambda + square))) as f32;
                }
            }
            let solved = (&block - &parts.dot(&block)) / lambda as f32;
            vectors.slice_mut(s![.., start..end]).assign(&solved);
        }
        start = end;
    }
    Vectors::new(model, vectors)
}
