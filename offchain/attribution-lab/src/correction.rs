//! Scores corrected by what retrainings really gave.
//!
//! Of K trainings on parts of the records it is known how likely each made a query: `y`, less its mean. A method says that
//! it is `α X s`, with `s` its scores and `X` the matrix of which records each training had, less the mean of every
//! column. What it does not explain is spread over the records by ridge regression,
//!
//! ```text
//! s' = α s + Xᵀ (X Xᵀ + λI)⁻¹ (y − α X s)
//! ```
//!
//! which takes a matrix of K rows whatever the number of records. α is that of least squares over all queries; λ is the one
//! by which each training is best foretold by the others, of all queries together. A λ without end leaves the scores as
//! they are.

use nalgebra::DMatrix;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use openledger_influence::ekfac::decompose;

use crate::{Error, Result};

/// λ that are tried, as powers of two of the mean eigenvalue of `X Xᵀ`.
const POWERS: std::ops::Range<i32> = -8..24;

/// How likely trainings on parts of the records made queries.
pub struct Retrained {
    /// `[trainings, records]`: 1 where a training had the record.
    pub kept: Array2<f64>,
    /// `[queries, trainings]`: larger where a query is more likely.
    pub likely: Array2<f64>,
}

/// The corrected scores, `[queries, records]`, of scores of the same shape: the same, if no two retrainings differ in their
/// records.
///
/// # Errors
/// If a number is not finite.
pub fn corrected(scores: ArrayView2<'_, f64>, retrained: &Retrained) -> Result<Array2<f64>> {
    let numbers = scores.iter().chain(&retrained.kept).chain(&retrained.likely);
    if numbers.into_iter().any(|number| !number.is_finite()) {
        return Err(Error::NotFinite("scores, or what they are corrected by,".into()));
    }
    let mut sets = retrained.kept.rows().into_iter();
    let first = sets.next();
    if sets.all(|set| Some(set) == first) {
        return Ok(scores.to_owned());
    }
    let x = centred(&retrained.kept, Axis(0));
    let mut y = centred(&retrained.likely, Axis(1));
    // [queries, trainings], as the scores foretell them.
    let mut told = scores.dot(&x.t());
    // Every query counts alike.
    let scales: Array1<f64> = y.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
    for ((mut y, mut told), scale) in y.rows_mut().into_iter().zip(told.rows_mut()).zip(&scales) {
        let scale = if *scale > 0.0 { scale.recip() } else { 0.0 };
        y *= scale;
        told *= scale;
    }
    let (explained, length) = ((&told * &y).sum(), (&told * &told).sum());
    let alpha = if length > 0.0 { explained / length } else { 1.0 };
    let rest = y - told * alpha;

    let gram = x.dot(&x.t());
    let trainings = gram.nrows();
    let matrix = DMatrix::from_fn(trainings, trainings, |i, j| (gram[[i, j]] + gram[[j, i]]) / 2.0);
    let eigen = decompose(matrix, "the records of retrainings")?;
    let vectors =
        Array2::from_shape_fn((trainings, trainings), |(i, j)| eigen.eigenvectors[(i, j)]);
    let values: Array1<f64> = eigen.eigenvalues.iter().map(|value| value.max(0.0)).collect();
    let parts = rest.dot(&vectors); // [queries, eigenvalues]
    let mean = values.mean().unwrap_or_default();
    let lambda = POWERS
        .map(|power| mean * 2_f64.powi(power))
        .map(|lambda| (lambda, left_out(&rest, &parts, &values, &vectors, lambda)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(mean, |(lambda, _)| lambda);

    let mut solved = parts;
    for mut row in solved.rows_mut() {
        row.zip_mut_with(&values, |part, value| *part /= value + lambda);
    }
    let mut found = solved.dot(&vectors.t()).dot(&x); // [queries, records]
    for (mut row, scale) in found.rows_mut().into_iter().zip(&scales) {
        row *= *scale;
    }
    found += &(&scores * alpha);
    match found.iter().all(|score| score.is_finite()) {
        true => Ok(found),
        false => Err(Error::NotFinite("what scores are corrected by".into())),
    }
}

/// The sum of squares of what is left of each training when all others foretell it.
fn left_out(
    rest: &Array2<f64>,
    parts: &Array2<f64>,
    values: &Array1<f64>,
    vectors: &Array2<f64>,
    lambda: f64,
) -> f64 {
    let shrunk = values.mapv(|value| value / (value + lambda));
    // A mean is taken off, which is another parameter.
    let mean = (values.len() as f64).recip();
    let own = vectors.mapv(|value| value * value).dot(&shrunk);
    let fitted = (parts * &shrunk).dot(&vectors.t());
    let mut left = rest - fitted;
    for mut row in left.rows_mut() {
        row.zip_mut_with(&own, |left, own| *left /= 1.0 - mean - own);
    }
    left.iter().map(|left| left * left).sum()
}

fn centred(values: &Array2<f64>, axis: Axis) -> Array2<f64> {
    let mean = values.mean_axis(axis).expect("there is at least one training");
    values - &mean.insert_axis(axis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Trainings on random halves of 8 contributions of 3 records.
    fn halves(rng: &mut ChaCha8Rng, trainings: usize) -> Array2<f64> {
        let contributions =
            Array2::from_shape_fn((trainings, 8), |_| f64::from(rng.random::<bool>()));
        Array2::from_shape_fn((trainings, 24), |(training, record)| {
            contributions[[training, record / 3]]
        })
    }

    fn uniform(rng: &mut ChaCha8Rng, shape: (usize, usize)) -> Array2<f64> {
        Array2::from_shape_fn(shape, |_| rng.random_range(-1.0..1.0))
    }

    /// How far forecasts are from what happens, in parts of how much happens.
    fn error(forecast: &Array2<f64>, truth: &Array2<f64>) -> f64 {
        let (forecast, truth) = (centred(forecast, Axis(1)), centred(truth, Axis(1)));
        ((&forecast - &truth).mapv(|x| x * x).sum() / truth.mapv(|x| x * x).sum()).sqrt()
    }

    #[test]
    fn corrected_should_be_ridge_regression_of_the_rest() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let kept = halves(&mut rng, 20);
        let (scores, likely) = (uniform(&mut rng, (3, 24)), uniform(&mut rng, (3, 20)));
        let found =
            corrected(scores.view(), &Retrained { kept: kept.clone(), likely: likely.clone() });
        let found = found.unwrap();
        // Of whatever λ, one for all queries and records: λ times what is added is Xᵀ of what then remains.
        let (x, y) = (centred(&kept, Axis(0)), centred(&likely, Axis(1)));
        let left = (&y - &found.dot(&x.t())).dot(&x);
        let told = scores.dot(&x.t());
        let weights = y.mapv(|y| y * y).sum_axis(Axis(1)).mapv(f64::recip).insert_axis(Axis(1));
        let alpha = (&told * &y * &weights).sum() / (&told * &told * &weights).sum();
        let added = &found - &scores * alpha;
        let lambda = left.iter().map(|l| l * l).sum::<f64>().sqrt()
            / added.iter().map(|a| a * a).sum::<f64>().sqrt();
        for (left, added) in left.iter().zip(&added) {
            assert!(
                (left - lambda * added).abs() < 1e-9 * lambda.max(1.0),
                "{left} {added} {lambda}"
            );
        }
    }

    #[test]
    fn corrected_should_learn_what_scores_do_not_say() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let truth = uniform(&mut rng, (5, 24));
        let scores = &truth + &uniform(&mut rng, (5, 24));
        let kept = halves(&mut rng, 40);
        let likely = truth.dot(&kept.t()) + uniform(&mut rng, (5, 40)) * 0.1 + 7.0;
        let found = corrected(scores.view(), &Retrained { kept, likely }).unwrap();
        let others = halves(&mut rng, 100);
        let happens = truth.dot(&others.t());
        let (before, after) =
            (error(&scores.dot(&others.t()), &happens), error(&found.dot(&others.t()), &happens));
        assert!(before > 0.5 && after < 0.1, "{before} {after}");
    }

    #[test]
    fn corrected_should_keep_the_scores_when_retrainings_are_noise_beside_them() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let scores = uniform(&mut rng, (20, 24));
        let kept = halves(&mut rng, 30);
        let told = scores.dot(&kept.t());
        let likely = &told * 2.0 + uniform(&mut rng, (20, 30));
        let found = corrected(scores.view(), &Retrained { kept, likely }).unwrap();
        let others = halves(&mut rng, 100);
        let distance = error(&found.dot(&others.t()), &(scores.dot(&others.t()) * 2.0));
        assert!(distance < 0.1, "{distance}");
    }

    #[test]
    fn corrected_should_leave_scores_alone_when_nothing_changes() {
        let scores = array![[1.0, -2.0, 3.0]];
        let kept = array![[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]];
        let likely = array![[5.0, 5.0]];
        let found = corrected(scores.view(), &Retrained { kept, likely }).unwrap();
        assert_eq!(found, scores);
        let none = Retrained { kept: Array2::zeros((0, 3)), likely: Array2::zeros((1, 0)) };
        assert_eq!(corrected(scores.view(), &none).unwrap(), scores);
        let kept = array![[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]];
        let same = Retrained { kept, likely: array![[5.0, 6.0]] };
        assert_eq!(corrected(scores.view(), &same).unwrap(), scores);
    }

    #[test]
    fn corrected_should_refuse_what_is_not_finite() {
        let refused = |score: f64, kept: f64, likely: f64| {
            let retrained =
                Retrained { kept: array![[kept, 0.0], [0.0, 1.0]], likely: array![[likely, 4.0]] };
            corrected(array![[score, 2.0]].view(), &retrained).is_err()
        };
        assert!(!refused(1.0, 1.0, 5.0));
        assert!(refused(f64::NAN, 1.0, 5.0));
        assert!(refused(1.0, f64::INFINITY, 5.0));
        assert!(refused(1.0, 1.0, f64::NAN));
        // Where there is nothing to correct by, too.
        let none = Retrained { kept: Array2::zeros((0, 2)), likely: Array2::zeros((1, 0)) };
        for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(corrected(array![[score, 2.0]].view(), &none).is_err());
        }
        assert!(corrected(array![[1.0, 2.0]].view(), &none).is_ok());
    }
}
