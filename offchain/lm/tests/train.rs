//! Training learns, resumes exactly, and leaves alone what it should.

use crate::common;
use std::sync::Arc;

use openledger_lm::{Adapter, Data, Error, Model, Schedule, Sequence, Target, Trainer};

fn schedule(steps: usize) -> Schedule {
    Schedule {
        steps,
        rows: 4,
        accumulate: 2,
        learning_rate: 1e-2,
        final_rate: 0.1,
        warm_up: 2,
        weight_decay: 0.1,
        betas: (0.9, 0.95),
        clip: 1.0,
        seed: 5,
    }
}

/// Counting up, which is easy to learn.
fn packed() -> Data {
    Data::Packed { tokens: Arc::new((0..900).map(|i| i % 23).collect()), seq: 15 }
}

fn records() -> Data {
    let record =
        |start: u32| Sequence::new((start..start + 5 + start % 7).map(|i| i % 23).collect());
    Data::Records(Arc::new((0..30).map(record).collect()))
}

fn base() -> Model {
    Model::random(common::config(), 1).unwrap()
}

fn fresh_adapter() -> Model {
    base().with_adapter(Adapter::new(&common::config(), 2, 4.0, "base", 3).unwrap()).unwrap()
}

fn losses(trainer: &mut Trainer) -> Vec<f64> {
    let mut losses = Vec::new();
    let each = |_: &Trainer, progress: openledger_lm::Progress| {
        losses.push(progress.loss);
        Ok(true)
    };
    trainer.run(each).unwrap();
    losses
}

#[test]
fn training_should_lower_the_loss_when_the_base_learns() {
    let mut trainer = Trainer::new(base(), Target::Base, packed(), schedule(60)).unwrap();
    let losses = losses(&mut trainer);
    assert!(losses[0] > 2.5 && losses[59] < 0.5, "{} to {}", losses[0], losses[59]);
}

#[test]
fn training_should_leave_the_base_alone_when_the_adapter_learns() {
    let mut trainer =
        Trainer::new(fresh_adapter(), Target::Adapter, records(), schedule(60)).unwrap();
    let losses = losses(&mut trainer);
    assert!(losses[59] < losses[0] - 0.1, "{} to {}", losses[0], losses[59]);
    let probe = [1, 2, 3];
    let bare = trainer.model().without_adapter().forward(&probe).unwrap();
    assert_eq!(bare, base().forward(&probe).unwrap());
}

#[test]
fn fresh_adapter_should_change_nothing_when_untrained() {
    let probe = [1, 2, 3];
    assert_eq!(fresh_adapter().forward(&probe).unwrap(), base().forward(&probe).unwrap());
}

fn resumed_equals_uninterrupted(model: fn() -> Model, target: Target, data: fn() -> Data) {
    // The middle is inside an epoch, after the warm-up.
    let (steps, middle) = (9, 5);
    let probe: Vec<u32> = (0..12).collect();
    let mut whole = Trainer::new(model(), target, data(), schedule(steps)).unwrap();
    let all = losses(&mut whole);

    let folder = common::Folder::new(&format!("resume-{target:?}"));
    let mut first = Trainer::new(model(), target, data(), schedule(steps)).unwrap();
    for _ in 0..middle {
        first.step().unwrap();
        first.save(folder.path()).unwrap();
    }
    let mut second = Trainer::resume(model(), data(), folder.path()).unwrap();
    assert_eq!(second.done(), middle);
    let rest = losses(&mut second);
    assert_eq!(rest, all[middle..]);
    assert_eq!(second.model().forward(&probe).unwrap(), whole.model().forward(&probe).unwrap());
}

#[test]
fn resumed_base_should_equal_uninterrupted_bit_for_bit_when_saved_halfway() {
    resumed_equals_uninterrupted(base, Target::Base, packed);
}

#[test]
fn resumed_adapter_should_equal_uninterrupted_bit_for_bit_when_saved_halfway() {
    resumed_equals_uninterrupted(fresh_adapter, Target::Adapter, records);
}

#[test]
fn accumulation_should_equal_a_larger_batch_when_rows_are_the_same() {
    let run = |rows, accumulate| {
        let schedule = Schedule { rows, accumulate, ..schedule(3) };
        let mut trainer =
            Trainer::new(fresh_adapter(), Target::Adapter, records(), schedule).unwrap();
        losses(&mut trainer)
    };
    for (a, b) in run(2, 4).into_iter().zip(run(8, 1)) {
        assert!((a - b).abs() < 1e-4, "{a}, not {b}");
    }
}

#[test]
fn preconditioner_should_be_what_the_first_step_was_multiplied_with() {
    let schedule = Schedule { weight_decay: 0.0, ..schedule(3) };
    let rate = schedule.rate(0);
    let mut trainer = Trainer::new(fresh_adapter(), Target::Adapter, records(), schedule).unwrap();
    assert!(trainer.preconditioner().iter().flatten().all(|&p| p == 1e8));
    let before = trainer.model().lora_values();
    trainer.step().unwrap();
    let after = trainer.model().lora_values();
    let moves = before.iter().flatten().zip(after.iter().flatten());
    for ((before, after), p) in moves.zip(trainer.preconditioner().iter().flatten()) {
        // Of a gradient g, that is |g| / (|g| + 1e-8), and p is 1 / (|g| + 1e-8).
        let expected = rate * (1.0 - 1e-8 * f64::from(*p));
        let moved = f64::from((after - before).abs());
        assert!((moved - expected).abs() < 1e-3 * rate, "{moved}, not {expected}, by {p}");
    }
}

#[test]
fn schedule_should_warm_up_and_come_down_when_followed() {
    let schedule = schedule(100);
    assert_eq!(schedule.rate(0), 0.5e-2);
    assert_eq!(schedule.rate(2), 1e-2);
    assert!((3..100).all(|step| schedule.rate(step) < schedule.rate(step - 1)));
    assert!((schedule.rate(100) - 1e-3).abs() < 1e-12);
}

#[test]
fn trainer_should_refuse_when_data_or_target_do_not_fit() {
    let new = |model, target, data| Trainer::new(model, target, data, schedule(1)).err().unwrap();
    assert!(matches!(new(base(), Target::Adapter, records()), Error::NoAdapter));
    assert!(matches!(new(fresh_adapter(), Target::Base, packed()), Error::Training(_)));
    let empty = Data::Records(Arc::new(Vec::new()));
    assert!(matches!(new(base(), Target::Base, empty), Error::Training(_)));
    let lone = Data::Records(Arc::new(vec![Sequence::new(vec![1])]));
    assert!(matches!(new(base(), Target::Base, lone), Error::NoTarget { .. }));
    let stranger = Data::Records(Arc::new(vec![Sequence::new(vec![1, 23])]));
    assert!(matches!(new(base(), Target::Base, stranger), Error::UnknownToken { id: 23, .. }));
}
