//! The attribution index: the quantised vectors of all contributions, in one file.
//!
//! ```text
//! "OLINDEX3" ‖ u32 LE: bytes of the header ‖ SCALE(Header) ‖ zeros to a multiple of 64 ‖ data
//!   ‖ checkpoints
//! data: contribution by contribution, variant by variant, block by block, 256 × i16 LE
//! checkpoints: variant by variant, matrix by matrix, f32 LE
//! ```
//!
//! A contribution's vectors are one stretch of the file, which is mapped into memory: what is not asked for is not read,
//! and programs that have the same file open share its pages.
//!
//! A contribution has as many vectors as there are variants: estimates of the same thing, whose spread says how sure
//! the method is. Each of them is a *row*. A variant's vectors are compared with gradients not at the adapter itself but
//! at a training's end of the variant's own, its *checkpoint*: so the values of its matrices stand in the index too.

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use codec::{DecodeAll, Encode};
use memmap2::Mmap;
use ndarray::Array2;
use openledger_lm::{MatrixSpec, Model};
use openledger_primitives::{
    fraud::MAX_ROWS,
    merkle,
    score::{self, MAX_BLOCKS, MAX_VARIANTS},
    work, ContentId, ContributionId, H256,
};
use rayon::prelude::*;

use crate::{
    quantise::{blocks, BLOCK},
    Error, Method, Result,
};

const MAGIC: &[u8; 8] = b"OLINDEX3";
const ALIGNMENT: usize = 64;

/// One LoRA matrix, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Matrix {
    /// As in `Model::lora_matrices`.
    pub name: String,
    /// Rows.
    pub input: u32,
    /// Columns.
    pub output: u32,
    /// A stored element `i` means `i · 2^exponent`.
    pub exponent: i16,
}

/// One contribution, in the order of its vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Member {
    /// The contribution.
    pub contribution: ContributionId,
    /// How many of its records count: all but those that repeat earlier ones.
    pub records: u32,
}

/// What an index is of.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Header {
    /// Content id of the adapter's weights.
    pub adapter: ContentId,
    /// Canonical JSON of the method.
    pub method: Vec<u8>,
    /// Vectors of each contribution: 1 to [`MAX_VARIANTS`]. All have the exponents in common.
    pub variants: u32,
    /// All LoRA matrices, in order.
    pub matrices: Vec<Matrix>,
    /// All contributions of the model's datanet versions, ascending; those without a record that counts have
    /// vectors of zeros.
    pub members: Vec<Member>,
}

/// The elements of all vectors.
#[derive(Clone, Debug)]
enum Data {
    /// As they were computed.
    Own(Vec<i16>),
    /// The bytes of a file.
    Mapped(Arc<Mmap>, Range<usize>),
}

impl Data {
    fn elements(&self) -> &[i16] {
        match self {
            Self::Own(elements) => elements,
            Self::Mapped(map, bytes) => bytemuck::cast_slice(&map[bytes.clone()]),
        }
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.elements() == other.elements()
    }
}

impl Eq for Data {}

/// An attribution index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    header: Header,
    method: Method,
    variants: u8,
    /// Blocks of one vector.
    blocks: usize,
    /// `[members, variants, blocks, BLOCK]`.
    data: Data,
    /// The values of the checkpoints' matrices, `[variants, parameters]`, as bits: equality of indices is equality of
    /// bytes.
    values: Vec<u32>,
}

/// Whether the chain takes indices with so many blocks in a vector.
///
/// # Errors
/// If it does not.
pub fn check_blocks(blocks: usize) -> Result<()> {
    if (1..=MAX_BLOCKS as usize).contains(&blocks) {
        return Ok(());
    }
    Err(Error::Index(format!(
        "vectors of {blocks} blocks of {BLOCK} elements: the chain takes 1 to {MAX_BLOCKS}, so give the adapter a lower \
         rank, or fewer matrices"
    )))
}

/// Whether the chain takes indices with so many vectors of each of so many contributions.
fn check_variants(variants: u32, contributions: usize) -> Result<u8> {
    let sane = u8::try_from(variants).ok().filter(|variants| (1..=MAX_VARIANTS).contains(variants));
    let Some(sane) = sane else {
        return Err(Error::Index(format!(
            "{variants} variants: the chain takes 1 to {MAX_VARIANTS}"
        )));
    };
    match contributions.checked_mul(usize::from(sane)) {
        Some(rows) if rows <= MAX_ROWS as usize => Ok(sane),
        _ => Err(Error::Index(format!(
            "{variants} variants of {contributions} contributions: the chain takes {MAX_ROWS} vectors in all, so build \
             it with fewer variants, or of fewer contributions"
        ))),
    }
}

