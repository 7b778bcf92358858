//! `openledger trace build`: from datanet versions, or from files, to an index in a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use openledger_primitives::{ContentId, ContributionId, DatanetId, VersionNumber, H256};
use openledger_store::{
    contribution,
    files::{Collected, Skipped, EXTENSIONS},
    record::Record as Stored,
};
use openledger_trace::{
    build::{add, merge, Added, Contribution, Limits, Record},
    report::Codec,
    About, Error, Index,
};
use serde_json::json;

use super::unit::{self, Unit};
use crate::{
    context::Context,
    output::{count, text, Output},
    parse,
    views::datanet::find_version,
};

#[derive(Args)]
#[command(
    after_help = "Each PATH, a folder or a file as `records build` takes them, is a contribution. An index that is \
                  there gets what it does not have yet.\n\
                  Example: openledger trace build --datanets 0:1,2:1 --tokenizer models/base --out ./index"
)]
pub struct Options {
    /// Folders and files
    #[arg(value_name = "PATH", required_unless_present = "datanets")]
    paths: Vec<PathBuf>,
    /// Versions of datanets, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = parse::version,
        value_name = "DATANET:VERSION",
        conflicts_with = "paths"
    )]
    datanets: Vec<(DatanetId, VersionNumber)>,
    /// The folder of the index
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A model's folder, to index its tokens instead of bytes
    #[arg(long, value_name = "DIR")]
    tokenizer: Option<PathBuf>,
    /// The most tokens of a file of the index, unless one contribution has more
    #[arg(
        long,
        value_name = "N",
        default_value_t = Limits::default().shard_tokens as u32,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX))
    )]
    shard_tokens: u32,
    /// Join the files of the index into as few as that leaves
    #[arg(long)]
    merge: bool,
}

/// A contribution of a version, as the chain has it.
struct Listed {
    about: About,
    content: ContentId,
    root: H256,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let of_files = options.datanets.is_empty();
    let present = present(&options.out, of_files)?;
    let unit = match &options.tokenizer {
        None if !present.is_empty() => Unit::of(&options.out)?,
        named => Unit::load(named.as_deref())?,
    };
    let (alphabet, codec) = (unit.alphabet()?, unit.into_codec());
    let limits = Limits { shard_tokens: options.shard_tokens as usize };
    let folder = options.out.clone();
    let (added, skipped) = if of_files {
        let first = present.last().map_or(0, |last| last.saturating_add(1));
        let (files, skipped) = collect(&options.paths, first)?;
        let contributions =
            files.into_iter().map(move |(about, records)| tokens(&*codec, about, &records));
        let adding = move || add(&folder, &alphabet, contributions, limits);
        (tokio::task::spawn_blocking(adding).await??, skipped)
    } else {
        let listed = listed(context, &options.datanets, &present).await?;
        let (store, runtime) = (context.store()?, tokio::runtime::Handle::current());
        // One after the other, when there is room for it.
        let contributions = listed.into_iter().map(move |listed| {
            let Listed { about, content, root } = listed;
            let records = runtime
                .block_on(contribution::fetch(&store, &content, &root))
                .with_context(|| format!("contribution {}", about.contribution))?;
            tokens(&*codec, about, &records)
        });
        let adding = move || add(&folder, &alphabet, contributions, limits);
        (tokio::task::spawn_blocking(adding).await??, Vec::new())
    };
    if let Some(tokenizer) = &options.tokenizer {
        unit::keep(tokenizer, &options.out)?;
    }
    if options.merge {
        let folder = options.out.clone();
        tokio::task::spawn_blocking(move || merge(&folder, limits)).await??;
    }
    output(&options.out, &added, &skipped)
}

/// The contributions that an index has already.
fn present(folder: &Path, of_files: bool) -> anyhow::Result<BTreeSet<ContributionId>> {
    let index = match Index::open(folder) {
        Ok(index) => index,
        Err(Error::NoIndex(_)) => return Ok(BTreeSet::new()),
        Err(error) => return Err(error.into()),
    };
    // Those of the chain have a contributor, those of files are numbered here.
    ensure!(
        index.contributions().iter().all(|about| about.contributor.is_none() == of_files),
        "the index in {} is of {}: build another one",
        folder.display(),
        if of_files { "datanets, not of files" } else { "files, not of datanets" }
    );
    Ok(index.contributions().iter().map(|about| about.contribution).collect())
}

