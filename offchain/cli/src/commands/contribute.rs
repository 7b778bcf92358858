use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use openledger_chain::{
    call,
    scale_decode::{self, DecodeAsType},
};
use openledger_primitives::{ContributionId, DatanetId};
use openledger_store::{contribution::Contribution, files::SourceFile};
use serde_json::{json, Value};

use super::records::Selection;
use crate::{
    context::Context,
    output::{place, table, txs, Output},
};

/// The most bytes of a contribution's label.
const MAX_LABEL: usize = 64;

#[derive(Args)]
pub struct Options {
    /// The datanet's id
    datanet: DatanetId,
    /// Folders and files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Up to so many contributions, of whole files in order
    #[arg(long, value_name = "N", conflicts_with = "each", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=256))]
    parts: u32,
    /// One contribution of each path
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
    let Options { datanet, paths, parts, each, selection } = options;
    // Labels of contributions and labels in sources are the same word on the command line.
    let selected = selection.collect(&paths)?;
    let name = |path: &PathBuf| {
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    };
    let groups: Vec<(String, Vec<&SourceFile>)> = if each {
        let files = selected.files.iter().filter(|(_, files)| !files.is_empty());
        files.map(|(path, files)| (name(path), files.iter().collect())).collect()
    } else {
        let files: Vec<&SourceFile> = selected.files.iter().flat_map(|(_, files)| files).collect();
        let label = selection.label.clone().unwrap_or_else(|| name(&paths[0]));
        cut(&files, parts as usize)
            .into_iter()
            .enumerate()
            .map(|(i, group)| {
                let label = if parts > 1 { format!("{label}-{}", i + 1) } else { label.clone() };
                (label, group.to_vec())
            })
            .collect()
    };

    let (store, chain) = (context.store()?, context.chain().await?);
    let (mut calls, mut made) = (Vec::new(), Vec::new());
    for (label, files) in groups {
        if label.len() > MAX_LABEL {
            bail!("the label {label:?} has {} bytes, at most {MAX_LABEL}: give a shorter one with --label", label.len());
        }
        let records: Vec<_> = files.iter().flat_map(|file| file.records.iter().cloned()).collect();
        let contribution = Contribution::new(&records)?;
        store.put(contribution.blob.clone()).await?;
        let Contribution { content, root, records, .. } = contribution;
        let bytes = contribution.bytes();
        calls.push(call::contribute(datanet, &root, &content, records, bytes, &label));
        made.push((label, contribution));
    }
    let included = context.submit(&chain, &calls).await?;
    let mut ids = Vec::new();
    for included in &included {
        ids.push(included.events::<Contributed>("Datanets", "Contributed")?.pop());
    }

    let mut rows = Vec::new();
    let contributions: Vec<Value> = made
        .iter()
        .zip(ids)
        .map(|((label, contribution), id)| {
            let id = id.map(|event| event.contribution);
            let shown = id.map_or_else(|| "?".into(), |id| id.to_string());
            rows.push(vec![shown, label.clone(), contribution.records.to_string()]);
            json!({
                "id": id,
                "label": label,
                "records": contribution.records,
                "bytes": contribution.bytes(),
                "content": contribution.content,
                "root": contribution.root,
            })
        })
        .collect();
    let json = json!({
        "contributions": contributions,
        "files": selected.count(),
        "skipped": selected.skipped,
        "heldout": selected.heldout,
        "txs": txs(&included),
    });
    let words = selected.words();
    let table = table(&["id", "label", "records"], &rows);
    Ok(Output::new(json, format!("{words}{table}{}", place(&included))))
}

/// Up to `parts` runs of whole files, of about equally many records.
fn cut<'a>(files: &'a [&'a SourceFile], parts: usize) -> Vec<&'a [&'a SourceFile]> {
    let total: usize = files.iter().map(|file| file.records.len()).sum();
    let mut groups = Vec::new();
    let (mut start, mut seen) = (0, 0);
    for (i, file) in files.iter().enumerate() {
        seen += file.records.len();
        // The k-th group ends where k parts of the records have been seen.
        if seen * parts >= total * (groups.len() + 1) {
            groups.push(&files[start..=i]);
            start = i + 1;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use openledger_store::record::{Body, Record};

    use super::*;

    fn file(records: usize) -> SourceFile {
        let record = Record::new(Body::Text("text".into()), None).unwrap();
        SourceFile { source: "x".into(), records: vec![record; records] }
    }

    #[test]
    fn cut_should_keep_every_file_once_and_in_order() {
        for sizes in [vec![1], vec![5, 1, 1, 1], vec![1, 1, 1, 9], vec![3; 10], vec![100, 1, 100]] {
            let files: Vec<SourceFile> = sizes.iter().map(|&size| file(size)).collect();
            let files: Vec<&SourceFile> = files.iter().collect();
            for parts in 1..6 {
                let groups = cut(&files, parts);
                assert!(groups.len() <= parts && groups.iter().all(|group| !group.is_empty()));
                let sum: usize = groups.iter().map(|group| group.len()).sum();
                assert_eq!(sum, files.len(), "{sizes:?} in {parts}");
            }
        }
        let files: Vec<SourceFile> = (0..9).map(|_| file(2)).collect();
        let files: Vec<&SourceFile> = files.iter().collect();
        let sizes: Vec<usize> = cut(&files, 3).iter().map(|group| group.len()).collect();
        assert_eq!(sizes, [3, 3, 3]);
    }
}
