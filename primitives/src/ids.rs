//! Identifiers and units.

use primitive_types::H256;

/// Units of OPEN; 1 OPEN = 10^18 units.
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;
/// A datanet, numbered from 0 in order of creation.
pub type DatanetId = u32;
/// A snapshot of a datanet, numbered from 1 within its datanet.
pub type VersionNumber = u32;
/// A contribution, numbered from 0 over all datanets in order of submission.
pub type ContributionId = u32;
/// A base model or an adapter, numbered from 0 in order of registration.
pub type ModelId = u32;
/// A version of a model, numbered from 1 within its model.
pub type ModelVersion = u32;
/// A payment channel, numbered from 0 in order of opening.
pub type ChannelId = u64;
/// A settlement, numbered from 0 in order of submission.
pub type SettlementId = u64;
/// BLAKE2b-256 of an artefact's bytes: where it is found in a blob store, and what proves it.
pub type ContentId = H256;
/// Parts per million.
pub type Ppm = u32;

/// The whole, in parts per million.
pub const PPM: Ppm = 1_000_000;
/// The largest supply there will ever be, in units: 1,000,000,000 OPEN.
pub const TOTAL_ISSUANCE: Balance = 1_000_000_000 * UNIT;
/// One OPEN.
pub const UNIT: Balance = 1_000_000_000_000_000_000;
