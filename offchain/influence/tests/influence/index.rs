use ndarray::Array2;
use openledger_influence::{
    build::{self, Example, Variant},
    ekfac::EkFac,
    explain::explain,
    gradients::of_records,
    method::{Scope, Weighting},
    query::Query,
    scores::scores,
    Error, Index, Method,
};
use openledger_lm::{Labels, Model, Sequence};
use openledger_primitives::score::BLOCK;

use crate::fixture::*;

fn index(method: &Method) -> Index {
    index_of(&CONTRIBUTIONS, &examples(), method).unwrap()
}

/// One training, which ended at the model itself.
fn single() -> Method {
    Method { runs: 1, ..method() }
}

fn query(record: &Sequence) -> Query {
    let half = record.ids().len() / 2;
    Query::new(&ends(&method()), &record.ids()[..half], &record.ids()[half..], Scope::Answer)
        .unwrap()
}

/// The query at the model itself.
fn alone(record: &Sequence) -> Query {
    let half = record.ids().len() / 2;
    Query::new(&[model()], &record.ids()[..half], &record.ids()[half..], Scope::Answer).unwrap()
}

#[test]
fn build_should_give_the_same_bytes_when_repeated_or_on_one_thread() {
    let first = index(&method());
    let second = index(&method());
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| index(&method()));
    assert_eq!(first.to_bytes(), second.to_bytes());
    assert_eq!(first.to_bytes(), alone.to_bytes());
    let record = record(0, 50);
    assert_eq!(query(&record), one.install(|| query(&record)));
}

#[test]
fn query_should_be_the_gradients_at_all_checkpoints() {
    let (first, ids) = (model(), record(0, 50).ids().to_vec());
    let moved = first.lora_values().into_iter().map(|matrix| matrix * 0.5).collect();
    let second = first.with_lora_values(moved).unwrap();
    let query = |models: &[Model]| {
        let Query { exponents, values } =
            Query::new(models, &ids[..1], &ids[1..], Scope::Answer).unwrap();
        let blocks = values.len() / exponents.len();
        assert_eq!(blocks % BLOCK, 0);
        let scaled = values
            .iter()
            .enumerate()
            .map(|(at, &value)| f64::from(value) * f64::from(exponents[at / blocks]).exp2());
        scaled.collect::<Vec<f64>>()
    };
    // Every matrix of this model fits into one block.
    let one = query(std::slice::from_ref(&first));
    let two = query(std::slice::from_ref(&second));
    let apart = [one, two].concat();
    let both = query(&[first, second]);
    let largest = apart.iter().fold(0.0_f64, |top, value| top.max(value.abs()));
    assert_eq!(both.len(), apart.len());
    for (found, expected) in both.iter().zip(&apart) {
        assert!((found - expected).abs() < 1e-3 * largest, "{found} is not {expected}");
    }
}

#[test]
fn query_should_explain_the_prompt_too_when_the_method_says_exchange() {
    let models = [model()];
    let ids = record(0, 50).ids().to_vec();
    let query = |prompt: usize, scope| Query::new(&models, &ids[..prompt], &ids[prompt..], scope);
    // However an exchange is divided into prompt and answer, it is the answer to its first token.
    let whole = query(1, Scope::Answer).unwrap();
    assert_eq!(query(4, Scope::Exchange).unwrap(), whole);
    assert_eq!(query(ids.len(), Scope::Exchange).unwrap(), whole);
    assert_ne!(query(4, Scope::Answer).unwrap(), whole);
    let nothing = query(ids.len(), Scope::Answer).unwrap();
    assert!(nothing.values.iter().all(|&value| value == 0));
}

#[test]
fn score_should_equal_the_dot_product_of_large_integers() {
    let index = index(&method());
    let query = query(&record(1, 50));
    let fast = scores(&query, &index);
    let exponents = index.exponents();
    let sums: Vec<i32> = exponents
        .iter()
        .cycle()
        .zip(&query.exponents)
        .map(|(w, q)| i32::from(*w) + i32::from(*q))
        .collect();
    let least = sums.iter().min().unwrap();
    let matrix = index.matrix_of_block();
    let both = |contribution| [(contribution, 0), (contribution, 1)];
    let rows: Vec<_> = CONTRIBUTIONS.into_iter().flat_map(both).collect();
    assert_eq!((index.rows(), fast.scores.len()), (rows, 2 * CONTRIBUTIONS.len()));
    let (values, matrices) = (index.blocks() * BLOCK, exponents.len());
    for (((_, variant), vector), score) in index.vectors().zip(&fast.scores) {
        let variant = usize::from(variant);
        let slow: i128 = vector
            .iter()
            .zip(&query.values[variant * values..])
            .enumerate()
            .map(|(i, (w, q))| {
                let shift = sums[variant * matrices + matrix[i / BLOCK]] - least;
                i128::from(*w) * i128::from(*q) * (1i128 << shift)
            })
            .sum();
        assert_eq!(*score, slow);
    }
}

