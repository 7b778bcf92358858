//! Binary Merkle trees over 32-byte leaves.
//!
//! `leaf = blake2b_256(0x00 ‖ value)`, `node = blake2b_256(0x01 ‖ left ‖ right)`; a node without a
//! sibling moves up unchanged; the root of no leaves is zero. The different first bytes keep a node
//! from passing as a leaf. A proof holds the siblings from the leaf upwards, and leaves out the levels
//! where there is none.

use alloc::vec::Vec;
use primitive_types::H256;

fn leaf(value: &H256) -> H256 {
    let mut preimage = [0u8; 33];
    let (_, rest) = preimage.split_at_mut(1);
    rest.copy_from_slice(value.as_bytes());
    H256(sp_crypto_hashing::blake2_256(&preimage))
}

fn node(left: &H256, right: &H256) -> H256 {
    let mut preimage = [1u8; 65];
    let (_, rest) = preimage.split_at_mut(1);
    let (l, r) = rest.split_at_mut(32);
    l.copy_from_slice(left.as_bytes());
    r.copy_from_slice(right.as_bytes());
    H256(sp_crypto_hashing::blake2_256(&preimage))
}

fn parents(level: &[H256]) -> Vec<H256> {
    level
        .chunks(2)
        .filter_map(|pair| match pair {
            [left, right] => Some(node(left, right)),
            [single] => Some(*single),
            _ => None,
        })
        .collect()
}

/// The root over `values`, in order.
pub fn root(values: &[H256]) -> H256 {
    let mut level: Vec<H256> = values.iter().map(leaf).collect();
    while level.len() > 1 {
        level = parents(&level);
    }
    level.first().copied().unwrap_or_default()
}

/// The proof that `values[index]` is under [`root`]; `None` when `index` is out of range.
pub fn proof(values: &[H256], index: u64) -> Option<Vec<H256>> {
    let mut position = usize::try_from(index).ok()?;
    values.get(position)?;
    let mut level: Vec<H256> = values.iter().map(leaf).collect();
    let mut siblings = Vec::new();
    while level.len() > 1 {
        if let Some(sibling) = level.get(position ^ 1) {
            siblings.push(*sibling);
        }
        level = parents(&level);
        position /= 2;
    }
    Some(siblings)
}

/// Whether `value` is leaf number `index` of the `count` leaves under `root`.
pub fn verify(root: &H256, value: &H256, index: u64, count: u64, siblings: &[H256]) -> bool {
    if index >= count {
        return false;
    }
    let (mut position, mut width) = (index, count);
    let mut hash = leaf(value);
    let mut siblings = siblings.iter();
    while width > 1 {
        // The last node of an odd level has no sibling.
        if position ^ 1 < width {
            let Some(sibling) = siblings.next() else { return false };
            hash = if position & 1 == 0 { node(&hash, sibling) } else { node(sibling, &hash) };
        }
        position /= 2;
        width = width.div_ceil(2);
    }
    siblings.next().is_none() && hash == *root
}
