//! What a GPU computes, against the CPU: `cargo test -p openledger-lm --features wgpu --test device`.
#![cfg(feature = "wgpu")]

mod common;

use ndarray::Array2;
use openledger_lm::{Data, Device, Labels, Model, Sampling, Schedule, Target, Trainer};

/// Relative to the largest.
const TOLERANCE: f32 = 1e-5;

fn near<'a>(
    what: &str,
    there: impl IntoIterator<Item = &'a f32>,
    here: impl IntoIterator<Item = &'a f32>,
) {
    let (there, here): (Vec<&f32>, Vec<&f32>) =
        (there.into_iter().collect(), here.into_iter().collect());
    assert_eq!(there.len(), here.len(), "{what}");
    let largest = here.iter().fold(0.0_f32, |top, value| top.max(value.abs()));
    for (there, here) in there.into_iter().zip(here) {
        assert!((there - here).abs() <= TOLERANCE * largest, "{what}: {there}, not {here}");
    }
}

#[test]
fn gradients_should_be_those_of_the_cpu() {
    let here = common::adapted();
    let there = here.to(Device::Wgpu).unwrap();
    let sequences = common::sequences();
    let (there_captured, captured) = (
        there.capture(&sequences, Labels::Data).unwrap(),
        here.capture(&sequences, Labels::Data).unwrap(),
    );
    near("losses", &there_captured.losses, &captured.losses);
    let pairs = there_captured.matrices.iter().zip(&captured.matrices);
    for (spec, ((x, g), (of_x, of_g))) in here.lora_matrices().iter().zip(pairs) {
        near(&spec.name, x, of_x);
        near(&spec.name, g, of_g);
    }
    near("losses alone", &there.losses(&sequences).unwrap(), &captured.losses);
}

#[test]
fn products_should_be_those_of_the_cpu() {
    let here = common::adapted();
    let there = here.to(Device::Wgpu).unwrap();
    let sequences = common::sequences();
    let direction: Vec<Array2<f32>> = here.lora_values();
    let found = there.gauss_newton(&sequences, &direction).unwrap();
    let truth = here.gauss_newton(&sequences, &direction).unwrap();
    for (found, truth) in found.iter().zip(&truth) {
        near("product", found, truth);
    }
}

#[test]
fn an_adapter_should_follow_its_base() {
    let here = common::adapted();
    let base = here.without_adapter().to(Device::Wgpu).unwrap();
    let adapter = here.adapter().unwrap().clone();
    let there = base.with_adapter(adapter).unwrap();
    let logits = there.forward(&[1, 2, 3, 4]).unwrap();
    near("logits", &logits, &here.forward(&[1, 2, 3, 4]).unwrap());
}

/// Losses of a training.
fn trained(model: Model, target: Target) -> Vec<f32> {
    let schedule = Schedule {
        steps: 5,
        rows: 2,
        accumulate: 2,
        learning_rate: 1e-2,
        final_rate: 0.1,
        warm_up: 1,
        weight_decay: 0.1,
        betas: (0.9, 0.95),
        clip: 1.0,
        seed: 1,
    };
    let data = Data::Records(common::sequences().into());
    let mut trainer = Trainer::new(model, target, data, schedule).unwrap();
    let mut losses = Vec::new();
    trainer
        .run(|_, progress| {
            losses.push(progress.loss as f32);
            Ok(true)
        })
        .unwrap();
    losses
}

#[test]
fn training_should_lower_the_loss_as_on_the_cpu() {
    for (model, target) in
        [(common::adapted(), Target::Adapter), (common::adapted().without_adapter(), Target::Base)]
    {
        let there = trained(model.to(Device::Wgpu).unwrap(), target);
        let here = trained(model, target);
        for (there, here) in there.iter().zip(&here) {
            assert!((there - here).abs() < 1e-3 * here, "{there}, not {here}");
        }
        assert!(there[4] < there[0]);
    }
}

#[test]
fn an_answer_should_be_that_of_the_cpu() {
    let here = common::adapted();
    let there = here.to(Device::Wgpu).unwrap();
    let answer =
        |model: &Model| model.generate(&[3, 1, 4], Sampling::greedy(20), &[], |_| true).unwrap();
    assert_eq!(answer(&there), answer(&here));
}
