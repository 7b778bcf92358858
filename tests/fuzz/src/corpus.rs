//! Inputs as files, what they reach together, and how few of them reach as much.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

use frame_support::traits::GetCallMetadata;
use openledger_primitives::hashing::content_id;
use openledger_runtime::RuntimeCall;

use crate::{
    arguments::RECORD,
    run::{run, CallName, Count, Report, FRAUDS},
    start::Start,
};

/// The pallets whose every call a corpus has to reach.
pub const PRODUCT: [&str; 6] =
    ["Datanets", "Models", "Payments", "Providers", "Attribution", "Emission"];

/// The inputs in a folder, by file name; none where there is no folder.
///
/// # Errors
/// If it cannot be read.
pub fn read(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.iter().map(fs::read).collect()
}

/// Writes an input into a folder, under the beginning of its content id.
///
/// # Errors
/// If it cannot be written.
pub fn write(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(hex::encode(&content_id(input)[..8]));
    fs::write(&path, input)?;
    Ok(path)
}

/// What many inputs did together.
#[derive(Default)]
pub struct Totals {
    pub inputs: u64,
    pub blocks: u64,
    pub calls: BTreeMap<CallName, Count>,
    pub outcomes: BTreeSet<(CallName, Vec<u8>)>,
    reached: HashSet<u64>,
}

impl Totals {
    /// Adds what an input did, and says whether it reached anything new.
    pub fn add(&mut self, report: &Report) -> bool {
        self.inputs += 1;
        self.blocks += report.blocks;
        for (name, count) in &report.calls {
            let sum = self.calls.entry(*name).or_default();
            sum.tried += count.tried;
            sum.done += count.done;
        }
        self.outcomes.extend(report.outcomes.iter().cloned());
        let before = self.reached.len();
        self.reached.extend(&report.reached);
        self.reached.len() > before
    }

    /// All calls that were made.
    pub fn sum(&self) -> Count {
        self.calls.values().fold(Count::default(), |sum, count| Count {
            tried: sum.tried + count.tried,
            done: sum.done + count.done,
        })
    }

    /// The product's calls that never succeeded.
    pub fn missing(&self) -> Vec<CallName> {
        let mut calls = product_calls();
        calls.retain(|name| self.calls.get(name).is_none_or(|count| count.done == 0));
        calls
    }

    /// How often each of the product's calls was tried and succeeded, and in how many ways it ended.
    pub fn table(&self) -> String {
        let mut table = format!("{:<34}{:>10}{:>10}{:>10}\n", "call", "tried", "done", "outcomes");
        for name in product_calls() {
            let Count { tried, done } = self.calls.get(&name).copied().unwrap_or_default();
            let outcomes = self.outcomes.iter().filter(|(of, _)| *of == name).count();
            let name = format!("{}.{}", name.0, name.1);
            table += &format!("{name:<34}{tried:>10}{done:>10}{outcomes:>10}\n");
        }
        let others = self.calls.iter().filter(|(name, _)| !PRODUCT.contains(&name.0));
        let (number, sum) = others.fold((0, Count::default()), |(number, sum), (_, count)| {
            let (tried, done) = (sum.tried + count.tried, sum.done + count.done);
            (number + 1, Count { tried, done })
        });
        let name = format!("{number} calls of other pallets");
        table + &format!("{name:<34}{:>10}{:>10}\n", sum.tried, sum.done)
    }
}

fn product_calls() -> Vec<CallName> {
    PRODUCT
        .into_iter()
        .flat_map(|pallet| {
            let names = RuntimeCall::get_call_names(pallet).iter();
            let counted = names.flat_map(|name| match *name {
                "prove_fraud" => FRAUDS.to_vec(),
                name => vec![name],
            });
            counted.map(move |name| (pallet, name))
        })
        .collect()
}

/// An input with as few of its records as still are `such`, taken out piece by piece.
pub fn shrink(input: &[u8], mut such: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let mut records: Vec<&[u8]> = input.chunks_exact(RECORD).collect();
    let mut piece = records.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < records.len() {
            let mut fewer = records.clone();
            fewer.drain(at..records.len().min(at + piece));
            if such(&fewer.concat()) {
                records = fewer;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    records.concat()
}

/// A few short inputs that end the product's calls in as many ways as all of these.
pub fn distil(start: &Start, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let covered = |input: &[u8]| -> BTreeSet<(CallName, Vec<u8>)> {
        let outcomes = run(start, input, &mut |_: &dyn std::fmt::Display| {})
            .map(|report| report.outcomes)
            .unwrap_or_default();
        outcomes.into_iter().filter(|((pallet, _), _)| PRODUCT.contains(pallet)).collect()
    };
    let of_each: Vec<_> = inputs.iter().map(|input| covered(input)).collect();
    let mut wanted: BTreeSet<_> = of_each.iter().flatten().cloned().collect();
    let mut few = Vec::new();
    while !wanted.is_empty() {
        let new = |at: &usize| of_each[*at].intersection(&wanted).count();
        let Some(best) = (0..inputs.len()).max_by_key(new) else { break };
        let needed: BTreeSet<_> = of_each[best].intersection(&wanted).cloned().collect();
        if needed.is_empty() {
            break;
        }
        let short = shrink(&inputs[best], |input| covered(input).is_superset(&needed));
        for outcome in covered(&short) {
            wanted.remove(&outcome);
        }
        few.push(short);
    }
    few
}
