//! The maximal spans of a text.

use std::ops::Range;

use crate::{shard::Shard, token::Token, Index};

/// A maximal span: a run of a text's tokens that occurs in a record, and is part of no longer one. In the text it begins
/// and ends at no inside of a word; where it occurs, it begins at none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its tokens in the text.
    pub range: Range<usize>,
    /// How often it occurs, in all records that count.
    pub occurrences: u64,
    /// For each shard, its suffixes that begin with the span.
    pub(crate) suffixes: Vec<Range<usize>>,
}

impl Index {
    /// All maximal spans of at least so many tokens, in order; both their begins and their ends ascend strictly.
    ///
    /// At each token that a span may begin with, every shard is asked how long the longest match there is; the longest
    /// of all is cut back to where a span may end. A span that ends where an earlier one does is a part of it.
    pub fn matches(&self, text: &[u32], least: usize) -> Vec<Match> {
        let queries: Vec<Query> =
            self.shards().iter().map(|shard| Query::new(shard, text)).collect();
        let border = |at: usize| {
            at == 0 || at == text.len() || !self.alphabet().is_inside(text[at - 1], text[at])
        };
        // For each token, the next one that is no token of the alphabet.
        let mut stops = vec![text.len(); text.len()];
        for at in (0..text.len()).rev() {
            let next = stops.get(at + 1).copied().unwrap_or(text.len());
            stops[at] = if text[at] < self.alphabet().vocabulary() { next } else { at };
        }
        let (mut found, mut reached) = (Vec::new(), 0);
        for begin in (0..text.len()).filter(|begin| border(*begin)) {
            let rest = begin..stops[begin];
            let longest = queries.iter().map(|query| query.longest(&rest)).max().unwrap_or(0);
            let mut end = begin + longest;
            while end > reached && !border(end) {
                end -= 1;
            }
            if end <= reached || end - begin < least.max(1) {
                continue;
            }
            reached = end;
            let range = begin..end;
            let suffixes: Vec<_> = queries.iter().map(|query| query.find(&range)).collect();
            let occurrences = suffixes.iter().map(|suffixes| suffixes.len() as u64).sum();
            found.push(Match { range, occurrences, suffixes });
        }
        found
    }
}

/// A text as a shard holds tokens.
enum Query<'a> {
    One(&'a Shard, Vec<u8>),
    Two(&'a Shard, Vec<u16>),
    Four(&'a Shard, Vec<u32>),
}

impl<'a> Query<'a> {
    fn new(shard: &'a Shard, text: &[u32]) -> Self {
        let vocabulary = shard.header().vocabulary;
        match shard.header().width {
            1 => Self::One(shard, narrow(text, vocabulary)),
            2 => Self::Two(shard, narrow(text, vocabulary)),
            _ => Self::Four(shard, narrow(text, vocabulary)),
        }
    }

    fn longest(&self, range: &Range<usize>) -> usize {
        match self {
            Self::One(shard, text) => shard.view().longest(&text[range.clone()]),
            Self::Two(shard, text) => shard.view().longest(&text[range.clone()]),
            Self::Four(shard, text) => shard.view().longest(&text[range.clone()]),
        }
    }

    fn find(&self, range: &Range<usize>) -> Range<usize> {
        match self {
            Self::One(shard, text) => shard.view().find(&text[range.clone()]),
            Self::Two(shard, text) => shard.view().find(&text[range.clone()]),
            Self::Four(shard, text) => shard.view().find(&text[range.clone()]),
        }
    }
}

/// Tokens that the alphabet does not have become separators, which no span has.
fn narrow<T: Token>(text: &[u32], vocabulary: u32) -> Vec<T> {
    let token = |id: &u32| if *id < vocabulary { T::from_id(*id) } else { T::SEPARATOR };
    text.iter().map(token).collect()
}
