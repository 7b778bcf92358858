//! From storage version 1, of runtime 100, to 2, of runtime 200.

mod attribution;
mod datanets;
mod models;
mod payments;
mod providers;

use super::{prefix, rewritten};

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

/// Of a key, what follows the map's prefix of 32 bytes and the first key's hash: 8 bytes, the key itself
/// behind them.
fn first_key(key: &[u8]) -> Option<u32> {
    let bytes = key.get(40..44)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}
