//! Builds an index of tokens in a file and traces texts in it, with the times that took: see `bench/trace`.
//!
//! ```text
//! measure build TOKENS WIDTH ALPHABET GROUPS SHARD_TOKENS INDEX
//! measure query INDEX TEXTS
//! ```
//!
//! `TOKENS`: little-endian tokens of `WIDTH` bytes, with one that has all bits set before each record. `ALPHABET`: a
//! file with the alphabet's digits. `GROUPS`: a JSON list of how many records each contribution has. `TEXTS`:
//! `{"least":N,"repeat":N,"texts":[[…]]}`. Prints one JSON object.

use std::{error::Error, path::Path, time::Instant};

use openledger_trace::{
    build::{self, Contribution, Limits, Record},
    About, Alphabet, Index, Rules,
};
use serde::Deserialize;
use serde_json::{json, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
struct Texts {
    least: usize,
    repeat: usize,
    texts: Vec<Vec<u32>>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let found = match arguments[..] {
        ["build", tokens, width, alphabet, groups, shard_tokens, index] => {
            let limits = Limits { shard_tokens: shard_tokens.parse()? };
            let alphabet = std::fs::read_to_string(alphabet)?.trim().parse()?;
            build(
                Path::new(tokens),
                width.parse()?,
                &alphabet,
                Path::new(groups),
                limits,
                Path::new(index),
            )?
        }
        ["query", index, texts] => query(Path::new(index), Path::new(texts))?,
        _ => {
            return Err(
                "expected `build` or `query` with their arguments; see the head of measure.rs"
                    .into(),
            )
        }
    };
    println!("{found}");
    Ok(())
}

fn build(
    tokens: &Path,
    width: usize,
    alphabet: &Alphabet,
    groups: &Path,
    limits: Limits,
    folder: &Path,
) -> Result<Value> {
    let groups: Vec<usize> = serde_json::from_slice(&std::fs::read(groups)?)?;
    let bytes = std::fs::read(tokens)?;
    let separator = number(&vec![0xff; width]);
    let mut tokens = bytes.chunks_exact(width).map(number).skip(1);
    let contributions = (0..).zip(groups).map(|(contribution, count)| {
        let about = About { contribution, label: None, contributor: None, licence: None };
        let mut record = || tokens.by_ref().take_while(|token| *token != separator).collect();
        let records = (0..count).map(|_| Record { tokens: record(), source: None }).collect();
        Ok::<_, openledger_trace::Error>(Contribution { about, records })
    });
    let start = Instant::now();
    let added = build::add(folder, alphabet, contributions, limits)?;
    let seconds = start.elapsed().as_secs_f64();
    let index = Index::open(folder)?;
    Ok(json!({
        "seconds": seconds,
        "threads": rayon::current_num_threads(),
        "added": added,
        "bytes": index.bytes(),
        "peak_memory": peak_memory(),
    }))
}

fn query(folder: &Path, texts: &Path) -> Result<Value> {
    let start = Instant::now();
    let index = Index::open(folder)?;
    let open_seconds = start.elapsed().as_secs_f64();
    let Texts { least, repeat, texts } = serde_json::from_slice(&std::fs::read(texts)?)?;
    let (mut spans, mut match_ms, mut trace_ms) = (Vec::new(), Vec::new(), Vec::new());
    let mut credited = 0;
    for text in &texts {
        let found = index.matches(text, least);
        let list = found
            .iter()
            .map(|found| json!([found.range.start, found.range.end, found.occurrences]));
        spans.push(list.collect::<Value>());
        let (mut matching, mut tracing) = (Vec::new(), Vec::new());
        for _ in 0..repeat {
            let start = Instant::now();
            std::hint::black_box(index.matches(text, least));
            matching.push(start.elapsed().as_secs_f64() * 1e3);
            let start = Instant::now();
            let trace = std::hint::black_box(index.trace(text, &Rules::default()));
            tracing.push(start.elapsed().as_secs_f64() * 1e3);
            credited += trace.spans.len();
        }
        match_ms.push(middle(matching));
        trace_ms.push(middle(tracing));
    }
    Ok(json!({
        "open_seconds": open_seconds,
        "shards": std::fs::read_dir(folder)?.count() - 1,
        "spans": spans,
        "match_ms": match_ms,
        "trace_ms": trace_ms,
        "credited_spans": credited / repeat.max(1),
        "peak_memory": peak_memory(),
    }))
}

fn number(token: &[u8]) -> u32 {
    token.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory that this process had at once, in bytes, files mapped included; none where the system does not
/// say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}
