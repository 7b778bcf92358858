//! Segments of a training run, on the shipped base.

use std::path::Path;

use openledger_attribution_lab::path::segments;
use openledger_factory::Settings;
use openledger_lm::{Model, Sequence, Trainer};

/// Seven steps.
fn trainer() -> Trainer {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
    let base = Model::load(&base).unwrap();
    let record = |start: u32| Sequence::new((start..start + 6).collect());
    let records: Vec<Sequence> = (10..17).map(record).collect();
    let settings = Settings { epochs: 2, rows: 2, ..Settings::default() };
    settings.trainer(&base, "base", records).unwrap()
}

#[test]
fn segments_should_end_where_training_does_and_share_its_rates() {
    let mut alone = trainer();
    let (mut rates, mut models) = (0.0, Vec::new());
    alone
        .run(|trainer, progress| {
            rates += progress.learning_rate * (1.0 / progress.gradient).min(1.0);
            models.push(trainer.model().lora_values());
            Ok(true)
        })
        .unwrap();
    assert_eq!(models.len(), 7);

    let found = segments(&mut trainer(), 3).unwrap();
    assert_eq!(found.len(), 3);
    // After steps 2, 4 and 7.
    for (segment, step) in found.iter().zip([2, 4, 7]) {
        assert_eq!(segment.model.lora_values(), models[step - 1], "step {step}");
        assert_eq!(segment.decay, 0.0);
    }
    let sum: f64 = found.iter().map(|segment| segment.rates).sum();
    assert!((sum - rates).abs() < 1e-12, "{sum} is not {rates}");
    assert_eq!(found[2].preconditioner, alone.preconditioner());
}

#[test]
fn segments_should_be_no_more_than_steps() {
    assert_eq!(segments(&mut trainer(), 100).unwrap().len(), 7);
}
