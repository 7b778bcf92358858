//! Slow ways to what the crate computes fast.

use ndarray::{s, Array2};
use openledger_lm::{Capture, Labels, Model, Sequence};

pub fn close(ours: f32, truth: f32, tolerance: f32) -> bool {
    (ours - truth).abs() <= tolerance * (1.0 + truth.abs())
}

/// `Σ_t X[i,t,:] ⊗ G[i,t,:]` of each matrix.
pub fn gradients(capture: &Capture, record: usize) -> Vec<Array2<f32>> {
    let factors = capture.matrices.iter();
    factors
        .map(|(x, g)| x.slice(s![record, .., ..]).t().dot(&g.slice(s![record, .., ..])))
        .collect()
}

/// One entry of each matrix, at a place that varies, moved up and down.
pub fn capture_equals_finite_differences(
    model: &Model,
    sequences: &[Sequence],
    [step, tolerance]: [f32; 2],
) {
    let capture = model.capture(sequences, Labels::Data).unwrap();
    let values = model.lora_values();
    for (matrix, value) in values.iter().enumerate() {
        let at = ((matrix * 5) % value.nrows(), (matrix * 3) % value.ncols());
        let moved = |by: f32| -> Vec<f32> {
            let mut values = values.clone();
            values[matrix][at] += by;
            model.with_lora_values(values).unwrap().losses(sequences).unwrap()
        };
        let (up, down) = (moved(step), moved(-step));
        for record in 0..sequences.len() {
            let truth = (up[record] - down[record]) / (2.0 * step);
            let ours = gradients(&capture, record)[matrix][at];
            let name = &model.lora_matrices()[matrix].name;
            assert!(
                close(ours, truth, tolerance),
                "{name} {at:?} of {record}: {ours}, not {truth}"
            );
        }
    }
}

/// Each record alone.
pub fn capture_equals_a_loop_of_one(model: &Model, sequences: &[Sequence]) {
    let together = model.capture(sequences, Labels::Data).unwrap();
    for (record, sequence) in sequences.iter().enumerate() {
        let alone = model.capture(std::slice::from_ref(sequence), Labels::Data).unwrap();
        assert!(close(together.losses[record], alone.losses[0], 1e-5));
        for (ours, truth) in gradients(&together, record).iter().zip(gradients(&alone, 0)) {
            for (&ours, &truth) in ours.iter().zip(&truth) {
                assert!(close(ours, truth, 1e-4), "{ours}, not {truth}");
            }
        }
    }
}

/// Of a context with one target, each label's gradient written out.
pub fn gauss_newton_equals_a_sum_over_labels(model: &Model, context: &[u32]) {
    let vocab = model.config().vocab_size as u32;
    let labelled = |label| {
        let ids = context.iter().copied().chain([label]).collect();
        Sequence::after(ids, context.len())
    };
    let own = model.lora_values();
    let direction: Vec<Array2<f32>> =
        own.iter().map(|matrix| matrix.mapv(|value| (value * 1e4).sin())).collect();

    let mut expected: Vec<Array2<f32>> = own.iter().map(|matrix| matrix * 0.0).collect();
    let mut total = 0.0;
    for label in 0..vocab {
        let capture = model.capture(&[labelled(label)], Labels::Data).unwrap();
        let gradient = gradients(&capture, 0);
        let product: f32 = gradient.iter().zip(&direction).map(|(g, v)| (g * v).sum()).sum();
        let p = (-capture.losses[0]).exp();
        total += p;
        expected.iter_mut().zip(&gradient).for_each(|(sum, g)| sum.scaled_add(p * product, g));
    }
    assert!(close(total, 1.0, 1e-5));

    // Whichever label stands there, and twice as much of two.
    let found = model.gauss_newton(&[labelled(0), labelled(5)], &direction).unwrap();
    let norm = |matrices: &[Array2<f32>]| -> f32 {
        matrices.iter().flatten().map(|value| value * value).sum::<f32>().sqrt()
    };
    let error: Vec<Array2<f32>> =
        found.iter().zip(&expected).map(|(found, expected)| found - &(expected * 2.0)).collect();
    let error = norm(&error) / norm(&found);
    assert!(error < 2e-5, "relative error {error}");
}

/// The likeliest continuation, all of it computed anew for each token.
pub fn continued_without_a_cache(model: &Model, prompt: &[u32], most: usize) -> Vec<u32> {
    let mut ids = prompt.to_vec();
    for _ in 0..most {
        let logits = model.forward(&ids).unwrap();
        let last = logits.row(ids.len() - 1);
        let mut best = 0;
        for (token, logit) in last.iter().enumerate() {
            if *logit > last[best] {
                best = token;
            }
        }
        if model.config().eos_token_ids.contains(&(best as u32)) {
            break;
        }
        ids.push(best as u32);
    }
    ids.split_off(prompt.len())
}