#[test]
fn score_should_rank_as_unquantised_influence_does() {
    // One contribution per record, so that there is something to rank.
    let model = model();
    let examples: Vec<Example> = examples()
        .into_iter()
        .enumerate()
        .map(|(i, e)| Example { contribution: i as u32, ..e })
        .collect();
    let ids: Vec<u32> = (0..examples.len() as u32).collect();
    let equal = Method { weighting: Weighting::Equal, ..single() };
    let index = index_of(&ids, &examples, &equal).unwrap();

    // As build does it: sorted by length, so that the same labels are drawn.
    let mut sorted: Vec<&Sequence> = examples.iter().map(|e| &e.sequence).collect();
    sorted.sort_by_key(|sequence| sequence.ids().len());
    let ekfac = EkFac::fit(&model, &sorted, 0.1, equal.seed, |_, _| {}).unwrap();
    for topic in 0..3 {
        let record = record(topic, 60);
        let half = record.ids().len() / 2;
        let asked = Sequence::after(record.ids().to_vec(), half);
        let v = of_records(&model, &[asked], Labels::Data).unwrap().remove(0);
        let exact: Vec<f64> = examples
            .iter()
            .map(|example| {
                let own = std::slice::from_ref(&example.sequence);
                let g = of_records(&model, own, Labels::Data).unwrap().remove(0);
                let blocks = ekfac.blocks.iter().zip(&g).zip(&v);
                blocks
                    .map(|((block, g), v)| {
                        let w: Array2<f64> =
                            block.solve(vec![block.rotate(g).mapv(f64::from)]).remove(0);
                        w.iter().zip(v).map(|(w, &v)| w * f64::from(v)).sum::<f64>()
                    })
                    .sum()
            })
            .collect();
        let quantised: Vec<f64> =
            scores(&alone(&record), &index).scores.iter().map(|s| *s as f64).collect();
        let ranks = rank_correlation(&exact, &quantised);
        assert!(ranks > 0.999, "ranks correlate by {ranks}");
    }
}

#[test]
fn score_should_be_positive_when_a_step_on_the_record_makes_it_likelier() {
    let model = model();
    for topic in 0..3 {
        let record = record(topic, 0);
        // The step of training on the record alone …
        let gradient = of_records(&model, std::slice::from_ref(&record), Labels::Data).unwrap();
        let stepped = model
            .lora_values()
            .into_iter()
            .zip(&gradient[0])
            .map(|(values, gradient)| values - gradient * 1e-2)
            .collect();
        let stepped = model.with_lora_values(stepped).unwrap();
        let loss =
            |model: &openledger_lm::Model| model.losses(std::slice::from_ref(&record)).unwrap()[0];
        assert!(loss(&stepped) < loss(&model));
        // … and its score for itself have the same sign.
        let examples = [Example { contribution: 3, sequence: record.clone() }];
        let index = index_of(&[3], &examples, &single()).unwrap();
        let models = std::slice::from_ref(&model);
        let query =
            Query::new(models, &record.ids()[..1], &record.ids()[1..], Scope::Answer).unwrap();
        assert!(scores(&query, &index).scores[0] > 0);
    }
}

#[test]
fn contribution_should_score_as_the_sum_of_its_records() {
    let equal = Method { weighting: Weighting::Equal, ..method() };
    let whole = index(&equal);
    let each: Vec<Example> = examples()
        .into_iter()
        .enumerate()
        .map(|(i, e)| Example { contribution: i as u32, ..e })
        .collect();
    let ids: Vec<u32> = (0..24).collect();
    let split = index_of(&ids, &each, &equal).unwrap();
    let query = query(&record(2, 70));
    // Scores of two indices have different scales: compare parts of the sum of magnitudes.
    let parts = |scores: Vec<i128>| -> Vec<f64> {
        let sum: f64 = scores.iter().map(|s| s.abs() as f64).sum();
        scores.iter().map(|s| *s as f64 / sum).collect()
    };
    let whole: Vec<i128> =
        scores(&query, &whole).scores.chunks(2).map(|chunk| chunk.iter().sum()).collect();
    let whole = parts(whole);
    let split: Vec<i128> =
        scores(&query, &split).scores.chunks(16).map(|chunk| chunk.iter().sum()).collect();
    for (whole, split) in whole.iter().zip(parts(split)) {
        assert!((whole - split).abs() < 1e-3, "{whole} is not {split}");
    }
}

#[test]
fn contribution_should_score_zero_when_none_of_its_records_counts() {
    let index = index(&method());
    assert_eq!(index.header().members.iter().map(|m| m.records).collect::<Vec<_>>(), [8, 8, 8, 0]);
    let found = scores(&query(&record(0, 50)), &index).scores;
    assert_eq!((CONTRIBUTIONS[3], &found[6..]), (9, &[0, 0][..]));
}

