//! What is read from the chain: of each stored value, the fields that OpenLedger's programs look at, found by name.
//! [`Static`] holds types of the protocol, whose SCALE encoding is part of it.

use openledger_primitives::{
    licence::Licence, reads::Phase, shares::ShareVector, signature::Signer, split::Split,
    split::SplitParameters, Balance, BlockNumber, ContentId, ContributionId, DatanetId, ModelId,
    ModelVersion, Ppm, VersionNumber, H256,
};
use serde::{Deserialize, Serialize};
use subxt::ext::scale_decode::DecodeAsType;
pub use subxt::utils::Static;

use crate::AccountId;

/// What a provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Serves answers.
    Operator,
    /// Computes attributions.
    Attributor,
    /// Reviews contributions.
    Curator,
}

/// An account's balances, in units.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Account {
    /// Transactions it has sent.
    pub nonce: u32,
    /// Its balances.
    pub data: Balances,
}

/// See [`Account`].
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Balances {
    /// Free.
    pub free: Balance,
    /// On hold: bonds, deposits, channels.
    pub reserved: Balance,
}

/// One account in one role.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Provider {
    /// At stake, in units.
    pub bond: Balance,
    /// Leaving, in units, and from which block.
    pub unbonding: Option<(Balance, BlockNumber)>,
    /// Its description of itself.
    pub metadata: Metadata,
    /// The block it registered in.
    pub since: BlockNumber,
}

/// A provider's description of itself: texts, or empty.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Metadata {
    /// Where to reach it.
    pub endpoint: Vec<u8>,
    /// Where it is.
    pub region: Vec<u8>,
    /// On what it works.
    pub hardware: Vec<u8>,
}

/// Who may contribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum Policy {
    /// Everybody.
    Open,
    /// Those on the list.
    AllowList,
    /// Everybody; more than half of the curators decide what gets in.
    Vote,
}

/// A datanet.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Datanet {
    /// Its owner.
    pub owner: AccountId,
    /// Its name.
    pub name: Vec<u8>,
    /// Its description.
    pub metadata: Vec<u8>,
    /// The terms of its next version.
    pub licence: Static<Licence>,
    /// How often its terms changed.
    pub consent_epoch: u32,
    /// Who may contribute.
    pub policy: Policy,
    /// Who reviews.
    pub curators: Vec<AccountId>,
    /// Its newest version; zero while there is none.
    pub latest_version: VersionNumber,
    /// The newest version that lists a voided contribution; zero while there is none.
    pub tainted: VersionNumber,
}

/// Where a contribution stands.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum Status {
    /// Waiting for a curator.
    Pending {
        /// The last block in which it may be reviewed.
        until: BlockNumber,
    },
    /// In every version from the next on.
    Accepted,
    /// Turned down.
    Rejected {},
    /// Not reviewed in time.
    Lapsed,
    /// Taken back.
    Withdrawn,
    /// Proven a duplicate.
    Voided {
        /// Of this one.
        by: ContributionId,
    },
}

impl Model {
    /// The model as it is in block `at`, when pending prices may hold.
    pub fn at(mut self, at: BlockNumber, pending: Option<&PendingPrice>) -> Self {
        if let Some(pending) = pending.filter(|pending| at >= pending.from) {
            self.price_in = pending.prices.price_in;
            self.price_out = pending.prices.price_out;
        }
        self
    }
}

impl Status {
    /// In lower case.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Accepted => "accepted",
            Self::Rejected {} => "rejected",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
            Self::Voided { .. } => "voided",
        }
    }
}

/// One submission of records.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Contribution {
    /// The datanet.
    pub datanet: DatanetId,
    /// Who made it.
    pub contributor: AccountId,
    /// Who is paid for it.
    pub payee: AccountId,
    /// Merkle root over its record hashes.
    pub root: H256,
    /// Content id of its blob.
    pub content: ContentId,
    /// How many records.
    pub records: u32,
    /// How many bytes.
    pub bytes: u64,
    /// A label.
    pub label: Vec<u8>,
    /// Where it stands.
    pub status: Status,
    /// The block it was made in.
    pub submitted: BlockNumber,
}

/// A snapshot of a datanet.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Version {
    /// Merkle root over its contributions.
    pub root: H256,
    /// Ascending.
    pub contributions: Vec<ContributionId>,
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// Its terms.
    pub licence: Static<Licence>,
    /// The datanet's consent epoch when it was published.
    pub consent_epoch: u32,
    /// The block it was published in.
    pub published: BlockNumber,
}

