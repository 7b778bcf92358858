//! Binary search in the suffixes of one shard.

use std::{cmp::Ordering, ops::Range};

use crate::token::Token;

/// The text of a shard and its suffixes in order. A damaged file can have any numbers here: then what is found is
/// wrong, and nothing worse.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, T> {
    /// Records, a separator after each.
    pub text: &'a [T],
    /// Positions in the text, in the order of the suffixes there.
    pub suffixes: &'a [u32],
    /// Where in the suffixes each first token begins.
    pub buckets: &'a [u32],
}

impl<T: Token> View<'_, T> {
    /// How long the longest beginning of `pattern` is that occurs in a record. The pattern has no separator.
    ///
    /// Of all suffixes one next to where the pattern would stand has most in common with it. What is known to be
    /// common to both ends of what is left to search is not compared again (Manber and Myers 1993, the simple form).
    pub fn longest(&self, pattern: &[T]) -> usize {
        let Some(first) = pattern.first() else { return 0 };
        let mut range = self.bucket(*first);
        if range.is_empty() {
            return 0;
        }
        let (mut low, mut high, mut best) = (1, 1, 1);
        while range.start < range.end {
            let middle = range.start + (range.end - range.start) / 2;
            let suffix = self.suffix(middle);
            let known = low.min(high).min(suffix.len());
            let common = known + common(&suffix[known..], &pattern[known..]);
            best = best.max(common);
            match (suffix.get(common), pattern.get(common)) {
                (_, None) => return pattern.len(),
                (Some(there), Some(here)) if there > here => (range.end, high) = (middle, common),
                _ => (range.start, low) = (middle + 1, common),
            }
        }
        best
    }

    /// The suffixes that begin with `pattern`.
    pub fn find(&self, pattern: &[T]) -> Range<usize> {
        let Some(first) = pattern.first() else { return 0..0 };
        let Range { start, end } = self.bucket(*first);
        let order = |at: &u32| {
            let suffix = self.text.get(*at as usize..).unwrap_or_default();
            suffix[..suffix.len().min(pattern.len())].cmp(pattern)
        };
        let bucket = self.suffixes.get(start..end).unwrap_or_default();
        let begin = bucket.partition_point(|at| order(at) == Ordering::Less);
        let found = bucket[begin..].partition_point(|at| order(at) == Ordering::Equal);
        start + begin..start + begin + found
    }

    /// The suffixes that begin with a token; none with a separator.
    fn bucket(&self, first: T) -> Range<usize> {
        let first = first.id() as usize;
        match (self.buckets.get(first), self.buckets.get(first.saturating_add(1))) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    fn suffix(&self, at: usize) -> &[T] {
        let position = self.suffixes.get(at).map_or(usize::MAX, |position| *position as usize);
        self.text.get(position..).unwrap_or_default()
    }
}

fn common<T: Token>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
