//! What is stored about models.

use alloc::{vec, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
    Balance, BlockNumber, ContentId, DatanetId, ModelId, ModelVersion, VersionNumber, H256,
};
use scale_info::TypeInfo;

/// The longest name of a model, in bytes.
pub const MAX_NAME: u32 = 64;
/// The most datanet versions that one model version is trained on.
pub const MAX_DATANETS: u32 = 8;
/// The most steps from a model up to its base.
pub const MAX_DEPTH: u8 = 8;
/// The most adapters that one adapter is derived from or merged of.
pub const MAX_PARENTS: u32 = 4;
/// The most models in a lineage, the model itself and its base included.
pub const MAX_LINEAGE: u32 = 64;
/// The most bytes of an artefact, and of an index: 16 TiB.
pub const MAX_SIZE: u64 = 1 << 44;

/// A model's name, for people.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// Datanet versions; ascending, each once.
pub type TrainedOn = BoundedVec<(DatanetId, VersionNumber), ConstU32<MAX_DATANETS>>;

/// The adapters that an adapter derives from; ascending, each once.
pub type Parents = BoundedVec<ModelId, ConstU32<MAX_PARENTS>>;

/// What a model is made of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Kind {
    /// A whole checkpoint.
    Base,
    /// A low-rank change to one.
    Adapter {
        /// The base model it changes.
        base: ModelId,
        /// The adapter that its training started from, or those that it was merged of; none where it
        /// was trained from the base.
        parents: Parents,
    },
}

impl Kind {
    /// The models that one of this kind derives from, and passes royalties to: its parents, or else its
    /// base.
    pub fn derives_from(&self) -> Vec<ModelId> {
        match self {
            Self::Base => Vec::new(),
            Self::Adapter { base, parents } if parents.is_empty() => vec![*base],
            Self::Adapter { parents, .. } => parents.to_vec(),
        }
    }
}

/// One model of a lineage.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Ancestor<AccountId> {
    /// The model.
    pub model: ModelId,
    /// Its owner.
    pub owner: AccountId,
    /// The models that it derives from, ascending: its parents, or else its base; none of a base.
    pub parents: Vec<ModelId>,
}

/// What the licences of all data behind a model allow, its ancestors' data included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Terms {
    /// Its answers may be sold.
    pub commercial: bool,
    /// Adapters may be derived from it.
    pub derivatives: bool,
}

impl Terms {
    /// Everything allowed.
    pub const OPEN: Self = Self { commercial: true, derivatives: true };

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        Self {
            commercial: self.commercial && other.commercial,
            derivatives: self.derivatives && other.derivatives,
        }
    }
}

/// A base model or an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Model<AccountId, Ticket> {
    /// Who sets its prices and earns the owner's part.
    pub owner: AccountId,
    /// What it is made of.
    pub kind: Kind,
    /// Its name, for people; need not be unique.
    pub name: Name,
    /// Its newest version.
    pub latest: ModelVersion,
    /// Units per 1,000 tokens of a prompt, as long as no [`PendingPrice`] holds.
    pub price_in: Balance,
    /// Units per 1,000 tokens of an answer, as long as no [`PendingPrice`] holds.
    pub price_out: Balance,
    /// Whether it takes no more settlements, versions and descendants.
    pub deprecated: bool,
    /// The most steps up to its base: 0 for a base.
    pub depth: u8,
    /// What the licences of all data behind it allow.
    pub terms: Terms,
    /// The owner's storage deposit.
    pub ticket: Ticket,
}

/// What answers cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Prices {
    /// Units per 1,000 tokens of a prompt.
    pub price_in: Balance,
    /// Units per 1,000 tokens of an answer.
    pub price_out: Balance,
}

/// Prices of which notice was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PendingPrice {
    /// The prices.
    pub prices: Prices,
    /// The first block in which they hold.
    pub from: BlockNumber,
}

/// An attribution index: what tells whose data made an answer likely.
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
pub struct IndexInfo {
    /// Where its bytes are found.
    pub content: ContentId,
    /// Merkle root over its blocks.
    pub root: H256,
    /// The identity of the method that built it.
    pub method: H256,
    /// Blocks of 256 elements in one vector; 1 to 1,048,576.
    pub blocks: u32,
    /// Vectors of each contribution; 1 to 8, and at most 4,096 of all contributions.
    pub variants: u8,
    /// Where the list of the trace index over the same contributions is found; without one, shares
    /// follow influence alone.
    pub trace: Option<ContentId>,
    /// How many bytes whoever uses it has to fetch: the index, and the files of the trace index. 1 to
    /// [`MAX_SIZE`]; 0 where it was registered before sizes were.
    pub size: u64,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ModelVersionInfo {
    /// Of a base: the content id of its manifest. Of an adapter: of its `adapter_model.safetensors`.
    pub artefact: ContentId,
    /// The content id of its `config.json` or `adapter_config.json`.
    pub config: ContentId,
    /// How many bytes its files have together, the manifest of a base included. Whoever fetches it
    /// compares this with its own limit first, and stops when there are more. 1 to [`MAX_SIZE`]; 0 where
    /// it was registered before sizes were.
    pub size: u64,
    /// The datanet versions it was trained on.
    pub trained_on: TrainedOn,
    /// Its attribution index; without one, its answers cannot be settled.
    pub index: Option<IndexInfo>,
    /// The block it was registered in.
    pub registered: BlockNumber,
}
