//! What an index consists of: `trace.json`.

use std::{io::Write, path::Path};

use openledger_primitives::{ContentId, ContributionId};
use serde::{Deserialize, Serialize};

use crate::{Alphabet, Error, Result};

/// The name of the list of an index' files in its folder.
pub const MANIFEST: &str = "trace.json";
const FORMAT: u32 = 2;

/// What is known of a contribution, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The contribution.
    pub contribution: ContributionId,
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<String>,
    /// Under which terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<serde_json::Value>,
}

/// A shard's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the index' folder.
    pub file: String,
    /// Its content id.
    pub content: ContentId,
    /// Its length.
    pub bytes: u64,
}

/// The list of an index' shards and contributions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// Of all shards.
    pub alphabet: Alphabet,
    /// In the order of their contributions.
    pub shards: Vec<Entry>,
    /// Ascending.
    pub contributions: Vec<About>,
}

impl Manifest {
    /// Without shards.
    pub fn new(alphabet: Alphabet) -> Self {
        Self { format: FORMAT, alphabet, shards: Vec::new(), contributions: Vec::new() }
    }

    /// Reads that of the index in `folder`; none where there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is not one.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        Self::parse(&bytes, &path).map(Some)
    }

    /// Reads the bytes of that at `path`.
    fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let malformed = |reason: String| Error::Malformed { path: path.into(), reason };
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(malformed(format!("expected format {FORMAT}, found {}", manifest.format)));
        }
        let unsafe_name = |entry: &&Entry| {
            // A file of the folder, not a way out of it.
            let name = &entry.file;
            name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0'])
        };
        if let Some(entry) = manifest.shards.iter().find(unsafe_name) {
            return Err(malformed(format!("{:?} is not the name of a file", entry.file)));
        }
        Ok(manifest)
    }

    /// Writes it, and removes shards that an earlier one listed and this one does not.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let before = Self::read(folder).ok().flatten();
        let path = folder.join(MANIFEST);
        let bytes = serde_json::to_vec(self).map_err(|error| Error::io(&path)(error.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(folder))?;
        file.write_all(&bytes).map_err(Error::io(&path))?;
        keep(file, &path)?;
        for old in before.iter().flat_map(|before| &before.shards) {
            if !self.shards.iter().any(|entry| entry.file == old.file) {
                // One that stays behind is in nobody's way.
                let _ = std::fs::remove_file(folder.join(&old.file));
            }
        }
        Ok(())
    }
}

/// Gives a whole file its name: a reader never sees half of it.
///
/// # Errors
/// If the system refuses.
pub fn keep(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map_err(|error| Error::io(path)(error.error))?;
    Ok(())
}
