//! Token sequences, and how they become rows of a batch.

use std::sync::Arc;

use crate::{sight::Sight, Error, Model, Result};

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

/// Tokens that go through the model together.
pub(crate) struct Pass<'a> {
    /// `[rows, seq]`.
    pub ids: &'a [u32],
    pub rows: usize,
    /// Of packed records, where in its row the record of each token begins.
    starts: Option<Arc<[u32]>>,
}

impl<'a> Pass<'a> {
    /// One sequence, or the next part of one.
    pub(crate) fn of(ids: &'a [u32]) -> Self {
        Self { ids, rows: 1, starts: None }
    }

    /// What its tokens see, after `past` tokens in a cache.
    pub(crate) fn sight(&self, past: usize) -> Sight {
        let seq = self.ids.len() / self.rows.max(1);
        Sight { seq, past, window: None, starts: self.starts.clone() }
    }
}

/// Rows of equal length: what goes into the model, and what it should predict.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// `[rows, seq]`.
    pub ids: Vec<u32>,
    /// Where a target is predicted, in ascending order: places in `ids`.
    pub targets: Vec<u32>,
    /// The targets.
    pub labels: Vec<u32>,
    pub rows: usize,
    pub seq: usize,
    starts: Option<Arc<[u32]>>,
}

impl Batch {
    /// One sequence per row, padded at the end to the longest. Attention is causal, so padding changes nothing
    /// before it.
    pub(crate) fn padded(model: &Model, sequences: &[Sequence]) -> Result<Self> {
        Self::rows(model, sequences, (0..sequences.len()).map(|i| vec![i]).collect())
    }

    /// As many sequences per row as find room beside each other, in rows as long as the longest. None sees another, and
    /// positions count from the beginning of each, so that each is computed as if it were alone.
    pub(crate) fn packed(model: &Model, sequences: &[Sequence]) -> Result<Self> {
        let len = |i: usize| sequences[i].ids.len();
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        // The longest first, into the first row that has room.
        order.sort_by_key(|&i| std::cmp::Reverse(len(i)));
        let most = order.first().map_or(0, |&i| len(i).saturating_sub(1));
        let mut rows: Vec<(usize, Vec<usize>)> = Vec::new();
        for i in order {
            let len = len(i).saturating_sub(1);
            match rows.iter_mut().find(|(used, _)| used + len <= most) {
                Some((used, row)) => {
                    *used += len;
                    row.push(i);
                }
                None => rows.push((len, vec![i])),
            }
        }
        Self::rows(model, sequences, rows.into_iter().map(|(_, row)| row).collect())
    }

    /// The given sequences in each row.
    fn rows(model: &Model, sequences: &[Sequence], rows: Vec<Vec<usize>>) -> Result<Self> {
        for sequence in sequences {
            let len = sequence.ids.len();
            if sequence.targets() == 0 {
                return Err(Error::NoTarget { len });
            }
            model.check_ids(&sequence.ids, len - 1)?;
        }
        let used =
            |row: &Vec<usize>| -> usize { row.iter().map(|&i| sequences[i].ids.len() - 1).sum() };
        let seq = rows.iter().map(used).max().unwrap_or(0);
        let (mut ids, mut starts) = (Vec::new(), Vec::new());
        let (mut targets, mut labels) = (Vec::new(), Vec::new());
        for (row, members) in rows.iter().enumerate() {
            for &i in members {
                let Sequence { ids: own, counts } = &sequences[i];
                let first = ids.len();
                let start = (first - row * seq) as u32;
                ids.extend_from_slice(&own[..own.len() - 1]);
                starts.extend(std::iter::repeat_n(start, own.len() - 1));
                let counted = (1..own.len()).filter(|&position| counts[position]);
                for position in counted {
                    targets.push((first + position - 1) as u32);
                    labels.push(own[position]);
                }
            }
            // Padding sees itself only.
            for place in ids.len()..(row + 1) * seq {
                ids.push(0);
                starts.push((place - row * seq) as u32);
            }
        }
        let packed = rows.iter().any(|row| row.len() > 1);
        let starts = packed.then(|| starts.into());
        Ok(Self { ids, targets, labels, rows: rows.len(), seq, starts })
    }

    /// Windows of one long text, every token of which is a target.
    pub(crate) fn windows(windows: &[&[u32]]) -> Self {
        let seq = windows.first().map_or(0, |window| window.len() - 1);
        let ids: Vec<u32> = windows.iter().flat_map(|window| window[..seq].to_vec()).collect();
        Self {
            targets: (0..ids.len() as u32).collect(),
            labels: windows.iter().flat_map(|window| window[1..].to_vec()).collect(),
            ids,
            rows: windows.len(),
            seq,
            starts: None,
        }
    }

    /// What goes into the model.
    pub(crate) fn pass(&self) -> Pass<'_> {
        Pass { ids: &self.ids, rows: self.rows, starts: self.starts.clone() }
    }

    /// Sums of what each target has, row by row.
    pub(crate) fn by_row(&self, each: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.rows];
        for (&place, value) in self.targets.iter().zip(each) {
            sums[place as usize / self.seq] += value;
        }
        sums
    }
}
