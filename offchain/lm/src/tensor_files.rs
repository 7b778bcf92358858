//! Tensors in safetensors files, and which files of a folder hold them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use burn::tensor::f16;
use memmap2::Mmap;
use safetensors::{tensor::TensorView, Dtype, SafeTensors};
use serde::Deserialize;

use crate::{json, Error, Result};

/// A checkpoint's only file.
pub(crate) const WHOLE: &str = "model.safetensors";
/// Which file holds a tensor, where there are several.
pub(crate) const INDEX: &str = "model.safetensors.index.json";

/// `model.safetensors.index.json`.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The sizes of files, added.
pub(crate) fn bytes(paths: &[PathBuf]) -> Result<u64> {
    let size = |path: &PathBuf| std::fs::metadata(path).map_err(Error::io(path));
    paths.iter().map(|path| Ok(size(path)?.len())).sum()
}

/// The files of a checkpoint that hold tensors.
pub(crate) fn weight_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let whole = folder.join(WHOLE);
    let path = folder.join(INDEX);
    if whole.exists() || !path.exists() {
        return Ok(vec![whole]);
    }
    let index: Index = json::read(&path)?;
    let names: BTreeSet<String> = index.weight_map.into_values().collect();
    names
        .into_iter()
        .map(|name| {
            // A shard is a file of the folder, not a way out of it.
            if name.contains(['/', '\\']) || name.starts_with("..") {
                return Err(Error::Config(format!("{}: shard {name} is a path", path.display())));
            }
            Ok(folder.join(name))
        })
        .collect()
}

/// How numbers are stored. They are computed with as `f32` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 4 bytes, exact.
    F32,
    /// 2 bytes: the upper half of an `f32`, rounded to nearest, ties to even.
    BF16,
}

/// The tensors of one or more files, mapped from disk.
pub(crate) struct TensorFiles {
    files: Vec<(PathBuf, Mmap)>,
    /// Which file holds a tensor.
    index: HashMap<String, usize>,
}

impl TensorFiles {
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::with_capacity(paths.len());
        let mut index = HashMap::new();
        for path in paths {
            let file = File::open(path).map_err(Error::io(path))?;
            // SAFETY: checkpoints are written once and renamed into place, never changed under a reader.
            let map = unsafe { Mmap::map(&file) }.map_err(Error::io(path))?;
            let tensors = parse(path, &map)?;
            for name in tensors.names() {
                // A shard of another checkpoint, or of another way of dividing this one.
                if let Some(first) = index.insert(name.to_string(), files.len()) {
                    let (first, _): &(PathBuf, Mmap) = &files[first];
                    return Err(Error::StoredTwice {
                        name: name.into(),
                        files: [first.clone(), path.clone()],
                    });
                }
            }
            files.push((path.clone(), map));
        }
        Ok(Self { files, index })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    /// The values of a tensor, which must have this shape and be finite.
    pub(crate) fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let missing = || Error::MissingTensor(name.into());
        let (path, map) = &self.files[*self.index.get(name).ok_or_else(missing)?];
        let tensors = parse(path, map)?;
        let view = tensors.tensor(name).map_err(|_| missing())?;
        if view.shape() != shape {
            return Err(Error::Shape {
                name: name.into(),
                expected: shape.to_vec(),
                found: view.shape().to_vec(),
            });
        }
        let values = decode(name, &view)?;
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(Error::NotFinite(name.into()))
        }
    }
}

fn parse<'a>(path: &Path, map: &'a Mmap) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(map).map_err(|source| Error::SafeTensors { path: path.into(), source })
}

fn decode(name: &str, view: &TensorView) -> Result<Vec<f32>> {
    let halves = || view.data().as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
    Ok(match view.dtype() {
        Dtype::F32 => {
            view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
        }
        Dtype::BF16 => halves().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
        Dtype::F16 => halves().map(|bits| f16::from_bits(bits).to_f32()).collect(),
        other => return Err(Error::DType { name: name.into(), found: format!("{other:?}") }),
    })
}

fn encode(values: &[f32], precision: Precision) -> Vec<u8> {
    match precision {
        Precision::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Precision::BF16 => values
            .iter()
            .flat_map(|value| {
                let bits = value.to_bits();
                ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).to_le_bytes()[..2].to_vec()
            })
            .collect(),
    }
}

/// One tensor to be written: its name, shape and values.
pub(crate) type Named = (String, Vec<usize>, Vec<f32>);

/// Writes a file and moves it into place when it is whole, so that a crash leaves the old one. The same tensors
/// give the same bytes.
pub(crate) fn write(
    path: &Path,
    tensors: &[Named],
    precision: Precision,
    metadata: BTreeMap<String, String>,
) -> Result<()> {
    let dtype = match precision {
        Precision::F32 => Dtype::F32,
        Precision::BF16 => Dtype::BF16,
    };
    let encoded: Vec<(&str, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), encode(values, precision)))
        .collect();
    let failed = |source| Error::SafeTensors { path: path.into(), source };
    let mut views = Vec::with_capacity(encoded.len());
    for (name, shape, bytes) in &encoded {
        views.push((*name, TensorView::new(dtype, shape.to_vec(), bytes).map_err(failed)?));
    }
    // safetensors keeps metadata in a hash map: more than one entry would be written in random order.
    debug_assert!(metadata.len() <= 1);
    let metadata = (!metadata.is_empty()).then(|| metadata.into_iter().collect());
    let bytes = safetensors::serialize(views, metadata).map_err(failed)?;
    write_whole(path, &bytes)
}

/// Writes beside the file, then renames: whatever happens, the file is the old one or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let put = || -> std::io::Result<()> {
        // As any new file, and not for its owner alone.
        let mut part = tempfile::Builder::new()
            .prefix(".")
            .suffix(".part")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(path)?;
        Ok(())
    };
    put().map_err(Error::io(path))
}
