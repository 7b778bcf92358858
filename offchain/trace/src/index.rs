//! An index, open.

use std::path::{Path, PathBuf};

use openledger_primitives::ContributionId;

use crate::{
    bits,
    manifest::{About, Entry, Manifest},
    shard::Shard,
    Alphabet, Error, Result,
};

/// The shards of a folder, mapped into memory, and what they say of the whole.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    manifest: Manifest,
    shards: Vec<Shard>,
    tokens: u64,
    records: u64,
    /// Of each token, how improbable it is, in 65,536ths of a bit.
    improbable: Vec<u64>,
}

impl Index {
    /// Opens the index in `folder`.
    ///
    /// # Errors
    /// If there is none, or a file is damaged in a way that its header, lists or length show; [`Index::verify`] looks
    /// at every byte.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::find(folder)?.ok_or_else(|| Error::NoIndex(folder.into()))
    }

    /// The index in `folder`, if there is one.
    pub(crate) fn find(folder: &Path) -> Result<Option<Self>> {
        let Some(manifest) = Manifest::read(folder)? else { return Ok(None) };
        let vocabulary = manifest.alphabet.vocabulary();
        let shards = manifest
            .shards
            .iter()
            .map(|entry| Shard::open(&folder.join(&entry.file), vocabulary))
            .collect::<Result<Vec<_>>>()?;
        let listed = manifest.contributions.iter().map(|about| about.contribution);
        let found = shards.iter().flat_map(|shard| shard.header().members.iter());
        if !listed.clone().eq(found.map(|member| member.contribution)) || !listed.is_sorted() {
            let reason = "its contributions are not those of its shards, ascending".into();
            return Err(Error::Malformed { path: folder.into(), reason });
        }
        let sum = |of: fn(&Shard) -> u32| shards.iter().map(|shard| u64::from(of(shard))).sum();
        let tokens: u64 = sum(|shard| shard.header().tokens);
        let records = sum(|shard| shard.header().records);
        let mut counts = vec![0_u64; vocabulary as usize];
        for shard in &shards {
            counts
                .iter_mut()
                .zip(shard.counts())
                .for_each(|(sum, count)| *sum += u64::from(*count));
        }
        let improbable = counts.into_iter().map(|count| bits::improbability(count, tokens));
        let improbable = improbable.collect();
        Ok(Some(Self { folder: folder.into(), manifest, shards, tokens, records, improbable }))
    }

    /// Reads every byte and compares it with what was written.
    ///
    /// # Errors
    /// If a shard is damaged.
    pub fn verify(&self) -> Result<()> {
        for (shard, entry) in self.shards.iter().zip(&self.manifest.shards) {
            let found = shard.content();
            if found != entry.content {
                return Err(Error::Malformed {
                    path: self.folder.join(&entry.file),
                    reason: format!("expected content {:?}, found {found:?}", entry.content),
                });
            }
        }
        Ok(())
    }

    /// Of which tokens it is.
    pub fn alphabet(&self) -> &Alphabet {
        &self.manifest.alphabet
    }

    /// Its contributions, ascending.
    pub fn contributions(&self) -> &[About] {
        &self.manifest.contributions
    }

    /// What is known of a contribution.
    pub fn about(&self, contribution: ContributionId) -> Option<&About> {
        let all = &self.manifest.contributions;
        let at = all.binary_search_by_key(&contribution, |about| about.contribution).ok()?;
        all.get(at)
    }

    /// The label of a record by its contribution and its place there.
    pub fn source(&self, contribution: ContributionId, record: u32) -> Option<&str> {
        self.shards.iter().find_map(|shard| {
            let record = shard.find(contribution, record)?;
            shard.source(record)
        })
    }

    /// Tokens of all records that count.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Records that count: those that repeat none before.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes of the shards' files.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(Shard::bytes).sum()
    }

    /// In the order of their contributions.
    pub(crate) fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Their files, in the same order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.manifest.shards
    }

    pub(crate) fn into_manifest(self) -> Manifest {
        self.manifest
    }

    /// `-log2` of how often a token occurs among all, in 65,536ths of a bit. One that does not occur counts as if it
    /// occurred once.
    pub fn improbability(&self, token: u32) -> u64 {
        let unknown = || bits::improbability(0, self.tokens);
        self.improbable.get(token as usize).copied().unwrap_or_else(unknown)
    }
}
