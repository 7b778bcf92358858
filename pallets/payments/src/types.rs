//! Channels, claims, and what a settlement hands on.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives::{
    signature::{Signature, Signer},
    Balance, BlockNumber, ChannelId, ContentId, ModelId, ModelVersion, SettlementId, H256,
};
use scale_info::TypeInfo;
use sp_runtime::DispatchError;

/// Money set aside by a payer for one operator.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Channel<AccountId> {
    /// Who pays.
    pub payer: AccountId,
    /// Who may be paid.
    pub operator: AccountId,
    /// Everything ever put in, in units.
    pub deposit: Balance,
    /// What the operator took of it, in units.
    pub claimed: Balance,
    /// The last block for which the channel was meant.
    pub expires: BlockNumber,
    /// The block from which the payer may close it; nothing while it has not asked to.
    pub closing: Option<BlockNumber>,
    /// Whose signature makes vouchers: the payer's own, unless it named another key.
    pub signer: Signer<AccountId>,
    /// Whose signature made them before, and the last block in which those may be claimed.
    pub former: Option<(Signer<AccountId>, BlockNumber)>,
    /// Of a one-off payment: content id of the only request that it is for. Its deposit needs no
    /// vouchers, and can be claimed up to its last block.
    pub request: Option<H256>,
}

impl<AccountId> Channel<AccountId> {
    /// What is still on hold, in units.
    pub fn left(&self) -> Balance {
        self.deposit.saturating_sub(self.claimed)
    }
}

/// A voucher, and how much of it the operator takes now.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Claim {
    /// The channel it draws on.
    pub channel: ChannelId,
    /// The most that may have been taken since the channel was opened, in units.
    pub cumulative: Balance,
    /// The last block in which the voucher may be claimed.
    pub expires: BlockNumber,
    /// The channel's signer's signature over the voucher; nothing for a one-off payment, and only there.
    pub signature: Option<Signature>,
    /// What is taken now, in units.
    pub amount: Balance,
}

/// A settlement whose fee has just reached the pot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<AccountId> {
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Who served the answers.
    pub operator: AccountId,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch of transcripts.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees together, in units.
    pub total_fee: Balance,
}

/// Who divides the fees: the attribution pallet.
pub trait OnSettlement<AccountId> {
    /// The account that receives the fees.
    fn pot() -> AccountId;

    /// Takes charge of a fee that is in the pot already, and returns the settlement's id with how many
    /// contributions it had to take note of: that is what it costs. There are at most
    /// [`MAX_SHARES`](openledger_primitives::shares::MAX_SHARES) of them. An error undoes the whole settlement.
    fn on_settlement(settled: Settled<AccountId>) -> Result<(SettlementId, u32), DispatchError>;
}
