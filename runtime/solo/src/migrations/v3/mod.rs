//! From storage version 2, of runtime 200, to 3, of runtime 300.

pub(super) mod attribution;
mod models;

use super::{prefix, rewritten};

/// The maps of `pallet-attribution`.
pub struct Attribution;
/// The maps of `pallet-models`.
pub struct Models;
