//! Per-record gradients against what they must equal.

mod common;

use ndarray::{s, Array2};
use openledger_lm::{Capture, Error, Labels, Model, Sequence};

/// `Σ_t X[i,t,:] ⊗ G[i,t,:]` of each matrix.
fn gradients(capture: &Capture, record: usize) -> Vec<Array2<f32>> {
    let factors = capture.matrices.iter();
    factors
        .map(|(x, g)| x.slice(s![record, .., ..]).t().dot(&g.slice(s![record, .., ..])))
        .collect()
}

fn close(ours: f32, truth: f32, tolerance: f32) -> bool {
    (ours - truth).abs() <= tolerance * (1.0 + truth.abs())
}

#[test]
fn capture_should_name_shape_and_order_matrices_when_asked() {
    let model = common::adapted();
    let specs = model.lora_matrices();
    assert_eq!(specs.len(), 2 * 7 * 2);
    assert_eq!(specs[0].name, "layers.0.self_attn.q_proj.lora_A");
    assert_eq!(specs[27].name, "layers.1.mlp.down_proj.lora_B");
    let capture = model.capture(&common::sequences(), Labels::Data).unwrap();
    for (spec, (x, g)) in specs.iter().zip(&capture.matrices) {
        assert_eq!(x.dim(), (3, 10, spec.input), "{}", spec.name);
        assert_eq!(g.dim(), (3, 10, spec.output), "{}", spec.name);
    }
}

#[test]
fn capture_should_equal_finite_differences_when_one_value_moves() {
    let model = common::adapted();
    let sequences = common::sequences();
    let capture = model.capture(&sequences, Labels::Data).unwrap();
    let values = model.lora_values();
    let step = 1e-2;
    for (matrix, value) in values.iter().enumerate() {
        // One entry of each matrix, at a place that varies.
        let at = ((matrix * 5) % value.nrows(), (matrix * 3) % value.ncols());
        let moved = |by: f32| -> Vec<f32> {
            let mut values = values.clone();
            values[matrix][at] += by;
            model.with_lora_values(values).unwrap().losses(&sequences).unwrap()
        };
        let (up, down) = (moved(step), moved(-step));
        for record in 0..sequences.len() {
            let truth = (up[record] - down[record]) / (2.0 * step);
            let ours = gradients(&capture, record)[matrix][at];
            let name = &model.lora_matrices()[matrix].name;
            assert!(close(ours, truth, 2e-3), "{name} {at:?} of {record}: {ours}, not {truth}");
        }
    }
}

fn equal_a_loop_of_one(model: &Model, labels: impl Fn(usize) -> Labels, sequences: &[Sequence]) {
    let together = model.capture(sequences, labels(0)).unwrap();
    for (record, sequence) in sequences.iter().enumerate() {
        let alone = model.capture(std::slice::from_ref(sequence), labels(record)).unwrap();
        assert!(close(together.losses[record], alone.losses[0], 1e-5));
        for (ours, truth) in gradients(&together, record).iter().zip(gradients(&alone, 0)) {
            for (&ours, &truth) in ours.iter().zip(&truth) {
                assert!(close(ours, truth, 1e-4), "{ours}, not {truth}");
            }
        }
    }
}

#[test]
fn capture_should_equal_a_loop_of_one_when_batched() {
    equal_a_loop_of_one(&common::adapted(), |_| Labels::Data, &common::sequences());
}

#[test]
fn losses_should_equal_captured_losses_when_labels_are_the_data() {
    let (model, sequences) = (common::adapted(), common::sequences());
    let captured = model.capture(&sequences, Labels::Data).unwrap().losses;
    assert_eq!(model.losses(&sequences).unwrap(), captured);
    let targets: usize = sequences.iter().map(Sequence::targets).sum();
    let mean = model.mean_loss(&sequences).unwrap();
    let sum: f32 = captured.iter().sum();
    assert!(close(mean as f32, sum / targets as f32, 1e-5));
}

#[test]
fn losses_should_leave_out_context_when_it_does_not_count() {
    let model = common::adapted();
    let whole = common::sequences().remove(1);
    let loss = |from, len| {
        let sequence = Sequence::after(whole.ids()[..len].to_vec(), from);
        model.losses(&[sequence]).unwrap()[0]
    };
    // log p(all) = log p(context) + log p(rest | context)
    assert!(close(loss(1, 11), loss(1, 4) + loss(4, 11), 1e-5));
}

