//! Every family computes what transformers and peft compute, and all that this crate computes fast equals its slow twin.

use std::{collections::BTreeSet, sync::Arc};

use crate::common::{
    golden::{Case, Golden},
    twins::{
        capture_equals_a_loop_of_one, capture_equals_finite_differences, continued_without_a_cache,
        gauss_newton_equals_a_sum_over_labels,
    },
    Folder,
};
use openledger_lm::{Data, Model, Precision, Sampling, Schedule, Sequence, Target, Trainer};

/// In every logit, in f32.
const TOLERANCE: f32 = 1e-4;

/// One case of each way that a layer can be made.
fn architectures() -> Vec<Case> {
    let kept = ["llama-biases", "mistral-window", "qwen2-windows", "qwen3-biases-windows"];
    let cases = Golden::read().cases.into_iter();
    let cases: Vec<Case> = cases.filter(|case| kept.contains(&case.name.as_str())).collect();
    assert_eq!(cases.len(), kept.len());
    cases
}

fn sequences(case: &Case) -> Vec<Sequence> {
    let ids = |range: std::ops::Range<usize>| case.ids[range].to_vec();
    vec![
        Sequence::new(ids(0..14)),
        Sequence::after(ids(3..12), 4),
        Sequence::masked(ids(5..13), vec![false, true, true, false, false, true, false, true])
            .unwrap(),
    ]
}

#[test]
fn logits_should_equal_those_of_transformers_and_peft_in_every_family() {
    let golden = Golden::read();
    let mut families = BTreeSet::new();
    for case in &golden.cases {
        let [base, adapted] = case.load();
        families.insert(base.config().family.model_type());
        for (model, truth, what) in
            [(base, &case.alone, "alone"), (adapted, &case.adapted, "adapted")]
        {
            let logits = model.forward(&case.ids).unwrap();
            for (&position, truth) in golden.positions.iter().zip(truth) {
                for (token, (ours, truth)) in logits.row(position).iter().zip(truth).enumerate() {
                    assert!(
                        (ours - truth).abs() < TOLERANCE,
                        "{} {what}: {ours}, not {truth}, of token {token} at {position}",
                        case.name
                    );
                }
            }
        }
    }
    assert_eq!(families.len(), 4);
}

#[test]
fn a_model_should_compute_the_same_when_saved_and_loaded_in_every_family() {
    for case in Golden::read().cases {
        let [base, _] = case.load();
        let folder = Folder::new(&format!("saved-{}", case.name));
        base.save(folder.path(), Precision::F32).unwrap();
        let again = Model::load(folder.path()).unwrap();
        assert_eq!(again.config(), base.config(), "{}", case.name);
        let (ours, truth) = (again.forward(&case.ids).unwrap(), base.forward(&case.ids).unwrap());
        assert_eq!(ours, truth, "{}", case.name);
    }
}

#[test]
fn generation_should_equal_a_loop_without_cache_in_every_family() {
    for case in architectures() {
        let [_, model] = case.load();
        let prompt = &case.ids[..9];
        let (answer, _) = model.generate(prompt, Sampling::greedy(30), &[], |_| true).unwrap();
        assert!(answer.len() > 10, "{}", case.name);
        assert_eq!(answer, continued_without_a_cache(&model, prompt, 30), "{}", case.name);
    }
}

#[test]
fn capture_should_equal_its_slow_twins_in_every_family() {
    for case in architectures() {
        let [_, model] = case.load();
        capture_equals_finite_differences(&model, &sequences(&case), [5e-3, 4e-3]);
        capture_equals_a_loop_of_one(&model, &sequences(&case));
    }
}

#[test]
fn gauss_newton_should_equal_a_sum_over_labels_in_every_family() {
    for case in architectures() {
        let [_, model] = case.load();
        gauss_newton_equals_a_sum_over_labels(&model, &case.ids[..11]);
    }
}

#[test]
fn training_should_lower_the_loss_in_every_family() {
    for case in architectures() {
        let [base, adapted] = case.load();
        for (model, target) in [(base, Target::Base), (adapted, Target::Adapter)] {
            let schedule = Schedule {
                steps: 30,
                rows: 3,
                accumulate: 1,
                learning_rate: 1e-2,
                final_rate: 1.0,
                warm_up: 0,
                weight_decay: 0.0,
                betas: (0.9, 0.95),
                clip: 1.0,
                seed: 1,
            };
            let data = Data::Records(Arc::new(sequences(&case)));
            let mut trainer = Trainer::new(model, target, data, schedule).unwrap();
            let first = trainer.step().unwrap().loss;
            let mut last = first;
            trainer
                .run(|_, progress| {
                    last = progress.loss;
                    Ok(true)
                })
                .unwrap();
            assert!(last < 0.7 * first, "{} {target:?}: {first} to {last}", case.name);
        }
    }
}
