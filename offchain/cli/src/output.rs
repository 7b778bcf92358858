//! What commands print: JSON, or words and tables.

use std::io::{ErrorKind, Write};

use anyhow::Context as _;
use openledger_chain::Included;
use openledger_primitives::{Balance, Ppm, UNIT};
use serde_json::{json, Value};

use crate::failure::Difference;

/// What a command found or did: as JSON, and in words.
pub struct Output {
    json: Value,
    text: String,
    difference: Option<Difference>,
    /// Whether all was printed already.
    printed: bool,
}

impl Output {
    /// Words may have several lines.
    pub fn new(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), difference: None, printed: false }
    }

    /// Of what was printed as it came.
    pub fn nothing() -> Self {
        Self { printed: true, ..Self::new(Value::Null, "") }
    }

    /// The same, which still ends in failure.
    pub fn with_difference(self, difference: Option<Difference>) -> Self {
        Self { difference, ..self }
    }

    /// Prints one of the two.
    ///
    /// # Errors
    /// If it cannot be written, or the difference, if there is one.
    pub fn print(self, json: bool) -> anyhow::Result<()> {
        if !self.printed {
            print(&if json { self.json.to_string() } else { self.text })?;
        }
        self.difference.map_or(Ok(()), |difference| Err(difference.into()))
    }
}

/// Writes to standard output, with a newline after it.
///
/// # Errors
/// If it cannot be written. A reader that went away is no error: `openledger … | head`.
pub fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. Where that cannot be, there is nobody to tell.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A transaction, for JSON.
pub fn tx(included: &Included) -> Value {
    json!({"hash": included.hash, "call": included.call, "block": included.block})
}

/// Transactions, for JSON.
pub fn txs(included: &[Included]) -> Value {
    included.iter().map(tx).collect()
}

/// Where the last of some transactions is, in words.
pub fn place(included: &[Included]) -> String {
    match included.iter().filter_map(|included| included.block).max_by_key(|block| block.number) {
        Some(block) => format!("in block {}", block.number),
        None => "in the transaction pool".into(),
    }
}

/// An amount in words: thousands parted, at most six decimals, the rest cut off.
pub fn open(units: Balance) -> String {
    const MICRO: Balance = UNIT / 1_000_000;
    let (whole, micros) = (units / UNIT, units % UNIT / MICRO);
    if whole == 0 && micros == 0 && units > 0 {
        return format!("{units} units");
    }
    let decimals = format!("{micros:06}");
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{}{point}{decimals} OPEN", thousands(whole))
}

/// A number with its thousands parted: `1,234,567`.
pub fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut parted = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            parted.push(',');
        }
        parted.push(digit);
    }
    parted
}

/// `n` things, with an `s` unless it is one.
pub fn count(n: impl Into<u128>, thing: &str) -> String {
    let n = n.into();
    format!("{} {thing}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// Parts per million of the whole, in words.
pub fn percent(ppm: Ppm) -> String {
    let hundredths = (ppm + 50) / 100;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// Bytes that should be text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Columns two blanks apart. A head that begins with `>` aligns its column to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = head.iter().map(|name| name.trim_start_matches('>')).collect();
    let mut widths: Vec<usize> = names.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, width), head) in cells.zip(&widths).zip(head) {
            let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
            let right = head.starts_with('>');
            let (before, after) = if right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            text.push_str(&format!("{before}{cell}{after}  "));
        }
        format!("{}\n", text.trim_end())
    };
    let mut text = line(&mut names.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}
