//! Receipts: an operator's signed statement of one inference.

use crate::{hashing, signature::Signature, Balance, ChannelId, ModelId, ModelVersion};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use primitive_types::H256;
use scale_info::TypeInfo;

/// What an operator states about one answer.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Receipt {
    /// The chain's genesis hash.
    pub genesis: H256,
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// The operator's account (32 bytes).
    pub operator: H256,
    /// The payer's account (32 bytes).
    pub payer: H256,
    /// The channel that pays.
    pub channel: ChannelId,
    /// What the channel owes in all after this answer, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub cumulative: Balance,
    /// Hash of the prompt's token ids, see [`hashing::REQUEST`].
    pub request: H256,
    /// Hash of the answer's token ids, see [`hashing::RESPONSE`].
    pub response: H256,
    /// Tokens of the prompt.
    pub tokens_in: u32,
    /// Tokens of the answer.
    pub tokens_out: u32,
    /// The price of this answer, in units.
    #[cfg_attr(feature = "std", serde(with = "crate::json::decimal"))]
    pub fee: Balance,
    /// Milliseconds since the Unix epoch, by the operator's clock.
    pub issued_at: u64,
}

impl Receipt {
    /// The receipt's id: `blake2b_256(tag ‖ SCALE(receipt))`. It is what the operator signs, and the
    /// leaf under the settlement's root.
    pub fn id(&self) -> H256 {
        hashing::tagged(hashing::RECEIPT, self)
    }

    /// The price of an answer: tokens at prices per 1,000, each product rounded up to a unit.
    pub fn price(
        tokens_in: u32,
        tokens_out: u32,
        price_in: Balance,
        price_out: Balance,
    ) -> Balance {
        let part =
            |tokens: u32, price: Balance| u128::from(tokens).saturating_mul(price).div_ceil(1_000);
        part(tokens_in, price_in).saturating_add(part(tokens_out, price_out))
    }
}

/// A receipt and the operator's signature over its id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct SignedReceipt {
    /// What is signed.
    pub receipt: Receipt,
    /// By the operator.
    pub signature: Signature,
}

/// One line of a settlement's batch: all that is needed to attribute and to audit one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
pub struct Transcript {
    /// The receipt.
    #[cfg_attr(feature = "std", serde(flatten))]
    pub signed: SignedReceipt,
    /// The prompt's token ids.
    pub prompt_ids: alloc::vec::Vec<u32>,
    /// The answer's token ids.
    pub output_ids: alloc::vec::Vec<u32>,
}
