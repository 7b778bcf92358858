//! Files that are written whole or not at all, and files that are not what they should be.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use anyhow::Context as _;

/// Reads a file.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file, and the folders above it. What was there stays until the new bytes are whole and on disk, also where
/// the machine stops, or somebody else writes the same file.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    path.file_name().with_context(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(failed)?;
    let put = || -> std::io::Result<()> {
        // As any new file, and not for its owner alone.
        let mode = fs::Permissions::from_mode(0o666);
        let mut part = tempfile::Builder::new()
            .prefix(".")
            .suffix(".part")
            .permissions(mode)
            .tempfile_in(folder)?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(path)?;
        fs::File::open(folder)?.sync_all()
    };
    put().with_context(failed)
}
