//! A shard before it is a file.

use std::{io::BufWriter, path::Path};

use codec::Encode;
use memmap2::Mmap;
use openledger_primitives::{hashing, ContributionId};

use crate::{
    manifest::{keep, Entry},
    shard::{width, Header, Layout, Member, Source},
    token::Token,
    Alphabet, Error, Result,
};

/// Records that will be a shard.
#[derive(Debug)]
pub struct Draft<T> {
    text: Vec<T>,
    starts: Vec<u32>,
    indices: Vec<u32>,
    members: Vec<Member>,
    sources: Vec<Source>,
}

impl<T: Token> Draft<T> {
    /// Without records.
    pub fn new() -> Self {
        Self {
            text: Vec::new(),
            starts: Vec::new(),
            indices: Vec::new(),
            members: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Tokens and separators.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it has no contribution.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The records that follow are this contribution's.
    pub fn begin(&mut self, contribution: ContributionId) {
        self.members.push(Member { contribution, records: 0 });
    }

    /// A record with its place in the contribution that was begun last. All together, with separators, are at most
    /// [`crate::token::MAX_TEXT`] tokens, and this is at least one.
    pub fn push(&mut self, index: u32, source: &str, tokens: &[T]) {
        if self.sources.last().is_none_or(|last| last.label != source.as_bytes()) {
            let first = self.starts.len() as u32;
            self.sources.push(Source { first, label: source.into() });
        }
        self.starts.push(self.text.len() as u32);
        self.indices.push(index);
        self.text.extend_from_slice(tokens);
        self.text.push(T::SEPARATOR);
        if let Some(member) = self.members.last_mut() {
            member.records += 1;
        }
    }

    /// Sorts the suffixes and writes the file, named by the first half of its content id. All tokens are of the
    /// alphabet.
    ///
    /// # Errors
    /// If they cannot be sorted, or the file cannot be written.
    pub fn write(self, folder: &Path, alphabet: &Alphabet) -> Result<Entry> {
        let mut suffixes = T::sort(&self.text)?;
        let tokens = self.text.len() - self.starts.len();
        // Separators come last.
        suffixes.truncate(tokens);
        let token = |at: usize| self.text[at].id();
        suffixes.retain(|at| match *at as usize {
            0 => true,
            // A separator is no token of the alphabet.
            at => !alphabet.is_inside(token(at - 1), token(at)),
        });
        let vocabulary = alphabet.vocabulary();
        let mut counts = vec![0_u32; vocabulary as usize];
        for token in self.text.iter().filter(|token| **token != T::SEPARATOR) {
            counts[token.id() as usize] += 1;
        }
        let mut buckets = vec![0_u32; vocabulary as usize + 1];
        for at in &suffixes {
            buckets[token(*at as usize) as usize + 1] += 1;
        }
        let mut sum = 0;
        for bucket in &mut buckets {
            sum += *bucket;
            *bucket = sum;
        }
        let header = Header {
            width: width(vocabulary),
            vocabulary,
            tokens: tokens as u32,
            suffixes: suffixes.len() as u32,
            records: self.starts.len() as u32,
            members: self.members,
            sources: self.sources,
        };
        let length = header.encoded_size();
        let layout = Layout::new(&header, length).ok_or_else(|| Error::Construction {
            tokens,
            reason: "more than a shard can have".into(),
        })?;
        let parts = [
            bytemuck::cast_slice(&counts),
            bytemuck::cast_slice(&buckets),
            bytemuck::cast_slice(&self.starts),
            bytemuck::cast_slice(&self.indices),
            bytemuck::cast_slice(&self.text),
            bytemuck::cast_slice(&suffixes),
        ];
        let file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(folder))?;
        layout.write(&header, parts, BufWriter::new(&file)).map_err(Error::io(file.path()))?;
        // SAFETY: nobody else has the file yet.
        let map = unsafe { Mmap::map(file.as_file()) }.map_err(Error::io(file.path()))?;
        let content = hashing::content_id(&map);
        let bytes = map.len() as u64;
        let name = format!("{}.shard", &format!("{content:x}")[..32]);
        keep(file, &folder.join(&name))?;
        Ok(Entry { file: name, content, bytes })
    }
}
