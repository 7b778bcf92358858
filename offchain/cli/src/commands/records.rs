use std::path::{Path, PathBuf};

use anyhow::{bail, Context as _};
use clap::{Args, Subcommand};
use openledger_primitives::{hashing, ContentId};
use openledger_store::{
    contribution::{self, Contribution},
    files::{self, Collected, Skipped, SourceFile},
    record::{self, Record},
};
use serde_json::{json, Value};

use crate::{context::Context, output::Output};

#[derive(Subcommand)]
pub enum Command {
    /// Files to records in canonical JSONL
    Build {
        /// Folders and files
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// The JSONL file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        options: Selection,
    },
    /// What is in a file or a blob of records
    Show {
        /// A JSONL file, or 0x and a content id
        records: String,
        /// Show at most so many
        #[arg(long, default_value_t = 10)]
        limit: usize,
    },
}

/// Which files, under which label, and which to hold out.
#[derive(Args)]
pub struct Selection {
    /// The first part of every source [default: the name of each path]
    #[arg(long)]
    pub label: Option<String>,
    /// Take only files with this extension; may be repeated
    #[arg(long = "only", value_name = "EXTENSION")]
    pub extensions: Vec<String>,
    /// Hold out about this part of the files, 0 to 1
    #[arg(long, value_name = "F", requires = "heldout_out", value_parser = fraction)]
    pub heldout_fraction: Option<f64>,
    /// Write the held-out files' records there
    #[arg(long, value_name = "FILE", requires = "heldout_fraction")]
    pub heldout_out: Option<PathBuf>,
}

fn fraction(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|fraction| (0.0..=1.0).contains(fraction))
        .ok_or_else(|| format!("{text:?} is no fraction; expected 0 to 1"))
}

/// What a selection of files gave.
pub struct Selected {
    /// By path, the files to contribute.
    pub files: Vec<(PathBuf, Vec<SourceFile>)>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What was held out, for JSON.
    pub heldout: Value,
}

impl Selection {
    /// Reads the files at `paths`, and writes what is held out.
    pub fn collect(&self, paths: &[PathBuf]) -> anyhow::Result<Selected> {
        let mut selected = Selected { files: Vec::new(), skipped: Vec::new(), heldout: Value::Null };
        let mut held_out = Vec::new();
        for path in paths {
            let Collected { files, skipped } =
                Collected::from_path(path, self.label.as_deref(), &self.extensions)?;
            let (kept, held) = match self.heldout_fraction {
                Some(fraction) => files::hold_out(files, fraction),
                None => (files, Vec::new()),
            };
            selected.files.push((path.clone(), kept));
            selected.skipped.extend(skipped);
            held_out.extend(held);
        }
        if let Some(out) = &self.heldout_out {
            let sources: Vec<&String> = held_out.iter().map(|file| &file.source).collect();
            let records: Vec<Record> =
                held_out.iter().flat_map(|file| file.records.iter().cloned()).collect();
            write(out, &record::to_jsonl(&records))?;
            selected.heldout = json!({"out": out, "records": records.len(), "files": sources});
        }
        if selected.files.iter().all(|(_, files)| files.is_empty()) {
            let reasons: Vec<String> = selected
                .skipped
                .iter()
                .take(5)
                .map(|skipped| format!("{}: {}", skipped.file, skipped.reason))
                .collect();
            let why = if reasons.is_empty() {
                format!("expected files that end in {}", files::EXTENSIONS.join(", "))
            } else {
                reasons.join("; ")
            };
            bail!("there are no records to take: {why}");
        }
        Ok(selected)
    }
}

impl Selected {
    /// How many files were taken.
    pub fn count(&self) -> usize {
        self.files.iter().map(|(_, files)| files.len()).sum()
    }

    /// The words about what was skipped and held out.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for skipped in &self.skipped {
            words.push_str(&format!("left out {}: {}\n", skipped.file, skipped.reason));
        }
        if let Some(records) = self.heldout["records"].as_u64() {
            words.push_str(&format!("held out {records} records in {}\n", self.heldout["out"]));
        }
        words
    }
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Build { paths, out, options } => build(&paths, &out, &options),
        Command::Show { records, limit } => show(context, &records, limit).await,
    }
}

fn build(paths: &[PathBuf], out: &Path, options: &Selection) -> anyhow::Result<Output> {
    let selected = options.collect(paths)?;
    let files = selected.files.iter().flat_map(|(_, files)| files);
    let records: Vec<Record> = files.flat_map(|file| file.records.iter().cloned()).collect();
    let built = Contribution::new(&records)?;
    write(out, &built.blob)?;
    let json = json!({
        "out": out,
        "records": built.records,
        "bytes": built.bytes(),
        "content": built.content,
        "root": built.root,
        "files": selected.count(),
        "skipped": selected.skipped,
        "heldout": selected.heldout,
    });
    let text = format!(
        "{}{} records of {} files in {}\ncontent {:?}\nroot    {:?}",
        selected.words(),
        built.records,
        selected.count(),
        out.display(),
        built.content,
        built.root
    );
    Ok(Output::new(json, text))
}

async fn show(context: &Context, name: &str, limit: usize) -> anyhow::Result<Output> {
    let bytes = match content_id(name) {
        Some(id) => context.store()?.get(&id).await?.to_vec(),
        None => std::fs::read(name).with_context(|| name.to_string())?,
    };
    let records = record::parse_jsonl(&bytes).with_context(|| name.to_string())?;
    let (content, root) = (hashing::content_id(&bytes), contribution::root(&records));
    let shown = &records[..records.len().min(limit)];
    let list: Vec<Value> = shown
        .iter()
        .map(|record| json!({"hash": record.hash(), "text": record.text(), "source": record.source()}))
        .collect();
    let mut words = format!("{} records\ncontent {content:?}\nroot    {root:?}\n", records.len());
    for record in shown {
        let source = record.source().unwrap_or("no source");
        words.push_str(&format!("\n--- {source} {:?}\n{}\n", record.hash(), record.text()));
    }
    let json = json!({"count": records.len(), "content": content, "root": root, "records": list});
    Ok(Output::new(json, words))
}

/// 0x and 32 bytes.
pub fn content_id(text: &str) -> Option<ContentId> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
    Some(bytes.into())
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let mut name = path.file_name().with_context(failed)?.to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&part);
        })
        .with_context(failed)
}
