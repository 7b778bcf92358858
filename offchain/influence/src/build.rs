//! Building an attribution index: `w_k = (H + λI)⁻¹ Σ_{i∈k} α_i ∇ℓ_i` for every contribution k.

use ndarray::{Array2, Zip};
use openledger_lm::{Labels, Model, Sequence};
use openledger_primitives::{ContentId, ContributionId, PPM};
use rayon::prelude::*;

use crate::{
    ekfac::EkFac,
    gradients::{evenly, factors, ROWS},
    index::{check_blocks, Header, Matrix, Member},
    method::Weighting,
    quantise, Error, Index, Method, Result,
};

/// One training record that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The contribution that it belongs to.
    pub contribution: ContributionId,
    /// Its tokens, cut to the method's length.
    pub sequence: Sequence,
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records passed through the model.
    pub done: usize,
    /// Records to pass through the model, each counted as often as it passes.
    pub all: usize,
}

/// Builds the index of an adapter.
///
/// `contributions` are all of the model's, ascending; those without an example get a vector of zeros. The same
/// arguments give the same bytes on the same machine.
///
/// # Errors
/// If the method is not sane, there are no examples, one belongs to no listed contribution or does not fit the
/// model, or the gradients are not finite.
pub fn build(
    model: &Model,
    adapter: ContentId,
    contributions: &[ContributionId],
    examples: &[Example],
    method: &Method,
    mut each: impl FnMut(Progress),
) -> Result<Index> {
    method.check()?;
    check_size(model)?;
    let mut counts = vec![0u32; contributions.len()];
    for example in examples {
        let position = position(contributions, example.contribution)?;
        counts[position] += 1;
    }
    // Of similar length side by side, so that little is padded.
    let mut ordered: Vec<&Example> = examples.iter().collect();
    ordered.sort_by_key(|example| example.sequence.ids.len());

    let fisher = (method.fisher_records as usize).min(ordered.len());
    let sample: Vec<&Sequence> =
        evenly(&ordered, fisher).map(|example| &example.sequence).collect();
    let all = 2 * fisher + ordered.len();
    let damping = f64::from(method.damping_ppm) / f64::from(PPM);
    let hessian =
        EkFac::fit(model, &sample, damping, method.seed, |done, _| each(Progress { done, all }))?;

    let mut sums: Vec<Vec<Array2<f64>>> = hessian
        .blocks
        .iter()
        .map(|block| vec![Array2::zeros(block.damped_eigenvalues().dim()); contributions.len()])
        .collect();
    for (i, rows) in ordered.chunks(ROWS).enumerate() {
        let batch: Vec<Sequence> = rows.iter().map(|row| row.sequence.clone()).collect();
        let capture = model.capture(&batch, Labels::Data)?;
        let rotated: Vec<Vec<Array2<f32>>> = hessian
            .blocks
            .par_iter()
            .zip(&capture.matrices)
            .map(|(block, matrix)| {
                factors::<Model>(matrix, &batch)
                    .map(|record| block.rotate(&record.gradient()))
                    .collect()
            })
            .collect();
        let weighted: Vec<(usize, f64)> = rows
            .iter()
            .enumerate()
            .map(|(row, example)| {
                let weight = match method.weighting {
                    Weighting::Equal => 1.0,
                    Weighting::SelfInfluence => {
                        let blocks = hessian.blocks.iter().zip(&rotated);
                        let own: f64 = blocks.map(|(b, g)| b.self_influence(&g[row])).sum();
                        // A record without a gradient has no influence, whatever its weight.
                        if own > 0.0 {
                            own.sqrt().recip()
                        } else {
                            0.0
                        }
                    }
                };
                Ok((position(contributions, example.contribution)?, weight))
            })
            .collect::<Result<_>>()?;
        sums.par_iter_mut().zip(&rotated).for_each(|(sums, gradients)| {
            for (&(position, weight), gradient) in weighted.iter().zip(gradients) {
                Zip::from(&mut sums[position])
                    .and(gradient)
                    .for_each(|sum, &g| *sum += weight * f64::from(g));
            }
        });
        each(Progress { done: 2 * fisher + (i * ROWS) + batch.len(), all });
    }
    let vectors: Vec<Vec<Array2<f64>>> =
        hessian.blocks.par_iter().zip(sums).map(|(block, sums)| block.solve(sums)).collect();

    let header = |exponents: &[i16]| Header {
        adapter,
        method: method.to_json(),
        variants: 1,
        checkpoints: 0,
        matrices: model
            .lora_matrices()
            .into_iter()
            .zip(exponents)
            .map(|(spec, &exponent)| Matrix {
                name: spec.name,
                input: spec.input as u32,
                output: spec.output as u32,
                exponent,
            })
            .collect(),
        members: contributions
            .iter()
            .zip(&counts)
            .map(|(&contribution, &records)| Member { contribution, records })
            .collect(),
    };
    let largest: Vec<f64> =
        vectors.iter().map(|matrix| largest(matrix.iter().flatten().copied())).collect();
    if let Some(broken) = largest.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite(format!("matrix {broken} of the index")));
    }
    let exponents = quantise::exponents(&largest);
    let mut data = Vec::new();
    for contribution in 0..contributions.len() {
        for (matrix, &exponent) in vectors.iter().zip(&exponents) {
            quantise::append(matrix[contribution].iter().copied(), exponent, &mut data);
        }
    }
    Index::new(header(&exponents), data, Vec::new())
}

/// Whether the adapter's parameters make a vector that the chain takes.
///
/// # Errors
/// If there are too many, or none.
pub fn check_size(model: &Model) -> Result<()> {
    let specs = model.lora_matrices();
    check_blocks(specs.iter().map(|spec| quantise::blocks(spec.input * spec.output)).sum())
}

/// The largest magnitude; infinite if a value is not finite.
pub(crate) fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(
        0.0,
        |top, value| if value.is_finite() { value.abs().max(top) } else { f64::INFINITY },
    )
}

fn position(contributions: &[ContributionId], id: ContributionId) -> Result<usize> {
    contributions.binary_search(&id).map_err(|_| Error::UnknownContribution(id))
}
