//! Which of its records a contribution's score comes from.

use ndarray::Array2;
use openledger_lm::{Labels, Model, Sequence};

use crate::{
    build::{fit, order, passes, rotated, Example, Rotated},
    gradients::{of_records, ROWS},
    query, Method, Result,
};

/// How much likelier each record made each of these exchanges (prompt and answer), all variants together: of an exchange,
/// in the order of the examples, what the scores of their contributions are sums of, up to how these are rounded.
///
/// `models` are those of the index ([`crate::Index::models`]), `examples` all that it was built of. H is estimated again,
/// so this takes as long as building the index does, without its trainings, however many exchanges there are. `each` hears
/// after every pass how many records of how many went through a model.
///
/// # Errors
/// If there are no examples, the tokens do not fit the model, or a gradient is not finite.
pub fn explain(
    models: &[Model],
    examples: &[Example],
    method: &Method,
    exchanges: &[(&[u32], &[u32])],
    mut each: impl FnMut(usize, usize),
) -> Result<Vec<Vec<f64>>> {
    let mut scores = vec![vec![0.0; examples.len()]; exchanges.len()];
    // Nothing made likely what has no token to explain.
    let asked: Vec<(usize, Sequence)> = exchanges
        .iter()
        .map(|(prompt, answer)| {
            let (prompt, answer) = query::within(prompt, answer, method);
            query::sequence(prompt, answer, method.scope)
        })
        .enumerate()
        .filter(|(_, sequence)| sequence.targets() > 0)
        .collect();
    if asked.is_empty() {
        return Ok(scores);
    }
    let order = order(examples);
    let ordered: Vec<&Example> = order.iter().map(|&place| &examples[place]).collect();
    let all = models.len() * passes(examples.len(), method);
    let mut done = 0;
    let mut heard = |records| {
        done += records;
        each(done, all);
    };
    for (model, run) in models.iter().zip(0..) {
        let hessian = fit(model, run, &ordered, method, &mut heard)?;
        let rotate = |sequence: &Sequence| -> Result<Vec<Array2<f32>>> {
            // One at a time, as the query of a settlement.
            let gradient = of_records(model, std::slice::from_ref(sequence), Labels::Data)?;
            let blocks = hessian.blocks.iter().zip(gradient.iter().flatten());
            Ok(blocks.map(|(block, gradient)| block.rotate(gradient)).collect())
        };
        let queries: Vec<(usize, Vec<Array2<f32>>)> = asked
            .iter()
            .map(|(exchange, sequence)| Ok((*exchange, rotate(sequence)?)))
            .collect::<Result<_>>()?;
        for (rows, places) in ordered.chunks(ROWS).zip(order.chunks(ROWS)) {
            let Rotated { gradients, weights } = rotated(model, &hessian, rows, method.weighting)?;
            for (row, (&place, weight)) in places.iter().zip(weights).enumerate() {
                for (exchange, query) in &queries {
                    let blocks = hessian.blocks.iter().zip(query).zip(&gradients);
                    let product: f64 = blocks.map(|((b, q), g)| b.product(q, &g[row])).sum();
                    scores[*exchange][place] += weight * product;
                }
            }
            heard(rows.len());
        }
    }
    Ok(scores)
}