#[test]
fn build_should_refuse_when_a_record_belongs_to_nobody() {
    let build =
        |contributions: &[u32], examples: &[Example]| index_of(contributions, examples, &method());
    assert!(matches!(build(&[3, 4], &examples()), Err(Error::UnknownContribution(8))));
    assert!(matches!(build(&CONTRIBUTIONS, &[]), Err(Error::NoRecords)));
}

#[test]
fn check_model_should_refuse_when_adapter_or_shape_differ() {
    let index = index(&method());
    let matrices = model().lora_matrices();
    index.check_model(ADAPTER, &matrices).unwrap();
    assert!(matches!(index.check_model(GENESIS, &matrices), Err(Error::OtherAdapter { .. })));
    assert!(index.check_model(ADAPTER, &matrices[1..]).is_err());
    let mut wider = matrices;
    wider[0].input += 1;
    assert!(index.check_model(ADAPTER, &wider).is_err());
}

#[test]
fn index_should_refuse_when_trainings_are_missing_or_of_another_shape() {
    let method = method();
    let of = |end: &Model, contributions: &[u32]| {
        Variant::new(end, 0, contributions, &examples(), &method, |_| {}).unwrap()
    };
    let index = |variants: &[Variant]| {
        build::index(&model(), ADAPTER, &CONTRIBUTIONS, &examples(), &method, variants)
    };
    let own = of(&model(), &CONTRIBUTIONS);
    index(&[own.clone(), own.clone()]).unwrap();
    let fewer = of(&model(), &[3, 4, 8]);
    for wrong in [vec![], vec![own.clone()], vec![own, fewer]] {
        let why = index(&wrong).unwrap_err().to_string();
        assert!(why.contains("expected 2 trainings, each with 4 vectors"), "{why}");
    }
}

#[test]
fn variants_should_be_what_one_training_after_the_other_says() {
    let method = method();
    let both = index(&method);
    let models = both.models(&model()).unwrap();
    for (found, end) in models.iter().zip(ends(&method)) {
        assert_eq!(found.lora_values(), end.lora_values());
    }
    // Of a second training alone, the scores are those of the second variant.
    let record = record(1, 50);
    let half = record.ids().len() / 2;
    let (prompt, answer) = record.ids().split_at(half);
    let of = |models: &[Model], index: &Index| -> Vec<f64> {
        let query = Query::new(models, prompt, answer, Scope::Answer).unwrap();
        let variants = usize::from(index.variants());
        let last = scores(&query, index).scores.into_iter().skip(variants - 1);
        let last: Vec<f64> = last.step_by(variants).map(|score| score as f64).collect();
        let sum: f64 = last.iter().map(|score| score.abs()).sum();
        last.into_iter().map(|score| score / sum).collect()
    };
    let second = Variant::new(&models[1], 1, &CONTRIBUTIONS, &examples(), &method, |_| {}).unwrap();
    let one = single();
    let second =
        build::index(&model(), ADAPTER, &CONTRIBUTIONS, &examples(), &one, &[second]).unwrap();
    let (both, second) = (of(&models, &both), of(&models[1..], &second));
    for (both, second) in both.iter().zip(second) {
        assert!((both - second).abs() < 1e-3, "{both} is not {second}");
    }
}

#[test]
fn explain_should_divide_the_score_of_a_contribution_among_its_records() {
    let method = method();
    let models = ends(&method);
    let ids = record(1, 50).ids().to_vec();
    let (prompt, answer) = ids.split_at(4);
    // Not in the order of their contributions.
    let mut examples = examples();
    examples.reverse();
    let mut heard = (0, 0);
    let each =
        explain(&models, &examples, &method, &[(prompt, answer), (&[0], &[])], |done, all| {
            assert!(done > heard.0 && done <= all);
            heard = (done, all);
        });
    assert_eq!(heard, (2 * 3 * 24, 2 * 3 * 24), "two models, twice for H and once for the records");
    let mut found = [0.0; 4];
    let each = each.unwrap();
    assert_eq!(each[1], [0.0; 24], "nothing made likely what says nothing");
    for (example, score) in examples.iter().zip(&each[0]) {
        let contribution = CONTRIBUTIONS.binary_search(&example.contribution).unwrap();
        found[contribution] += score;
    }
    let mut expected = [0.0; 4];
    for (model, run) in models.iter().zip(0..) {
        let asked = Sequence::new(ids.clone());
        let gradient = of_records(model, &[asked], Labels::Data).unwrap().remove(0);
        let variant = Variant::new(model, run, &CONTRIBUTIONS, &examples, &method, |_| {}).unwrap();
        for (sum, score) in expected.iter_mut().zip(variant.scores(&gradient)) {
            *sum += score;
        }
    }
    let largest = expected.iter().fold(0.0_f64, |top, score| top.max(score.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4 * largest, "{found} is not {expected}");
    }
    let nothing: (&[u32], &[u32]) = (&ids[..1], &[]);
    let nothing = explain(&models, &examples, &method, &[nothing], |_, _| {}).unwrap();
    assert!(nothing[0].iter().all(|score| *score == 0.0));
}
