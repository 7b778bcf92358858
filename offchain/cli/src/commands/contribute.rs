use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use openledger_chain::{
    call,
    scale_decode::{self, DecodeAsType},
};
use openledger_primitives::{ContributionId, DatanetId};
use openledger_store::{contribution::Contribution, files::SourceFile};
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{place, table, thousands, txs, Output},
    parse,
    selection::{records, Selected, Selection, FILES},
    split::split,
    views::datanet,
};

#[derive(Args)]
#[command(after_help = FILES)]
pub struct Options {
    /// The datanet's id
    datanet: DatanetId,
    /// Folders and files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Make up to so many contributions, of whole files in order
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "each",
        default_value = "1",
        value_parser = clap::value_parser!(u32).range(1..=256)
    )]
    parts: u32,
    /// Make one contribution of each path
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    selection: Selection,
}

/// `Datanets.Contributed`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Contributed {
    contribution: ContributionId,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let selected = options.selection.collect(&options.paths)?;
    let mut made = Vec::new();
    for (label, files) in groups(&options, &selected) {
        parse::name(&label).map_err(|wrong| {
            anyhow!(
                "the label {label:?} is no name for a contribution: {wrong}; give one with --label"
            )
        })?;
        made.push((label, Contribution::new(&records(files.into_iter()))?));
    }

    let (sender, store) = (context.sender().await?, context.store()?);
    datanet::find(&sender.chain.now().await?, options.datanet).await?;
    let mut calls = Vec::with_capacity(made.len());
    for (label, contribution) in &made {
        store.put(contribution.blob.clone()).await?;
        let Contribution { content, root, records, .. } = contribution;
        let bytes = contribution.bytes();
        calls.push(call::contribute(options.datanet, root, content, *records, bytes, label));
    }
    let included = sender.send(&calls).await?;

    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for ((label, contribution), included) in made.iter().zip(&included) {
        let events = included.events::<Contributed>("Datanets", "Contributed")?;
        let id = events.first().map(|event| event.contribution);
        rows.push(vec![
            id.map_or_else(|| "?".into(), |id| id.to_string()),
            label.clone(),
            thousands(contribution.records.into()),
            thousands(contribution.bytes().into()),
        ]);
        list.push(json!({
            "id": id,
            "label": label,
            "records": contribution.records,
            "bytes": contribution.bytes(),
            "content": contribution.content,
            "root": contribution.root,
        }));
    }
    let json = json!({
        "contributions": list,
        "files": selected.count(),
        "skipped": selected.skipped,
        "heldout": selected.heldout,
        "txs": txs(&included),
    });
    let words = format!(
        "{}{}\nSubmitted to datanet {}, {}; its curators review next.",
        selected.words(),
        table(&[">id", "label", ">records", ">bytes"], &rows),
        options.datanet,
        place(&included)
    );
    Ok(Output::new(json, words))
}

/// The files of each contribution, with its label.
fn groups<'a>(options: &Options, selected: &'a Selected) -> Vec<(String, Vec<&'a SourceFile>)> {
    if options.each {
        let files = selected.files.iter().filter(|(_, files)| !files.is_empty());
        return files.map(|(path, files)| (name(path), files.iter().collect())).collect();
    }
    let files: Vec<&SourceFile> = selected.files.iter().flat_map(|(_, files)| files).collect();
    let sizes: Vec<usize> = files.iter().map(|file| file.records.len()).collect();
    let first = || options.paths.first().map(|path| name(path)).unwrap_or_default();
    let label = options.selection.label.clone().unwrap_or_else(first);
    let groups = split(&sizes, options.parts as usize).into_iter().enumerate();
    groups
        .map(|(i, range)| {
            let numbered = options.parts > 1;
            let label = if numbered { format!("{label}-{}", i + 1) } else { label.clone() };
            (label, files[range].to_vec())
        })
        .collect()
}

/// A folder's name, or a file's without its extension: the name that was given, also of a link.
fn name(path: &Path) -> String {
    let whole = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
    };
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}
