//! Trace indices over the records of a job.

use std::path::Path;

use openledger_influence::build::Example;
use openledger_lm::{Config, Tokenizer};
use openledger_primitives::ContributionId;
use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    About, Alphabet,
};

use crate::{training_set::TrainingSet, Error, Result};

/// A text before whose token another's text stands as it does in the middle of a text.
const BEFORE: &str = "x";

/// Where words begin and end in the tokens of a model.
///
/// # Errors
/// If the tokenizer refuses a text, or the model has more tokens than an index can have.
pub fn alphabet(tokenizer: &Tokenizer, config: &Config) -> Result<Alphabet> {
    let before = tokenizer.encode(BEFORE)?;
    let prefix = tokenizer.decode(&before)?;
    let ids = 0..u32::try_from(config.vocab_size).unwrap_or(u32::MAX);
    let texts = ids.map(|id| {
        // Alone, a token may lose the blank that it begins with.
        let text = tokenizer.decode(&[&before[..], &[id]].concat()).unwrap_or_default();
        text.strip_prefix(&prefix).unwrap_or_default().to_string()
    });
    Ok(Alphabet::of_texts(texts)?)
}

/// Builds the index of a training set in `folder`: over exactly the tokens that are trained on, since a model cannot
/// repeat what it did not see, and what repeats an earlier record is left out of both. Whether there is one: not if
/// no record has a token of text.
///
/// # Errors
/// If the tokenizer refuses a text, the index has no place for so much, or the folder cannot be written.
pub fn build(
    folder: &Path,
    tokenizer: &Tokenizer,
    config: &Config,
    contributions: &[ContributionId],
    set: &TrainingSet,
) -> Result<bool> {
    let mut examples = set.examples.iter().zip(&set.places).peekable();
    let contributions: Vec<Contribution> = contributions
        .iter()
        .map(|id| {
            let mut records = Vec::new();
            while let Some((example, place)) =
                examples.next_if(|(example, _)| example.contribution == *id)
            {
                // Records that are not trained on keep their places, without a token.
                records.resize_with(*place, Record::default);
                records.push(Record { tokens: learned(example, tokenizer), source: None });
            }
            let about = About { contribution: *id, label: None, contributor: None, licence: None };
            Contribution { about, records }
        })
        .collect();
    let mut records = contributions.iter().flat_map(|contribution| &contribution.records);
    if records.all(|record| record.tokens.is_empty()) {
        return Ok(false);
    }
    let alphabet = alphabet(tokenizer, config)?;
    add(folder, &alphabet, contributions.into_iter().map(Ok::<_, Error>), Limits::default())?;
    Ok(true)
}

/// The tokens of an example that are learned, without the end of the last: what an answer could repeat. Where several
/// answers are learned, the end of one stands between it and the next, and no text has that.
fn learned(example: &Example, tokenizer: &Tokenizer) -> Vec<u32> {
    let sequence = &example.sequence;
    let tokens = sequence.ids().iter().zip(sequence.counts());
    let mut learned: Vec<u32> =
        tokens.filter(|(_, learned)| **learned).map(|(token, _)| *token).collect();
    if learned.last().copied() == tokenizer.end() {
        learned.pop();
    }
    learned
}
