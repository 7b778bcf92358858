//! Building an attribution index: for each of several trainings of half the steps, and for every contribution k,
//! `w_k = (H + λI)⁻¹ Σ_{i∈k} α_i ∇ℓ_i` at the end of that training.
//!
//! What leaving records out does is predicted best around a training that is itself halfway there: without half of the
//! records, a training has half the steps. So gradients are not those at the adapter that is served. Each training is a
//! variant: their sum predicts better than any of them, and what they disagree on is uncertain.

use codec::{DecodeAll, Encode};
use ndarray::{Array2, Zip};
use openledger_lm::{Labels, MatrixSpec, Model, Sequence};
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

/// How far a variant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records passed through the model.
    pub done: usize,
    /// Records to pass through the model, each counted as often as it passes.
    pub all: usize,
}

/// What one training says of all contributions.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The matrices of the adapter that it made.
    checkpoint: Vec<Array2<f32>>,
    /// For each matrix, a part of each contribution's vector.
    vectors: Vec<Vec<Array2<f64>>>,
}

/// A matrix: its rows, its columns, and the bits of its values.
type Shaped<B> = (u32, u32, Vec<B>);

/// A variant as it is kept.
#[derive(codec::Encode, codec::Decode)]
struct Saved {
    checkpoint: Vec<Shaped<u32>>,
    vectors: Vec<Vec<Shaped<u64>>>,
}

fn shaped<T, B>(matrix: &Array2<T>, bits: impl Fn(&T) -> B) -> Shaped<B> {
    (matrix.nrows() as u32, matrix.ncols() as u32, matrix.iter().map(bits).collect())
}

fn matrix<T, B>((rows, columns, bits): Shaped<B>, value: impl Fn(B) -> T) -> Option<Array2<T>> {
    let values = bits.into_iter().map(value).collect();
    Array2::from_shape_vec((rows as usize, columns as usize), values).ok()
}

impl Variant {
    /// Of a training that ended with this model. `run` is its number, from 0. `contributions` are all of the model's,
    /// ascending; those without an example get a vector of zeros. The same arguments give the same bits on the same
    /// machine.
    ///
    /// # Errors
    /// If the method is not sane, there are no examples, one belongs to no listed contribution or does not fit the
    /// model, or the gradients are not finite.
    pub fn new(
        model: &Model,
        run: u8,
        contributions: &[ContributionId],
        examples: &[Example],
        method: &Method,
        mut each: impl FnMut(Progress),
    ) -> Result<Self> {
        method.check()?;
        let owners: Vec<usize> =
            examples.iter().map(|e| position(contributions, e)).collect::<Result<_>>()?;
        let order = order(examples);
        let ordered: Vec<&Example> = order.iter().map(|&place| &examples[place]).collect();
        let mut progress = Progress { done: 0, all: passes(examples.len(), method) };
        let mut heard = |records| {
            progress.done += records;
            each(progress);
        };
        let hessian = fit(model, run, &ordered, method, &mut heard)?;
        let mut sums: Vec<Vec<Array2<f64>>> = hessian
            .blocks
            .iter()
            .map(|block| vec![Array2::zeros(block.damped_eigenvalues().dim()); contributions.len()])
            .collect();
        for (rows, places) in ordered.chunks(ROWS).zip(order.chunks(ROWS)) {
            let Rotated { gradients, weights } = rotated(model, &hessian, rows, method.weighting)?;
            sums.par_iter_mut().zip(&gradients).for_each(|(sums, gradients)| {
                for ((&place, &weight), gradient) in places.iter().zip(&weights).zip(gradients) {
                    Zip::from(&mut sums[owners[place]])
                        .and(gradient)
                        .for_each(|sum, &g| *sum += weight * f64::from(g));
                }
            });
            heard(rows.len());
        }
        let vectors: Vec<Vec<Array2<f64>>> =
            hessian.blocks.par_iter().zip(sums).map(|(block, sums)| block.solve(sums)).collect();
        let checkpoint = model.lora_values();
        Ok(Self { checkpoint, vectors })
    }

