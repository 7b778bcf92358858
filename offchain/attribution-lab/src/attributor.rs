//! What every way of attributing has in common, so that they can be compared.

use ndarray::{Array2, ArrayView2, Axis, Zip};
use openledger_influence::gradients::{self, Trained};
use openledger_lm::Labels;
use rayon::prelude::*;

use crate::{Error, Result};

/// Records whose scores one thread computes at a time.
const RECORDS: usize = 64;

/// Says how much likelier each record made something.
pub trait Attributor {
    /// What is asked about.
    type Query: ?Sized;

    /// For each record, in order, how much likelier it made the query: positive where leaving the record out would
    /// make it less likely. Only the order and the proportions of one query's scores mean anything.
    ///
    /// # Errors
    /// If the query does not fit.
    fn scores(&self, query: &Self::Query) -> Result<Vec<f64>>;

    /// The scores of each of several queries, side by side where that is faster.
    ///
    /// # Errors
    /// If one does not fit.
    fn all_scores(&self, queries: &[&Self::Query]) -> Result<Vec<Vec<f64>>> {
        queries.iter().map(|query| self.scores(query)).collect()
    }

    /// Bytes that are kept from one query to the next.
    fn bytes(&self) -> u64;
}

/// A vector for each record, whose product with a query's gradient is the score: what all methods by gradients come
/// down to.
pub struct Vectors<'a, M> {
    model: &'a M,
    /// `[records, parameters]`.
    vectors: Array2<f32>,
}

impl<'a, M: Trained> Vectors<'a, M> {
    /// Of one vector for each record, matrix by matrix as [`Trained::matrices`] lists them, each row by row.
    ///
    /// # Errors
    /// If a value is not finite.
    pub fn new(model: &'a M, vectors: Array2<f32>) -> Result<Self> {
        match vectors.iter().all(|value| value.is_finite()) {
            true => Ok(Self { model, vectors }),
            false => Err(Error::NotFinite("a record's vector".into())),
        }
    }

    /// The vectors, `[records, parameters]`.
    pub fn vectors(&self) -> ArrayView2<'_, f32> {
        self.vectors.view()
    }
}

impl<M: Trained> Attributor for Vectors<'_, M> {
    type Query = M::Record;

    fn scores(&self, query: &M::Record) -> Result<Vec<f64>> {
        let gradient = gradients::flat(self.model, std::slice::from_ref(query), Labels::Data)?;
        finite(self.vectors.dot(&gradient.row(0)).mapv(f64::from).to_vec())
    }

    fn all_scores(&self, queries: &[&M::Record]) -> Result<Vec<Vec<f64>>> {
        // Those of similar length side by side, so that little is padded.
        let mut order: Vec<usize> = (0..queries.len()).collect();
        order.sort_by_key(|&place| M::rows(queries[place]));
        let sorted: Vec<M::Record> = order.iter().map(|&place| queries[place].clone()).collect();
        let gradients = gradients::flat(self.model, &sorted, Labels::Data)?;
        let parts: Vec<ArrayView2<f32>> = self.vectors.axis_chunks_iter(Axis(0), RECORDS).collect();
        let products: Vec<Array2<f32>> =
            parts.par_iter().map(|vectors| gradients.dot(&vectors.t())).collect();
        let mut scores = vec![Vec::with_capacity(self.vectors.nrows()); queries.len()];
        for products in products {
            for (&place, row) in order.iter().zip(products.rows()) {
                scores[place].extend(row.iter().map(|&score| f64::from(score)));
            }
        }
        scores.into_iter().map(finite).collect()
    }

    fn bytes(&self) -> u64 {
        4 * self.vectors.len() as u64
    }
}

/// Several estimates of the same thing, added up.
pub struct Sum<A>(pub Vec<A>);

impl<A: Attributor> Attributor for Sum<A> {
    type Query = A::Query;

    fn scores(&self, query: &A::Query) -> Result<Vec<f64>> {
        let mut sum: Vec<f64> = Vec::new();
        for part in &self.0 {
            add(&mut sum, &part.scores(query)?);
        }
        Ok(sum)
    }

    fn all_scores(&self, queries: &[&A::Query]) -> Result<Vec<Vec<f64>>> {
        let mut sum: Vec<Vec<f64>> = vec![Vec::new(); queries.len()];
        for part in &self.0 {
            for (sum, scores) in sum.iter_mut().zip(part.all_scores(queries)?) {
                add(sum, &scores);
            }
        }
        Ok(sum)
    }

    fn bytes(&self) -> u64 {
        self.0.iter().map(Attributor::bytes).sum()
    }
}

fn add(sum: &mut Vec<f64>, scores: &[f64]) {
    sum.resize(scores.len(), 0.0);
    sum.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
}

/// Each row divided by the root of the other's product with it: with the solution of a record's gradient, its influence
/// on itself (RelatIF, Barshan et al. 2020), so that records count by their direction alone. A row without a gradient
/// becomes zeros.
pub fn by_self_influence(mut vectors: Array2<f32>, gradients: &Array2<f32>) -> Array2<f32> {
    Zip::from(vectors.rows_mut()).and(gradients.rows()).for_each(|mut vector, gradient| {
        let own: f64 =
            vector.iter().zip(gradient).map(|(&v, &g)| f64::from(v) * f64::from(g)).sum();
        let weight = if own > 0.0 { own.sqrt().recip() } else { 0.0 };
        vector.mapv_inplace(|value| (f64::from(value) * weight) as f32);
    });
    vectors
}

/// The scores of a query, refused if one is not a number that others can be compared with.
///
/// # Errors
/// If a score is not finite.
pub fn finite(scores: Vec<f64>) -> Result<Vec<f64>> {
    match scores.iter().all(|score| score.is_finite()) {
        true => Ok(scores),
        false => Err(Error::NotFinite("the scores of a query".into())),
    }
}

/// The length of each row.
pub(crate) fn lengths(rows: &Array2<f32>) -> Vec<f64> {
    let squares = rows.axis_iter(Axis(0));
    squares.map(|row| row.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt()).collect()
}
