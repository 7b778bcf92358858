//! Tables: CSV, and values with tabs between them.

use csv::{ByteRecord, ReaderBuilder};

use super::rows::Rows;
use crate::{json::Json, record::Record};

/// The records of a file's bytes, and what was left out. The first row names the columns.
pub fn read(bytes: &[u8], between: u8) -> Result<(Vec<Record>, Vec<String>), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().delimiter(between).from_reader(bytes);
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    let names: Vec<String> = names.iter().map(|name| name.trim().to_string()).collect();
    if let Some((at, name)) =
        names.iter().enumerate().find(|(at, name)| names[..*at].contains(name))
    {
        return Err(format!("the column {name:?} is there twice, the second time as {}", at + 1));
    }
    let mut rows = Rows::new("line");
    let mut record = ByteRecord::new();
    loop {
        let line = |record: &ByteRecord| record.position().map_or(0, |place| place.line() as usize);
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => rows.take(line(&record), row(&names, &record)),
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                    let line = pos.as_ref().map_or(0, |place| place.line() as usize);
                    rows.take(line, Err(format!("{len} values, expected {expected_len}")));
                }
                _ => return Err(error.to_string()),
            },
        }
    }
    Ok(rows.finish())
}

/// An empty value says nothing.
fn row(names: &[String], record: &ByteRecord) -> Result<Json, String> {
    let value = |(name, value): (&String, &[u8])| match std::str::from_utf8(value) {
        Ok("") => Ok((name.clone(), Json::Null)),
        Ok(text) => Ok((name.clone(), Json::Text(text.into()))),
        Err(_) => Err(format!("the column {name:?} is not UTF-8")),
    };
    names.iter().zip(record).map(value).collect::<Result<_, _>>().map(Json::Object)
}
