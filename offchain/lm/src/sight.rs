//! Which keys each query sees.

use std::sync::Arc;

/// Sequences of one pass, and what each of their tokens sees of the tokens before it.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// Tokens of each sequence in this pass.
    pub seq: usize,
    /// Tokens before them, in a cache.
    pub past: usize,
    /// How many keys a query sees at most, itself included.
    pub window: Option<usize>,
    /// Of packed sequences, where in its row the record of each token begins, `[batch * seq]`: a token sees nothing
    /// of the records before its own. Only without a past.
    pub starts: Option<Arc<[u32]>>,
}

impl Sight {
    /// The keys that the query at `[batch, position]` sees, from the first to before the last.
    pub(crate) fn of(&self, batch: usize, position: usize) -> (usize, usize) {
        let end = self.past + position + 1;
        let record = self.starts.as_ref().map_or(0, |starts| starts[batch * self.seq + position]);
        let window = self.window.map_or(0, |window| end.saturating_sub(window));
        ((record as usize).max(window), end)
    }

    /// The position of each token within its record, where sequences are packed.
    pub(crate) fn positions(&self) -> Option<Arc<[u32]>> {
        let starts = self.starts.as_ref()?;
        let tokens = starts.iter().enumerate();
        Some(tokens.map(|(token, start)| (token % self.seq) as u32 - start).collect())
    }

    /// Keys in all.
    pub(crate) fn keys(&self) -> usize {
        self.past + self.seq
    }

    /// The same of a layer whose window is another.
    pub(crate) fn within(&self, window: Option<usize>) -> Self {
        Self { window, ..self.clone() }
    }
}

/// Heads, and who sees what.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    pub heads: usize,
    pub shared: usize,
    pub sight: Sight,
    /// What scores are multiplied with.
    pub scale: f32,
}
