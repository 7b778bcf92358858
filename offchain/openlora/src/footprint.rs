//! How much memory a model will take, before any of it is taken.

use std::{io::Read, path::Path};

use serde_json::Value;

use crate::{Error, Result};

/// The most bytes of the header of a safetensors file.
const MAX_HEADER: u64 = 64 * 1024 * 1024;
/// Bytes of a number once it is loaded: an `f32`.
const NUMBER: u64 = 4;

/// Bytes of the numbers in a folder's safetensors files once they are loaded, read from the files' headers alone.
///
/// # Errors
/// If a file cannot be read, or its header is none.
pub fn of(folder: &Path) -> Result<u64> {
    let mut bytes = 0_u64;
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            bytes = bytes.saturating_add(numbers(&path)?.saturating_mul(NUMBER));
        }
    }
    Ok(bytes)
}

/// The numbers of one file.
fn numbers(path: &Path) -> Result<u64> {
    let invalid = |reason: &str| {
        let reason = format!("its header is not that of a safetensors file: {reason}");
        Error::io(path)(std::io::Error::new(std::io::ErrorKind::InvalidData, reason))
    };
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(Error::io(path))?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(invalid(&format!("{length} bytes, expected at most {MAX_HEADER}")));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(Error::io(path))?;
    let header: Value =
        serde_json::from_slice(&header).map_err(|error| invalid(&error.to_string()))?;
    let tensors = header.as_object().ok_or_else(|| invalid("expected an object"))?;
    let mut sum = 0_u64;
    for (name, tensor) in tensors.iter().filter(|(name, _)| *name != "__metadata__") {
        let shape = tensor.get("shape").and_then(Value::as_array);
        let shape = shape.ok_or_else(|| invalid(&format!("{name} has no shape")))?;
        let mut size = 1_u64;
        for dimension in shape {
            let dimension =
                dimension.as_u64().ok_or_else(|| invalid(&format!("{name}'s shape")))?;
            size = size.saturating_mul(dimension);
        }
        sum = sum.saturating_add(size);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, header: &str) {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        std::fs::write(folder.join(name), bytes).unwrap();
    }

    #[test]
    fn of_should_be_what_the_loaded_numbers_take() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let file = std::fs::metadata(folder.join("model.safetensors")).unwrap().len();
        let found = of(&folder).unwrap();
        // The shipped base is written in numbers of 2 or 4 bytes.
        assert!(found >= file - 100_000 && found <= 2 * file, "{found} of {file}");
    }

    #[test]
    fn of_should_add_all_files_and_believe_headers_of_any_size() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of(folder.path()).unwrap(), 0);
        file(
            folder.path(),
            "a.safetensors",
            r#"{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[3,5],"data_offsets":[0,60]}}"#,
        );
        file(
            folder.path(),
            "b.safetensors",
            r#"{"y":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}"#,
        );
        file(folder.path(), "notes.json", "nothing");
        assert_eq!(of(folder.path()).unwrap(), 64);
        let huge = u64::MAX;
        file(folder.path(), "c.safetensors", &format!(r#"{{"z":{{"shape":[{huge},{huge}]}}}}"#));
        assert_eq!(of(folder.path()).unwrap(), u64::MAX);
    }

    #[test]
    fn of_should_refuse_what_is_no_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        for bytes in [
            b"short".to_vec(),
            u64::MAX.to_le_bytes().to_vec(),
            [&4_u64.to_le_bytes()[..], b"[1]"].concat(),
            [&9_u64.to_le_bytes()[..], br#"{"x":{}} "#].concat(),
            [&19_u64.to_le_bytes()[..], br#"{"x":{"shape":[-1]}}"#].concat(),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert!(of(folder.path()).unwrap_err().to_string().contains("a.safetensors"));
        }
    }
}
