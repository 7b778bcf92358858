//! Bytes under the hash of themselves.

use std::{io::Write, path::Path, sync::Arc};

use bytes::Bytes;
use object_store::{
    aws::AmazonS3Builder, local::LocalFileSystem, path::Path as Key, prefix::PrefixStore,
    ObjectStore, ObjectStoreExt, ObjectStoreScheme, WriteMultipart,
};
use openledger_primitives::{hashing, ContentId};
use tokio::{
    sync::mpsc,
    task::{spawn_blocking, JoinHandle},
};

use crate::{
    content::{self, Hasher},
    Error, Result,
};

/// Bytes that one request reads or writes.
const PART: u64 = 8 << 20;
/// Parts that wait for the disk while another is read.
const AHEAD: usize = 2;
/// Parts of a file that are written at once.
const WRITERS: usize = 4;

/// A store of blobs by content id: blob `0xabcd…` lies at `ab/cd/abcd…`.
///
/// What is read is hashed on the way, on a thread of its own, and never more than the caller allows. Nothing but what
/// the caller asks for as bytes is held in memory whole.
///
/// A handle; cloning it shares the store.
#[derive(Clone, Debug)]
pub struct BlobStore {
    inner: Arc<dyn ObjectStore>,
    name: Arc<str>,
}

impl BlobStore {
    /// Opens a directory, which is made where it is not, or the store at a URL: `file://` and a path, or `s3://`, a
    /// bucket and a prefix. Credentials, region and endpoint of an S3 store are those of the environment, by the names
    /// that AWS's own tools use: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, and
    /// `AWS_ALLOW_HTTP` for an endpoint without TLS.
    ///
    /// # Errors
    /// If the URL is of no known kind, its configuration is incomplete, or the directory cannot be made.
    pub fn open(location: &str) -> Result<Self> {
        let refused = |reason: String| Error::Location { location: location.to_string(), reason };
        let inner: Arc<dyn ObjectStore> = if location.contains("://") {
            let url = match location.parse() {
                Ok(url) => url,
                Err(_) => return Err(refused("it is not a URL".into())),
            };
            let (scheme, prefix) =
                ObjectStoreScheme::parse(&url).map_err(|error| refused(error.to_string()))?;
            match scheme {
                ObjectStoreScheme::Local => {
                    Arc::new(PrefixStore::new(LocalFileSystem::new(), prefix))
                }
                ObjectStoreScheme::AmazonS3 => {
                    let store = AmazonS3Builder::from_env().with_url(location).build();
                    let store = store.map_err(|error| refused(error.to_string()))?;
                    Arc::new(PrefixStore::new(store, prefix))
                }
                ObjectStoreScheme::Memory => {
                    return Err(refused("it would lose every blob when the program ends".into()))
                }
                _ => return Err(refused("this build has no client for it".into())),
            }
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

    /// As it was named when it was opened.
    pub fn location(&self) -> &str {
        &self.name
    }

    /// Stores `bytes` whole or not at all, and says under which id. Storing them again mends a damaged copy.
    ///
    /// # Errors
    /// [`Error::Full`] when no space is left, [`Error::Store`] when the store refuses otherwise.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<ContentId> {
        let bytes: Bytes = bytes.into();
        let own = bytes.clone();
        let id = finished(spawn_blocking(move || hashing::content_id(&own))).await;
        let done = self.inner.put(&key(&id), bytes.into()).await;
        done.map(|_| id).map_err(|source| self.not_stored(id, source))
    }

    /// Stores a file as [`BlobStore::put`] stores bytes, and says under which id and how long it is.
    ///
    /// # Errors
    /// As [`BlobStore::put`], and if the file cannot be read or changes meanwhile.
    pub async fn put_file(&self, path: &Path) -> Result<(ContentId, u64)> {
        let own = path.to_owned();
        let (id, length) =
            finished(spawn_blocking(move || content::of_file(&own))).await.map_err(io(path))?;
        if length <= PART {
            let bytes = tokio::fs::read(path).await.map_err(io(path))?;
            return match self.put(bytes).await? {
                found if found == id => Ok((id, length)),
                _ => Err(Error::Changed { path: path.display().to_string() }),
            };
        }
        let refused = |source| self.not_stored(id, source);
        let upload = self.inner.put_multipart(&key(&id)).await.map_err(refused)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART as usize);
        let (sender, mut chunks) = mpsc::channel(AHEAD);
        let own = path.to_owned();
        let reading = spawn_blocking(move || {
            let mut hasher = Hasher::new();
            content::each_chunk(&own, |chunk| {
                hasher.update(&chunk);
                sender.blocking_send(Bytes::from(chunk)).is_ok()
            })?;
            Ok(hasher.finish())
        });
        let mut written = Ok(());
        while let Some(chunk) = chunks.recv().await {
            upload.put(chunk);
            written = upload.wait_for_capacity(WRITERS).await;
            if written.is_err() {
                break;
            }
        }
        drop(chunks);
        let read = finished(reading).await.map_err(io(path));
        let whole = match (written, read) {
            (Err(source), _) => Err(refused(source)),
            (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(found)) if found != id => {
                Err(Error::Changed { path: path.display().to_string() })
            }
            (Ok(()), Ok(_)) => Ok(()),
        };
        if let Err(error) = whole {
            // What is left of it is not under its name, and the store's own housekeeping removes it.
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.finish().await.map(|_| (id, length)).map_err(refused)
    }

    /// The bytes of a blob of at most `limit` bytes, verified.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::TooLong`], [`Error::Corrupt`], or [`Error::Store`] when the store refuses
    /// otherwise.
    pub async fn get(&self, id: &ContentId, limit: u64) -> Result<Bytes> {
        let bytes = self.read(id, limit, Vec::<u8>::new(), "memory").await?;
        Ok(bytes.into())
    }

    /// Writes a blob of at most `limit` bytes to a file whose folder exists, verified; the file appears whole or not at
    /// all. Says how long it is.
    ///
    /// # Errors
    /// As [`BlobStore::get`], and if the file cannot be written.
    pub async fn get_file(&self, id: &ContentId, limit: u64, path: &Path) -> Result<u64> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = tempfile::NamedTempFile::new_in(folder).map_err(io(folder))?;
        let file = self.read(id, limit, file, &path.display().to_string()).await?;
        let path = path.to_owned();
        finished(spawn_blocking(move || {
            let kept = || {
                file.as_file().sync_all()?;
                let length = file.as_file().metadata()?.len();
                file.persist(&path)?;
                Ok(length)
            };
            kept().map_err(io(&path))
        }))
        .await
    }

