//! Influence through the optimiser's path: how the weights that training ends with would move if a record weighed more,
//! followed through the steps of AdamW (after SOURCE, Bae et al. 2024).
//!
//! The path is cut into segments, and within each the Gauss-Newton matrix H, the optimiser's preconditioner P and each
//! record's gradient g are taken as they are at its end. With η the sum of the segment's rates, a move δ of the weights
//! becomes
//!
//! ```text
//! δ ← exp(−η P H) δ + (1 − exp(−η P H)) (P H)⁻¹ P g
//! ```
//!
//! Where curvature is small, that is `η P g`, a step along the gradient; where it is large, the inverse of H. So nothing
//! has to be damped by hand: the path itself says which directions had the time to converge. Weight decay adds to P H.

use ndarray::{Array1, Array2, Zip};
use openledger_influence::gradients::{self, Trained};
use openledger_lm::Labels;

use crate::{
    attributor::{Sum, Vectors},
    exact::Exact,
    Error, Result,
};

/// A part of a training run, seen from its end.
pub struct Segment<M> {
    /// What was trained, as it is then.
    pub model: M,
    /// What the optimiser multiplies each parameter's gradient with: of AdamW, `1 / (√v + ε)`.
    pub preconditioner: Vec<Array2<f32>>,
    /// The sum over its steps of the learning rate, each shortened as that step's gradient was.
    pub rates: f64,
    /// By what part of itself a weight shrinks for each unit of rates: AdamW's weight decay.
    pub decay: f64,
}

/// How much likelier each record made a query, added up over the ends of all segments. `weight` is what a record's loss
/// weighs in the mean that is descended: one part in the targets of all records. H is of at most `samples` rows of [`Trained::curvature`].
///
/// # Errors
/// If there are no segments or records, a record does not fit, or a value is not finite.
pub fn unrolled<'a, M: Trained>(
    segments: &'a [Segment<M>],
    records: &[M::Record],
    weight: f64,
    samples: usize,
    seed: u64,
) -> Result<Sum<Vectors<'a, M>>> {
    if segments.is_empty() || records.is_empty() || samples == 0 {
        return Err(Error::NoRecords);
    }
    let mut parts = Vec::with_capacity(segments.len());
    let mut moves: Option<Array2<f32>> = None;
    for (segment, number) in segments.iter().zip(0..) {
        let root = root(&segment.preconditioner);
        let seed = seed.wrapping_add(number << 32);
        let mut basis = segment.model.curvature(records, samples, seed)?;
        scale(&mut basis, &root, weight.sqrt());
        let hessian = Exact::new(basis)?;

        let (rates, decay) = (segment.rates, segment.decay);
        let mut steps = gradients::flat(&segment.model, records, Labels::Data)?;
        scale(&mut steps, &root, weight);
        let mut moved = hessian.apply(&steps, |h| converged(rates, h + decay));
        if let Some(mut before) = moves {
            before /= &root;
            moved += &hessian.apply(&before, |h| (-rates * (h + decay)).exp());
        }
        moved *= &root;
        parts.push(Vectors::new(&segment.model, moved.clone())?);
        moves = Some(moved);
    }
    Ok(Sum(parts))
}

/// `(1 − exp(−η h)) / h`: η where h is zero.
fn converged(rates: f64, h: f64) -> f64 {
    let x = rates * h;
    if x > 0.0 {
        -(-x).exp_m1() / h
    } else {
        rates
    }
}

/// The roots of a preconditioner, in one row.
fn root(preconditioner: &[Array2<f32>]) -> Array1<f32> {
    preconditioner.iter().flatten().map(|value| value.sqrt()).collect()
}

/// Multiplies each row with another, and all with a number.
fn scale(rows: &mut Array2<f32>, by: &Array1<f32>, weight: f64) {
    for row in rows.rows_mut() {
        Zip::from(row).and(by).for_each(|value, by| *value *= *by * weight as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converged_should_go_from_the_rates_to_the_inverse() {
        assert_eq!(converged(0.3, 0.0), 0.3);
        assert!((converged(0.3, 1e-12) - 0.3).abs() < 1e-12);
        assert!((converged(0.3, 1e6) - 1e-6).abs() < 1e-18);
        assert!((converged(2.0, 0.5) - (1.0 - (-1.0_f64).exp()) / 0.5).abs() < 1e-15);
    }
}
