//! What a file is: told by the name that it was given and by what it begins with.

use std::path::Path;

/// Extensions of the files that are taken.
pub const EXTENSIONS: [&str; 9] =
    ["sol", "txt", "md", "jsonl", "ndjson", "json", "csv", "tsv", "parquet"];
/// Files without an extension that are taken as text.
const TEXTS: [&str; 5] = ["license", "licence", "copying", "notice", "readme"];
/// How files begin whose kind is known and not taken.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first"),
    (b"ARROW1", "an Arrow file: save it as Parquet"),
    (b"%PDF", "a PDF: save its text as .txt"),
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself first"),
];

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Source code, cut at contracts and functions.
    Solidity,
    /// Cut at paragraphs.
    Text,
    /// Rows of JSON: a line each, or one list.
    Json,
    /// Rows of values with this byte between them, under a row of names.
    Table(u8),
    /// Rows in columns.
    Parquet,
}

impl Kind {
    /// By its name alone, where that says it.
    pub fn of_name(name: &Path) -> Option<Self> {
        match extension(name) {
            Some(extension) => match extension.as_str() {
                "sol" => Some(Self::Solidity),
                "txt" | "md" => Some(Self::Text),
                "jsonl" | "ndjson" | "json" => Some(Self::Json),
                "csv" => Some(Self::Table(b',')),
                "tsv" => Some(Self::Table(b'\t')),
                "parquet" => Some(Self::Parquet),
                _ => None,
            },
            None => {
                let name = name.file_name()?.to_string_lossy().to_ascii_lowercase();
                TEXTS.contains(&name.as_str()).then_some(Self::Text)
            }
        }
    }

    /// Of a file with this name that begins so.
    ///
    /// # Errors
    /// A sentence: what it is instead, and what was expected.
    pub fn of(name: &Path, begin: &[u8]) -> Result<Self, String> {
        if begin.starts_with(b"PAR1") {
            return Ok(Self::Parquet);
        }
        if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| begin.starts_with(magic)) {
            return Err(format!("it is {what}"));
        }
        if begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff") {
            return Err("it is UTF-16, not UTF-8: save it as UTF-8".into());
        }
        match Self::of_name(name) {
            Some(Self::Parquet) => Err("it is named .parquet, and is none".into()),
            // Rows of JSON that somebody called text would be learned with their brackets.
            None | Some(Self::Text) if begins_with_json(begin) => Ok(Self::Json),
            Some(kind) => Ok(kind),
            None => Err(format!(
                "its kind is not known: expected a name that ends in {}, or rows of JSON or Parquet",
                EXTENSIONS.map(|extension| format!(".{extension}")).join(", ")
            )),
        }
    }
}

/// In small letters.
pub fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase())
}

/// Whether the first line is an object of JSON, or what is there begins a list of such.
fn begins_with_json(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    let line = begin.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_object = |bytes: &[u8]| {
        std::str::from_utf8(bytes).is_ok_and(|text| {
            matches!(crate::json::Json::parse(text), Ok(crate::json::Json::Object(_)))
        })
    };
    let opens = |bytes: &[u8]| {
        let rest = bytes.strip_prefix(b"[").unwrap_or_default().trim_ascii_start();
        rest.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
    };
    is_object(line) || opens(begin)
}
