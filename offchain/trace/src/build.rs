//! Contributions to an index in a folder.

use std::{collections::HashSet, path::Path};

use openledger_primitives::{hashing, ContributionId};
use rayon::prelude::*;

use crate::{
    draft::Draft,
    manifest::{About, Entry, Manifest},
    shard::{width, Shard},
    token::{Token, MAX_TEXT},
    Alphabet, Error, Index, Result,
};

/// A record as tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Ids below the alphabet's size.
    pub tokens: Vec<u32>,
    /// Where it is from: a label for people.
    pub source: Option<String>,
}

/// A contribution as it is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What is known of it.
    pub about: About,
    /// All its records, in order.
    pub records: Vec<Record>,
}

/// How much is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most tokens and separators of a shard. A contribution is never divided: one with more has a shard of its
    /// own. Each thread needs memory for one shard: of each token its 1, 2 or 4 bytes and 4 for the pointer (u32
    /// tokens: 4 more).
    pub shard_tokens: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { shard_tokens: 1 << 27 }
    }
}

/// What was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Contributions.
    pub contributions: u64,
    /// Their records.
    pub records: u64,
    /// Those of them that repeat an earlier one, or have no token: they are not in the index.
    pub left_out: u64,
    /// Tokens of the others.
    pub tokens: u64,
}

/// Adds contributions to the index in `folder`, which is made where there is none: they make up new shards. Shards
/// are sorted in parallel by rayon's threads, as many at a time; the result does not depend on how many there are.
///
/// A record whose tokens are those of an earlier one, of the same contribution or of another, is left out.
///
/// # Errors
/// If a contribution is not above all that are there, a token is not of the alphabet, the index is of another
/// alphabet, or the folder cannot be written; and what the iterator fails with. Then the index stays as it was.
pub fn add<E: From<Error>>(
    folder: &Path,
    alphabet: &Alphabet,
    contributions: impl IntoIterator<Item = Result<Contribution, E>>,
    limits: Limits,
) -> Result<Added, E> {
    let contributions = contributions.into_iter();
    match width(alphabet.vocabulary()) {
        1 => add_as::<u8, E>(folder, alphabet, contributions, limits),
        2 => add_as::<u16, E>(folder, alphabet, contributions, limits),
        _ => add_as::<u32, E>(folder, alphabet, contributions, limits),
    }
}

fn add_as<T: Token, E: From<Error>>(
    folder: &Path,
    alphabet: &Alphabet,
    contributions: impl Iterator<Item = Result<Contribution, E>>,
    limits: Limits,
) -> Result<Added, E> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let mut seen = HashSet::new();
    let mut manifest = Manifest::new(alphabet.clone());
    if let Some(index) = Index::find(folder)? {
        if index.alphabet() != alphabet {
            return Err(Error::OtherAlphabet(folder.into()).into());
        }
        for shard in index.shards() {
            let records =
                (0..shard.header().records).filter_map(|record| shard.record::<T>(record));
            seen.extend(records.map(identity));
        }
        manifest = index.into_manifest();
    }
    let mut added = Added::default();
    let mut packer = Packer::new(folder, alphabet, limits, &manifest.shards);
    for contribution in contributions {
        let Contribution { about, records } = contribution?;
        let id = about.contribution;
        match manifest.contributions.last() {
            Some(last) if last.contribution >= id => {
                let previous = last.contribution;
                return Err(Error::NotAscending { previous, found: id }.into());
            }
            _ => manifest.contributions.push(about),
        }
        let mut kept: Vec<(u32, &str, Vec<T>)> = Vec::new();
        for (index, record) in (0..).zip(&records) {
            let tokens = narrow::<T>(id, index, &record.tokens, alphabet.vocabulary())?;
            if !tokens.is_empty() && seen.insert(identity(&tokens)) {
                kept.push((index, record.source.as_deref().unwrap_or_default(), tokens));
            }
        }
        added.contributions += 1;
        added.records += records.len() as u64;
        added.left_out += (records.len() - kept.len()) as u64;
        added.tokens += kept.iter().map(|(.., tokens)| tokens.len() as u64).sum::<u64>();
        let kept: Vec<_> =
            kept.iter().map(|(index, source, tokens)| (*index, *source, &tokens[..])).collect();
        packer.push(id, &kept)?;
    }
    if manifest.shards.is_empty() && added.tokens == 0 {
        return Err(Error::NoRecords.into());
    }
    manifest.shards.extend(packer.finish()?);
    manifest.write(folder)?;
    Ok(added)
}

