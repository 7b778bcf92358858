//! The Gauss-Newton matrix itself, by conjugate gradients: no block of it is left out, no factor taken for another, and
//! every label counts by its probability.
//!
//! `(H + Λ) x = v` is solved for the gradient v of a query, with Λ holding each matrix's λ. [`EkFac`] gives both the
//! first x and the preconditioner, so what the steps add is what it leaves out. A step is one product with H, so several
//! passes over all of H's records: a query takes as long as an epoch of training, times the steps.

use ndarray::{Array1, Array2, ArrayView1};
use openledger_influence::{
    ekfac::EkFac,
    gradients::{self, ROWS},
};
use openledger_lm::{Labels, Model, Sequence};

use crate::{
    attributor::{finite, Attributor},
    Error, Result,
};

/// Scores by `v · (H + Λ)⁻¹ g`.
pub struct Conjugate<'a> {
    model: &'a Model,
    /// Of H, those of similar length side by side.
    hessian: Vec<Sequence>,
    /// `[records, parameters]`.
    gradients: Array2<f32>,
    preconditioner: EkFac,
    steps: usize,
}

impl<'a> Conjugate<'a> {
    /// Of the records that are scored, with H the mean over `hessian`, which EK-FAC was fitted on, or on more of them.
    ///
    /// # Errors
    /// If a record does not fit the model.
    pub fn new(
        model: &'a Model,
        records: &[Sequence],
        mut hessian: Vec<Sequence>,
        preconditioner: EkFac,
        steps: usize,
    ) -> Result<Self> {
        hessian.sort_by_key(|record| record.ids().len());
        let gradients = gradients::flat(model, records, Labels::Data)?;
        Ok(Self { model, hessian, gradients, preconditioner, steps })
    }

    /// `(H + Λ)⁻¹ v`, and the length of what is left of v after each step, the first x included, of v's.
    ///
    /// # Errors
    /// If v has another length than the parameters, or it is not finite.
    pub fn solve(&self, v: ArrayView1<f32>) -> Result<(Array1<f64>, Vec<f64>)> {
        if v.len() != self.gradients.ncols() {
            let (expected, found) = (self.gradients.ncols(), v.len());
            return Err(Error::OtherShape(format!(
                "a query of {found} parameters, not {expected}"
            )));
        }
        let v = v.mapv(f64::from);
        let length = v.dot(&v).sqrt().max(f64::MIN_POSITIVE);
        let mut x = self.precondition(&v);
        let mut rest = &v - &self.product(&x)?;
        let mut rests = vec![rest.dot(&rest).sqrt() / length];
        let mut solved = self.precondition(&rest);
        let mut direction = solved.clone();
        let mut size = rest.dot(&solved);
        for _ in 0..self.steps {
            let product = self.product(&direction)?;
            let curvature = direction.dot(&product);
            // Nothing is left.
            if curvature <= 0.0 {
                break;
            }
            let by = size / curvature;
            x.scaled_add(by, &direction);
            rest.scaled_add(-by, &product);
            rests.push(rest.dot(&rest).sqrt() / length);
            solved = self.precondition(&rest);
            let next = rest.dot(&solved);
            direction = &solved + &(direction * (next / size));
            size = next;
        }
        if x.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite("the solution for a query".into()));
        }
        Ok((x, rests))
    }

    /// `(H + Λ) x`.
    fn product(&self, x: &Array1<f64>) -> Result<Array1<f64>> {
        let mut start = 0;
        let mut direction = Vec::new();
        for block in &self.preconditioner.blocks {
            let shape = block.damped_eigenvalues().dim();
            let end = start + shape.0 * shape.1;
            let part = x.slice(ndarray::s![start..end]).mapv(|value| value as f32);
            direction.push(part.into_shape_with_order(shape).expect("as many values as the block"));
            start = end;
        }
        let mut sum = Array1::zeros(x.len());
        for records in self.hessian.chunks(ROWS) {
            let product = self.model.gauss_newton(records, &direction)?;
            sum.iter_mut()
                .zip(product.iter().flatten())
                .for_each(|(sum, &part)| *sum += f64::from(part));
        }
        sum /= self.hessian.len() as f64;
        let lambda = self.preconditioner.blocks.iter().flat_map(|block| {
            std::iter::repeat_n(block.lambda(), block.damped_eigenvalues().len())
        });
        sum.iter_mut().zip(x).zip(lambda).for_each(|((sum, x), lambda)| *sum += lambda * x);
        Ok(sum)
    }

    /// EK-FAC's `(H + Λ)⁻¹ v`.
    fn precondition(&self, v: &Array1<f64>) -> Array1<f64> {
        let row = v.mapv(|value| value as f32).insert_axis(ndarray::Axis(0));
        self.preconditioner.solve(&row).row(0).mapv(f64::from)
    }
}

impl Attributor for Conjugate<'_> {
    type Query = Sequence;

    fn scores(&self, query: &Sequence) -> Result<Vec<f64>> {
        let gradient = gradients::flat(self.model, std::slice::from_ref(query), Labels::Data)?;
        let (x, _) = self.solve(gradient.row(0))?;
        finite(self.gradients.dot(&x.mapv(|value| value as f32)).mapv(f64::from).to_vec())
    }

    fn bytes(&self) -> u64 {
        4 * self.gradients.len() as u64
    }
}
