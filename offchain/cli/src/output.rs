//! What commands print.

use openledger_chain::Included;
use openledger_primitives::{Balance, UNIT};
use serde_json::{json, Value};

/// What a command found or did: as JSON, and in words.
pub struct Output {
    json: Value,
    text: String,
    /// Whether an audit found a difference: exit status 1.
    pub difference: bool,
}

impl Output {
    /// Words may have several lines.
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), difference: false }
    }

    /// The same, with a difference found or not.
    pub fn with_difference(self, difference: bool) -> Self {
        Self { difference, ..self }
    }

    /// Prints one of the two.
    pub fn print(self, json: bool) {
        use std::io::Write;
        let text = if json { self.json.to_string() } else { self.text };
        // A reader that went away is no error: `openledger … | head`.
        let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    }
}

/// A transaction, for JSON.
pub fn tx(included: &Included) -> Value {
    json!({"hash": included.hash, "call": included.call, "block": included.block})
}

/// Transactions, for JSON.
pub fn txs(included: &[Included]) -> Value {
    included.iter().map(tx).collect()
}

/// Where a transaction is, in words.
pub fn place(included: &[Included]) -> String {
    match included.last().and_then(|included| included.block) {
        Some(block) => format!("block {}", block.number),
        None => "in the transaction pool".into(),
    }
}

/// An amount in OPEN, in words: no more decimals than it has.
pub fn open(units: Balance) -> String {
    let (whole, rest) = (units / UNIT, units % UNIT);
    if rest == 0 {
        return format!("{whole} OPEN");
    }
    let decimals = format!("{rest:018}");
    format!("{whole}.{} OPEN", decimals.trim_end_matches('0'))
}

/// Bytes that should be text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Columns, left-aligned, two blanks apart.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(head.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_should_show_every_unit() {
        assert_eq!(open(12 * UNIT + UNIT / 2), "12.5 OPEN");
        assert_eq!(open(1), "0.000000000000000001 OPEN");
        assert_eq!(open(0), "0 OPEN");
    }

    #[test]
    fn table_should_align() {
        let rows = [vec!["1".into(), "long name".into()], vec!["22".into(), "b".into()]];
        assert_eq!(table(&["id", "name"], &rows), "id  name\n1   long name\n22  b\n");
    }
}