    /// How much likelier each contribution made what has this gradient, before anything is rounded to integers.
    pub fn scores(&self, gradient: &[Array2<f32>]) -> Vec<f64> {
        let contributions = self.vectors.first().map_or(0, Vec::len);
        let product = |(vectors, gradient): (&Vec<Array2<f64>>, &Array2<f32>), k: usize| -> f64 {
            vectors[k].iter().zip(gradient).map(|(&w, &g)| w * f64::from(g)).sum()
        };
        let score = |k| self.vectors.iter().zip(gradient).map(|pair| product(pair, k)).sum();
        (0..contributions).map(score).collect()
    }

    /// As bytes, so that what was computed can be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bits = |value: &f64| value.to_bits();
        let checkpoint =
            self.checkpoint.iter().map(|matrix| shaped(matrix, |value| value.to_bits()));
        let vectors =
            self.vectors.iter().map(|of| of.iter().map(|part| shaped(part, bits)).collect());
        Saved { checkpoint: checkpoint.collect(), vectors: vectors.collect() }.encode()
    }

    /// What [`Variant::to_bytes`] gave; nothing of other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Saved { checkpoint, vectors } = Saved::decode_all(&mut &*bytes).ok()?;
        let checkpoint = checkpoint.into_iter().map(|saved| matrix(saved, f32::from_bits));
        let vectors = vectors.into_iter().map(|of: Vec<Shaped<u64>>| {
            of.into_iter().map(|saved| matrix(saved, f64::from_bits)).collect()
        });
        Some(Self {
            checkpoint: checkpoint.collect::<Option<_>>()?,
            vectors: vectors.collect::<Option<_>>()?,
        })
    }

    fn has(&self, matrices: &[MatrixSpec], contributions: usize) -> bool {
        let fits = |(vectors, spec): (&Vec<Array2<f64>>, &MatrixSpec)| {
            vectors.len() == contributions
                && vectors.iter().all(|vector| vector.dim() == (spec.input, spec.output))
        };
        self.vectors.len() == matrices.len() && self.vectors.iter().zip(matrices).all(fits)
    }
}

/// A variant for each of these ends of trainings, in the order of the runs.
///
/// # Errors
/// As [`Variant::new`].
pub fn variants(
    ends: &[Model],
    contributions: &[ContributionId],
    examples: &[Example],
    method: &Method,
) -> Result<Vec<Variant>> {
    let of = |(end, run)| Variant::new(end, run, contributions, examples, method, |_| {});
    ends.iter().zip(0..).map(of).collect()
}

/// Puts what all trainings say of an adapter's contributions into an index.
///
/// # Errors
/// If there are not as many as the method says, one is of another shape or not finite, an example belongs to no listed
/// contribution, or the chain does not take an index as large.
pub fn index(
    model: &Model,
    adapter: ContentId,
    contributions: &[ContributionId],
    examples: &[Example],
    method: &Method,
    variants: &[Variant],
) -> Result<Index> {
    let matrices = model.lora_matrices();
    let fits = variants.iter().all(|variant| variant.has(&matrices, contributions.len()));
    if variants.len() != usize::from(method.runs) || !fits {
        return Err(Error::Index(format!(
            "expected {} trainings, each with {} vectors of the model's shape; got {}, or others",
            method.runs,
            contributions.len(),
            variants.len(),
        )));
    }
    let mut records = vec![0u32; contributions.len()];
    for example in examples {
        records[position(contributions, example)?] += 1;
    }
    let largest: Vec<f64> = (0..matrices.len())
        .map(|i| {
            let of = |variant: &Variant| largest(variant.vectors[i].iter().flatten().copied());
            variants.iter().map(of).fold(0.0, f64::max)
        })
        .collect();
    if let Some(broken) = largest.iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite(format!("matrix {broken} of the index")));
    }
    let exponents = quantise::exponents(&largest);
    let mut data = Vec::new();
    for contribution in 0..contributions.len() {
        for variant in variants {
            for (vectors, &exponent) in variant.vectors.iter().zip(&exponents) {
                quantise::append(vectors[contribution].iter().copied(), exponent, &mut data);
            }
        }
    }
    let header = Header {
        adapter,
        method: method.to_json(),
        variants: method.runs.into(),
        matrices: matrices
            .into_iter()
            .zip(&exponents)
            .map(|(spec, &exponent)| Matrix {
                name: spec.name,
                input: spec.input as u32,
                output: spec.output as u32,
                exponent,
            })
            .collect(),
        members: contributions
            .iter()
            .zip(&records)
            .map(|(&contribution, &records)| Member { contribution, records })
            .collect(),
    };
    let values = variants.iter().flat_map(|variant| variant.checkpoint.iter().flatten());
    Index::new(header, data, values.map(|value| value.to_bits()).collect())
}

