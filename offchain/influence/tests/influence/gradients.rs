use openledger_influence::gradients::of_records;
use openledger_lm::{Labels, Sequence};

use crate::fixture::{examples, model};

#[test]
fn batch_should_give_what_a_loop_of_one_gives() {
    let model = model();
    let records: Vec<Sequence> = examples().into_iter().map(|e| e.sequence).collect();
    let together = of_records(&model, &records, Labels::Data).unwrap();
    for (record, fast) in records.iter().zip(together) {
        let slow = of_records(&model, std::slice::from_ref(record), Labels::Data).unwrap();
        for (fast, slow) in fast.iter().zip(&slow[0]) {
            let size = slow.iter().fold(0.0f32, |top, v| top.max(v.abs()));
            for (fast, slow) in fast.iter().zip(slow) {
                assert!((fast - slow).abs() <= 1e-4 * size, "{fast} is not {slow} (of {size})");
            }
        }
    }
}

#[test]
fn gradient_should_be_the_slope_of_the_loss() {
    let model = model();
    let record = &examples()[3].sequence;
    let loss = |model: &openledger_lm::Model| {
        f64::from(model.losses(std::slice::from_ref(record)).unwrap()[0])
    };
    let gradient = of_records(&model, std::slice::from_ref(record), Labels::Data).unwrap();
    let step = 1e-2f32;
    for (matrix, gradient) in gradient[0].iter().enumerate() {
        // At the element that matters most.
        let (at, slope) =
            gradient.indexed_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        let moved = |by: f32| {
            let mut values = model.lora_values();
            values[matrix][at] += by;
            loss(&model.with_lora_values(values).unwrap())
        };
        let measured = (moved(step) - moved(-step)) / f64::from(2.0 * step);
        let slope = f64::from(*slope);
        assert!(
            (measured - slope).abs() <= 0.02 * slope.abs() + 1e-3,
            "matrix {matrix}: {slope} computed, {measured} measured"
        );
    }
}