    /// The length of a blob as the store tells it; none where there is no such blob. Its bytes are not looked at.
    ///
    /// # Errors
    /// [`Error::Store`] when the store does not answer.
    pub async fn size(&self, id: &ContentId) -> Result<Option<u64>> {
        match self.inner.head(&key(id)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(Error::Store { store: self.name(), id: *id, source }),
        }
    }

    /// Reads a blob into `into`, part by part, and verifies it. `place` is what `into` is called in an error.
    async fn read<W: Write + Send + 'static>(
        &self,
        id: &ContentId,
        limit: u64,
        mut into: W,
        place: &str,
    ) -> Result<W> {
        let missing = || Error::NotFound { store: self.name(), id: *id };
        let size = self.size(id).await?.ok_or_else(missing)?;
        if size > limit {
            return Err(Error::TooLong { store: self.name(), id: *id, found: size, limit });
        }
        let (sender, mut parts) = mpsc::channel::<Bytes>(AHEAD);
        let writing = spawn_blocking(move || {
            let mut hasher = Hasher::new();
            while let Some(part) = parts.blocking_recv() {
                hasher.update(&part);
                into.write_all(&part)?;
            }
            into.flush()?;
            Ok((hasher.finish(), into))
        });
        let mut start = 0;
        let mut read = Ok(());
        while start < size {
            let end = size.min(start + PART);
            let part = match self.inner.get_range(&key(id), start..end).await {
                Ok(part) => part,
                Err(source) => {
                    read = Err(Error::Store { store: self.name(), id: *id, source });
                    break;
                }
            };
            // The other end is gone when it cannot write, and says so itself.
            if sender.send(part).await.is_err() {
                break;
            }
            start = end;
        }
        drop(sender);
        let written = finished(writing).await;
        read?;
        let (found, into) =
            written.map_err(|source| Error::Io { path: place.to_string(), source })?;
        match found {
            found if found == *id => Ok(into),
            found => Err(Error::Corrupt { store: self.name(), id: *id, found }),
        }
    }

    fn not_stored(&self, id: ContentId, source: object_store::Error) -> Error {
        match is_full(&source) {
            true => Error::Full { store: self.name(), id },
            false => Error::Store { store: self.name(), id, source },
        }
    }

    fn name(&self) -> String {
        self.name.to_string()
    }
}

