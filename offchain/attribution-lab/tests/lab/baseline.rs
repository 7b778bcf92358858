use nalgebra::{DMatrix, DVector};
use openledger_attribution_lab::{
    attributor::{by_self_influence, Attributor, Sum, Vectors},
    baseline::{cosine, datainf, dot},
    Error,
};
use openledger_influence::{ekfac::EkFac, gradients};
use openledger_lm::{Labels, Sequence};

use crate::tiny::{examples, model, record};

fn records() -> Vec<Sequence> {
    examples().into_iter().map(|example| example.sequence).collect()
}

/// Gradients one record at a time, in double precision.
fn rows(records: &[Sequence]) -> Vec<Vec<f64>> {
    let model = model();
    let one = |record: &Sequence| {
        let record = std::slice::from_ref(record);
        let gradients = gradients::of_records(&model, record, Labels::Data).unwrap();
        gradients[0].iter().flatten().map(|&value| f64::from(value)).collect()
    };
    records.iter().map(one).collect()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn assert_near(found: &[f64], expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |top, value| top.max(value.abs()));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-3 * largest, "{found} is not {expected}");
    }
}

#[test]
fn dot_should_be_the_product_of_gradients_taken_one_by_one() {
    let (model, records, query) = (model(), records(), record(2, 40));
    let own = rows(std::slice::from_ref(&query)).remove(0);
    let expected: Vec<f64> = rows(&records).iter().map(|row| product(row, &own)).collect();
    assert_near(&dot(&model, &records).unwrap().scores(&query).unwrap(), &expected);
}

#[test]
fn cosine_should_not_depend_on_lengths() {
    let (model, records, query) = (model(), records(), record(0, 40));
    let own = rows(std::slice::from_ref(&query)).remove(0);
    let expected_of = |row: &Vec<f64>| product(row, &own) / product(row, row).sqrt();
    let expected: Vec<f64> = rows(&records).iter().map(expected_of).collect();
    assert_near(&cosine(&model, &records).unwrap().scores(&query).unwrap(), &expected);
}

#[test]
fn datainf_should_be_the_mean_of_inverses() {
    let (model, records, query) = (model(), records(), record(1, 40));
    let gradients = rows(&records);
    let own = rows(std::slice::from_ref(&query)).remove(0);
    let mut expected = vec![0.0; records.len()];
    let mut start = 0;
    for spec in model.lora_matrices() {
        let block = start..start + spec.input * spec.output;
        let part = |row: &Vec<f64>| DVector::from_column_slice(&row[block.clone()]);
        let parts: Vec<DVector<f64>> = gradients.iter().map(part).collect();
        let lambda =
            0.1 * parts.iter().map(DVector::norm_squared).sum::<f64>() / parts.len() as f64;
        let mut mean = DMatrix::zeros(block.len(), block.len());
        for part in &parts {
            let mut matrix = part * part.transpose();
            (0..block.len()).for_each(|i| matrix[(i, i)] += lambda);
            mean += matrix.cholesky().unwrap().inverse() / parts.len() as f64;
        }
        let query = mean * part(&own);
        for (sum, part) in expected.iter_mut().zip(&parts) {
            *sum += part.dot(&query);
        }
        start = block.end;
    }
    assert_near(&datainf(&model, &records).unwrap().scores(&query).unwrap(), &expected);
}

#[test]
fn solve_should_be_that_of_each_matrix() {
    let (model, records) = (model(), records());
    let borrowed: Vec<&Sequence> = records.iter().collect();
    let ekfac = EkFac::fit(&model, &borrowed, 0.1, 0, |_, _| {}).unwrap();
    let gradients = gradients::flat(&model, &records, Labels::Data).unwrap();
    let solved = ekfac.solve(&gradients);
    let own = gradients::of_records(&model, &records[5..6], Labels::Data).unwrap();
    let expected: Vec<f64> = ekfac
        .blocks
        .iter()
        .zip(&own[0])
        .flat_map(|(block, g)| block.solve(vec![block.rotate(g).mapv(f64::from)]))
        .flatten()
        .collect();
    let found: Vec<f64> = solved.row(5).iter().map(|&value| f64::from(value)).collect();
    assert_near(&found, &expected);
}

#[test]
fn by_self_influence_should_give_every_record_an_influence_of_one_on_itself() {
    let (model, records) = (model(), records());
    let gradients = gradients::flat(&model, &records, Labels::Data).unwrap();
    // With the identity for H, the vector itself becomes a unit vector.
    let unit = by_self_influence(gradients.clone(), &gradients);
    for row in unit.rows() {
        let length: f32 = row.dot(&row);
        assert!((length - 1.0).abs() < 1e-4, "{length}");
    }
    let nothing = gradients * 0.0;
    assert!(by_self_influence(nothing.clone(), &nothing).iter().all(|&value| value == 0.0));
}

#[test]
fn all_scores_should_be_those_of_each_query() {
    let model = model();
    let records = records();
    // Of different lengths, more than go through the model together, the longest first.
    let mut queries: Vec<Sequence> = (0..20).map(|i| record(i % 3, 50 + i)).collect();
    queries.sort_by_key(|query| std::cmp::Reverse(query.ids().len()));
    let asked: Vec<&Sequence> = queries.iter().collect();
    let one = dot(&model, &records).unwrap();
    let sum = Sum(vec![dot(&model, &records).unwrap(), cosine(&model, &records).unwrap()]);
    let indices: [&dyn Attributor<Query = Sequence>; 2] = [&one, &sum];
    for index in indices {
        let together = index.all_scores(&asked).unwrap();
        assert_eq!(together.len(), queries.len());
        for (found, query) in together.iter().zip(&queries) {
            assert_near(found, &index.scores(query).unwrap());
        }
        assert!(index.all_scores(&[]).unwrap().is_empty());
    }
}

#[test]
fn scores_should_be_refused_when_one_is_not_finite() {
    let model = model();
    let records = records();
    // Finite, as is the query's gradient, but not their product.
    let largest = gradients::flat(&model, &records, Labels::Data).unwrap().mapv(|value| {
        if value == 0.0 {
            0.0
        } else {
            f32::MAX.copysign(value)
        }
    });
    let vectors = Vectors::new(&model, largest).unwrap();
    assert!(matches!(vectors.scores(&records[0]), Err(Error::NotFinite(_))));
    assert!(matches!(vectors.all_scores(&[&records[0]]), Err(Error::NotFinite(_))));
}