/// Joins the shards of the index in `folder` into those that [`add`] would make of all contributions at once, byte
/// for byte.
///
/// # Errors
/// If there is no index, some byte of it is damaged, or the folder cannot be written.
pub fn merge(folder: &Path, limits: Limits) -> Result<()> {
    let index = Index::open(folder)?;
    index.verify()?;
    match width(index.alphabet().vocabulary()) {
        1 => merge_as::<u8>(folder, index, limits),
        2 => merge_as::<u16>(folder, index, limits),
        _ => merge_as::<u32>(folder, index, limits),
    }
}

fn merge_as<T: Token>(folder: &Path, index: Index, limits: Limits) -> Result<()> {
    let mut packer = Packer::<T>::new(folder, index.alphabet(), limits, index.entries());
    for shard in index.shards() {
        for (member, range) in shard.members() {
            let records: Vec<_> = range.filter_map(|record| entry(shard, record)).collect();
            packer.push(member.contribution, &records)?;
        }
    }
    let shards = packer.finish()?;
    let mut manifest = index.into_manifest();
    manifest.shards = shards;
    manifest.write(folder)
}

fn entry<T: Token>(shard: &Shard, record: u32) -> Option<(u32, &str, &[T])> {
    let index = *shard.indices().get(record as usize)?;
    Some((index, shard.source(record).unwrap_or_default(), shard.record(record)?))
}

/// What tells records apart: 128 bits of the hash of their tokens.
fn identity<T: Token>(tokens: &[T]) -> u128 {
    let [low @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        hashing::content_id(bytemuck::cast_slice(tokens)).0;
    u128::from_le_bytes(low)
}

fn narrow<T: Token>(
    contribution: ContributionId,
    record: u32,
    tokens: &[u32],
    vocabulary: u32,
) -> Result<Vec<T>> {
    let narrowed = tokens.iter().map(|token| match *token {
        token if token < vocabulary => Ok(T::from_id(token)),
        token => Err(Error::UnknownToken { contribution, record, token, vocabulary }),
    });
    narrowed.collect()
}

/// Contributions to shards, in order. What it wrote is removed again unless it is finished.
struct Packer<'a, T> {
    folder: &'a Path,
    alphabet: &'a Alphabet,
    limits: Limits,
    draft: Draft<T>,
    full: Vec<Draft<T>>,
    written: Vec<Entry>,
    /// Names of files that stay in any case.
    present: HashSet<String>,
}

impl<'a, T: Token> Packer<'a, T> {
    fn new(folder: &'a Path, alphabet: &'a Alphabet, limits: Limits, present: &[Entry]) -> Self {
        let present = present.iter().map(|entry| entry.file.clone()).collect();
        let (full, written) = (Vec::new(), Vec::new());
        Self { folder, alphabet, limits, draft: Draft::new(), full, written, present }
    }

    /// A contribution's records: place, source, tokens.
    fn push(&mut self, id: ContributionId, records: &[(u32, &str, &[T])]) -> Result<()> {
        let size: usize = records.iter().map(|(.., tokens)| tokens.len() + 1).sum();
        if size > MAX_TEXT {
            let (tokens, limit) = (size as u64, MAX_TEXT as u64);
            return Err(Error::TooLarge { contribution: id, tokens, limit });
        }
        let limit = self.limits.shard_tokens.min(MAX_TEXT);
        if !self.draft.is_empty() && self.draft.len() + size > limit {
            self.full.push(std::mem::replace(&mut self.draft, Draft::new()));
            if self.full.len() >= rayon::current_num_threads() {
                self.flush()?;
            }
        }
        self.draft.begin(id);
        for (index, source, tokens) in records {
            self.draft.push(*index, source, tokens);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let (folder, alphabet) = (self.folder, self.alphabet);
        let written: Vec<Result<Entry>> = std::mem::take(&mut self.full)
            .into_par_iter()
            .map(|draft| draft.write(folder, alphabet))
            .collect();
        let mut failed = None;
        for entry in written {
            match entry {
                Ok(entry) => self.written.push(entry),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn finish(mut self) -> Result<Vec<Entry>> {
        if !self.draft.is_empty() {
            self.full.push(std::mem::replace(&mut self.draft, Draft::new()));
        }
        self.flush()?;
        Ok(std::mem::take(&mut self.written))
    }
}

impl<T> Drop for Packer<'_, T> {
    fn drop(&mut self) {
        for entry in self.written.iter().filter(|entry| !self.present.contains(&entry.file)) {
            // One that stays behind is in nobody's way.
            let _ = std::fs::remove_file(self.folder.join(&entry.file));
        }
    }
}
