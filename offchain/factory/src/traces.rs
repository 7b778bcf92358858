//! Trace indices: over the records of a job, into a blob store, and out of it again with every byte verified.
//!
//! In the store, each file of the index is a blob, and so is the list of these files, `trace.json`, which names them by
//! content id: the list's own content id is that of the index.

use std::path::Path;

use openledger_influence::build::Example;
use openledger_lm::{Config, Tokenizer};
use openledger_primitives::{ContentId, ContributionId};
use openledger_store::BlobStore;
use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    listed_files, About, Alphabet, Index, MANIFEST,
};

use crate::{
    artefacts::{hex, place},
    training_set::TrainingSet,
    Error, Result,
};

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
                records.push(Record { tokens: text_of(example, tokenizer).into(), source: None });
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

/// The tokens of an example without what marks its begin and end, which answers do not have.
fn text_of<'a>(example: &'a Example, tokenizer: &Tokenizer) -> &'a [u32] {
    let text = &example.sequence.ids()[example.sequence.context()..];
    match (text.split_last(), tokenizer.end()) {
        (Some((last, rest)), Some(end)) if *last == end => rest,
        _ => text,
    }
}

/// Stores the index in a folder, and returns its content id.
///
/// # Errors
/// If there is none, a file cannot be read, or the store refuses.
pub async fn store_traces(folder: &Path, store: &BlobStore) -> Result<ContentId> {
    let read = async |name: &str| {
        let path = folder.join(name);
        tokio::fs::read(&path).await.map_err(Error::io(&path))
    };
    let list = read(MANIFEST).await?;
    for file in listed_files(&list)? {
        store.put(read(&file.file).await?).await?;
    }
    Ok(store.put(list).await?)
}

/// A trace index, fetched where the cache does not hold it, and verified by its content id. Its contributions are the
/// caller's to compare.
///
/// # Errors
/// If a blob is missing or has other bytes, or they are not an index.
pub async fn fetch_traces(store: &BlobStore, content: &ContentId, cache: &Path) -> Result<Index> {
    let files = listed_files(&store.get(content).await?)?;
    let folder = cache.join("traces").join(hex(content));
    for file in files {
        place(store, &file.content, &folder, &file.file).await?;
    }
    place(store, content, &folder, MANIFEST).await?;
    Ok(tokio::task::spawn_blocking(move || Index::open(&folder)).await??)
}
