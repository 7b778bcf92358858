use openledger_influence::gradients::{self, Trained};
use openledger_lm::Labels;

use crate::{attributor::Vectors, Result};

/// The product of gradients: one step of plain gradient descent on the record, at the end of training (TracIn of one
/// checkpoint, Pruthi et al. 2020).
///
/// # Errors
/// If a record does not fit the model.
pub fn dot<'a, M: Trained>(model: &'a M, records: &[M::Record]) -> Result<Vectors<'a, M>> {
    Vectors::new(model, gradients::flat(model, records, Labels::Data)?)
}