impl Header {
    /// Bytes of the checkpoints' values; none if there are more than can be counted.
    fn values(&self) -> Option<usize> {
        let each = self.matrices.iter().try_fold(0_usize, |sum, matrix| {
            sum.checked_add((matrix.input as usize).checked_mul(matrix.output as usize)?)
        })?;
        each.checked_mul(self.variants as usize)?.checked_mul(size_of::<f32>())
    }
}

impl Matrix {
    fn blocks(&self) -> usize {
        blocks(self.input as usize * self.output as usize)
    }
}

impl Index {
    /// An index of these vectors, end to end.
    ///
    /// # Errors
    /// If the header contradicts itself or the data.
    pub(crate) fn new(header: Header, data: Vec<i16>, values: Vec<u32>) -> Result<Self> {
        Self::checked(header, Data::Own(data), values)
    }

    fn checked(header: Header, data: Data, values: Vec<u32>) -> Result<Self> {
        let method = Method::from_json(&header.method)?;
        let unordered = header.members.windows(2).find(|p| p[0].contribution >= p[1].contribution);
        if let Some(pair) = unordered {
            return Err(Error::NotAscending(pair[1].contribution));
        }
        // Small enough that no product below overflows.
        let huge = |m: &Matrix| u64::from(m.input) * u64::from(m.output) > 1 << 40;
        if header.matrices.len() > 1 << 20 || header.matrices.iter().any(huge) {
            return Err(Error::Index("its matrices are too large".into()));
        }
        let blocks: usize = header.matrices.iter().map(Matrix::blocks).sum();
        check_blocks(blocks)?;
        let variants = check_variants(header.variants, header.members.len())?;
        let rows = header.members.len() * usize::from(variants);
        let expected = (blocks * BLOCK).checked_mul(rows);
        let found = data.elements().len();
        if expected != Some(found) {
            return Err(Error::Index(format!(
                "{rows} vectors of {blocks} blocks do not make {found} elements"
            )));
        }
        let elements = |m: &Matrix| m.input as usize * m.output as usize;
        let each: usize = header.matrices.iter().map(elements).sum();
        let expected = each * usize::from(variants);
        if values.len() != expected {
            let found = values.len();
            return Err(Error::Index(format!("{found} values of checkpoints, not {expected}")));
        }
        Ok(Self { header, method, variants, blocks, data, values })
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How it was made.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The contributions, ascending.
    pub fn contributions(&self) -> impl Iterator<Item = ContributionId> + '_ {
        self.header.members.iter().map(|member| member.contribution)
    }

    /// Vectors of each contribution.
    pub fn variants(&self) -> u8 {
        self.variants
    }

    /// Each contribution with each of its variants, in the order of the vectors.
    pub fn rows(&self) -> Vec<(ContributionId, u8)> {
        score::rows(&self.contributions().collect::<Vec<_>>(), self.variants).collect()
    }

    /// Blocks of one vector.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// For each variant, the model that its vectors are compared at: the one that is served, at the checkpoint.
    ///
    /// # Errors
    /// If the model has no adapter, or one of another shape.
    pub fn models(&self, served: &Model) -> Result<Vec<Model>> {
        let specs = served.lora_matrices();
        let size: usize = specs.iter().map(|spec| spec.input * spec.output).sum();
        let checkpoint = |values: &[u32]| {
            let mut values = values.iter().map(|bits| f32::from_bits(*bits));
            let matrices = specs.iter().map(|spec| {
                Array2::from_shape_simple_fn((spec.input, spec.output), || {
                    values.next().unwrap_or_default()
                })
            });
            Ok(served.with_lora_values(matrices.collect())?)
        };
        self.values.chunks(size.max(1)).map(checkpoint).collect()
    }

    /// The exponent of each matrix.
    pub fn exponents(&self) -> Vec<i16> {
        self.header.matrices.iter().map(|matrix| matrix.exponent).collect()
    }

    /// For each block of a vector, the matrix that it lies in.
    pub fn matrix_of_block(&self) -> Vec<usize> {
        let matrices = self.header.matrices.iter().enumerate();
        matrices.flat_map(|(i, matrix)| std::iter::repeat_n(i, matrix.blocks())).collect()
    }

