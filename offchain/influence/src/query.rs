//! A paid exchange, as a vector that contributions are compared with.

use openledger_lm::{Labels, Model, Sequence};

use crate::{build::largest, gradients, method::Scope, quantise, Error, Result};

/// The quantised gradient of what a method's [`Scope`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// One exponent per matrix.
    pub exponents: Vec<i16>,
    /// `[blocks, BLOCK]`.
    pub values: Vec<i16>,
}

impl Query {
    /// One forward and one backward pass over prompt and answer. Where there is no token to explain, or nothing
    /// before it, the query is all zeros: nothing made it likely.
    ///
    /// # Errors
    /// If there is no adapter, the tokens do not fit the model, or the gradient is not finite.
    pub fn new(model: &Model, prompt: &[u32], answer: &[u32], scope: Scope) -> Result<Self> {
        let from = match scope {
            Scope::Answer => prompt.len(),
            Scope::Exchange => 0,
        };
        let sequence = Sequence { ids: [prompt, answer].concat(), from };
        if sequence.targets() == 0 {
            let specs = model.lora_matrices();
            let blocks = specs.iter().map(|spec| quantise::blocks(spec.input * spec.output));
            return Ok(Self {
                exponents: quantise::exponents(&vec![0.0; specs.len()]),
                values: vec![0; blocks.sum::<usize>() * quantise::BLOCK],
            });
        }
        let gradient =
            gradients::of_records(model, &[sequence], Labels::Data)?.pop().unwrap_or_default();
        let largest: Vec<f64> =
            gradient.iter().map(|matrix| largest(matrix.iter().map(|&v| f64::from(v)))).collect();
        if largest.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite("the gradient of an answer".into()));
        }
        let exponents = quantise::exponents(&largest);
        let mut values = Vec::new();
        for (matrix, &exponent) in gradient.iter().zip(&exponents) {
            quantise::append(matrix.iter().map(|&v| f64::from(v)), exponent, &mut values);
        }
        Ok(Self { exponents, values })
    }
}
