//! Records in one blob under one Merkle root, and contributions in a version.

use std::collections::HashMap;

use openledger_primitives::{hashing, merkle, ContentId, H256};

use crate::{
    record::{self, Record},
    BlobStore, Error, Result,
};

/// A contribution as it is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Canonical JSONL.
    pub blob: Vec<u8>,
    /// Content id of the blob.
    pub content: ContentId,
    /// Merkle root over the records' hashes, in order.
    pub root: H256,
    /// How many records.
    pub records: u32,
}

impl Contribution {
    /// Packs `records`, in their order.
    ///
    /// # Errors
    /// [`Error::NoRecords`], or [`Error::TooLarge`] beyond the size of one file.
    pub fn new(records: &[Record]) -> Result<Self> {
        if records.is_empty() {
            return Err(Error::NoRecords);
        }
        let blob = record::to_jsonl(records);
        let (found, limit) = (blob.len() as u64, record::MAX_FILE as u64);
        if found > limit {
            return Err(Error::TooLarge { what: "bytes of JSONL", found, limit });
        }
        Ok(Self {
            content: hashing::content_id(&blob),
            root: root(records),
            // A record has more than one byte, so there are fewer than the limit of bytes.
            records: records.len() as u32,
            blob,
        })
    }

    /// Bytes of the blob.
    pub fn bytes(&self) -> u64 {
        self.blob.len() as u64
    }
}

/// The Merkle root over the hashes of records, in order.
pub fn root(records: &[Record]) -> H256 {
    let hashes: Vec<H256> = records.iter().map(Record::hash).collect();
    merkle::root(&hashes)
}

/// The records of a contribution, verified by content id and root.
///
/// # Errors
/// If the blob is missing or damaged, is not JSONL of records, or its records have another root.
pub async fn fetch(store: &BlobStore, content: &ContentId, expected: &H256) -> Result<Vec<Record>> {
    let records = record::parse_jsonl(&store.get(content, record::MAX_FILE as u64).await?)?;
    match root(&records) {
        root if root == *expected => Ok(records),
        found => Err(Error::WrongRoot { content: *content, expected: *expected, found }),
    }
}

/// A record that two contributions have, and the proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its hash.
    pub record: H256,
    /// Where it is in the first.
    pub first: Proof,
    /// Where it is in the second.
    pub second: Proof,
}

/// Where a record is in a contribution, and its Merkle proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which record, from 0.
    pub index: u32,
    /// The siblings, from the leaf upwards.
    pub siblings: Vec<H256>,
}

impl Shared {
    /// The first record of `first` that `second` has as well; both are hashes of records, in order.
    pub fn find(first: &[H256], second: &[H256]) -> Option<Self> {
        let mut places = HashMap::with_capacity(second.len());
        for (index, record) in second.iter().enumerate() {
            places.entry(record).or_insert(index);
        }
        let (place, record) =
            first.iter().enumerate().find(|(_, record)| places.contains_key(record))?;
        Some(Self {
            record: *record,
            first: Proof::new(first, place)?,
            second: Proof::new(second, *places.get(record)?)?,
        })
    }
}

impl Proof {
    fn new(records: &[H256], index: usize) -> Option<Self> {
        let index = u32::try_from(index).ok()?;
        Some(Self { index, siblings: merkle::proof(records, index.into())? })
    }
}