    /// The vectors with their rows.
    pub fn vectors(&self) -> impl Iterator<Item = ((ContributionId, u8), &[i16])> + '_ {
        self.rows().into_iter().zip(self.data.elements().chunks(self.blocks * BLOCK))
    }

    /// Merkle root over all blocks.
    pub fn root(&self) -> H256 {
        merkle::root(&self.leaves())
    }

    /// The leaves under the root: row by row, then block by block.
    pub fn leaves(&self) -> Vec<H256> {
        self.vectors()
            .flat_map(|(row, vector)| {
                let blocks = vector.as_chunks::<BLOCK>().0;
                blocks.iter().enumerate().map(move |(i, block)| (row, i as u32, block))
            })
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|((id, variant), i, block)| work::index_block(id, variant, i, block))
            .collect()
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = self.header.encode();
        let data = self.data.elements();
        let room = header.len() + 2 * data.len() + 4 * self.values.len() + 2 * ALIGNMENT;
        let mut bytes = Vec::with_capacity(room);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes.extend(data.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// Opens a file, which must not change as long as the index is there.
    ///
    /// # Errors
    /// If it cannot be read, is not an index, is cut short, or contradicts itself.
    pub fn open(path: &Path) -> Result<Self> {
        if cfg!(target_endian = "big") {
            let why = "this machine reads numbers in the other byte order";
            return Err(Error::Index(why.into()));
        }
        let failed = |error| Error::Index(format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(failed)?;
        // SAFETY: whoever writes an index gives a file that name only when it is whole.
        let map = Arc::new(unsafe { Mmap::map(&file) }.map_err(failed)?);
        let (header, data, values) = parts(&map)?;
        Self::checked(header, Data::Mapped(map, data), values)
    }
    /// Checks that this is the index of an adapter with these matrices.
    ///
    /// # Errors
    /// Saying in what it differs.
    pub fn check_model(&self, adapter: ContentId, matrices: &[MatrixSpec]) -> Result<()> {
        if self.header.adapter != adapter {
            return Err(Error::OtherAdapter { expected: adapter, found: self.header.adapter });
        }
        if self.header.matrices.len() != matrices.len() {
            return Err(Error::OtherShape(format!(
                "it has {} matrices, the model {}",
                self.header.matrices.len(),
                matrices.len()
            )));
        }
        for (stored, spec) in self.header.matrices.iter().zip(matrices) {
            let same = stored.name == spec.name
                && stored.input as usize == spec.input
                && stored.output as usize == spec.output;
            if !same {
                return Err(Error::OtherShape(format!(
                    "it has {} [{}, {}] where the model has {} [{}, {}]",
                    stored.name, stored.input, stored.output, spec.name, spec.input, spec.output
                )));
            }
        }
        Ok(())
    }
}

/// Header, place of the data, and checkpoints of a file.
fn parts(bytes: &[u8]) -> Result<(Header, Range<usize>, Vec<u32>)> {
    let malformed = |what: &str| Error::Index(what.into());
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        malformed(
            "the file does not begin with OLINDEX3: it is not an index, or of another version",
        )
    })?;
    let (length, rest) =
        rest.split_first_chunk::<4>().ok_or_else(|| malformed("the file is cut short"))?;
    let length = u32::from_le_bytes(*length) as usize;
    let header = rest.get(..length).ok_or_else(|| malformed("the header is cut short"))?;
    let header = Header::decode_all(&mut &*header)
        .map_err(|error| Error::Index(format!("the header does not decode: {error}")))?;
    let end = MAGIC.len() + 4 + length;
    let start = end.next_multiple_of(ALIGNMENT);
    let padding =
        bytes.get(end..start).ok_or_else(|| malformed("the file ends before its data"))?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(malformed("the padding after the header is not zero"));
    }
    let values = header.values().ok_or_else(|| malformed("its checkpoints are too large"))?;
    let data = (bytes.len() - start)
        .checked_sub(values)
        .ok_or_else(|| malformed("the file ends before its checkpoints"))?;
    if data % size_of::<i16>() != 0 {
        return Err(malformed("the data has an odd number of bytes"));
    }
    let data = start..start + data;
    let values = bytes[data.end..].as_chunks::<4>().0;
    let values = values.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    Ok((header, data, values))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use openledger_primitives::hashing;

    use super::*;

    fn sample() -> Index {
        let header = Header {
            adapter: H256::repeat_byte(7),
            method: Method::default().to_json(),
            variants: 2,
            matrices: vec![
                Matrix { name: "a".into(), input: 20, output: 20, exponent: -9 },
                Matrix { name: "b".into(), input: 3, output: 2, exponent: -12 },
            ],
            members: vec![
                Member { contribution: 2, records: 5 },
                Member { contribution: 9, records: 0 },
            ],
        };
        let data = (0..2 * 2 * 3 * BLOCK as i16).map(|i| i.wrapping_mul(997)).collect();
        Index::new(header, data, values(2 * 406)).unwrap()
    }

    /// A file with these bytes.
    fn open(bytes: &[u8]) -> Result<Index> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Index::open(file.path())
    }

    fn values(count: u32) -> Vec<u32> {
        (0..count).map(|i| (i as f32 / 7.0).to_bits()).collect()
    }

    #[test]
    fn index_should_survive_a_round_trip() {
        let index = sample();
        assert_eq!(index.blocks(), 3);
        assert_eq!(index.matrix_of_block(), [0, 0, 1]);
        let opened = open(&index.to_bytes()).unwrap();
        assert_eq!(opened, index);
        assert_eq!(opened.root(), index.root());
        assert_eq!(opened.clone().to_bytes(), index.to_bytes());
    }

    #[test]
    fn open_should_say_which_file_when_there_is_none() {
        let path = std::env::temp_dir().join("openledger-no-index");
        let refused = Index::open(&path).unwrap_err().to_string();
        assert!(refused.contains("openledger-no-index"), "{refused}");
    }

    #[test]
    fn root_should_be_that_of_leaves_encoded_by_hand() {
        let index = sample();
        let mut leaves = Vec::new();
        assert_eq!(index.rows(), [(2, 0), (2, 1), (9, 0), (9, 1)]);
        for ((contribution, variant), vector) in index.vectors() {
            for block in 0..3 {
                let mut preimage = hashing::INDEX_BLOCK.to_vec();
                preimage.extend(contribution.to_le_bytes());
                preimage.push(variant);
                preimage.extend((block as u32).to_le_bytes());
                for value in &vector[block * BLOCK..(block + 1) * BLOCK] {
                    preimage.extend(value.to_le_bytes());
                }
                leaves.push(hashing::content_id(&preimage));
            }
        }
        assert_eq!(index.root(), merkle::root(&leaves));
    }

    #[test]
    fn from_bytes_should_refuse_when_any_part_is_missing_or_changed() {
        let bytes = sample().to_bytes();
        for length in [0, 7, 11, 40, bytes.len() - 1, bytes.len() - 2] {
            assert!(open(&bytes[..length]).is_err(), "{length} bytes");
        }
        let mut long = bytes.clone();
        long.extend([0, 0]);
        assert!(open(&long).is_err());
        let mut other = bytes.clone();
        other[7] = b'1';
        assert!(open(&other).is_err());
        let mut header = bytes;
        header[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(open(&header).is_err());
    }

    #[test]
    fn checkpoints_should_all_be_there() {
        let Index { header, data, values, .. } = sample();
        let data = data.elements().to_vec();
        let bytes = sample().to_bytes();
        for length in [bytes.len() - 1, bytes.len() - 4, bytes.len() - 4 * values.len()] {
            assert!(open(&bytes[..length]).is_err(), "{length} bytes");
        }
        let few = Index::new(header, data, values[1..].to_vec());
        assert!(few.unwrap_err().to_string().contains("811 values of checkpoints, not 812"));
    }

    #[test]
    fn new_should_refuse_when_the_chain_would() {
        let mut header = sample().header;
        header.members.clear();
        header.matrices.clear();
        let refused = Index::new(header.clone(), Vec::new(), Vec::new()).unwrap_err().to_string();
        assert!(refused.contains("0 blocks"), "{refused}");
        let matrix = |input| Matrix { name: "a".into(), input, output: 256, exponent: 0 };
        header.matrices = vec![matrix(MAX_BLOCKS)];
        // Not too many: what is missing are its checkpoints.
        let refused = Index::new(header.clone(), Vec::new(), Vec::new()).unwrap_err().to_string();
        assert!(refused.contains("values of checkpoints"), "{refused}");
        header.matrices = vec![matrix(MAX_BLOCKS + 1)];
        let refused = Index::new(header, Vec::new(), Vec::new()).unwrap_err().to_string();
        assert!(refused.contains("1048577 blocks"), "{refused}");
    }

    #[test]
    fn new_should_refuse_when_there_are_too_many_vectors() {
        let refused = |variants, contributions| {
            let header = Header {
                variants,
                members: (0..contributions)
                    .map(|contribution| Member { contribution, records: 1 })
                    .collect(),
                ..sample().header
            };
            Index::new(header, Vec::new(), Vec::new()).unwrap_err().to_string()
        };
        for variants in [0, 9, 257] {
            let why = refused(variants, 2);
            assert!(why.contains("1 to 8") && why.contains(&variants.to_string()), "{why}");
        }
        assert!(refused(8, 512).contains("elements"));
        assert!(refused(8, 513).contains("4096 vectors"));
    }

    #[test]
    fn new_should_refuse_when_contributions_are_not_ascending() {
        let index = sample();
        let mut header = index.header.clone();
        header.members[1].contribution = 2;
        let data = index.data.elements().to_vec();
        assert!(matches!(Index::new(header, data, Vec::new()), Err(Error::NotAscending(2))));
    }
}