/// The contributions of datanet versions, ascending, without those that are present.
async fn listed(
    context: &Context,
    versions: &[(DatanetId, VersionNumber)],
    present: &BTreeSet<ContributionId>,
) -> anyhow::Result<Vec<Listed>> {
    let view = context.now().await?;
    let mut licences = BTreeMap::new();
    for (datanet, number) in versions {
        let version = find_version(&view, *datanet, *number).await?;
        let licence = serde_json::to_value(version.licence.0)?;
        licences.extend(version.contributions.into_iter().map(|id| (id, licence.clone())));
    }
    let mut listed = Vec::new();
    for (id, licence) in licences.into_iter().filter(|(id, _)| !present.contains(id)) {
        let entry = view
            .contribution(id)
            .await?
            .with_context(|| format!("contribution {id} is not on the chain"))?;
        let about = About {
            contribution: id,
            label: Some(text(&entry.label)),
            contributor: Some(entry.contributor.to_string()),
            licence: Some(licence),
        };
        listed.push(Listed { about, content: entry.content, root: entry.root });
    }
    Ok(listed)
}

type Files = Vec<(About, Vec<Stored>)>;

/// One contribution of each path, numbered from `first` on, and what was left out.
fn collect(paths: &[PathBuf], first: ContributionId) -> anyhow::Result<(Files, Vec<Skipped>)> {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for (contribution, path) in (first..).zip(paths) {
        let collected = Collected::from_path(path, None, &[])?;
        let whole = path.file_name().is_none().then(|| path.canonicalize().ok()).flatten();
        let label = whole.as_deref().unwrap_or(path).file_name();
        let label = label.map(|name| name.to_string_lossy().into_owned());
        let about = About { contribution, label, contributor: None, licence: None };
        let records = collected.files.into_iter().flat_map(|file| file.records).collect();
        files.push((about, records));
        skipped.extend(collected.skipped);
    }
    if files.iter().all(|(_, records): &(_, Vec<Stored>)| records.is_empty()) {
        let reason = skipped.first().map_or_else(
            || format!("expected files that end in {}", EXTENSIONS.join(", ")),
            |skipped: &Skipped| format!("{}: {}", skipped.file, skipped.reason),
        );
        bail!("there are no records to take: {reason}");
    }
    Ok((files, skipped))
}

/// A contribution as tokens.
fn tokens(codec: &dyn Codec, about: About, records: &[Stored]) -> anyhow::Result<Contribution> {
    let records = records.iter().map(|record| {
        let tokens = codec.encode(&record.text()).map_err(anyhow::Error::msg)?;
        let tokens = tokens.into_iter().map(|(token, _)| token).collect();
        Ok(Record { tokens, source: record.source().map(str::to_string) })
    });
    Ok(Contribution { about, records: records.collect::<anyhow::Result<_>>()? })
}

fn output(folder: &Path, added: &Added, skipped: &[Skipped]) -> anyhow::Result<Output> {
    let index = Index::open(folder)?;
    let json = json!({
        "out": folder,
        "added": added,
        "contributions": index.contributions().len(),
        "records": index.records(),
        "tokens": index.tokens(),
        "bytes": index.bytes(),
        "skipped": skipped,
    });
    let mut words = String::new();
    for skipped in skipped {
        words.push_str(&format!("left out {}: {}\n", skipped.file, skipped.reason));
    }
    words.push_str(&format!(
        "Added {} of {}; {} repeat earlier ones or are empty.\n\nThe index in {} has {} of {}, {}, in {}.",
        count(added.records, "record"),
        count(added.contributions, "contribution"),
        added.left_out,
        folder.display(),
        count(index.records(), "record"),
        count(index.contributions().len() as u64, "contribution"),
        count(index.tokens(), "token"),
        count(index.bytes(), "byte")
    ));
    Ok(Output::new(json, words))
}