/// What a model is made of.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum Kind {
    /// A whole checkpoint.
    Base,
    /// A low-rank change to one.
    Adapter {
        /// The base.
        base: ModelId,
        /// The adapters it derives from.
        parents: Vec<ModelId>,
    },
}

/// A base model or an adapter.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Model {
    /// Its owner.
    pub owner: AccountId,
    /// What it is made of.
    pub kind: Kind,
    /// Its name.
    pub name: Vec<u8>,
    /// Its newest version.
    pub latest: ModelVersion,
    /// Units per 1,000 tokens of a prompt.
    pub price_in: Balance,
    /// Units per 1,000 tokens of an answer.
    pub price_out: Balance,
    /// Whether it is out of service.
    pub deprecated: bool,
}

/// Prices that hold from some block on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct PendingPrice {
    /// The prices.
    pub prices: Prices,
    /// The first block in which they hold.
    pub from: BlockNumber,
}

/// What answers cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Prices {
    /// Units per 1,000 tokens of a prompt.
    pub price_in: Balance,
    /// Units per 1,000 tokens of an answer.
    pub price_out: Balance,
}

/// An attribution index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, DecodeAsType, Serialize, Deserialize)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct IndexInfo {
    /// Content id of its file.
    pub content: ContentId,
    /// Merkle root over its blocks.
    pub root: H256,
    /// Id of its method.
    pub method: H256,
    /// Blocks of one vector.
    pub blocks: u32,
    /// Vectors of each contribution.
    pub variants: u8,
    /// Content id of the trace index, where there is one.
    pub trace: Option<ContentId>,
    /// Bytes of the index and of the trace index; 0 where nobody said.
    pub size: u64,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct ModelVersionInfo {
    /// Content id of a base's manifest, or of an adapter's weights.
    pub artefact: ContentId,
    /// Content id of its configuration.
    pub config: ContentId,
    /// Bytes of its files together; 0 where nobody said.
    pub size: u64,
    /// The datanet versions it was trained on.
    pub trained_on: Vec<(DatanetId, VersionNumber)>,
    /// Its attribution index.
    pub index: Option<IndexInfo>,
    /// The block it was registered in.
    pub registered: BlockNumber,
}

/// Money set aside by a payer for an operator.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Channel {
    /// Who pays.
    pub payer: AccountId,
    /// Who may be paid.
    pub operator: AccountId,
    /// Everything put in, in units.
    pub deposit: Balance,
    /// What the operator took, in units.
    pub claimed: Balance,
    /// The last block it is meant for.
    pub expires: BlockNumber,
    /// From which block the payer may close it.
    pub closing: Option<BlockNumber>,
    /// Whose signature makes vouchers.
    pub signer: Static<Signer<AccountId>>,
    /// Whose did before, and the last block in which those may be claimed.
    pub former: Option<(Static<Signer<AccountId>>, BlockNumber)>,
    /// Of a one-off payment: content id of the request that it is for.
    pub request: Option<H256>,
}

/// The rules by which one settlement is attributed.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Parameters {
    /// How the fee is divided.
    pub split: Static<SplitParameters>,
    /// The largest distance from the median at which a member is paid.
    pub tolerance: Ppm,
    /// Shares below this go to the pools.
    pub floor: Ppm,
    /// How much of what a trace explains follows the trace.
    pub trace: Ppm,
}

/// A settlement.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Settlement {
    /// The model that answered.
    pub model: ModelId,
    /// Its version.
    pub version: ModelVersion,
    /// Who served.
    pub operator: AccountId,
    /// Merkle root over the receipts' ids.
    pub receipts_root: H256,
    /// Content id of the batch.
    pub batch: ContentId,
    /// How many receipts.
    pub count: u32,
    /// Their fees, in units.
    pub total_fee: Balance,
    /// The block it was submitted in.
    pub submitted: BlockNumber,
    /// The rules by which it is attributed.
    pub parameters: Parameters,
    /// The number of its present committee, from 1.
    pub attempt: u8,
    /// The challenge of its result.
    pub challenge: Option<Challenge>,
    /// Where it stands, and what is known there.
    pub stage: Stage,
}

