use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use openledger_primitives::licence::Licence;
use openledger_trace::{
    http::{serve, Service},
    report::{whole_bits, Located, Report},
    About, Index, Rules,
};
use serde_json::json;

use crate::{
    context::Context,
    listening::{interrupted, listen},
    output::{count, percent, table, tell, Output},
    views::datanet::terms,
};

mod build;
mod unit;

/// Records shown of one span.
const RECORDS: usize = 3;

#[derive(Subcommand)]
pub enum Command {
    /// Index the records of datanet versions, or of files
    Build(build::Options),
    /// Show which records a text repeats, and to whom that is credited
    #[command(
        after_help = "Example: openledger trace query ./index \"Roses are red, violets are blue\""
    )]
    Query {
        /// The folder of the index
        #[arg(value_name = "DIR")]
        index: PathBuf,
        /// The text; - reads standard input
        text: String,
    },
    /// Answer the same over HTTP
    Serve(ServeOptions),
}

#[derive(Args)]
pub struct ServeOptions {
    /// The folder of the index
    #[arg(value_name = "DIR")]
    index: PathBuf,
    /// Where to answer
    #[arg(long, default_value = "127.0.0.1:9977", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Requests that may wait
    #[arg(long, default_value_t = 64, value_name = "N")]
    queue: usize,
    /// A name of this host under which the service is asked; addresses need none
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Build(options) => build::run(context, options).await,
        Command::Query { index, text } => {
            let text = match text.as_str() {
                "-" => std::io::read_to_string(std::io::stdin())
                    .context("cannot read standard input")?,
                _ => text,
            };
            tokio::task::spawn_blocking(move || query(&index, &text)).await?
        }
        Command::Serve(options) => serve_index(options).await,
    }
}

fn query(folder: &std::path::Path, text: &str) -> anyhow::Result<Output> {
    let index = Index::open(folder)?;
    let codec = unit::codec(folder)?;
    let report = Report::of_text(&index, codec.as_ref(), text, &Rules::default())
        .map_err(anyhow::Error::msg)?;
    let words = words(&report, &index);
    Ok(Output::new(serde_json::to_value(&report)?, words))
}

/// Serves until it is interrupted.
async fn serve_index(options: ServeOptions) -> anyhow::Result<Output> {
    let listener = listen(options.listen, "--listen").await?;
    let service = tokio::task::spawn_blocking(move || {
        let index = Index::open(&options.index)?;
        index.verify()?;
        let codec = unit::codec(&options.index)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (rules, queue, names) = (Rules::default(), options.queue, options.hosts);
        Ok::<_, anyhow::Error>(Service { index, codec, rules, threads, queue, names })
    });
    let service = service.await??;
    tell(&format!("listening on http://{}", listener.local_addr()?));
    serve(service, listener, interrupted()).await;
    Ok(Output::new(json!({"stopped": true}), "Stopped."))
}

/// A report in words.
fn words(report: &Report, index: &Index) -> String {
    let mut covered = vec![false; report.tokens];
    for span in &report.spans {
        covered[span.begin..span.end].fill(true);
    }
    let covered = covered.into_iter().filter(|covered| *covered).count();
    let mut words = format!(
        "{} of {} are in {} that records have: {} of {} bits are credited.\n",
        covered,
        count(report.tokens as u64, "token"),
        count(report.spans.len() as u64, "span"),
        whole_bits(report.bits - report.rest),
        whole_bits(report.bits)
    );
    for span in &report.spans {
        words.push_str(&format!(
            "\nTokens {} to {}, {} bits, {} in {}:\n  {:?}\n",
            span.begin,
            span.end - 1,
            whole_bits(span.bits),
            count(span.occurrences, "time"),
            count(span.records.len() as u64, "record"),
            span.text
        ));
        for record in span.records.iter().take(RECORDS) {
            words.push_str(&format!("  - {}\n", located(record, index)));
        }
        if span.records.len() > RECORDS {
            let more = (span.records.len() - RECORDS) as u64;
            words.push_str(&format!("  - and {}; --json lists all\n", count(more, "more record")));
        }
    }
    if !report.common.is_empty() {
        let spans = count(report.common.len() as u64, "span");
        words.push_str(&format!("\nIn too many records to be credited: {spans}\n"));
        for common in &report.common {
            words.push_str(&format!("  {:?}\n", common.text));
        }
    }
    let rows: Vec<Vec<String>> = report
        .contributions
        .iter()
        .map(|credited| {
            let About { contribution, label, contributor, .. } = &credited.about;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            vec![
                contribution.to_string(),
                text(label),
                text(contributor),
                whole_bits(credited.credit),
                percent(credited.ppm),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = [">contribution", "label", "contributor", ">bits", ">share"];
        words.push_str(&format!("\n{}", table(&head, &rows)));
        words.push_str(&format!("The pool's share is {}.\n", percent(report.shares.pool())));
    }
    words
}

/// A record, and what is known of its contribution.
fn located(record: &Located, index: &Index) -> String {
    let about = index.about(record.place.contribution);
    let contributor = about.and_then(|about| about.contributor.as_deref());
    let licence = about.and_then(|about| about.licence.clone());
    let licence = licence.and_then(|licence| serde_json::from_value::<Licence>(licence).ok());
    let mut words =
        format!("record {} of contribution {}", record.place.record, record.place.contribution);
    if let Some(source) = &record.source {
        words.push_str(&format!(", {source}"));
    }
    if let Some(contributor) = contributor {
        words.push_str(&format!(", by {contributor}"));
    }
    if let Some(licence) = licence {
        words.push_str(&format!("; its licence {}", terms(&licence)));
    }
    words
}
