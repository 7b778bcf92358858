//! Shares and splits in words.

use std::collections::BTreeMap;

use openledger_chain::View;
use openledger_influence::report::ReceiptReport;
use openledger_primitives::{
    shares::{Share, ShareVector},
    split::Split,
    ContributionId,
};
use openledger_trace::report::whole_bits;

use crate::output::{open, percent, table, text};

/// Who gets what of a fee.
pub fn parts(split: &Split) -> String {
    let parts = [
        ("data", split.data),
        ("operator", split.operator),
        ("owner", split.owner),
        ("attributors", split.attributors),
        ("treasury", split.treasury),
        ("remainder", split.remainder),
    ];
    let rows: Vec<Vec<String>> =
        parts.map(|(name, amount)| vec![name.to_string(), open(amount)]).into();
    table(&["to", ">amount"], &rows)
}

/// Contributions' labels, for people.
pub type Labels = BTreeMap<ContributionId, String>;

/// The labels of all contributions.
pub async fn labels(view: &View) -> anyhow::Result<Labels> {
    let contributions = view.contributions().await?.into_iter();
    Ok(contributions.map(|(id, contribution)| (id, text(&contribution.label))).collect())
}

/// Shares, the largest first.
pub fn shares(shares: &ShareVector, labels: &Labels) -> String {
    let mut sorted: Vec<_> = shares.shares().iter().collect();
    sorted.sort_by_key(|share| std::cmp::Reverse(share.ppm));
    let mut rows: Vec<Vec<String>> = sorted
        .into_iter()
        .map(|Share { contribution: id, ppm }| {
            let label = labels.get(id).cloned().unwrap_or_default();
            vec![id.to_string(), label, percent(*ppm)]
        })
        .collect();
    rows.push(vec![String::new(), "to the pool".into(), percent(shares.pool())]);
    table(&[">contribution", "label", ">share"], &rows)
}

/// The shares of one receipt, the largest first: between what parts by influence a contribution has over the variants,
/// and what of the answer's improbable bits it is credited.
pub fn receipt_shares(receipt: &ReceiptReport, labels: &Labels) -> String {
    let mut sorted: Vec<_> = receipt.shares.shares().iter().collect();
    sorted.sort_by_key(|share| std::cmp::Reverse(share.ppm));
    let interval = |id: ContributionId| {
        let found = receipt.intervals.iter().find(|(of, ..)| *of == id);
        found.map_or_else(String::new, |(_, least, most)| {
            format!("{} to {}", percent(*least), percent(*most))
        })
    };
    let credit = |id: ContributionId| {
        let found = receipt.trace.credits.iter().find(|(of, _)| *of == id);
        found.map_or_else(String::new, |(_, credit)| whole_bits(*credit))
    };
    let mut rows: Vec<Vec<String>> = sorted
        .into_iter()
        .map(|Share { contribution: id, ppm }| {
            let label = labels.get(id).cloned().unwrap_or_default();
            vec![id.to_string(), label, percent(*ppm), interval(*id), credit(*id)]
        })
        .collect();
    let pool = percent(receipt.shares.pool());
    rows.push(vec![String::new(), "to the pool".into(), pool, String::new(), String::new()]);
    let head = [">contribution", "label", ">share", ">by influence", ">bits repeated"];
    let mut words = table(&head, &rows);
    if receipt.trace.bits > 0 {
        let bits = whole_bits(receipt.trace.bits);
        words.push_str(&format!("The answer is improbable by {bits} bits.\n"));
    }
    words
}
