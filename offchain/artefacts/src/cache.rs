//! Where fetched artefacts lie on this machine.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    ops::Deref,
    path::{Path, PathBuf},
    time::SystemTime,
};

use openledger_primitives::ContentId;
use openledger_store::{content, BlobStore};

use crate::{Error, Result};

/// The folder of the files that say who uses which artefact.
const LOCKS: &str = "locks";

/// A folder of artefacts, of a bounded size. Several programs may share it.
///
/// When an artefact needs room, those that were not used for the longest time go, but none that a program holds.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    budget: u64,
}

/// The kinds of artefacts, each with a folder of its own in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Base,
    Adapter,
    Index,
    Traces,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Base, Self::Adapter, Self::Index, Self::Traces];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Adapter => "adapter",
            Self::Index => "index",
            Self::Traces => "trace index",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Base => "bases",
            Self::Adapter => "adapters",
            Self::Index => "indices",
            Self::Traces => "traces",
        }
    }
}

/// The folder or file of an artefact, which stays where it is as long as this lives.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Held {
    /// A file of the folder, held as the folder is.
    pub(crate) fn file(mut self, name: &str) -> Self {
        self.path.push(name);
        self
    }
}

impl Deref for Held {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Held {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// A file of an artefact: the name that it gets, its content id, and its bytes.
pub(crate) struct Wanted<'a> {
    pub name: &'a str,
    pub content: &'a ContentId,
    pub bytes: u64,
}

impl Cache {
    /// The cache in a folder, which is made when something is fetched, of at most `budget` bytes.
    pub fn new(folder: impl Into<PathBuf>, budget: u64) -> Self {
        Self { folder: folder.into(), budget }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bytes that it may hold.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// The folder of an artefact with these files, each fetched unless it is there with these bytes.
    pub(crate) async fn fetch(
        &self,
        store: &BlobStore,
        kind: Kind,
        name: &str,
        files: &[Wanted<'_>],
    ) -> Result<Held> {
        let bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        if bytes > self.budget {
            let (folder, budget) = (self.folder.clone(), self.budget);
            return Err(Error::TooLarge { what: kind.name(), bytes, folder, budget });
        }
        let (cache, own) = (self.clone(), name.to_string());
        let held = tokio::task::spawn_blocking(move || cache.hold(kind, &own, bytes)).await??;
        for Wanted { name, content, bytes } in files {
            let path = held.join(name);
            if !is_there(&path, **content, *bytes).await? {
                let found = store.get_file(content, *bytes, &path).await?;
                if found != *bytes {
                    let (content, expected) = (**content, *bytes);
                    return Err(Error::Length { content, expected, found });
                }
            }
        }
        Ok(held)
    }

    /// Makes the folder of an artefact, so that nobody removes it, and room for as many bytes as it has.
    fn hold(&self, kind: Kind, name: &str, bytes: u64) -> Result<Held> {
        let path = self.folder.join(kind.folder()).join(name);
        // One program at a time looks at what is held, and removes what is not.
        let all = lock_file(&self.folder.join(LOCKS), "all")?;
        all.lock().map_err(Error::io(&self.folder))?;
        let lock = self.lock_of(kind, name)?;
        lock.lock_shared().map_err(Error::io(&path))?;
        // When it was used last.
        lock.set_modified(SystemTime::now()).map_err(Error::io(&path))?;
        std::fs::create_dir_all(&path).map_err(Error::io(&path))?;
        let others = self.entries()?.into_iter().filter(|entry| entry.path != path);
        self.make_room(others.collect(), bytes)?;
        Ok(Held { path, _lock: lock })
    }

    /// Removes those used last the longest time ago until the rest leaves `bytes` free, or is all held.
    fn make_room(&self, mut entries: Vec<Entry>, bytes: u64) -> Result<()> {
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        entries.sort_by_key(|entry| entry.used);
        for entry in entries {
            if total.saturating_add(bytes) <= self.budget {
                break;
            }
            let lock = self.lock_of(entry.kind, &entry.name)?;
            if lock.try_lock().is_ok() {
                std::fs::remove_dir_all(&entry.path).map_err(Error::io(&entry.path))?;
                total -= entry.bytes;
            }
        }
        Ok(())
    }

    fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for kind in Kind::ALL {
            let folder = self.folder.join(kind.folder());
            let Ok(found) = std::fs::read_dir(&folder) else { continue };
            for entry in found {
                let path = entry.map_err(Error::io(&folder))?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let used = self.lock_of(kind, name)?.metadata().and_then(|data| data.modified());
                let (name, bytes) = (name.to_string(), size(&path)?);
                let used = used.map_err(Error::io(&path))?;
                entries.push(Entry { kind, name, path, bytes, used });
            }
        }
        Ok(entries)
    }

    fn lock_of(&self, kind: Kind, name: &str) -> Result<File> {
        lock_file(&self.folder.join(LOCKS).join(kind.folder()), name)
    }
}

/// An artefact in the cache.
struct Entry {
    kind: Kind,
    name: String,
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn lock_file(folder: &Path, name: &str) -> Result<File> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let path = folder.join(name);
    let options = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    options.map_err(Error::io(&path))
}

/// The bytes of a folder's files.
fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        // One that another program is about to rename is counted the next time.
        bytes += entry.map_err(Error::io(folder))?.metadata().map_or(0, |data| data.len());
    }
    Ok(bytes)
}

