use openledger_lm::Labels;

use crate::{
    attributor::{lengths, Attributor, Vectors},
    gradients::{self, Trained},
    Result,
};

/// The cosine of the gradients' angle (Charpiat et al. 2019).
pub struct Cosine<'a, M>(Vectors<'a, M>);

impl<'a, M: Trained> Cosine<'a, M> {
    /// Over all records.
    ///
    /// # Errors
    /// If a record does not fit the model.
    pub fn new(model: &'a M, records: &[M::Record]) -> Result<Self> {
        let mut gradients = gradients::flat(model, records, Labels::Data)?;
        let lengths = lengths(&gradients);
        for (mut row, length) in gradients.rows_mut().into_iter().zip(lengths) {
            // A record without a gradient is in no direction.
            let scale = if length > 0.0 { length.recip() } else { 0.0 };
            row.mapv_inplace(|value| (f64::from(value) * scale) as f32);
        }
        Ok(Self(Vectors::new(model, gradients)?))
    }
}

impl<M: Trained> Attributor for Cosine<'_, M> {
    type Query = M::Record;

    fn scores(&self, query: &M::Record) -> Result<Vec<f64>> {
        // The query's own length is the same for all records.
        self.0.scores(query)
    }

    fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}
