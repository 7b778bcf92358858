//! The token by which an operator's own tools know themselves to its gateway.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use openledger_primitives::{hashing::content_id, H256};
use rand::{rngs::OsRng, TryRngCore};

use crate::{Error, Result};

/// A secret that only its hash is kept of.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(H256);

impl Token {
    /// The token in a file, which is made, for its owner alone, where there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written, holds no token, or others may read it.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                let mut bytes = [0; 32];
                let random = OsRng.try_fill_bytes(&mut bytes);
                random.map_err(|error| Error::io(path)(std::io::Error::other(error)))?;
                let token = hex::encode(bytes);
                writeln!(file, "{token}")
                    .and_then(|()| file.sync_all())
                    .map_err(Error::io(path))?;
                Ok(Self::of(&token))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Self::of(&read(path)?)),
            Err(error) => Err(Error::io(path)(error)),
        }
    }

    fn of(token: &str) -> Self {
        Self(content_id(token.as_bytes()))
    }

    /// Whether this is the token. Hashes are compared, so that the time tells nothing of the token.
    pub fn is(&self, shown: &str) -> bool {
        *self == Self::of(shown.trim())
    }
}

/// The token in a file, for who shows it.
///
/// # Errors
/// If the file cannot be read, holds no token, or others may read it.
pub fn read(path: &Path) -> Result<String> {
    let mut file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mode = file.metadata().map_err(Error::io(path))?.permissions().mode();
    let wrong = |reason: String| Error::Token { path: path.into(), reason };
    if mode & 0o077 != 0 {
        return Err(wrong(format!("others may read it (mode {:o}): chmod 600", mode & 0o777)));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(Error::io(path))?;
    let token = text.trim();
    if token.len() != 64 || hex::decode(token).is_err() {
        return Err(wrong(
            "expected 64 hexadecimal digits: remove it, and a new one is made".into(),
        ));
    }
    Ok(token.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_should_make_a_token_for_its_owner_alone_and_find_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway/token");
        let made = Token::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = read(&path).unwrap();
        assert!(made.is(&text) && Token::open(&path).unwrap() == made);
        assert!(!made.is("") && !made.is(&text[1..]) && !made.is(&"0".repeat(64)));
        let other = Token::open(&folder.path().join("other")).unwrap();
        assert!(!other.is(&text), "each gateway has its own");
    }

    #[test]
    fn open_should_refuse_when_others_may_read_it_or_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        Token::open(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Token::open(&path).err().unwrap().to_string();
        assert!(error.contains("640") && error.contains("chmod 600"), "{error}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "short\n").unwrap();
        let error = Token::open(&path).err().unwrap().to_string();
        assert!(error.contains("64 hexadecimal digits"), "{error}");
    }
}
