//! Rotary position embedding (Su et al. 2021): angles of the positions that one pass needs.

use std::sync::Arc;

use crate::sight::Sight;

/// Cosines and sines for the positions of one pass.
#[derive(Debug)]
pub(crate) struct Rotary {
    /// `[positions, half]`.
    pub cos: Vec<f32>,
    /// As `cos`.
    pub sin: Vec<f32>,
    /// Pairs of features that are rotated: half a head's width.
    pub half: usize,
    /// Which row of the table each token of the pass takes, `[batch * seq]`; without, the `t`-th token of every
    /// sequence takes row `t`.
    rows: Option<Arc<[u32]>>,
}

impl Rotary {
    /// The table of a pass, from the rotary frequencies in radians per position.
    pub(crate) fn new(frequencies: &[f64], sight: &Sight) -> Self {
        let angles = (sight.past..sight.past + sight.seq)
            .flat_map(|position| frequencies.iter().map(move |f| position as f64 * f));
        let (cos, sin) = angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip();
        Self { cos, sin, half: frequencies.len(), rows: sight.positions() }
    }

    /// The row of the table of the token at `[batch, position]`.
    pub(crate) fn row(&self, batch: usize, position: usize, seq: usize) -> usize {
        match &self.rows {
            None => position,
            Some(rows) => rows[batch * seq + position] as usize,
        }
    }
}
