//! Our half of `bench/attribution`, see its README.

mod bank;
mod classifier;
mod corrected;
mod files;
mod lm;
mod methods;
mod registered;

use std::path::PathBuf;

use anyhow::{bail, Result};
use clap::{Parser, Subcommand};
use openledger_lm::Device;

use bank::Design;
use methods::{Choice, Method};

#[derive(Parser)]
#[command(about, version)]
struct Arguments {
    /// What language models compute on: cpu, or wgpu of a program compiled with that feature.
    #[arg(long, global = true, default_value_t)]
    device: Device,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a task of texts: tokens, and an adapter trained on them.
    Task {
        folder: PathBuf,
        #[arg(long)]
        name: String,
        /// A base model's folder.
        #[arg(long)]
        base: PathBuf,
        /// JSON lines with `text`, `label` and `contribution`.
        #[arg(long)]
        records: PathBuf,
        /// JSON lines with `text` and `label`, and `prompt` where the loss is that of the text after it alone.
        #[arg(long)]
        queries: PathBuf,
    },
    /// Retrains on parts of the records, as far as that was not done before.
    Bank {
        folder: PathBuf,
        #[arg(long)]
        design: Design,
        #[arg(long, default_value_t = 0)]
        first: usize,
        #[arg(long)]
        count: usize,
        /// Of initial values and the order of records.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Makes a task of a folder with images: a classifier trained on them.
    Classifier {
        folder: PathBuf,
        #[arg(long)]
        name: String,
        /// Widths of hidden layers.
        #[arg(long, value_delimiter = ',')]
        hidden: Vec<usize>,
    },
    /// Builds the index that a job builds, over a task's contributions, and says what rounding changes.
    Index { folder: PathBuf },
    /// What contributions are paid for each query by that index, as computed here.
    Shares {
        folder: PathBuf,
        /// A name for this program and its threads.
        #[arg(long)]
        label: String,
        /// Of no more than the first so many queries.
        #[arg(long, default_value_t = usize::MAX)]
        queries: usize,
    },
    /// Writes the scores of our methods.
    Score {
        folder: PathBuf,
        #[arg(required = true)]
        methods: Vec<Method>,
        #[command(flatten)]
        choice: Choice,
    },
}

/// What every task says first.
#[derive(serde::Deserialize)]
struct Kind {
    kind: String,
}

fn main() -> Result<()> {
    let Arguments { device, command } = Arguments::parse();
    let is_lm = |folder: &PathBuf| -> Result<bool> {
        let Kind { kind } = files::read(&folder.join("task.json"))?;
        match kind.as_str() {
            "lm" => Ok(true),
            "classifier" => Ok(false),
            other => bail!("expected a task of kind lm or classifier, got {other:?}"),
        }
    };
    match command {
        Command::Task { folder, name, base, records, queries } => {
            lm::make(&folder, &name, &base, &records, &queries, device)
        }
        Command::Classifier { folder, name, hidden } => classifier::make(&folder, &name, &hidden),
        Command::Bank { folder, design, first, count, seed } if is_lm(&folder)? => {
            let base = lm::Task::base(&folder, device)?;
            lm::fill(&folder, &base, design, first..first + count, seed)
        }
        Command::Bank { folder, design, first, count, seed } => {
            let task = classifier::Task::open(&folder)?;
            let images = classifier::Task::images(&folder)?;
            // Nobody's: every record is a contribution of its own.
            let contributions: Vec<u32> = (0..images.records.len() as u32).collect();
            let numbers = first..first + count;
            bank::fill(&folder, design, &contributions, numbers, seed, |kept, seed, _| {
                Ok(task.retrain(&images, kept, seed))
            })
        }
        Command::Index { folder } => registered::write_index(&folder, device),
        Command::Shares { folder, label, queries } => {
            registered::write_shares(&folder, &label, queries, device)
        }
        Command::Score { folder, methods, choice } => {
            for method in methods {
                if is_lm(&folder)? {
                    methods::of_texts(&folder, method, choice, device)?;
                } else {
                    methods::of_images(&folder, method, choice)?;
                }
            }
            Ok(())
        }
    }
}
