//! Token sequences, and how they become rows of a batch.

use std::sync::Arc;

use crate::{Error, Model, Result};

/// One record or one prompt with its answer, as tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its tokens, begin- and end-of-text included where they are wanted.
    pub ids: Vec<u32>,
    /// The first position whose token is a target: tokens before it are context only. The first token is never
    /// a target, so 0 and 1 mean the same.
    pub from: usize,
}

impl Sequence {
    /// A sequence of which every token but the first is a target.
    pub fn new(ids: Vec<u32>) -> Self {
        Self { ids, from: 1 }
    }

    /// How many targets it has.
    pub fn targets(&self) -> usize {
        self.ids.len().saturating_sub(self.from.max(1))
    }
}

/// Rows of equal length: what goes into the model, what it should predict, and how much each target counts.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// `[rows, seq]`.
    pub ids: Vec<u32>,
    /// The token after each of `ids`; arbitrary where the weight is 0.
    pub labels: Arc<[u32]>,
    /// 1 for a target, 0 for context and padding.
    pub weights: Arc<[f32]>,
    pub rows: usize,
    pub seq: usize,
}

impl Batch {
    /// One sequence per row, padded at the end to the longest. Attention is causal, so padding changes nothing
    /// before it.
    pub(crate) fn padded(model: &Model, sequences: &[Sequence]) -> Result<Self> {
        let seq = sequences.iter().map(|s| s.ids.len()).max().unwrap_or(0).saturating_sub(1);
        let mut ids = Vec::with_capacity(sequences.len() * seq);
        let mut labels = Vec::with_capacity(ids.capacity());
        let mut weights = Vec::with_capacity(ids.capacity());
        for sequence in sequences {
            let len = sequence.ids.len();
            if sequence.targets() == 0 {
                return Err(Error::NoTarget { len, from: sequence.from });
            }
            model.check_ids(&sequence.ids, len - 1)?;
            let rest = seq - (len - 1);
            ids.extend_from_slice(&sequence.ids[..len - 1]);
            labels.extend_from_slice(&sequence.ids[1..]);
            let context = sequence.from.max(1) - 1;
            weights.extend(std::iter::repeat_n(0.0, context));
            weights.extend(std::iter::repeat_n(1.0, len - 1 - context));
            ids.extend(std::iter::repeat_n(0, rest));
            labels.extend(std::iter::repeat_n(0, rest));
            weights.extend(std::iter::repeat_n(0.0, rest));
        }
        Ok(Self { ids, labels: labels.into(), weights: weights.into(), rows: sequences.len(), seq })
    }

    /// Windows of one long text, every token of which is a target.
    pub(crate) fn packed(windows: &[&[u32]]) -> Self {
        let seq = windows.first().map_or(0, |window| window.len() - 1);
        let labels: Vec<u32> = windows.iter().flat_map(|window| window[1..].to_vec()).collect();
        Self {
            ids: windows.iter().flat_map(|window| window[..seq].to_vec()).collect(),
            weights: vec![1.0; labels.len()].into(),
            labels: labels.into(),
            rows: windows.len(),
            seq,
        }
    }

    /// Number of targets.
    pub(crate) fn targets(&self) -> usize {
        self.weights.iter().filter(|&&weight| weight > 0.0).count()
    }
}