/// For `map_err` after an operation on `path`.
fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.display().to_string();
    |source| Error::Io { path, source }
}

/// What a thread computed. Its panic goes on here.
async fn finished<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
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
        assert_eq!(store.get(&id, 5).await.unwrap(), "bytes");
        assert_eq!(store.size(&id).await.unwrap(), Some(5));
        let digits = hex::encode(id);
        let file = folder.path().join(&digits[..2]).join(&digits[2..4]).join(&digits);
        assert_eq!(std::fs::read(file).unwrap(), b"bytes");
        let url = BlobStore::open(&format!("file://{}", folder.path().display())).unwrap();
        assert_eq!(url.get(&id, 5).await.unwrap(), "bytes");
    }

    #[tokio::test]
    async fn get_should_refuse_when_bytes_are_damaged_and_put_should_mend_them() {
        let (folder, store) = here();
        let id = store.put("bytes").await.unwrap();
        let digits = hex::encode(id);
        let file = folder.path().join(&digits[..2]).join(&digits[2..4]).join(&digits);
        std::fs::write(file, "other").unwrap();
        assert!(matches!(store.get(&id, 5).await, Err(Error::Corrupt { .. })));
        store.put("bytes").await.unwrap();
        assert_eq!(store.get(&id, 5).await.unwrap(), "bytes");
    }

    #[tokio::test]
    async fn get_should_say_not_found_when_there_is_no_blob() {
        let (_folder, store) = here();
        let id = hashing::content_id(b"nowhere");
        assert!(matches!(store.get(&id, 5).await, Err(Error::NotFound { .. })));
        assert_eq!(store.size(&id).await.unwrap(), None);
    }

    #[tokio::test]
    async fn get_should_refuse_when_the_blob_is_longer_than_the_limit() {
        let (folder, store) = here();
        let id = store.put("bytes").await.unwrap();
        let refused = store.get(&id, 4).await;
        assert!(matches!(refused, Err(Error::TooLong { found: 5, limit: 4, .. })));
        let file = folder.path().join("file");
        let refused = store.get_file(&id, 4, &file).await;
        assert!(matches!(refused, Err(Error::TooLong { .. })));
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn get_file_should_return_what_put_file_stored_when_it_has_several_parts() {
        let (folder, store) = here();
        let (source, copy) = (folder.path().join("source"), folder.path().join("copy"));
        for length in [0, PART, 2 * PART + 3] {
            let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            std::fs::write(&source, &bytes).unwrap();
            let (id, found) = store.put_file(&source).await.unwrap();
            assert_eq!((id, found), (hashing::content_id(&bytes), length));
            assert_eq!(store.get_file(&id, length, &copy).await.unwrap(), length);
            assert_eq!(std::fs::read(&copy).unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn get_file_should_leave_nothing_when_bytes_are_damaged() {
        let (folder, store) = here();
        let id = store.put("bytes").await.unwrap();
        let digits = hex::encode(id);
        let blob = folder.path().join(&digits[..2]).join(&digits[2..4]).join(&digits);
        std::fs::write(blob, "other").unwrap();
        let out = tempfile::tempdir().unwrap();
        let refused = store.get_file(&id, 5, &out.path().join("file")).await;
        assert!(matches!(refused, Err(Error::Corrupt { .. })));
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[test]
    fn open_should_refuse_when_the_url_is_of_no_known_kind() {
        let unknown = ["", "gopher://somewhere/blobs", "://", "memory:///", "gs://bucket/blobs"];
        for location in unknown {
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
