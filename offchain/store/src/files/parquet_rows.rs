//! Parquet, as the Hugging Face Hub keeps datasets.

use std::{fs::File, panic::AssertUnwindSafe, path::Path, sync::Arc};

use parquet::{
    basic::Compression,
    file::{
        metadata::ColumnChunkMetaData,
        reader::{FileReader, SerializedFileReader},
    },
    record::{reader::RowIter, Field},
    schema::types::Type,
};

use super::rows::Rows;
use crate::{formats::COLUMNS, json::Json, record::Record};

/// The most bytes that the columns which are read may unpack to.
const MAX_UNPACKED: i64 = 4 * 1024 * 1024 * 1024;

/// The records of a file, and what was left out.
pub fn read(path: &Path) -> Result<(Vec<Record>, Vec<String>), String> {
    // The library trusts what a file says of itself, and may panic where it is wrong.
    std::panic::catch_unwind(AssertUnwindSafe(|| rows(path)))
        .unwrap_or_else(|_| Err("it is damaged: its pages are not as its schema says".into()))
}

fn rows(path: &Path) -> Result<(Vec<Record>, Vec<String>), String> {
    let failed = |error: parquet::errors::ParquetError| error.to_string();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let (taken, left): (Vec<Arc<Type>>, Vec<Arc<Type>>) =
        schema.get_fields().iter().cloned().partition(|field| COLUMNS.contains(&field.name()));
    if taken.is_empty() {
        let names: Vec<&str> = left.iter().map(|field| field.name()).collect();
        return Err(format!("no column is known, of {}", names.join(", ")));
    }
    let read = |column: &&ColumnChunkMetaData| {
        column.column_path().parts().first().is_some_and(|name| COLUMNS.contains(&name.as_str()))
    };
    let groups = reader.metadata().row_groups().iter();
    let columns: Vec<&ColumnChunkMetaData> =
        groups.flat_map(|group| group.columns()).filter(read).collect();
    let known = |compression| {
        matches!(
            compression,
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_)
        )
    };
    if let Some(other) = columns.iter().map(|column| column.compression()).find(|c| !known(*c)) {
        return Err(format!(
            "it is compressed by {other:?}: only Snappy, zstd and what is not compressed are taken"
        ));
    }
    let sizes = columns.iter().map(|column| column.uncompressed_size());
    let unpacked = sizes.fold(0, i64::saturating_add);
    if unpacked > MAX_UNPACKED {
        return Err(format!("{unpacked} bytes unpacked, at most {MAX_UNPACKED} are taken"));
    }
    let wanted =
        Type::group_type_builder(schema.name()).with_fields(taken).build().map_err(failed)?;
    let found = RowIter::from_file_into(Box::new(reader)).project(Some(wanted)).map_err(failed)?;
    let mut rows = Rows::new("row");
    let mut cut = None;
    for (index, row) in found.enumerate() {
        if !rows.has_room() {
            cut = Some(index + 1);
            break;
        }
        let fields = row.map_err(|error| format!("row {}: {error}", index + 1))?;
        let fields = fields.get_column_iter().map(|(name, field)| (name.clone(), json(field)));
        rows.take(index + 1, Ok(Json::Object(fields.collect())));
    }
    let (records, mut left_out) = rows.finish();
    left_out.extend(cut.map(|row| {
        format!(
            "rows from {row} on: the records before are as many bytes as one contribution holds"
        )
    }));
    left_out
        .extend(left.iter().map(|column| {
            format!("the column {:?} is not taken: no record has it", column.name())
        }));
    Ok((records, left_out))
}

fn json(field: &Field) -> Json {
    match field {
        Field::Null => Json::Null,
        Field::Bool(value) => Json::Bool(*value),
        Field::Str(text) => Json::Text(text.clone()),
        Field::Group(row) => {
            let fields = row.get_column_iter().map(|(name, field)| (name.clone(), json(field)));
            Json::Object(fields.collect())
        }
        Field::ListInternal(list) => Json::List(list.elements().iter().map(json).collect()),
        // Strings that were written without saying so.
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Json::Text(text.into()),
            Err(_) => Json::Number("(bytes)".into()),
        },
        Field::MapInternal(map) => {
            let entries = map.entries().iter().map(|(key, value)| match key {
                Field::Str(key) => (key.clone(), json(value)),
                other => (other.to_string(), json(value)),
            });
            Json::Object(entries.collect())
        }
        Field::Byte(_)
        | Field::Short(_)
        | Field::Int(_)
        | Field::Long(_)
        | Field::UByte(_)
        | Field::UShort(_)
        | Field::UInt(_)
        | Field::ULong(_)
        | Field::Float16(_)
        | Field::Float(_)
        | Field::Double(_)
        | Field::Decimal(_) => Json::Number(field.to_string()),
        Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => Json::Text(field.to_string()),
    }
}
