//! Which files become records, and which are held out.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use openledger_store::{
    files::{self, Collected, Skipped, SourceFile},
    record::{self, Record},
};
use serde_json::{json, Value};

use crate::{files::write, output::count, parse};

/// What was left out that is shown in words.
const LISTED: usize = 40;
/// Reasons shown when nothing could be taken.
const REASONS: usize = 5;

/// What becomes of files.
pub const FILES: &str = "\
Solidity (.sol) is cut at contracts and functions, text (.txt, .md, licences) at paragraphs. Rows are records already: \
JSON (.jsonl, .json), CSV (.csv, .tsv) and Parquet, with the fields of OpenAI (messages, tools), ShareGPT \
(conversations), Alpaca (instruction, input, output), preference pairs (prompt, chosen, rejected), prompt and \
completion, question and answer, or text. Whatever cannot be used is left out, and listed with the reason.";

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
        for skipped in self.skipped.iter().take(LISTED) {
            words.push_str(&format!("left out {}: {}\n", skipped.file, skipped.reason));
        }
        if self.skipped.len() > LISTED {
            let more = (self.skipped.len() - LISTED) as u64;
            words.push_str(&format!(
                "and {} left out; --json lists all\n",
                self::count(more, "more thing")
            ));
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
