use ndarray::Array2;
use openledger_influence::{ekfac::EkFac, gradients::of_records};
use openledger_lm::{Labels, Model, Sequence};

use crate::fixture::{correlation, examples, model};

fn flat(gradient: &[Array2<f32>]) -> Vec<f64> {
    gradient.iter().flatten().map(|&value| f64::from(value)).collect()
}

/// The whole Gauss-Newton matrix, from gradients of sampled labels.
fn dense(model: &Model, records: &[Sequence]) -> nalgebra::DMatrix<f64> {
    const DRAWS: u64 = 60;
    let mut columns = Vec::new();
    for draw in 0..DRAWS {
        let labels = Labels::Sampled { seed: 1_000 + draw };
        for gradient in of_records(model, records, labels).unwrap() {
            columns.push(nalgebra::DVector::from_vec(flat(&gradient)));
        }
    }
    let all = nalgebra::DMatrix::from_columns(&columns);
    &all * all.transpose() / columns.len() as f64
}

#[test]
fn ekfac_should_approach_the_dense_matrix_of_each_lora_matrix() {
    let model = model();
    let examples = examples();
    let records: Vec<Sequence> = examples.iter().map(|e| e.sequence.clone()).collect();
    // Many draws of labels, as for the dense matrix.
    let repeated: Vec<&Sequence> = std::iter::repeat_n(&records, 20).flatten().collect();
    let damping = 0.1;
    let ekfac = EkFac::fit(&model, &repeated, damping, 0, |_, _| {}).unwrap();

    // EK-FAC leaves out what one LoRA matrix says of another.
    let whole = dense(&model, &records);
    let mut hessian = nalgebra::DMatrix::zeros(whole.nrows(), whole.ncols());
    let gradients = of_records(&model, &records, Labels::Data).unwrap();
    let mut start = 0;
    for gradient in &gradients[0] {
        let end = start + gradient.len();
        let block = (start, start);
        let shape = (gradient.len(), gradient.len());
        hessian.view_mut(block, shape).copy_from(&whole.view(block, shape));
        let mean = (start..end).map(|i| hessian[(i, i)]).sum::<f64>() / gradient.len() as f64;
        (start..end).for_each(|i| hessian[(i, i)] += damping * mean);
        start = end;
    }
    let inverse = hessian.cholesky().unwrap();

    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut exact, mut approximate, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    let flats: Vec<Vec<f64>> = gradients.iter().map(|g| flat(g)).collect();
    for gradient in &gradients {
        let solved = inverse.solve(&nalgebra::DVector::from_vec(flat(gradient)));
        let direction: Vec<f64> = ekfac
            .blocks
            .iter()
            .zip(gradient)
            .flat_map(|(block, g)| block.solve(vec![block.rotate(g).mapv(f64::from)]))
            .flatten()
            .collect();
        for query in &flats {
            exact.push(dot(query, solved.as_slice()));
            approximate.push(dot(query, &direction));
            plain.push(dot(query, &flat(gradient)));
        }
    }
    let (with, without) = (correlation(&exact, &approximate), correlation(&exact, &plain));
    assert!(with > 0.9, "influences by EK-FAC and by the dense matrix correlate by {with}");
    assert!(with > without, "EK-FAC ({with}) is no better than plain gradients ({without})");
}

#[test]
fn self_influence_should_be_the_product_with_the_solution() {
    let model = model();
    let records: Vec<Sequence> = examples().into_iter().map(|e| e.sequence).collect();
    let borrowed: Vec<&Sequence> = records.iter().collect();
    let ekfac = EkFac::fit(&model, &borrowed, 0.1, 0, |_, _| {}).unwrap();
    let gradients = of_records(&model, &records[..1], Labels::Data).unwrap();
    for (block, gradient) in ekfac.blocks.iter().zip(&gradients[0]) {
        let rotated = block.rotate(gradient);
        let solved = block.solve(vec![rotated.mapv(f64::from)]);
        let product: f64 = gradient.iter().zip(&solved[0]).map(|(&g, w)| f64::from(g) * w).sum();
        let own = block.product(&rotated, &rotated);
        assert!((product - own).abs() <= 1e-3 * own, "{product} is not {own}");
    }
}

#[test]
fn solve_should_give_zeros_when_a_matrix_has_no_gradient() {
    // A fresh adapter: B is zero, so A has no gradient at all.
    let model = model();
    let zero_b = model
        .lora_values()
        .into_iter()
        .zip(model.lora_matrices())
        .map(|(values, spec)| if spec.name.ends_with("lora_B") { values * 0.0 } else { values })
        .collect();
    let model = model.with_lora_values(zero_b).unwrap();
    let record = &examples()[0].sequence;
    let ekfac = EkFac::fit(&model, &[record], 0.1, 0, |_, _| {}).unwrap();
    let gradient = of_records(&model, std::slice::from_ref(record), Labels::Data).unwrap();
    let rotated = ekfac.blocks[0].rotate(&gradient[0][0]);
    assert_eq!(ekfac.blocks[0].product(&rotated, &rotated), 0.0);
    let solved = ekfac.blocks[0].solve(vec![rotated.mapv(f64::from)]);
    assert!(solved[0].iter().all(|&value| value == 0.0));
}
