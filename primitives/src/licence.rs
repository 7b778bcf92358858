//! The terms under which a datanet's records may be used.

use crate::{Balance, BlockNumber, Ppm};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What becomes of later royalties of a contribution that was withdrawn from the next version, but is in
/// published ones.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(rename_all = "snake_case"))]
pub enum WithdrawnRoyalties {
    /// They go on.
    #[default]
    Continue,
    /// They end for whoever was paid, and go to the datanet's treasury.
    Redirect,
}

/// Typed terms, enforced when a model is registered.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Licence {
    /// Models may be trained on the records.
    pub training: bool,
    /// Models may be evaluated on the records.
    pub evaluation: bool,
    /// The records may be retrieved at the time of an answer.
    pub retrieval: bool,
    /// Answers may be sold.
    pub commercial: bool,
    /// Adapters may be derived from adapters trained on the records.
    pub derivatives: bool,
    /// The least part of a fee that must go to data.
    pub min_data_share: Ppm,
    /// The price of one training run, in units, to the datanet's treasury.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub training_price: Balance,
    /// The last block in which a model may be registered under these terms; `None` for no end.
    pub expires: Option<BlockNumber>,
    /// Whether contributors may withdraw from versions already published.
    pub revocable: bool,
    /// What becomes of the royalties of a contribution that is withdrawn.
    #[cfg_attr(feature = "std", serde(default))]
    pub withdrawn: WithdrawnRoyalties,
}

impl Licence {
    /// Everything allowed, for ever, at no price.
    pub const OPEN: Self = Self {
        training: true,
        evaluation: true,
        retrieval: true,
        commercial: true,
        derivatives: true,
        min_data_share: 0,
        training_price: 0,
        expires: None,
        revocable: false,
        withdrawn: WithdrawnRoyalties::Continue,
    };
}