#[test]
fn losses_should_add_up_when_a_sequence_has_several_answers() {
    let model = common::adapted();
    let whole = common::sequences().remove(1);
    let loss = |sequence: Sequence| model.losses(&[sequence]).unwrap()[0];
    let part = |from, len| loss(Sequence::after(whole.ids()[..len].to_vec(), from));
    let counts = (0..11).map(|at| (2..4).contains(&at) || (7..10).contains(&at)).collect();
    let masked = Sequence::masked(whole.ids().to_vec(), counts).unwrap();
    assert_eq!((masked.targets(), masked.context()), (5, 2));
    assert!(close(loss(masked), part(2, 4) + part(7, 10), 1e-5));
}

#[test]
fn a_sequence_should_be_refused_when_its_mask_is_of_another_length_or_counts_nothing() {
    let short = Sequence::masked(vec![1, 2, 3], vec![true; 2]);
    assert!(matches!(short, Err(Error::Mask { tokens: 3, found: 2 })));
    // The first token is nobody's target.
    let first = Sequence::masked(vec![1, 2, 3], vec![true, false, false]).unwrap();
    let refused = common::adapted().losses(&[first]).unwrap_err();
    assert!(matches!(refused, Error::NoTarget { len: 3 }), "{refused}");
}

#[test]
fn sampled_labels_should_follow_the_seed_and_the_model_when_drawn() {
    let (model, sequences) = (common::adapted(), common::sequences());
    let capture = |seed| model.capture(&sequences, Labels::Sampled { seed }).unwrap().losses;
    assert_eq!(capture(1), capture(1));
    assert_ne!(capture(1), capture(2));
    // The mean loss over draws is the entropy of the predictions.
    let logits = model.forward(&sequences[0].ids()[..6]).unwrap();
    let entropy: f32 = logits
        .rows()
        .into_iter()
        .map(|row| {
            let sum: f32 = row.iter().map(|l| l.exp()).sum();
            -row.iter().map(|l| l.exp() / sum * (l - sum.ln())).sum::<f32>()
        })
        .sum();
    let draws = 400;
    let mean = (0..draws).map(|seed| capture(seed)[0]).sum::<f32>() / draws as f32;
    assert!((mean - entropy).abs() < 0.05 * entropy, "{mean}, not {entropy}");
}

#[test]
fn gauss_newton_should_equal_the_sum_over_all_labels_when_there_is_one_target() {
    let model = common::adapted();
    let vocab = model.config().vocab_size as u32;
    // One target, so that each label's gradient can be written out.
    let context = common::sequences()[0].ids().to_vec();
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
    assert!(error < 1e-5, "relative error {error}");
}

#[test]
fn gauss_newton_should_be_symmetric_when_sequences_are_long() {
    let model = common::adapted();
    let vector = |seed: f32| -> Vec<Array2<f32>> {
        let matrices = model.lora_values().into_iter();
        matrices.map(|matrix| matrix.mapv(|value| (value * seed).cos())).collect()
    };
    let product = |a: &[Array2<f32>], b: &[Array2<f32>]| -> f32 {
        a.iter().zip(b).map(|(a, b)| (a * b).sum()).sum()
    };
    let (a, b) = (vector(3e3), vector(7e3));
    let by_a = model.gauss_newton(&common::sequences(), &a).unwrap();
    let by_b = model.gauss_newton(&common::sequences(), &b).unwrap();
    let (ab, ba) = (product(&b, &by_a), product(&a, &by_b));
    let size = (product(&a, &by_a) * product(&b, &by_b)).sqrt();
    assert!((ab - ba).abs() < 1e-5 * size, "{ab} and {ba}, of {size}");
    // All labels in the mean do as each label drawn.
    assert!(product(&a, &by_a) > 0.0);
    let nothing: Vec<Array2<f32>> = a.iter().map(|matrix| matrix * 0.0).collect();
    assert_eq!(model.gauss_newton(&common::sequences(), &nothing).unwrap(), nothing);
    assert_eq!(model.gauss_newton(&[], &a).unwrap(), nothing);
    assert!(model.gauss_newton(&common::sequences(), &a[1..]).is_err());
}
