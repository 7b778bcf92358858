//! A paid exchange, as vectors that contributions are compared with.

use ndarray::Array2;
use openledger_lm::{Labels, Model, Sequence};
use rayon::prelude::*;

use crate::{build::largest, gradients, method::Scope, quantise, Error, Method, Result};

/// The quantised gradients of what a method's [`Scope`] says: for each variant of an index a vector of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// One exponent per matrix, `[variants, matrices]`.
    pub exponents: Vec<i16>,
    /// `[variants, blocks, BLOCK]`.
    pub values: Vec<i16>,
}

impl Query {
    /// One forward and one backward pass over prompt and answer for each variant's model ([`crate::Index::models`]).
    /// Where there is no token to explain, or nothing before it, the query is all zeros: nothing made it likely.
    ///
    /// # Errors
    /// If there is no adapter, the tokens do not fit the model, or the gradient is not finite.
    pub fn new(models: &[Model], prompt: &[u32], answer: &[u32], scope: Scope) -> Result<Self> {
        let sequence = sequence(prompt, answer, scope);
        let gradient = |model: &Model| {
            if sequence.targets() == 0 {
                let specs = model.lora_matrices().into_iter();
                return Ok(specs.map(|spec| Array2::zeros((spec.input, spec.output))).collect());
            }
            // One at a time, so that a gradient depends on nothing else.
            let sequence = std::slice::from_ref(&sequence);
            let gradient = gradients::of_records(model, sequence, Labels::Data)?.pop();
            Ok(gradient.unwrap_or_default())
        };
        let gradients = models.par_iter().map(gradient).collect::<Result<Vec<_>>>()?;
        let matrices: Vec<Array2<f32>> = gradients.into_iter().flatten().collect();
        let largest: Vec<f64> =
            matrices.iter().map(|matrix| largest(matrix.iter().map(|&v| f64::from(v)))).collect();
        if largest.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite("the gradient of an answer".into()));
        }
        let exponents = quantise::exponents(&largest);
        let mut values = Vec::new();
        for (matrix, &exponent) in matrices.iter().zip(&exponents) {
            quantise::append(matrix.iter().map(|&v| f64::from(v)), exponent, &mut values);
        }
        Ok(Self { exponents, values })
    }
}

/// As much of an exchange as a method looks at: its first tokens, no more than of a record.
pub fn within<'a>(prompt: &'a [u32], answer: &'a [u32], method: &Method) -> (&'a [u32], &'a [u32]) {
    let most = method.tokens as usize;
    let prompt = &prompt[..prompt.len().min(most)];
    (prompt, &answer[..answer.len().min(most - prompt.len())])
}

/// An exchange as a sequence, from the first token that is explained on.
pub(crate) fn sequence(prompt: &[u32], answer: &[u32], scope: Scope) -> Sequence {
    let context = match scope {
        Scope::Answer => prompt.len(),
        Scope::Exchange => 0,
    };
    Sequence::after([prompt, answer].concat(), context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_should_leave_as_many_tokens_as_of_a_record() {
        let method = Method { tokens: 5, ..Method::default() };
        let of = |prompt: &[u32], answer: &[u32]| {
            let (prompt, answer) = within(prompt, answer, &method);
            (prompt.to_vec(), answer.to_vec())
        };
        assert_eq!(of(&[1, 2], &[3]), (vec![1, 2], vec![3]));
        assert_eq!(of(&[1, 2], &[3, 4, 5, 6]), (vec![1, 2], vec![3, 4, 5]));
        assert_eq!(of(&[1, 2, 3, 4, 5, 6], &[7]), (vec![1, 2, 3, 4, 5], vec![]));
    }
}
