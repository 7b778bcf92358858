//! What a text repeats, for people and programs.

use std::ops::Range;

use openledger_primitives::{shares::ShareVector, ContributionId, Ppm};
use openledger_store::record::Normal;
use serde::Serialize;

use crate::{bits, About, Index, Place, Rules, Trace};

/// Texts to the tokens of an index, and back.
pub trait Codec: Send + Sync {
    /// The tokens of a text, each with the bytes of the text that it stands for.
    ///
    /// # Errors
    /// A sentence, if it has none.
    fn encode(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>, String>;

    /// The text of tokens, which may begin or end inside of a sign: what is no sign there becomes `U+FFFD`.
    ///
    /// # Errors
    /// A sentence, if it has none.
    fn decode(&self, tokens: &[u32]) -> Result<String, String>;
}

/// Each byte of UTF-8 is a token.
#[derive(Clone, Copy, Debug)]
pub struct Bytes;

impl Codec for Bytes {
    fn encode(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>, String> {
        Ok(text.bytes().enumerate().map(|(at, byte)| (byte.into(), at..at + 1)).collect())
    }

    fn decode(&self, tokens: &[u32]) -> Result<String, String> {
        let byte = |token: &u32| u8::try_from(*token).unwrap_or(u8::MAX);
        let bytes: Vec<u8> = tokens.iter().map(byte).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// What a text repeats. Numbers of bits are in 65,536ths.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Tokens of the text.
    pub tokens: usize,
    /// By how much they are improbable.
    pub bits: u64,
    /// What of that nobody is credited.
    pub rest: u64,
    /// Spans that are credited, in order.
    pub spans: Vec<Found>,
    /// Boilerplate, in order.
    pub common: Vec<Common>,
    /// To whom, the largest credits first.
    pub contributions: Vec<Credited>,
    /// Shares in proportion to the credits, the rest the pool's.
    pub shares: ShareVector,
}

/// A span that is credited.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Its first token in the text.
    pub begin: usize,
    /// The first one after it.
    pub end: usize,
    /// Where a text was asked: its bytes there, as the text was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Range<usize>>,
    /// What it says.
    pub text: String,
    /// By how much it is improbable.
    pub bits: u64,
    /// What of that is its own, tokens of several spans being divided among them.
    pub worth: u64,
    /// What each of its records is credited.
    pub credit: u64,
    /// How often it occurs.
    pub occurrences: u64,
    /// All records in which it occurs, ascending.
    pub records: Vec<Located>,
}

/// A record in which a span occurs.
#[derive(Clone, Debug, Serialize)]
pub struct Located {
    /// Which one.
    #[serde(flatten)]
    pub place: Place,
    /// Where it is from.
    pub source: Option<String>,
}

/// A span that occurs in too many records to say whose it is.
#[derive(Clone, Debug, Serialize)]
pub struct Common {
    /// Its first token in the text.
    pub begin: usize,
    /// The first one after it.
    pub end: usize,
    /// As of a span that is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Range<usize>>,
    /// What it says.
    pub text: String,
}

/// What a contribution is credited.
#[derive(Clone, Debug, Serialize)]
pub struct Credited {
    /// What is known of it.
    #[serde(flatten)]
    pub about: About,
    /// What it is credited.
    pub credit: u64,
    /// Its share, in parts per million: none beyond the 256 contributions that a share vector names.
    pub ppm: Ppm,
}

/// A run of tokens: what it says, and where that is, if it is known.
type Said = (String, Option<Range<usize>>);

impl Report {
    /// What the tokens of a text repeat.
    ///
    /// # Errors
    /// A sentence, if tokens have no text.
    pub fn of_tokens(
        index: &Index,
        codec: &dyn Codec,
        tokens: &[u32],
        rules: &Rules,
    ) -> Result<Self, String> {
        let said = |range: Range<usize>| -> Result<Said, String> {
            Ok((codec.decode(tokens.get(range).unwrap_or_default())?, None))
        };
        Self::new(index, tokens, rules, said)
    }

    /// What a text repeats. Records are in normal form, so the text is brought into it too; what is said of its parts
    /// is said of the text as it was given.
    ///
    /// # Errors
    /// A sentence, if the text has no tokens.
    pub fn of_text(
        index: &Index,
        codec: &dyn Codec,
        text: &str,
        rules: &Rules,
    ) -> Result<Self, String> {
        let normal = Normal::new(text);
        let (tokens, places): (Vec<u32>, Vec<Range<usize>>) =
            codec.encode(normal.text())?.into_iter().unzip();
        let said = |range: Range<usize>| -> Result<Said, String> {
            let places = places.get(range).unwrap_or_default();
            let begin = places.iter().map(|place| place.start).min().unwrap_or(0);
            let end = places.iter().map(|place| place.end).max().unwrap_or(begin);
            let bytes = normal.original(begin..end);
            // A token may begin or end inside of a character.
            let said = String::from_utf8_lossy(&text.as_bytes()[bytes.clone()]).into_owned();
            Ok((said, Some(bytes)))
        };
        Self::new(index, &tokens, rules, said)
    }

    fn new(
        index: &Index,
        tokens: &[u32],
        rules: &Rules,
        said: impl Fn(Range<usize>) -> Result<Said, String>,
    ) -> Result<Self, String> {
        let trace = index.trace(tokens, rules);
        let shares = trace.shares();
        let Trace { tokens: count, bits, spans, common, credits, rest } = trace;
        let mut contributions: Vec<Credited> = credits
            .into_iter()
            .map(|(id, credit)| Credited { about: about(index, id), credit, ppm: shares.of(id) })
            .collect();
        contributions.sort_by_key(|credited| std::cmp::Reverse(credited.credit));
        let spans = spans.into_iter().map(|span| {
            let source = |place: &Place| index.source(place.contribution, place.record);
            let records = span
                .places
                .iter()
                .map(|place| Located { place: *place, source: source(place).map(str::to_string) });
            let (text, bytes) = said(span.begin..span.end)?;
            Ok(Found {
                begin: span.begin,
                end: span.end,
                bytes,
                text,
                bits: span.bits,
                worth: span.worth,
                credit: span.credit,
                occurrences: span.occurrences,
                records: records.collect(),
            })
        });
        let common = common.into_iter().map(|range| {
            let (text, bytes) = said(range.clone())?;
            Ok(Common { begin: range.start, end: range.end, bytes, text })
        });
        Ok(Self {
            tokens: count,
            bits,
            rest,
            spans: spans.collect::<Result<_, String>>()?,
            common: common.collect::<Result<_, String>>()?,
            contributions,
            shares,
        })
    }
}

fn about(index: &Index, contribution: ContributionId) -> About {
    let unknown = || About { contribution, label: None, contributor: None, licence: None };
    index.about(contribution).cloned().unwrap_or_else(unknown)
}

/// 65,536ths of a bit in whole bits and one decimal, rounded down.
pub fn whole_bits(bits: u64) -> String {
    let tenths = u128::from(bits) * 10 / u128::from(bits::ONE);
    format!("{}.{}", tenths / 10, tenths % 10)
}
