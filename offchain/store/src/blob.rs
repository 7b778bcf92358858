//! Bytes under the hash of themselves.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use object_store::{
    local::LocalFileSystem, path::Path as Key, prefix::PrefixStore, ObjectStore, ObjectStoreExt,
};
use openledger_primitives::{hashing, ContentId};

use crate::{Error, Result};

/// A store of blobs by content id: blob `0xabcd…` lies at `ab/cd/abcd…`.
///
/// A handle; cloning it shares the store.
#[derive(Clone, Debug)]
pub struct BlobStore {
    inner: Arc<dyn ObjectStore>,
    name: Arc<str>,
}

impl BlobStore {
    /// Opens a directory, which is made where it is not, or the store at a URL.
    ///
    /// # Errors
    /// If the URL is of no known kind, or the directory cannot be made.
    pub fn open(location: &str) -> Result<Self> {
        let refused = |reason: String| Error::Location { location: location.to_string(), reason };
        let inner: Arc<dyn ObjectStore> = if location.contains("://") {
            let url = match location.parse() {
                Ok(url) => url,
                Err(_) => return Err(refused("it is not a URL".into())),
            };
            let (store, prefix) =
                object_store::parse_url(&url).map_err(|error| refused(error.to_string()))?;
            Arc::new(PrefixStore::new(store, prefix))
        } else {
            if location.is_empty() {
                return Err(refused("it is empty".into()));
            }
            let io = |source| Error::Io { path: location.to_string(), source };
            std::fs::create_dir_all(location).map_err(io)?;
            let folder = Path::new(location).canonicalize().map_err(io)?;
            let store = LocalFileSystem::new_with_prefix(folder)
                .map_err(|error| refused(error.to_string()))?;
            Arc::new(store)
        };
        Ok(Self { inner, name: location.into() })
    }

    /// Stores `bytes` whole or not at all, and says under which id. Storing them again mends a damaged copy.
    ///
    /// # Errors
    /// [`Error::Full`] when no space is left, [`Error::Store`] when the store refuses otherwise.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<ContentId> {
        let bytes = bytes.into();
        let id = hashing::content_id(&bytes);
        match self.inner.put(&key(&id), bytes.into()).await {
            Ok(_) => Ok(id),
            Err(source) if is_full(&source) => Err(Error::Full { store: self.name(), id }),
            Err(source) => Err(Error::Store { store: self.name(), id, source }),
        }
    }

    /// The bytes of a blob, verified.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Corrupt`], or [`Error::Store`] when the store refuses otherwise.
    pub async fn get(&self, id: &ContentId) -> Result<Bytes> {
        let failed = |source| match source {
            object_store::Error::NotFound { .. } => Error::NotFound { store: self.name(), id: *id },
            source => Error::Store { store: self.name(), id: *id, source },
        };
        let found = self.inner.get(&key(id)).await.map_err(failed)?;
        let bytes = found.bytes().await.map_err(failed)?;
        match hashing::content_id(&bytes) {
            hash if hash == *id => Ok(bytes),
            found => Err(Error::Corrupt { store: self.name(), id: *id, found }),
        }
    }

    /// Whether there is such a blob. Its bytes are not looked at.
    ///
    /// # Errors
    /// [`Error::Store`] when the store does not answer.
    pub async fn has(&self, id: &ContentId) -> Result<bool> {
        match self.inner.head(&key(id)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(Error::Store { store: self.name(), id: *id, source }),
        }
    }

    fn name(&self) -> String {
        self.name.to_string()
    }
}

fn key(id: &ContentId) -> Key {
    let digits = hex::encode(id);
    Key::from(format!("{}/{}/{digits}", &digits[..2], &digits[2..4]))
}

/// Whether some cause of an error is that no space is left.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::{Error, ErrorKind};
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<Error>() {
            return matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> (tempfile::TempDir, BlobStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().to_str().unwrap()).unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn get_should_return_what_was_put() {
        let (folder, store) = here();
        let id = store.put("bytes").await.unwrap();
        assert_eq!(id, hashing::content_id(b"bytes"));
        assert_eq!(store.get(&id).await.unwrap(), "bytes");
        assert!(store.has(&id).await.unwrap());
        let digits = hex::encode(id);
        let file = folder.path().join(&digits[..2]).join(&digits[2..4]).join(&digits);
        assert_eq!(std::fs::read(file).unwrap(), b"bytes");
        let url = BlobStore::open(&format!("file://{}", folder.path().display())).unwrap();
        assert_eq!(url.get(&id).await.unwrap(), "bytes");
    }

    #[tokio::test]
    async fn get_should_refuse_when_bytes_are_damaged_and_put_should_mend_them() {
        let (folder, store) = here();
        let id = store.put("bytes").await.unwrap();
        let digits = hex::encode(id);
        let file = folder.path().join(&digits[..2]).join(&digits[2..4]).join(&digits);
        std::fs::write(file, "other").unwrap();
        assert!(matches!(store.get(&id).await, Err(Error::Corrupt { .. })));
        store.put("bytes").await.unwrap();
        assert_eq!(store.get(&id).await.unwrap(), "bytes");
    }

    #[tokio::test]
    async fn get_should_say_not_found_when_there_is_no_blob() {
        let (_folder, store) = here();
        let id = hashing::content_id(b"nowhere");
        assert!(matches!(store.get(&id).await, Err(Error::NotFound { .. })));
        assert!(!store.has(&id).await.unwrap());
    }

    #[test]
    fn open_should_refuse_when_the_url_is_of_no_known_kind() {
        for location in ["", "gopher://somewhere/blobs", "://"] {
            assert!(matches!(BlobStore::open(location), Err(Error::Location { .. })), "{location}");
        }
    }

    #[test]
    fn is_full_should_find_the_cause_inside_other_errors() {
        let wrap = |kind| object_store::Error::Generic {
            store: "test",
            source: Box::new(std::io::Error::from(kind)),
        };
        assert!(is_full(&wrap(std::io::ErrorKind::StorageFull)));
        assert!(!is_full(&wrap(std::io::ErrorKind::PermissionDenied)));
    }
}
