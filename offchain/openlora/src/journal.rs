//! The book's entries on disk, one line of JSON each.
//!
//! An entry is on disk before anybody hears of what it records. A line without its end is of an entry that nobody heard
//! of, and is dropped.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{
    book::{Book, Entry},
    Error, Result,
};

/// A journal and the book that its entries lead to.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    book: Book,
    /// Locked as long as it is open.
    _lock: File,
}

impl Journal {
    /// Opens a journal, makes it where it is not, and cuts from it what is settled.
    ///
    /// # Errors
    /// If another process has it, it cannot be read or written, or a whole line of it is no entry.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.with_extension("lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(mut file) => {
                file.read_to_end(&mut bytes).map_err(io)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let book = read(&bytes, path)?;

        let fresh = path.with_extension("new");
        let mut file = File::create(&fresh).map_err(io)?;
        for entry in book.entries() {
            file.write_all(&line(&entry)).map_err(io)?;
        }
        file.sync_all().map_err(io)?;
        std::fs::rename(&fresh, path).map_err(io)?;
        Ok(Self { file, path: path.to_owned(), book, _lock: lock })
    }

    /// What the entries lead to.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Adds an entry, and returns once it is on disk.
    ///
    /// # Errors
    /// If it could not be written whole; then nothing is written.
    pub fn append(&mut self, entry: Entry) -> Result<()> {
        let io = |source| Error::Io { path: self.path.clone(), source };
        let before = self.file.stream_position().map_err(io)?;
        let written = self.file.write_all(&line(&entry)).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would spoil the next. Where even this fails, so will the next append.
            let _ = self.file.set_len(before);
            let _ = self.file.seek(SeekFrom::Start(before));
            return Err(io(error));
        }
        self.book.apply(entry);
        Ok(())
    }
}

fn line(entry: &Entry) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).expect("numbers and strings always serialise");
    line.push(b'\n');
    line
}

fn read(bytes: &[u8], path: &Path) -> Result<Book> {
    let mut book = Book::default();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let entry = serde_json::from_slice(line).map_err(|error| Error::Journal {
            path: path.to_owned(),
            line: index + 1,
            reason: error.to_string(),
        })?;
        book.apply(entry);
    }
    Ok(book)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::tests::answer;

    fn lines(entries: &[Entry]) -> Vec<u8> {
        entries.iter().flat_map(line).collect()
    }

    #[test]
    fn open_should_find_what_was_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.append(answer(1, 7, 1, 10, 10)).unwrap();
        journal.append(answer(1, 8, 2, 4, 4)).unwrap();
        let batch = journal.book().due(|_, _| true).remove(0).batch;
        journal.append(Entry::Batch(batch)).unwrap();
        journal.append(answer(1, 7, 3, 15, 5)).unwrap();
        assert_eq!(&read(&std::fs::read(&path).unwrap(), &path).unwrap(), journal.book());
        assert!(matches!(Journal::open(&path), Err(Error::Busy { .. })));
    }

    #[test]
    fn open_should_drop_half_a_line_and_what_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut entries = vec![answer(1, 7, 1, 10, 10)];
        let mut book = Book::default();
        book.apply(entries[0].clone());
        let batch = book.due(|_, _| true).remove(0).batch;
        let receipts_root = batch.receipts_root;
        entries.push(Entry::Batch(batch));
        entries.push(Entry::Settled { receipts_root, settlement: 4 });
        let mut bytes = lines(&entries);
        let half = line(&answer(1, 7, 2, 20, 10));
        bytes.extend_from_slice(&half[..half.len() - 1]);
        std::fs::write(&path, bytes).unwrap();

        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.book().channel(7).unwrap().owed, 10);
        assert_eq!((journal.book().pending(), journal.book().open().len()), (0, 0));
        assert_eq!(std::fs::read(&path).unwrap().split(|b| *b == b'\n').count(), 2);
        journal.append(answer(1, 7, 3, 30, 20)).unwrap();
        assert_eq!(&read(&std::fs::read(&path).unwrap(), &path).unwrap(), journal.book());
    }

    #[test]
    fn open_should_refuse_when_a_whole_line_is_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut bytes = lines(&[answer(1, 7, 1, 10, 10)]);
        bytes.extend_from_slice(b"{\"nonsense\":1}\n");
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(Journal::open(&path), Err(Error::Journal { line: 2, .. })));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