/// Whether a file is there with these bytes.
async fn is_there(path: &Path, content: ContentId, bytes: u64) -> Result<bool> {
    let path = path.to_owned();
    Ok(tokio::task::spawn_blocking(move || {
        std::fs::metadata(&path).is_ok_and(|data| data.len() == bytes)
            && content::of_file(&path).is_ok_and(|(found, _)| found == content)
    })
    .await?)
}

/// Writes a file of a folder, which is made where it is not there: whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    // Beside the file, then renamed: a reader never sees half of it.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io(folder))?;
    file.write_all(bytes).map_err(Error::io(path))?;
    file.as_file().sync_all().map_err(Error::io(path))?;
    file.persist(path).map_err(|error| Error::io(path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct World {
        cache: Cache,
        store: BlobStore,
        _folder: tempfile::TempDir,
    }

    impl World {
        fn new(budget: u64) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = BlobStore::open(folder.path().join("store").to_str().unwrap()).unwrap();
            Self { cache: Cache::new(folder.path().join("cache"), budget), store, _folder: folder }
        }

        /// Fetches an index of 100 bytes, which differ by name.
        async fn fetch(&self, name: &str) -> Result<Held> {
            let content = self.store.put(format!("{name:100}")).await?;
            let files = [Wanted { name: "file", content: &content, bytes: 100 }];
            self.cache.fetch(&self.store, Kind::Index, name, &files).await
        }

        fn has(&self, name: &str) -> bool {
            self.cache.folder().join("indices").join(name).exists()
        }

        /// As if it had not been used for so many hours.
        fn forget(&self, name: &str, hours: u64) {
            let lock = self.cache.lock_of(Kind::Index, name).unwrap();
            lock.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).unwrap();
        }
    }

    #[tokio::test]
    async fn fetch_should_remove_what_was_used_last_the_longest_time_ago() {
        let world = World::new(250);
        drop(world.fetch("one").await.unwrap());
        drop(world.fetch("two").await.unwrap());
        world.forget("one", 1);
        world.forget("two", 2);
        drop(world.fetch("three").await.unwrap());
        assert!(world.has("one") && !world.has("two") && world.has("three"));
        // Using one again makes it newer.
        world.forget("three", 3);
        drop(world.fetch("one").await.unwrap());
        drop(world.fetch("two").await.unwrap());
        assert!(world.has("one") && world.has("two") && !world.has("three"));
    }

    #[tokio::test]
    async fn fetch_should_leave_what_is_held() {
        let world = World::new(150);
        let held = world.fetch("one").await.unwrap();
        drop(world.fetch("two").await.unwrap());
        assert!(world.has("one") && world.has("two"));
        assert_eq!(std::fs::read_to_string(held.join("file")).unwrap(), format!("{:100}", "one"));
        drop(held);
        drop(world.fetch("three").await.unwrap());
        assert!(!world.has("one") && !world.has("two") && world.has("three"));
    }

    #[tokio::test]
    async fn fetch_should_refuse_what_is_larger_than_the_cache() {
        let world = World::new(99);
        let error = world.fetch("one").await.unwrap_err().to_string();
        assert!(error.contains("has 100 bytes") && error.contains("may hold 99"), "{error}");
        assert!(!world.has("one"));
    }

    #[tokio::test]
    async fn fetch_should_refuse_when_a_file_has_another_length_than_is_said() {
        let world = World::new(250);
        let content = world.store.put(format!("{:100}", "one")).await.unwrap();
        for (bytes, expected) in [(101, "has 100 bytes, expected 101"), (99, "at most 99")] {
            let files = [Wanted { name: "file", content: &content, bytes }];
            let refused = world.cache.fetch(&world.store, Kind::Index, "one", &files).await;
            let error = refused.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[tokio::test]
    async fn fetch_should_mend_what_is_damaged() {
        let world = World::new(250);
        let held = world.fetch("one").await.unwrap();
        let file = held.join("file");
        for damaged in [format!("{:100}", "other"), "short".into()] {
            std::fs::write(&file, damaged).unwrap();
            drop(world.fetch("one").await.unwrap());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{:100}", "one"));
        }
    }
}
