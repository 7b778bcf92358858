//! Per-record gradients against what they must equal.

use crate::common;
use crate::common::twins::{
    capture_equals_a_loop_of_one, capture_equals_finite_differences, close,
    gauss_newton_equals_a_sum_over_labels,
};
use ndarray::Array2;
use openledger_lm::{Error, Labels, Sequence};

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
    capture_equals_finite_differences(&common::adapted(), &common::sequences(), [1e-2, 2e-3]);
}

#[test]
fn capture_should_equal_a_loop_of_one_when_batched() {
    capture_equals_a_loop_of_one(&common::adapted(), &common::sequences());
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
    gauss_newton_equals_a_sum_over_labels(&common::adapted(), common::sequences()[0].ids());
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
