//! Reading and writing what the Python half reads and writes.

use std::{collections::HashMap, fs, path::Path};

use anyhow::{Context, Result};
use safetensors::{tensor::TensorView, Dtype, SafeTensors};
use serde::{de::DeserializeOwned, Serialize};

/// `losses.json`: what every rebuilt model must lose too.
#[derive(Serialize)]
pub struct Losses {
    pub records: Vec<f32>,
    pub queries: Vec<f32>,
    /// Of the queries before the training, where it begins with something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries_before: Option<Vec<f32>>,
}

/// The values of a tensor of `f32`.
pub fn floats(tensors: &SafeTensors, name: &str) -> Result<Vec<f32>> {
    let bytes = tensors.tensor(name)?.data();
    Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Reads a JSON file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not as expected", path.display()))
}

/// Reads a file of JSON lines.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate();
    lines
        .map(|(i, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{}, line {}", path.display(), i + 1))
        })
        .collect()
}

/// Whether a task is still to be made: it is not if the folder has the same one already. What depends on another one,
/// its retrainings and scores, is deleted.
pub fn begin<T: Serialize>(folder: &Path, task: &T) -> Result<bool> {
    let path = folder.join("task.json");
    if fs::read(&path).ok() == Some(serde_json::to_vec(task)?) {
        return Ok(false);
    }
    for stale in ["bank", "scores"].map(|name| folder.join(name)) {
        if stale.exists() {
            fs::remove_dir_all(&stale)
                .with_context(|| format!("cannot delete {}", stale.display()))?;
        }
    }
    Ok(true)
}

/// Writes JSON beside the file, then moves it into place.
pub fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    replace(path, &serde_json::to_vec(value)?)
}

/// Writes beside the file, then moves it into place, so that whoever is killed leaves no half.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let beside = path.with_extension(format!("{}.partial", std::process::id()));
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}

/// One tensor to be written: its name, shape and values, row by row.
pub struct Named<T> {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<T>,
}

/// What a tensor can hold.
pub trait Element: Copy {
    const DTYPE: Dtype;
    fn bytes(values: &[Self]) -> Vec<u8>;
}

impl Element for f32 {
    const DTYPE: Dtype = Dtype::F32;
    fn bytes(values: &[Self]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

impl Element for f64 {
    const DTYPE: Dtype = Dtype::F64;
    fn bytes(values: &[Self]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

/// Writes a safetensors file.
pub fn write_tensors<T: Element>(
    path: &Path,
    tensors: &[Named<T>],
    metadata: HashMap<String, String>,
) -> Result<()> {
    let encoded: Vec<Vec<u8>> = tensors.iter().map(|tensor| T::bytes(&tensor.values)).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&encoded) {
        views.push((tensor.name.clone(), TensorView::new(T::DTYPE, tensor.shape.clone(), bytes)?));
    }
    replace(path, &safetensors::serialize(views, Some(metadata))?)
}
