use ndarray::Array2;
use openledger_influence::{
    build::{build, Example},
    ekfac::EkFac,
    gradients::of_records,
    method::{Scope, Weighting},
    query::Query,
    settlement::scores,
    Error, Index, Method,
};
use openledger_lm::{Labels, Model, Sequence};
use openledger_primitives::score::BLOCK;

use crate::fixture::*;

fn index(method: &Method) -> Index {
    build(&model(), ADAPTER, &CONTRIBUTIONS, &examples(), method, |_| {}).unwrap()
}

fn query(record: &Sequence) -> Query {
    let half = record.ids.len() / 2;
    Query::new(&[vec![model()]], &record.ids[..half], &record.ids[half..], Scope::Answer).unwrap()
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
fn query_should_be_the_gradients_at_all_checkpoints_end_to_end() {
    let (first, ids) = (model(), record(0, 50).ids);
    let moved = first.lora_values().into_iter().map(|matrix| matrix * 0.5).collect();
    let second = first.with_lora_values(moved).unwrap();
    let query = |models: &[Vec<Model>]| {
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
    let (one, two) = (query(&[vec![first.clone()]]), query(&[vec![second.clone()]]));
    let apart = [one, two].concat();
    let checkpoints = query(&[vec![first.clone(), second.clone()]]);
    let variants = query(&[vec![first], vec![second]]);
    let largest = apart.iter().fold(0.0_f64, |top, value| top.max(value.abs()));
    assert_eq!(checkpoints.len(), apart.len());
    assert_eq!(checkpoints, variants);
    for (found, expected) in checkpoints.iter().zip(&apart) {
        assert!((found - expected).abs() < 1e-3 * largest, "{found} is not {expected}");
    }
}

#[test]
fn query_should_explain_the_prompt_too_when_the_method_says_exchange() {
    let models = [vec![model()]];
    let ids = record(0, 50).ids;
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
        .zip(&query.exponents)
        .map(|(w, q)| i32::from(*w) + i32::from(*q))
        .collect();
    let least = sums.iter().min().unwrap();
    let matrix = index.matrix_of_block();
    let rows: Vec<_> = CONTRIBUTIONS.into_iter().map(|contribution| (contribution, 0)).collect();
    assert_eq!((index.rows(), fast.scores.len()), (rows, CONTRIBUTIONS.len()));
    for ((_, vector), score) in index.vectors().zip(&fast.scores) {
        let slow: i128 = vector
            .iter()
            .zip(&query.values)
            .enumerate()
            .map(|(i, (w, q))| {
                let shift = sums[matrix[i / BLOCK]] - least;
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
    let equal = Method { weighting: Weighting::Equal, ..method() };
    let index = build(&model, ADAPTER, &ids, &examples, &equal, |_| {}).unwrap();

    // As build does it: sorted by length, so that the same labels are drawn.
    let mut sorted: Vec<&Sequence> = examples.iter().map(|e| &e.sequence).collect();
    sorted.sort_by_key(|sequence| sequence.ids.len());
    let ekfac = EkFac::fit(&model, &sorted, 0.1, equal.seed, |_, _| {}).unwrap();
    for topic in 0..3 {
        let record = record(topic, 60);
        let half = record.ids.len() / 2;
        let asked = Sequence { ids: record.ids.clone(), from: half };
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
            scores(&query(&record), &index).scores.iter().map(|s| *s as f64).collect();
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
        let index = build(&model, ADAPTER, &[3], &examples, &method(), |_| {}).unwrap();
        let query =
            Query::new(&[vec![model.clone()]], &record.ids[..1], &record.ids[1..], Scope::Answer)
                .unwrap();
        assert!(scores(&query, &index).scores[0] > 0);
    }
}

#[test]
fn contribution_should_score_as_the_sum_of_its_records() {
    let model = model();
    let equal = Method { weighting: Weighting::Equal, ..method() };
    let whole = index(&equal);
    let each: Vec<Example> = examples()
        .into_iter()
        .enumerate()
        .map(|(i, e)| Example { contribution: i as u32, ..e })
        .collect();
    let ids: Vec<u32> = (0..24).collect();
    let split = build(&model, ADAPTER, &ids, &each, &equal, |_| {}).unwrap();
    let query = query(&record(2, 70));
    // Scores of two indices have different scales: compare parts of the sum of magnitudes.
    let parts = |scores: Vec<i128>| -> Vec<f64> {
        let sum: f64 = scores.iter().map(|s| s.abs() as f64).sum();
        scores.iter().map(|s| *s as f64 / sum).collect()
    };
    let whole = parts(scores(&query, &whole).scores);
    let split: Vec<i128> =
        scores(&query, &split).scores.chunks(8).map(|chunk| chunk.iter().sum()).collect();
    for (whole, split) in whole.iter().zip(parts(split)) {
        assert!((whole - split).abs() < 1e-3, "{whole} is not {split}");
    }
}

#[test]
fn contribution_should_score_zero_when_none_of_its_records_counts() {
    let index = index(&method());
    assert_eq!(index.header().members.iter().map(|m| m.records).collect::<Vec<_>>(), [8, 8, 8, 0]);
    assert_eq!((CONTRIBUTIONS[3], scores(&query(&record(0, 50)), &index).scores[3]), (9, 0));
}

#[test]
fn build_should_refuse_when_a_record_belongs_to_nobody() {
    let build = |contributions: &[u32], examples: &[Example]| {
        build(&model(), ADAPTER, contributions, examples, &method(), |_| {})
    };
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
