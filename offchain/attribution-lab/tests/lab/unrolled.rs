use nalgebra::{DMatrix, DVector, SymmetricEigen};
use ndarray::Array2;
use openledger_attribution_lab::{
    attributor::Attributor,
    unrolled::{unrolled, Segment},
};
use openledger_influence::gradients;
use openledger_lm::{Labels, Model, Sequence};

use crate::tiny::{examples, model, number, record};

const WEIGHT: f64 = 0.01;
const SEED: u64 = 3;

fn records() -> Vec<Sequence> {
    examples().into_iter().map(|example| example.sequence).collect()
}

/// Two segments of different models, preconditioners and lengths.
fn segments() -> Vec<Segment<Model>> {
    let first = model();
    let moved = first.lora_values().into_iter().map(|matrix| matrix * 0.9).collect();
    let second = first.with_lora_values(moved).unwrap();
    [(first, 0.4, 0.0), (second, 0.2, 0.3)]
        .into_iter()
        .zip(0..)
        .map(|((model, rates, decay), segment)| {
            let preconditioner = model
                .lora_values()
                .into_iter()
                .zip(0..)
                .map(|(matrix, i)| {
                    let mut at = 10_000 * (segment * 100 + i);
                    matrix.mapv(|_| {
                        at += 1;
                        0.5 + (number(at) % 1_000) as f32 / 250.0
                    })
                })
                .collect();
            Segment { model, preconditioner, rates, decay }
        })
        .collect()
}

fn dense(rows: &Array2<f32>) -> DMatrix<f64> {
    DMatrix::from_fn(rows.nrows(), rows.ncols(), |i, j| f64::from(rows[[i, j]]))
}

/// The recursion with dense matrices, record by record: `[records]` for one query.
fn slow(segments: &[Segment<Model>], records: &[Sequence], query: &Sequence) -> Vec<f64> {
    let mut scores = vec![0.0; records.len()];
    let mut moves: Option<DMatrix<f64>> = None;
    for (segment, i) in segments.iter().zip(0_u64..) {
        let labels = Labels::Sampled { seed: SEED + (i << 32) };
        let samples = dense(&gradients::flat(&segment.model, records, labels).unwrap());
        let own = dense(&gradients::flat(&segment.model, records, Labels::Data).unwrap());
        let preconditioner = DVector::from_iterator(
            own.ncols(),
            segment.preconditioner.iter().flatten().map(|&value| f64::from(value)),
        );
        let root = DMatrix::from_diagonal(&preconditioner.map(f64::sqrt));
        let back = DMatrix::from_diagonal(&preconditioner.map(|value| value.sqrt().recip()));
        let hessian = samples.transpose() * &samples * WEIGHT;
        let eigen = SymmetricEigen::new(&root * hessian * &root);
        let function = |f: &dyn Fn(f64) -> f64| {
            let values = eigen.eigenvalues.map(|h| f(h.max(0.0) + segment.decay));
            &eigen.eigenvectors * DMatrix::from_diagonal(&values) * eigen.eigenvectors.transpose()
        };
        let rates = segment.rates;
        let kept = function(&|h| (-rates * h).exp());
        let converged =
            function(&|h| if h > 1e-12 { (1.0 - (-rates * h).exp()) / h } else { rates });
        let mut moved = &root * converged * &root * own.transpose() * WEIGHT;
        if let Some(before) = moves {
            moved += &root * kept * &back * before;
        }
        let query = gradients::flat(&segment.model, std::slice::from_ref(query), Labels::Data);
        let found = dense(&query.unwrap()) * &moved;
        scores.iter_mut().zip(found.iter()).for_each(|(sum, score)| *sum += score);
        moves = Some(moved);
    }
    scores
}

#[test]
fn scores_should_equal_those_of_dense_matrices() {
    let (segments, records) = (segments(), records());
    let index = unrolled(&segments, &records, WEIGHT, records.len(), SEED).unwrap();
    for topic in 0..3 {
        let query = record(topic, 50);
        let (fast, slow) = (index.scores(&query).unwrap(), slow(&segments, &records, &query));
        let largest = slow.iter().fold(0.0_f64, |top, score| top.max(score.abs()));
        for (fast, slow) in fast.iter().zip(&slow) {
            assert!((fast - slow).abs() < 1e-3 * largest, "{fast} is not {slow}");
        }
    }
}

#[test]
fn scores_should_be_largest_for_the_records_of_the_topic() {
    let (segments, records) = (segments(), records());
    let index = unrolled(&segments, &records, WEIGHT, records.len(), SEED).unwrap();
    for topic in 0..3 {
        let scores = index.scores(&record(topic, 50)).unwrap();
        let of = |topic: usize| scores[8 * topic..8 * topic + 8].iter().sum::<f64>();
        let own = of(topic as usize);
        assert!((0..3).all(|other| other == topic as usize || of(other) < own), "{scores:?}");
    }
}

#[test]
fn samples_should_stand_for_the_records_between_them() {
    let (segments, records) = (segments(), records());
    let query = record(1, 50);
    let once = unrolled(&segments, &records, WEIGHT, records.len(), SEED).unwrap();
    let once = once.scores(&query).unwrap();
    // Everything twice, at half the weight: every other record is a sample, and they are those of before.
    let twice: Vec<Sequence> =
        records.iter().flat_map(|record| [record.clone(), record.clone()]).collect();
    let twice = unrolled(&segments, &twice, WEIGHT / 2.0, records.len(), SEED).unwrap();
    let twice = twice.scores(&query).unwrap();
    let largest = once.iter().fold(0.0_f64, |top, score| top.max(score.abs()));
    for (pair, once) in twice.chunks(2).zip(once) {
        assert!((pair[0] + pair[1] - once).abs() < 1e-3 * largest, "{pair:?} is not {once}");
    }
}

#[test]
fn new_should_refuse_when_there_is_nothing() {
    let (segments, records) = (segments(), records());
    assert!(unrolled(&segments[..0], &records, WEIGHT, 8, SEED).is_err());
    assert!(unrolled(&segments, &records[..0], WEIGHT, 8, SEED).is_err());
    assert!(unrolled(&segments, &records, WEIGHT, 0, SEED).is_err());
}
