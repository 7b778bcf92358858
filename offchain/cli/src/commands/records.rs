use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use openledger_primitives::hashing;
use openledger_store::{
    contribution::{self, Contribution},
    record::{self, Body, Message, Record},
};
use serde_json::{json, Value};

use crate::{
    context::Context,
    files::{read, write},
    output::{count, Output},
    parse,
    selection::{records, Selection, FILES},
};

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
            let whole: Value = serde_json::from_str(&record.to_json())?;
            Ok(json!({
                "hash": record.hash(),
                "record": whole,
                "text": record.text(),
                "source": record.source(),
            }))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut words = format!(
        "{}\n\ncontent  {content:?}\nroot     {root:?}\n",
        count(records.len() as u64, "record")
    );
    for record in shown {
        let source = record.source().unwrap_or("no source");
        words.push_str(&format!("\n--- {source}\n{}", readable(record)));
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

/// A record for people: what is said is indented below who says it, so that no text can look like a turn.
fn readable(record: &Record) -> String {
    let block = |head: &str, text: &str| {
        let lines: String = text.lines().map(|line| format!("  {line}\n")).collect();
        format!("{head}:\n{lines}")
    };
    let turns = |messages: &[Message]| -> String {
        let turn = |message: &Message| {
            let mut shown = match &message.name {
                Some(name) => block(&format!("{} {name:?}", message.role.name()), &message.content),
                None => block(message.role.name(), &message.content),
            };
            for call in &message.calls {
                shown.push_str(&block(&format!("calls {:?}", call.name), &call.arguments));
            }
            shown
        };
        messages.iter().map(turn).collect()
    };
    match record.body() {
        Body::Text(text) => format!("{text}\n"),
        Body::Completion { prompt, completion } => {
            block("prompt", prompt) + &block("completion", completion)
        }
        Body::Chat { messages, .. } => turns(messages),
        Body::Preference { prompt, chosen, rejected, .. } => {
            let ways = [("better", chosen), ("worse", rejected)];
            let ways = ways.map(|(head, way)| format!("--- {head}\n{}", turns(way)));
            turns(prompt) + &ways.concat()
        }
    }
}