/// Where a settlement stands, with what is known there and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub enum Stage {
    /// It waits for a committee.
    Undrawn {
        /// The last block of the phase.
        deadline: BlockNumber,
    },
    /// The committee computes the shares and commits to them.
    Committing {
        /// Its members.
        committee: Vec<AccountId>,
        /// The last block of the phase.
        deadline: BlockNumber,
    },
    /// The committee reveals what it committed to.
    Revealing {
        /// Its members.
        committee: Vec<AccountId>,
        /// The last block of the phase.
        deadline: BlockNumber,
    },
    /// The committee found the shares, and anybody may doubt them.
    Decided {
        /// Its members.
        committee: Vec<AccountId>,
        /// What they found.
        shares: Static<ShareVector>,
        /// The last block of the phase.
        deadline: BlockNumber,
    },
    /// Over: the fee was divided by shares that a committee found.
    Finalised(Outcome),
    /// Over: no committee answered, and the data's part went to the pools.
    Fallback(Outcome),
}

/// What became of a settlement that is over.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Outcome {
    /// The block in which it ended.
    pub ended: BlockNumber,
    /// The members of the last committee that answered.
    pub committee: Vec<AccountId>,
    /// The shares by which the data's part was divided.
    pub shares: Static<ShareVector>,
    /// How the fee was divided.
    pub split: Static<Split>,
    /// What the ecosystem's emission added to the data's part, in units.
    pub emission: Balance,
}

impl Settlement {
    /// The phase.
    pub fn phase(&self) -> Phase {
        match self.stage {
            Stage::Undrawn { .. } | Stage::Committing { .. } => Phase::Committing,
            Stage::Revealing { .. } => Phase::Revealing,
            Stage::Decided { .. } => Phase::Decided,
            Stage::Finalised(_) => Phase::Finalised,
            Stage::Fallback(_) => Phase::Fallback,
        }
    }

    /// The members of the present committee, or of the last one; empty before one was drawn.
    pub fn committee(&self) -> &[AccountId] {
        match &self.stage {
            Stage::Undrawn { .. } => &[],
            Stage::Committing { committee, .. }
            | Stage::Revealing { committee, .. }
            | Stage::Decided { committee, .. }
            | Stage::Finalised(Outcome { committee, .. })
            | Stage::Fallback(Outcome { committee, .. }) => committee,
        }
    }

    /// The last block of the phase; none once it is over.
    pub fn deadline(&self) -> Option<BlockNumber> {
        match self.stage {
            Stage::Undrawn { deadline }
            | Stage::Committing { deadline, .. }
            | Stage::Revealing { deadline, .. }
            | Stage::Decided { deadline, .. } => Some(deadline),
            Stage::Finalised(_) | Stage::Fallback(_) => None,
        }
    }

    /// The shares, once a committee found them or none did.
    pub fn shares(&self) -> Option<&ShareVector> {
        match &self.stage {
            Stage::Decided { shares, .. } => Some(&shares.0),
            _ => self.outcome().map(|outcome| &outcome.shares.0),
        }
    }

    /// What became of it, once it is over.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Finalised(outcome) | Stage::Fallback(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Whether its fee was divided.
    pub fn is_over(&self) -> bool {
        self.outcome().is_some()
    }
}

/// A result that was challenged.
#[derive(Clone, Debug, PartialEq, Eq, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Challenge {
    /// Who doubts it.
    pub challenger: AccountId,
    /// What the challenger has at stake, in units.
    pub bond: Balance,
    /// The shares in doubt.
    pub shares: Static<ShareVector>,
    /// Who found them.
    pub committee: Vec<AccountId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_should_have_the_pending_price_from_its_block_on() {
        let model = Model {
            owner: AccountId::from([1; 32]),
            kind: Kind::Base,
            name: vec![],
            latest: 1,
            price_in: 1,
            price_out: 2,
            deprecated: false,
        };
        let prices = Prices { price_in: 3, price_out: 4 };
        let pending = PendingPrice { prices, from: 10 };
        let at = |block, pending: Option<&PendingPrice>| {
            let model = model.clone().at(block, pending);
            (model.price_in, model.price_out)
        };
        assert_eq!(at(9, Some(&pending)), (1, 2));
        assert_eq!(at(10, Some(&pending)), (3, 4));
        assert_eq!(at(10, None), (1, 2));
    }
}
