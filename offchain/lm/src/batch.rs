//! Token sequences, and how they become rows of a batch.

use std::sync::Arc;

use crate::{Error, Model, Result};

/// One record, one conversation or one prompt with its answer, as tokens.
///
/// Each token either counts or is context. A token that counts is a *target*: the loss compares what the model
/// predicts for its position with it. The first token is never a target, because nothing comes before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    ids: Vec<u32>,
    /// As many as there are tokens.
    counts: Vec<bool>,
}

impl Sequence {
    /// A sequence of which every token counts.
    pub fn new(ids: Vec<u32>) -> Self {
        Self::after(ids, 0)
    }

    /// A sequence of which the tokens from position `context` on count.
    pub fn after(ids: Vec<u32>, context: usize) -> Self {
        let counts = (0..ids.len()).map(|position| position >= context).collect();
        Self { ids, counts }
    }

    /// A sequence of which any tokens count, such as several answers in one conversation.
    ///
    /// # Errors
    /// If there is not one entry of `counts` for each token.
    pub fn masked(ids: Vec<u32>, counts: Vec<bool>) -> Result<Self> {
        if ids.len() != counts.len() {
            return Err(Error::Mask { tokens: ids.len(), found: counts.len() });
        }
        Ok(Self { ids, counts })
    }

    /// Its tokens, begin- and end-of-text included where they are wanted.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Of each token, whether it counts.
    pub fn counts(&self) -> &[bool] {
        &self.counts
    }

    /// How many tokens come before the first that counts; all of them if none does.
    pub fn context(&self) -> usize {
        self.counts.iter().take_while(|&&counts| !counts).count()
    }

    /// How many targets it has.
    pub fn targets(&self) -> usize {
        self.counts.iter().skip(1).filter(|&&counts| counts).count()
    }

    /// Keeps the first `len` tokens.
    pub fn truncate(&mut self, len: usize) {
        self.ids.truncate(len);
        self.counts.truncate(len);
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
                return Err(Error::NoTarget { len });
            }
            model.check_ids(&sequence.ids, len - 1)?;
            let rest = seq - (len - 1);
            ids.extend_from_slice(&sequence.ids[..len - 1]);
            labels.extend_from_slice(&sequence.ids[1..]);
            weights.extend(sequence.counts[1..].iter().map(|&counts| f32::from(u8::from(counts))));
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
