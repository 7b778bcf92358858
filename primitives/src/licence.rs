//! The terms under which a datanet's records may be used.

use crate::{Balance, BlockNumber, Ppm};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

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
    #[cfg_attr(feature = "std", serde(with = "crate::reads::decimal"))]
    pub training_price: Balance,
    /// The last block in which a model may be registered under these terms; `None` for no end.
    pub expires: Option<BlockNumber>,
    /// Whether contributors may withdraw from versions already published.
    pub revocable: bool,
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
    };
}
