use openledger_influence::gradients::{self, Trained};
use openledger_lm::Labels;

use crate::{
    attributor::{lengths, Vectors},
    Result,
};

/// The cosine of the gradients' angle (Charpiat et al. 2019), times the length of the query's, which is the same for all
/// records.
///
/// # Errors
/// If a record does not fit the model.
pub fn cosine<'a, M: Trained>(model: &'a M, records: &[M::Record]) -> Result<Vectors<'a, M>> {
    let mut gradients = gradients::flat(model, records, Labels::Data)?;
    let lengths = lengths(&gradients);
    for (mut row, length) in gradients.rows_mut().into_iter().zip(lengths) {
        // A record without a gradient is in no direction.
        let scale = if length > 0.0 { length.recip() } else { 0.0 };
        row.mapv_inplace(|value| (f64::from(value) * scale) as f32);
    }
    Vectors::new(model, gradients)
}
