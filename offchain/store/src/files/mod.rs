//! Files of a folder to records.

mod solidity;
mod text;

use std::path::Path;

use openledger_primitives::hashing;
use walkdir::WalkDir;

use crate::{
    record::{self, Body, Record},
    Error, Result,
};

/// The most bytes of one source or text file.
pub const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The fewest characters that make a record.
pub const MIN_CHARS: usize = 40;
/// The most characters of a record.
pub const MAX_CHARS: usize = 4_000;
/// Extensions of the files that are taken.
pub const EXTENSIONS: [&str; 4] = ["sol", "txt", "md", "jsonl"];
/// Files without an extension that are taken as text.
const TEXTS: [&str; 5] = ["license", "licence", "copying", "notice", "readme"];

/// A file and what was cut from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// `<label>/<path within>`: the label of its records that have none of their own.
    pub source: String,
    /// At least one.
    pub records: Vec<Record>,
}

/// A file, or a part of one, that was left out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// As [`SourceFile::source`].
    pub file: String,
    /// Why.
    pub reason: String,
}

/// What a folder gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// In order of their paths.
    pub files: Vec<SourceFile>,
    /// What was left out of it.
    pub skipped: Vec<Skipped>,
}

impl Collected {
    /// Takes the file at `path`, or walks the folder there in order of names; hidden files and links are passed
    /// over. `label` (the last part of the path, where there is none) and the path within make up each source.
    /// Of a folder's files, those with one of `extensions` are taken; all of [`EXTENSIONS`] when that is empty.
    ///
    /// # Errors
    /// If there is nothing at `path`, or a folder cannot be listed. A file that cannot be used is skipped.
    pub fn from_path(path: &Path, label: Option<&str>, extensions: &[String]) -> Result<Self> {
        let io = |source| Error::Io { path: path.display().to_string(), source };
        let whole = path.canonicalize().map_err(io)?;
        let label = label.map_or_else(
            || whole.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            str::to_string,
        );
        let mut collected = Self::default();
        if whole.is_file() {
            collected.take(&whole, label);
            return Ok(collected);
        }
        let shown = |name: &std::ffi::OsStr| !name.as_encoded_bytes().starts_with(b".");
        let entries = WalkDir::new(&whole)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || shown(entry.file_name()));
        for entry in entries {
            let entry = entry.map_err(|error| io(error.into()))?;
            if entry.file_type().is_file() && wanted(entry.path(), extensions) {
                let within = entry.path().strip_prefix(&whole).unwrap_or(entry.path());
                let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
                collected.take(entry.path(), format!("{label}/{}", parts.join("/")));
            }
        }
        Ok(collected)
    }

    fn take(&mut self, path: &Path, source: String) {
        let mut skip = |reason| self.skipped.push(Skipped { file: source.clone(), reason });
        match cut(path, &source) {
            Err(reason) => skip(reason),
            Ok((records, left_out)) => {
                left_out.into_iter().for_each(&mut skip);
                if records.is_empty() {
                    skip(format!("nothing in it has {MIN_CHARS} to {MAX_CHARS} characters"));
                } else {
                    self.files.push(SourceFile { source, records });
                }
            }
        }
    }
}

/// Parts `files` into those to contribute and those to hold out: a file is held out when the first 32 bits of
/// `blake2b_256(source)`, as a part of 2^32, are below `fraction`.
pub fn hold_out(files: Vec<SourceFile>, fraction: f64) -> (Vec<SourceFile>, Vec<SourceFile>) {
    files.into_iter().partition(|file| {
        let hash = hashing::content_id(file.source.as_bytes());
        let [a, b, c, d, ..] = hash.0;
        f64::from(u32::from_be_bytes([a, b, c, d])) / 2f64.powi(32) >= fraction
    })
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase())
}

fn wanted(path: &Path, extensions: &[String]) -> bool {
    match extension(path) {
        Some(extension) if extensions.is_empty() => EXTENSIONS.contains(&extension.as_str()),
        Some(extension) => extensions.contains(&extension),
        None => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
            extensions.is_empty() && TEXTS.contains(&name.as_str())
        }
    }
}

/// The records of a file, and what of it was left out.
fn cut(path: &Path, source: &str) -> Result<(Vec<Record>, Vec<String>), String> {
    let extension = extension(path).unwrap_or_default();
    let limit = if extension == "jsonl" { record::MAX_FILE as u64 } else { MAX_FILE };
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > limit {
        return Err(format!("{size} bytes, at most {limit} are taken"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let labelled = |record: Record| match record.source() {
        Some(_) => Ok(record),
        None => record.with_source(source.into()),
    };
    if extension == "jsonl" {
        let records = record::parse_jsonl(&bytes).map_err(|error| error.to_string())?;
        return Ok((records.into_iter().map(labelled).collect::<Result<_, _>>()?, Vec::new()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        format!("not UTF-8, from byte {} on", error.utf8_error().valid_up_to() + 1)
    })?;
    let text = record::normalise(text.trim_start_matches('\u{feff}'));
    let (pieces, left_out) =
        if extension == "sol" { solidity::cut(&text)? } else { (text::cut(&text), Vec::new()) };
    let records = pieces
        .into_iter()
        .map(|piece| Record::new(Body::Text(piece), Some(source.into())))
        .collect::<Result<_, _>>()?;
    Ok((records, left_out))
}
