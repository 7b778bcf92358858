use std::path::{Path, PathBuf};

use anyhow::{bail, Context as _};
use clap::{Args, Subcommand};
use openledger_primitives::hashing;
use openledger_store::{
    contribution::{self, Contribution},
    files::{self, Collected, Skipped, SourceFile},
    record::{self, Record},
};
use serde_json::{json, Value};

use crate::{
    context::Context,
    files::{read, write},
    output::{count, Output},
    parse,
};

/// Reasons shown when nothing could be taken.
const REASONS: usize = 5;

#[derive(Subcommand)]
pub enum Command {
    /// Cut files into records, as `contribute` does, and write them to a file
    #[command(after_help = FILES)]
    Build {
        /// Folders and files
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The JSONL file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        selection: Selection,
    },
    /// Show what is in a file or a blob of records
    Show {
        /// A JSONL file, or 0x and the content id of a contribution
        #[arg(value_name = "FILE|CONTENT")]
        records: String,
        /// Show at most so many
        #[arg(long, default_value_t = 10, value_name = "N")]
        limit: usize,
    },
}

/// What becomes of files.
pub const FILES: &str = "\
Solidity (.sol) is cut at contracts and functions, text (.txt, .md, licences) at paragraphs; a line of JSONL \
(.jsonl) is a record already: {\"text\"}, {\"prompt\",\"completion\"} or {\"messages\"}. Files that cannot be \
used are left out, and listed with the reason.";

/// Under which label, and which files to hold out.
#[derive(Args)]
pub struct Selection {
    /// First part of every record's source [default: each path's name]
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// Hold out about this part of the files, from 0 to 1
    #[arg(long, value_name = "F", requires = "heldout_out", value_parser = parse::fraction)]
    pub heldout_fraction: Option<f64>,
    /// Write the records of the files held out there
    #[arg(long, value_name = "FILE", requires = "heldout_fraction")]
    pub heldout_out: Option<PathBuf>,
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
        let mut selected =
            Selected { files: Vec::new(), skipped: Vec::new(), heldout: Value::Null };
        let mut held_out = Vec::new();
        for path in paths {
            let Collected { files, skipped } =
                Collected::from_path(path, self.label.as_deref(), &[])?;
            let (kept, held) = match self.heldout_fraction {
                Some(fraction) => files::hold_out(files, fraction),
                None => (files, Vec::new()),
            };
            selected.files.push((path.clone(), kept));
            selected.skipped.extend(skipped);
            held_out.extend(held);
        }
        if selected.count() == 0 {
            bail!("there are no records to take: {}", selected.why_nothing(held_out.len()));
        }
        if let Some(out) = &self.heldout_out {
            let sources: Vec<&String> = held_out.iter().map(|file| &file.source).collect();
            let records = records(held_out.iter());
            write(out, &record::to_jsonl(&records))?;
            selected.heldout = json!({"out": out, "records": records.len(), "files": sources});
        }
        Ok(selected)
    }
}

impl Selected {
    /// How many files were taken.
    pub fn count(&self) -> usize {
        self.files.iter().map(|(_, files)| files.len()).sum()
    }

    fn why_nothing(&self, held_out: usize) -> String {
        if held_out > 0 {
            return format!("all {held_out} files are held out; give a smaller --heldout-fraction");
        }
        let reasons: Vec<String> = self
            .skipped
            .iter()
            .take(REASONS)
            .map(|skipped| format!("{}: {}", skipped.file, skipped.reason))
            .collect();
        if reasons.is_empty() {
            return format!("expected files that end in {}", files::EXTENSIONS.join(", "));
        }
        reasons.join("; ")
    }

    /// What was left out and held out, in words.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for skipped in &self.skipped {
            words.push_str(&format!("left out {}: {}\n", skipped.file, skipped.reason));
        }
        if let Some(records) = self.heldout["records"].as_u64() {
            let out = self.heldout["out"].as_str().unwrap_or_default();
            words.push_str(&format!("held out {} in {out}\n", self::count(records, "record")));
        }
        words
    }
}

/// The records of files, in order.
pub fn records<'a>(files: impl Iterator<Item = &'a SourceFile>) -> Vec<Record> {
    files.flat_map(|file| file.records.iter().cloned()).collect()
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Build { paths, out, selection } => build(&paths, &out, &selection),
        Command::Show { records, limit } => show(context, &records, limit).await,
    }
}

fn build(paths: &[PathBuf], out: &Path, selection: &Selection) -> anyhow::Result<Output> {
    let selected = selection.collect(paths)?;
    let records = records(selected.files.iter().flat_map(|(_, files)| files));
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
    let words = format!(
        "{}{} of {} in {}\n\ncontent  {:?}\nroot     {:?}",
        selected.words(),
        count(built.records, "record"),
        count(selected.count() as u64, "file"),
        out.display(),
        built.content,
        built.root
    );
    Ok(Output::new(json, words))
}

async fn show(context: &Context, name: &str, limit: usize) -> anyhow::Result<Output> {
    let bytes = match parse::hash(name) {
        Some(id) => context.store()?.get(&id, record::MAX_FILE as u64).await?.to_vec(),
        None => read(Path::new(name))?,
    };
    let records = record::parse_jsonl(&bytes).with_context(|| name.to_string())?;
    let (content, root) = (hashing::content_id(&bytes), contribution::root(&records));
    let shown = &records[..records.len().min(limit)];
    let list: Vec<Value> = shown
        .iter()
        .map(|record| {
            json!({"hash": record.hash(), "text": record.text(), "source": record.source()})
        })
        .collect();
    let mut words = format!(
        "{}\n\ncontent  {content:?}\nroot     {root:?}\n",
        count(records.len() as u64, "record")
    );
    for record in shown {
        let source = record.source().unwrap_or("no source");
        words.push_str(&format!("\n--- {source}\n{}\n", record.text()));
    }
    if shown.len() < records.len() {
        let left = (records.len() - shown.len()) as u64;
        words.push_str(&format!(
            "\n… and {} more; --limit shows more of them",
            count(left, "record")
        ));
    }
    let json = json!({"count": records.len(), "content": content, "root": root, "records": list});
    Ok(Output::new(json, words))
}
