//! Spans that say something, what they are worth, and to whom.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use openledger_primitives::{shares::ShareVector, ContributionId, Ppm, PPM};
use serde::{Deserialize, Serialize};

use crate::{bits, Index, Match};

/// Which maximal spans are credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Those of at least so many tokens.
    pub least_tokens: u32,
    /// Those that are improbable by at least so many bits more than `log2` of the index' tokens: by chance, tokens
    /// drawn one by one, such a span would be expected 2^-`margin_bits` times in all records.
    pub margin_bits: u32,
    /// Not those that occur in more records than this and than `common_ppm` of all: boilerplate.
    pub common_records: u32,
    /// See `common_records`; in parts per million.
    pub common_ppm: Ppm,
}

impl Default for Rules {
    fn default() -> Self {
        Self { least_tokens: 4, margin_bits: 32, common_records: 16, common_ppm: 1_000 }
    }
}

impl Rules {
    /// The most records, of so many, that a span may occur in.
    pub fn most_records(&self, records: u64) -> u64 {
        let part = u128::from(records) * u128::from(self.common_ppm) / u128::from(PPM);
        // Below `records` unless the rule says more than all.
        u64::from(self.common_records).max(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

/// A record in which a span occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Its contribution.
    pub contribution: ContributionId,
    /// Its place there, from 0.
    pub record: u32,
    /// How often the span occurs in it.
    pub occurrences: u32,
}

/// A maximal span that is credited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first token in the text.
    pub begin: usize,
    /// The first one after it.
    pub end: usize,
    /// By how much it is improbable, in 65,536ths of a bit: the sum over its tokens.
    pub bits: u64,
    /// What of that is its own, tokens of several spans being divided among them; in 65,536ths of a bit.
    pub worth: u64,
    /// What each of its records is credited, in 65,536ths of a bit.
    pub credit: u64,
    /// How often it occurs.
    pub occurrences: u64,
    /// All records in which it occurs, ascending.
    pub places: Vec<Place>,
}

/// What a text repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Tokens of the text.
    pub tokens: usize,
    /// By how much they are improbable, in 65,536ths of a bit.
    pub bits: u64,
    /// What is credited, in order.
    pub spans: Vec<Span>,
    /// Boilerplate, in order: spans that occur in too many records.
    pub common: Vec<Range<usize>>,
    /// What each contribution is credited, in 65,536ths of a bit; never zero.
    pub credits: BTreeMap<ContributionId, u64>,
    /// What nobody is credited. With the credits, `bits`.
    pub rest: u64,
}

impl Trace {
    /// Shares in proportion to the credits, and to the pool in proportion to what nobody is credited.
    pub fn shares(&self) -> ShareVector {
        let credits = self.credits.iter().map(|(id, credit)| (*id, u128::from(*credit)));
        ShareVector::from_weights(credits, self.rest.into())
    }
}

impl Index {
    /// What a text of tokens repeats, by `rules`.
    ///
    /// Of each token that credited spans have, what it is improbable by is divided evenly among these spans; what a
    /// span has so is divided evenly among the records in which it occurs, and goes to their contributions. All
    /// divisions round down; what they leave is nobody's.
    pub fn trace(&self, text: &[u32], rules: &Rules) -> Trace {
        let improbable: Vec<u64> = text.iter().map(|token| self.improbability(*token)).collect();
        let bits = |range: &Range<usize>| improbable[range.clone()].iter().sum::<u64>();
        let least = bits::log2(self.tokens()) + u64::from(rules.margin_bits) * bits::ONE;
        let most = rules.most_records(self.records());
        let mut known = HashMap::new();
        let (mut spans, mut common) = (Vec::new(), Vec::new());
        for found in self.matches(text, rules.least_tokens as usize) {
            let bits = bits(&found.range);
            if bits < least {
                continue;
            }
            // Models repeat themselves.
            let places = known
                .entry(&text[found.range.clone()])
                .or_insert_with(|| self.places(&found, most));
            let Range { start: begin, end } = found.range;
            match places {
                Some(places) => spans.push(Span {
                    begin,
                    end,
                    bits,
                    worth: 0,
                    credit: 0,
                    occurrences: found.occurrences,
                    places: places.clone(),
                }),
                None => common.push(begin..end),
            }
        }
        let mut credits = BTreeMap::new();
        divide(&improbable, &mut spans);
        for span in &spans {
            for place in &span.places {
                *credits.entry(place.contribution).or_insert(0) += span.credit;
            }
        }
        credits.retain(|_, credit| *credit > 0);
        let bits = improbable.iter().sum();
        let rest = bits - credits.values().sum::<u64>();
        Trace { tokens: text.len(), bits, spans, common, credits, rest }
    }

    /// The records in which a span occurs, ascending; none where these are more than `most`.
    fn places(&self, found: &Match, most: u64) -> Option<Vec<Place>> {
        let mut places = Vec::new();
        for (shard, suffixes) in self.shards().iter().zip(&found.suffixes) {
            let mut counts = BTreeMap::<u32, u32>::new();
            for position in shard.positions(suffixes.clone()) {
                *counts.entry(shard.record_at(*position)).or_insert(0) += 1;
                if (places.len() + counts.len()) as u64 > most {
                    return None;
                }
            }
            places.extend(counts.into_iter().filter_map(|(record, occurrences)| {
                let (contribution, record) = shard.place(record)?;
                Some(Place { contribution, record, occurrences })
            }));
        }
        Some(places)
    }
}

/// Sets what spans are worth, and what each of their records is credited.
fn divide(improbable: &[u64], spans: &mut [Span]) {
    let mut covers = vec![0_u64; improbable.len()];
    for span in &*spans {
        covers[span.begin..span.end].iter_mut().for_each(|covers| *covers += 1);
    }
    for span in spans {
        let range = span.begin..span.end;
        let tokens = improbable[range.clone()].iter().zip(&covers[range]);
        span.worth = tokens.map(|(bits, covers)| bits / covers).sum();
        span.credit = span.worth.checked_div(span.places.len() as u64).unwrap_or(0);
    }
}
