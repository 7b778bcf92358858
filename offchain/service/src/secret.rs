//! What two programs of one owner know, and nobody else.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use axum::http::{header::AUTHORIZATION, HeaderMap};

/// The fewest characters that are a secret.
const SHORTEST: usize = 32;
/// The most bytes of its file.
const MAX_FILE: u64 = 4_096;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others than the owner may read or write the file.
    #[error("{path} has the mode {mode:o}, so others know the secret in it: expected 600; remove it, and a new one is made")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What is in the file is no secret.
    #[error("{path}: expected a secret of at least {SHORTEST} visible ASCII characters; remove the file, and one is made")]
    Content {
        /// The file.
        path: PathBuf,
    },
}

/// A secret that both ends of a connection know.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret in a file, which is made with a new one where it is not, for its owner alone.
    ///
    /// # Errors
    /// If the file cannot be read or made, others may read it, or there is no secret in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let options = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match options {
            Ok(mut file) => {
                let bytes: [u8; 32] = rand::random();
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                file.write_all(digits.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
                Ok(Self(digits))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(io(error)),
        }
    }

    /// The secret in a file, for who shows it.
    ///
    /// # Errors
    /// If the file cannot be read, others may read it, or there is no secret in it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::Open { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text).map_err(io)?;
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Content { path: path.to_owned() });
        }
        Ok(Self(text.to_string()))
    }

    /// Whether a request shows it: `Authorization: Bearer` and the secret.
    pub fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        shown.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|shown| self.is(shown))
    }

    /// In a time that does not depend on where they differ.
    fn is(&self, shown: &str) -> bool {
        let differ = self.0.bytes().zip(shown.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
        self.0.len() == shown.len() && differ == 0
    }

    /// The secret itself, to show it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn open_should_make_a_secret_for_its_owner_alone_and_keep_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let made = Secret::open(&path).unwrap();
        assert_eq!(made.reveal().len(), 64);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Secret::open(&path).unwrap(), made);
        assert_ne!(Secret::open(&folder.path().join("other")).unwrap(), made);
        assert!(!format!("{made:?}").contains(made.reveal()));
    }

    #[test]
    fn open_should_refuse_a_file_that_others_may_read_or_that_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let made = Secret::open(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Secret::open(&path), Err(Error::Open { mode: 0o640, .. })));
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for text in ["", "too short", &"ä".repeat(40), &format!("{} {}", made.reveal(), "x")] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Secret::open(&path), Err(Error::Content { .. })), "{text}");
        }
        std::fs::write(&path, format!("{}\n", made.reveal())).unwrap();
        assert_eq!(Secret::open(&path).unwrap(), made);
    }

    #[test]
    fn is_shown_should_want_the_whole_secret_of_a_bearer() {
        let secret = Secret("0123456789abcdef0123456789abcdef".into());
        let shown = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            secret.is_shown(&headers)
        };
        assert!(shown("Bearer 0123456789abcdef0123456789abcdef"));
        for wrong in [
            "Bearer 0123456789abcdef0123456789abcdeg",
            "Bearer 0123456789abcdef0123456789abcde",
            "Bearer 0123456789abcdef0123456789abcdef0",
            "Bearer ",
            "Basic 0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(!shown(wrong), "{wrong}");
        }
        assert!(!secret.is_shown(&HeaderMap::new()));
    }
}
