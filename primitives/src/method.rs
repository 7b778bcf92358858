//! Which ways of attributing there are.

use crate::hashing;
use bounded_collections::{BoundedVec, ConstU32};
use primitive_types::H256;

/// How many methods governance may have chosen at a time.
pub const MAX_METHODS: u32 = 16;

/// The ids of methods.
pub type Methods = BoundedVec<H256, ConstU32<MAX_METHODS>>;

/// The method that indices are built by unless a developer chooses another: canonical JSON, without blanks and with keys
/// in alphabetical order. `docs/protocol/method.md` says what it means.
pub const DEFAULT: &str = concat!(
    r#"{"code":"openledger/ekfac/v3","damping_ppm":1000,"duplicates":{"jaccard_ppm":800000,"shingle":3},"#,
    r#""fisher_records":512,"runs":3,"scope":"exchange","seed":0,"tokens":32768,"weighting":"self_influence"}"#
);

/// The id of a method, given its canonical JSON.
pub fn id(json: &[u8]) -> H256 {
    hashing::tagged(hashing::METHOD, &json)
}
