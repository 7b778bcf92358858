//! Files of a folder to records.

mod json_rows;
mod kind;
mod parquet_rows;
mod rows;
mod solidity;
mod table;
mod text;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use openledger_primitives::hashing;
use walkdir::{DirEntry, WalkDir};

use self::kind::{extension, Kind};
use crate::{
    record::{self, Body, Record},
    Error, Result,
};

pub use kind::EXTENSIONS;

/// The most bytes of one source or text file.
pub const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The fewest characters that make a record of a file that is cut.
pub const MIN_CHARS: usize = 40;
/// The most characters of a record of a file that is cut.
pub const MAX_CHARS: usize = 4_000;

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
    /// Takes the file at `path`, or walks the folder there in order of names. `label` (the last part of the path, where
    /// there is none) and the path within make up each source. A link is what its own name says, with the bytes that it
    /// leads to.
    ///
    /// Whatever is not taken is in [`Collected::skipped`]: a file with its reason, or with the lines of it that are no
    /// records; files of a folder whose kind is not taken, counted by their extension; hidden files and folders, and
    /// links to folders. Of a folder's files, only those with one of `extensions` are asked for where some are named.
    ///
    /// # Errors
    /// If there is nothing at `path`, or a folder cannot be listed.
    pub fn from_path(path: &Path, label: Option<&str>, extensions: &[String]) -> Result<Self> {
        let io = |source| Error::Io { path: path.display().to_string(), source };
        let about = std::fs::metadata(path).map_err(io)?;
        let label = match label {
            Some(label) => label.to_string(),
            None => last_part(path).map_err(io)?,
        };
        let mut collected = Self::default();
        if !about.is_dir() {
            collected.take(path, label);
            return Ok(collected);
        }
        let mut others = Others::default();
        let mut entries = WalkDir::new(path).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|error| io(error.into()))?;
            let is_folder = entry.file_type().is_dir();
            if entry.depth() == 0 || is_folder && !hidden(&entry) {
                continue;
            }
            let within = entry.path().strip_prefix(path).unwrap_or(entry.path());
            let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
            let source = format!("{label}/{}", parts.join("/"));
            if hidden(&entry) {
                others.hidden += 1;
                if is_folder {
                    entries.skip_current_dir();
                }
            } else if wanted(entry.path(), extensions) {
                match std::fs::metadata(entry.path()) {
                    Ok(target) if target.is_dir() => collected.skip(source, FOLDER_LINK.into()),
                    // A link that leads nowhere is listed by what the system says.
                    _ => collected.take(entry.path(), source),
                }
            } else if extensions.is_empty() {
                match std::fs::metadata(entry.path()) {
                    Ok(target) if target.is_dir() => collected.skip(source, FOLDER_LINK.into()),
                    _ => *others.kinds.entry(extension(entry.path())).or_default() += 1,
                }
            }
        }
        others.tell(&label, &mut collected);
        Ok(collected)
    }

    fn skip(&mut self, file: String, reason: String) {
        self.skipped.push(Skipped { file, reason });
    }

    fn take(&mut self, path: &Path, source: String) {
        match records(path, &source) {
            Err(reason) => self.skip(source, reason),
            Ok((records, left_out)) => {
                let nothing = records.is_empty() && left_out.is_empty();
                for reason in left_out {
                    self.skip(source.clone(), reason);
                }
                if nothing {
                    self.skip(source, "there is nothing in it that makes a record".into());
                } else if !records.is_empty() {
                    self.files.push(SourceFile { source, records });
                }
            }
        }
    }
}

const FOLDER_LINK: &str = "a link to a folder is not followed: name the folder itself";

/// What a folder has that is not looked into.
#[derive(Default)]
struct Others {
    hidden: usize,
    /// By extension.
    kinds: BTreeMap<Option<String>, usize>,
}

impl Others {
    fn tell(self, label: &str, collected: &mut Collected) {
        for (extension, count) in self.kinds {
            let of = match extension {
                Some(extension) => format!("that end in .{extension}"),
                None => "without an extension, but for licences,".into(),
            };
            collected.skip(label.into(), format!("files {of} are not taken ({count} here)"));
        }
        if self.hidden > 0 {
            let reason = format!("hidden files and folders are not taken ({} here)", self.hidden);
            collected.skip(label.into(), reason);
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

/// The name that a path was given; of one that ends in none, such as `..`, that of the folder there.
fn last_part(path: &Path) -> std::io::Result<String> {
    let whole: PathBuf;
    let name = match path.file_name() {
        Some(name) => name,
        None => {
            whole = path.canonicalize()?;
            whole.file_name().unwrap_or_default()
        }
    };
    Ok(name.to_string_lossy().into_owned())
}

fn hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn wanted(path: &Path, extensions: &[String]) -> bool {
    match extension(path) {
        Some(extension) if !extensions.is_empty() => extensions.contains(&extension),
        _ => extensions.is_empty() && Kind::of_name(path).is_some(),
    }
}

/// The records of a file, and what of it was left out.
fn records(path: &Path, source: &str) -> Result<(Vec<Record>, Vec<String>), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    // Reading from a pipe or a device might never end.
    if !about.is_file() {
        return Err("it is no file".into());
    }
    let mut bytes = Vec::new();
    file.by_ref().take(record::MAX_LINE as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let kind = Kind::of(path, &bytes)?;
    let limit = match kind {
        Kind::Solidity | Kind::Text => MAX_FILE,
        Kind::Json | Kind::Table(_) => record::MAX_FILE as u64,
        Kind::Parquet => u64::MAX,
    };
    if about.len() > limit {
        return Err(format!("{} bytes, at most {limit} are taken", about.len()));
    }
    if kind != Kind::Parquet {
        // One more than is taken, in case that it grows meanwhile.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    let (records, left_out) = match kind {
        Kind::Parquet => parquet_rows::read(path)?,
        Kind::Json => json_rows::read(&bytes)?,
        Kind::Table(between) => table::read(&bytes, between)?,
        Kind::Solidity | Kind::Text => {
            let text = String::from_utf8(bytes).map_err(|error| {
                format!("not UTF-8, from byte {} on", error.utf8_error().valid_up_to() + 1)
            })?;
            let text = record::normalise(text.trim_start_matches('\u{feff}'));
            let (pieces, left_out) =
                if kind == Kind::Solidity { solidity::cut(&text)? } else { text::cut(&text) };
            let record = |piece| Record::new(Body::Text(piece), None);
            (pieces.into_iter().map(record).collect::<Result<_, _>>()?, left_out)
        }
    };
    let labelled = |record: Record| match record.source() {
        Some(_) => Ok(record),
        None => record.with_source(source.into()),
    };
    Ok((records.into_iter().map(labelled).collect::<Result<_, _>>()?, left_out))
}
