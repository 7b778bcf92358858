//! The book's entries on disk, one line of JSON each.
//!
//! An entry is on disk before anybody hears of what it records. A last line that is not whole is of an entry that nobody
//! heard of, and is dropped.

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
    /// Bytes of whole entries: what is in the file beyond these is of an append that failed.
    length: u64,
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
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io)?;
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

        // Beside the old one, then renamed: whenever this ends, one of them is whole.
        let fresh = path.with_extension("new");
        let mut file = File::create(&fresh).map_err(io)?;
        let mut length = 0;
        for entry in book.entries() {
            let line = line(&entry);
            file.write_all(&line).map_err(io)?;
            length += line.len() as u64;
        }
        file.sync_all().map_err(io)?;
        std::fs::rename(&fresh, path).map_err(io)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(Self { file, path: path.to_owned(), length, book, _lock: lock })
    }

    /// What the entries lead to.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Adds an entry, and returns once it is on disk.
    ///
    /// # Errors
    /// If it could not be written whole; then it counts as not written.
    pub fn append(&mut self, entry: Entry) -> Result<()> {
        let line = line(&entry);
        self.write(&line).map_err(|source| Error::Io { path: self.path.clone(), source })?;
        self.length += line.len() as u64;
        self.book.apply(entry);
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        // Over what an append that failed has left: half a line would spoil the next.
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

fn line(entry: &Entry) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).expect("numbers and strings always serialise");
    line.push(b'\n');
    line
}

fn read(bytes: &[u8], path: &Path) -> Result<Book> {
    let mut book = Book::default();
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        // Where the power failed, the last line may lack its end, or have zeros where a page was not written.
        if lines.peek().is_none() && (!line.ends_with(b"\n") || line.contains(&0)) {
            break;
        }
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
    use crate::book::tests::{answer, everything};

    fn lines(entries: &[Entry]) -> Vec<u8> {
        entries.iter().flat_map(line).collect()
    }

    /// All that happens to receipts, in order.
    fn history() -> Vec<Entry> {
        let mut book = Book::default();
        let mut history = vec![];
        let mut happen = |book: &mut Book, entry: Entry| {
            book.apply(entry.clone());
            history.push(entry);
        };
        happen(&mut book, answer(1, 7, 1, 10, 10));
        happen(&mut book, answer(1, 8, 2, 4, 4));
        let batch = everything(&book).remove(0).batch;
        let receipts_root = batch.receipts_root;
        happen(&mut book, Entry::Batch(batch));
        happen(&mut book, answer(1, 7, 3, 15, 5));
        happen(&mut book, Entry::Dissolved { receipts_root });
        let batch = everything(&book).remove(0).batch;
        let receipts_root = batch.receipts_root;
        happen(&mut book, Entry::Batch(batch));
        happen(&mut book, Entry::Settled { receipts_root, settlement: 4 });
        happen(&mut book, answer(2, 7, 4, 20, 5));
        history
    }

    #[test]
    fn open_should_find_what_was_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        for entry in history() {
            journal.append(entry).unwrap();
            assert_eq!(&read(&std::fs::read(&path).unwrap(), &path).unwrap(), journal.book());
        }
        assert!(matches!(Journal::open(&path), Err(Error::Busy { .. })));
        let book = journal.book().clone();
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().book(), &book);
    }

    #[test]
    fn open_should_find_every_whole_entry_wherever_the_process_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let history = history();
        let bytes = lines(&history);
        for cut in 0..=bytes.len() {
            let whole = bytes[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let mut expected = Book::default();
            history[..whole].iter().cloned().for_each(|entry| expected.apply(entry));
            assert_eq!(read(&bytes[..cut], &path).unwrap(), expected, "cut at {cut}");
        }
        // And it goes on from there: at the beginning, within and at the end of every line.
        let ends = (0..bytes.len()).filter(|&at| bytes[at] == b'\n');
        for cut in ends.flat_map(|end| [end / 2, end, end + 1]) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            std::fs::write(path.with_extension("new"), "half of a rewrite").unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(journal.book(), &read(&bytes[..cut], &path).unwrap());
            journal.append(answer(3, 9, 5, 2, 2)).unwrap();
            let book = journal.book().clone();
            drop(journal);
            assert_eq!(Journal::open(&path).unwrap().book(), &book);
        }
    }

    #[test]
    fn open_should_drop_a_last_line_with_a_page_that_was_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut bytes = lines(&[answer(1, 7, 1, 10, 10)]);
        let whole = bytes.len();
        bytes.extend(line(&answer(1, 7, 2, 20, 10)));
        bytes[whole..whole + 100].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Journal::open(&path).unwrap().book().channel(7).unwrap().owed, 10);
    }

    #[test]
    fn open_should_cut_what_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let history = history();
        std::fs::write(&path, lines(&history[..history.len() - 1])).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!((journal.book().pending(), journal.book().open().len()), (0, 0));
        assert_eq!(journal.book().channel(7).unwrap().owed, 15);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2, "what two channels owe: {text}");
    }

    #[test]
    fn append_should_write_over_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.append(answer(1, 7, 1, 10, 10)).unwrap();
        let long = vec![b'x'; 10_000];
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&long).unwrap();
        journal.append(answer(1, 7, 2, 20, 10)).unwrap();
        assert_eq!(&read(&std::fs::read(&path).unwrap(), &path).unwrap(), journal.book());
        assert_eq!(journal.book().pending(), 2);
    }

    #[test]
    fn append_should_change_nothing_when_it_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.append(answer(1, 7, 1, 10, 10)).unwrap();
        let (book, file) = (journal.book().clone(), journal.file.try_clone().unwrap());
        journal.file = File::open(&path).unwrap();
        assert!(matches!(journal.append(answer(1, 7, 2, 20, 10)), Err(Error::Io { .. })));
        assert_eq!(journal.book(), &book);
        journal.file = file;
        journal.append(answer(1, 7, 3, 30, 20)).unwrap();
        assert_eq!(&read(&std::fs::read(&path).unwrap(), &path).unwrap(), journal.book());
        assert_eq!(journal.book().channel(7).unwrap().owed, 30);
    }

    #[test]
    fn open_should_refuse_when_a_whole_line_is_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut bytes = lines(&[answer(1, 7, 1, 10, 10)]);
        bytes.extend_from_slice(b"{\"nonsense\":1}\n");
        bytes.extend(lines(&[answer(1, 7, 2, 20, 10)]));
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(Journal::open(&path), Err(Error::Journal { line: 2, .. })));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}
