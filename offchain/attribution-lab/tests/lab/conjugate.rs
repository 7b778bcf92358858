use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2};
use openledger_attribution_lab::{attributor::Attributor, conjugate::Conjugate, Error};
use openledger_influence::{ekfac::EkFac, gradients::flat};
use openledger_lm::{Labels, Model, Sequence};

use crate::tiny::{examples, model};

const DAMPING: f64 = 0.1;
const STEPS: usize = 160;

fn hessian_of(model: &Model, records: &[Sequence]) -> EkFac {
    let every: Vec<&Sequence> = records.iter().collect();
    EkFac::fit(model, &every, DAMPING, 0, |_, _| {}).unwrap()
}

/// H + Λ, from a product with each unit vector.
fn dense(model: &Model, records: &[Sequence], ekfac: &EkFac) -> DMatrix<f64> {
    let specs = model.lora_matrices();
    let mut columns = Vec::new();
    for (place, spec) in specs.iter().enumerate() {
        for at in 0..spec.input * spec.output {
            let mut unit: Vec<Array2<f32>> =
                specs.iter().map(|spec| Array2::zeros((spec.input, spec.output))).collect();
            unit[place].as_slice_mut().unwrap()[at] = 1.0;
            let product = model.gauss_newton(records, &unit).unwrap();
            let mean = product.iter().flatten().map(|&v| f64::from(v) / records.len() as f64);
            columns.push(DVector::from_iterator(mean.clone().count(), mean));
        }
    }
    let matrix = DMatrix::from_columns(&columns);
    let apart = (&matrix - matrix.transpose()).norm();
    assert!(apart < 1e-5 * matrix.norm());
    let mut matrix = (&matrix + matrix.transpose()) / 2.0;
    let lambda = ekfac
        .blocks
        .iter()
        .flat_map(|block| std::iter::repeat_n(block.lambda(), block.damped_eigenvalues().len()));
    for (i, lambda) in lambda.enumerate() {
        matrix[(i, i)] += lambda;
    }
    matrix
}

#[test]
fn solve_should_be_that_of_the_dense_matrix_when_there_are_steps_enough() {
    let model = model();
    let records: Vec<Sequence> = examples().into_iter().step_by(3).map(|e| e.sequence).collect();
    let ekfac = hessian_of(&model, &records);
    let inverse = dense(&model, &records, &ekfac).cholesky().unwrap();
    let gradients = flat(&model, &records, Labels::Data).unwrap();
    let query = gradients.row(2);
    let expected =
        inverse.solve(&DVector::from_iterator(query.len(), query.iter().map(|&g| g.into())));
    let expected = Array1::from_iter(expected.iter().copied());

    let error = |steps| {
        let conjugate =
            Conjugate::new(&model, &records, records.clone(), ekfac.clone(), steps).unwrap();
        let (found, rests) = conjugate.solve(query).unwrap();
        assert_eq!(rests.len(), steps + 1);
        let apart = &found - &expected;
        ((apart.dot(&apart) / expected.dot(&expected)).sqrt(), rests[steps])
    };
    let (first, _) = error(0);
    let (last, rest) = error(STEPS);
    assert!(last < 0.01 && rest < 0.001, "relative error {last}, {rest} of the query is left");
    assert!(
        first > 5.0 * last,
        "EK-FAC alone ({first}) is as near as conjugate gradients ({last})"
    );

    // Scores are the records' products with the solution.
    let conjugate =
        Conjugate::new(&model, &records, records.clone(), ekfac.clone(), STEPS).unwrap();
    let scores = conjugate.scores(&records[2]).unwrap();
    let products = gradients.mapv(f64::from).dot(&expected);
    let largest = products.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
    for (score, product) in scores.iter().zip(&products) {
        assert!((score - product).abs() < 0.01 * largest, "{score} is not {product}");
    }
}

#[test]
fn solve_should_end_when_nothing_is_left() {
    let model = model();
    let records = vec![examples()[0].sequence.clone()];
    let conjugate =
        Conjugate::new(&model, &records, records.clone(), hessian_of(&model, &records), 3).unwrap();
    let nothing = Array1::zeros(flat(&model, &records, Labels::Data).unwrap().ncols());
    let (found, _) = conjugate.solve(nothing.view()).unwrap();
    assert!(found.iter().all(|&value| value == 0.0));
    let short = nothing.slice(ndarray::s![1..]);
    assert!(matches!(conjugate.solve(short), Err(Error::OtherShape(_))));
    let broken = nothing.mapv(|_| f32::NAN);
    assert!(matches!(conjugate.solve(broken.view()), Err(Error::NotFinite(_))));
}
