//! Which of its records a contribution's score comes from.

use openledger_lm::{Labels, Model};

use crate::{
    build::{fit, ordered, rotated, Example, Rotated},
    gradients::{of_records, ROWS},
    query, Method, Result,
};

/// How much likelier each record made an exchange, all variants together, in the order of the examples: what the scores
/// of their contributions are sums of, up to how these are rounded.
///
/// `models` are those of the index ([`crate::Index::models`]), `examples` all that it was built of. H is estimated again,
/// so this takes as long as building the index does, without its trainings. `each` hears after every pass how many
/// records of how many went through a model.
///
/// # Errors
/// If there are no examples, the tokens do not fit the model, or a gradient is not finite.
pub fn explain(
    models: &[Model],
    examples: &[Example],
    method: &Method,
    prompt: &[u32],
    answer: &[u32],
    mut each: impl FnMut(usize, usize),
) -> Result<Vec<f64>> {
    let asked = query::sequence(prompt, answer, method.scope);
    let mut scores = vec![0.0; examples.len()];
    if asked.targets() == 0 {
        return Ok(scores);
    }
    // As the index has them, with where each came from.
    let mut places: Vec<usize> = (0..examples.len()).collect();
    places.sort_by_key(|&place| examples[place].sequence.ids.len());
    let ordered = ordered(examples);
    let sampled = (method.fisher_records as usize).min(ordered.len());
    let all = models.len() * (2 * sampled + ordered.len());
    let mut done = 0;
    let mut heard = |records| {
        done += records;
        each(done, all);
    };
    for (model, run) in models.iter().zip(0..) {
        let hessian = fit(model, run, &ordered, method, &mut heard)?;
        let gradient = of_records(model, std::slice::from_ref(&asked), Labels::Data)?;
        let own: Vec<_> = hessian
            .blocks
            .iter()
            .zip(gradient.iter().flatten())
            .map(|(block, gradient)| block.rotate(gradient))
            .collect();
        for (rows, places) in ordered.chunks(ROWS).zip(places.chunks(ROWS)) {
            let Rotated { gradients, weights } = rotated(model, &hessian, rows, method.weighting)?;
            for (row, (&place, weight)) in places.iter().zip(weights).enumerate() {
                let blocks = hessian.blocks.iter().zip(&own).zip(&gradients);
                let product: f64 = blocks.map(|((b, own), g)| b.product(own, &g[row])).sum();
                scores[place] += weight * product;
            }
            heard(rows.len());
        }
    }
    Ok(scores)
}
