//! From storage version 1, of runtime 100, to 2, of runtime 200.

mod attribution;
mod datanets;
mod models;
mod payments;
mod providers;

use alloc::vec::Vec;
use codec::{DecodeAll, Encode};

use super::Rewritten;

/// The maps of `pallet-attribution`.
pub struct Attribution;
/// The maps of `pallet-datanets`.
pub struct Datanets;
/// The maps of `pallet-models`.
pub struct Models;
/// The maps of `pallet-payments`.
pub struct Payments;
/// The maps of `pallet-providers`.
pub struct Providers;

/// Decodes what version 1 wrote, to the last byte, and encodes what becomes of it.
fn rewritten<Old: DecodeAll, New: Encode>(
    value: &[u8],
    new: impl FnOnce(Old) -> New,
) -> Option<Rewritten> {
    let old = Old::decode_all(&mut &*value).ok()?;
    Some(Rewritten::Value(new(old).encode()))
}

/// Of a key, what follows the map's prefix of 32 bytes and the first key's hash: 8 bytes, the key itself
/// behind them.
fn first_key(key: &[u8]) -> Option<u32> {
    let bytes = key.get(40..44)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// A map's prefix.
fn prefix<Map: frame_support::traits::StorageInfoTrait>() -> Vec<u8> {
    Map::storage_info().into_iter().next().map(|info| info.prefix).unwrap_or_default()
}
