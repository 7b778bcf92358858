//! Content ids of what does not fit into memory.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use openledger_primitives::ContentId;

/// Bytes that are read from a file at once.
const CHUNK: usize = 1 << 20;

/// The content id of bytes that come piece by piece: `blake2b_256` over all of them.
pub struct Hasher(blake2b_simd::State);

impl Hasher {
    /// Of no bytes yet.
    pub fn new() -> Self {
        Self(blake2b_simd::Params::new().hash_length(32).to_state())
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id of all bytes so far.
    pub fn finish(&self) -> ContentId {
        ContentId::from_slice(self.0.finalize().as_bytes())
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

/// The content id and the length of a file. It blocks while it reads.
///
/// # Errors
/// If the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<(ContentId, u64)> {
    let mut hasher = Hasher::new();
    let bytes = each_chunk(path, |chunk| {
        hasher.update(&chunk);
        true
    })?;
    Ok((hasher.finish(), bytes))
}

/// Hands a file over chunk by chunk until there is none left or `each` wants no more, and says how many bytes there
/// were.
pub(crate) fn each_chunk(path: &Path, mut each: impl FnMut(Vec<u8>) -> bool) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut total = 0;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk)?;
        total += chunk.len() as u64;
        if chunk.is_empty() || !each(chunk) {
            return Ok(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_primitives::hashing;

    #[test]
    fn of_file_should_equal_the_id_of_its_bytes_when_it_has_several_chunks() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [0, 1, CHUNK, 2 * CHUNK + 3] {
            let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            std::fs::write(file.path(), &bytes).unwrap();
            let expected = (hashing::content_id(&bytes), length as u64);
            assert_eq!(of_file(file.path()).unwrap(), expected);
        }
    }
}
