//! Rows to records, and why others are none.

use std::collections::{BTreeMap, HashMap};

use crate::{formats, json::Json, record, record::Record};

/// Numbers of rows that are named for one reason.
const NAMED: usize = 10;

/// What rows gave so far.
pub struct Rows {
    /// What a row is called, such as `line`.
    unit: &'static str,
    records: Vec<Record>,
    bytes: usize,
    /// Reasons, in the order in which they came up, each with the rows that it holds for.
    refused: Vec<(String, Vec<usize>)>,
    places: HashMap<String, usize>,
    /// Fields that are in no record, with the number of rows that have them.
    left: BTreeMap<String, usize>,
}

impl Rows {
    pub fn new(unit: &'static str) -> Self {
        let (records, refused) = (Vec::new(), Vec::new());
        Self { unit, records, bytes: 0, refused, places: HashMap::new(), left: BTreeMap::new() }
    }

    /// Whether there is room for more: a contribution is one file.
    pub fn has_room(&self) -> bool {
        self.bytes <= record::MAX_FILE
    }

    /// Takes the fields of a row, counted from 1.
    pub fn take(&mut self, number: usize, row: Result<Json, String>) {
        let fields = row.and_then(|row| match row {
            Json::Object(fields) => Ok(fields),
            other => Err(format!("expected an object, this is {}", other.kind())),
        });
        match fields.and_then(formats::read) {
            Ok(taken) => {
                for field in taken.left {
                    *self.left.entry(field).or_default() += 1;
                }
                self.bytes += taken.record.to_json().len() + 1;
                self.records.push(taken.record);
            }
            Err(reason) => {
                let next = self.refused.len();
                let place = *self.places.entry(reason.clone()).or_insert(next);
                if place == next {
                    self.refused.push((reason, Vec::new()));
                }
                self.refused[place].1.push(number);
            }
        }
    }

    /// The records, and what was left out and why.
    pub fn finish(self) -> (Vec<Record>, Vec<String>) {
        let Self { unit, records, refused, left, .. } = self;
        let reasons = refused.into_iter().map(|(reason, numbers)| {
            let named: Vec<String> = numbers.iter().take(NAMED).map(ToString::to_string).collect();
            let more = numbers.len().saturating_sub(NAMED);
            let many = if numbers.len() > 1 { "s" } else { "" };
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{unit}{many} {}{more}: {reason}", named.join(", "))
        });
        let left = left.into_iter().map(|(field, rows)| {
            let many = if rows > 1 { "s" } else { "" };
            format!("the field {field:?} of {rows} {unit}{many} is not taken: no record has it")
        });
        let left_out = reasons.chain(left).collect();
        (records, left_out)
    }
}