/// The places of examples, those of similar length side by side, so that little is padded.
pub(crate) fn order(examples: &[Example]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..examples.len()).collect();
    order.sort_by_key(|&place| examples[place].sequence.ids().len());
    order
}

/// How many of so many records pass through the model for a variant, each counted as often as it does.
pub(crate) fn passes(records: usize, method: &Method) -> usize {
    2 * (method.fisher_records as usize).min(records) + records
}

/// H + λI at the end of training `run`. `heard` hears how many records were passed.
pub(crate) fn fit(
    model: &Model,
    run: u8,
    ordered: &[&Example],
    method: &Method,
    mut heard: impl FnMut(usize),
) -> Result<EkFac> {
    let fisher = method.fisher_records as usize;
    let sample: Vec<&Sequence> = evenly(ordered, fisher).map(|example| &example.sequence).collect();
    let damping = f64::from(method.damping_ppm) / f64::from(PPM);
    // Far enough apart that no two trainings draw the same labels.
    let seed = method.seed.wrapping_add(u64::from(run) << 32);
    let mut before = 0;
    EkFac::fit(model, &sample, damping, seed, |done, _| {
        heard(done - before);
        before = done;
    })
}

/// Some records, as H sees them.
pub(crate) struct Rotated {
    /// Their gradients in the eigenbases of H, `[matrices][records]`.
    pub gradients: Vec<Vec<Array2<f32>>>,
    /// What each counts.
    pub weights: Vec<f64>,
}

/// Passes some records through the model.
pub(crate) fn rotated(
    model: &Model,
    hessian: &EkFac,
    rows: &[&Example],
    weighting: Weighting,
) -> Result<Rotated> {
    let batch: Vec<Sequence> = rows.iter().map(|row| row.sequence.clone()).collect();
    let capture = model.capture(&batch, Labels::Data)?;
    let gradients: Vec<Vec<Array2<f32>>> = hessian
        .blocks
        .par_iter()
        .zip(&capture.matrices)
        .map(|(block, matrix)| {
            factors::<Model>(matrix, &batch)
                .map(|record| block.rotate(&record.gradient()))
                .collect()
        })
        .collect();
    let weight = |row: usize| match weighting {
        Weighting::Equal => 1.0,
        Weighting::SelfInfluence => {
            let blocks = hessian.blocks.iter().zip(&gradients);
            let own: f64 = blocks.map(|(block, g)| block.product(&g[row], &g[row])).sum();
            // A record without a gradient has no influence, whatever its weight.
            if own > 0.0 {
                own.sqrt().recip()
            } else {
                0.0
            }
        }
    };
    let weights = (0..rows.len()).map(weight).collect();
    Ok(Rotated { gradients, weights })
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

fn position(contributions: &[ContributionId], example: &Example) -> Result<usize> {
    let id = example.contribution;
    contributions.binary_search(&id).map_err(|_| Error::UnknownContribution(id))
}
