//! From storage version 3, of runtime 300, to 4, of runtime 400.

pub(super) mod attribution;
pub(super) mod models;

use super::{prefix, rewritten};

/// The maps of `pallet-attribution`.
pub struct Attribution;
/// The maps of `pallet-models`.
pub struct Models;
