//! What is stored about datanets, contributions and versions.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use openledger_primitives::{
    licence::Licence, shares::MAX_SHARES, Balance, BlockNumber, ContentId, ContributionId,
    DatanetId, VersionNumber, H256, PPM,
};
use scale_info::TypeInfo;

/// The longest name of a datanet and label of a contribution, in bytes.
pub const MAX_NAME: u32 = 64;
/// The longest description of a datanet, in bytes.
pub const MAX_METADATA: u32 = 256;
/// The most curators of one datanet.
pub const MAX_CURATORS: u32 = 16;
/// The most siblings in a Merkle proof: a contribution has fewer than 2^32 records.
pub const MAX_PROOF: u32 = 32;
/// The most contributions in one version: as many as one share vector can name.
pub const MAX_CONTRIBUTIONS: u32 = MAX_SHARES;

/// A datanet's name, or a contribution's label, for people.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// A datanet's description, for people: a text or a link.
pub type Metadata = BoundedVec<u8, ConstU32<MAX_METADATA>>;
/// A datanet's curators, ascending, each once.
pub type Curators<AccountId> = BoundedVec<AccountId, ConstU32<MAX_CURATORS>>;
/// The siblings from a record's leaf upwards, as `openledger_primitives::merkle` has them.
pub type MerkleProof = BoundedVec<H256, ConstU32<MAX_PROOF>>;
/// Contributions, ascending, each once.
pub type ContributionIds = BoundedVec<ContributionId, ConstU32<MAX_CONTRIBUTIONS>>;

/// Who may contribute, and who decides about it.
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
pub enum Policy {
    /// Everybody.
    Open,
    /// The accounts that the owner allowed.
    AllowList,
    /// Everybody; more than half of the curators decide what gets in, where otherwise one does.
    Vote,
}

/// A community-owned dataset for one domain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Datanet<AccountId, Ticket> {
    /// Who sets its terms and spends from its treasury.
    pub owner: AccountId,
    /// Its name, for people; need not be unique.
    pub name: Name,
    /// Its description, for people.
    pub metadata: Metadata,
    /// The terms of its next version.
    pub licence: Licence,
    /// How often its terms changed, or consent to a published version was withdrawn.
    pub consent_epoch: u32,
    /// Who may contribute, and who decides about it.
    pub policy: Policy,
    /// Who reviews contributions; ascending, each once.
    pub curators: Curators<AccountId>,
    /// The owner's storage deposit.
    pub deposit: Ticket,
    /// Its newest version; zero while there is none.
    pub latest_version: VersionNumber,
    /// The newest version that lists a voided contribution: neither it nor an older one may be trained
    /// on any more. Zero while there is none.
    pub tainted: VersionNumber,
}

/// Why a curator rejects a contribution.
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
pub enum RejectReason {
    /// The bytes are not what was declared: content id, root, counts or form.
    Malformed,
    /// The records are in the datanet already.
    Duplicate,
    /// The records belong elsewhere.
    OffTopic,
    /// The records teach nothing.
    LowQuality,
    /// The contributor has no right to give them.
    Unlicensed,
    /// The records do harm.
    Harmful,
}

/// A curator's decision.
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
pub enum Verdict {
    /// It belongs into the next version.
    Accept,
    /// It does not, for this reason.
    Reject(RejectReason),
}

/// What curators voted about one contribution, in the order they did; each curator once.
pub type VoteList<AccountId> = BoundedVec<(AccountId, Verdict), ConstU32<MAX_CURATORS>>;

/// Where a contribution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Status {
    /// Waiting for a curator.
    Pending {
        /// The last block in which it may be reviewed.
        until: BlockNumber,
    },
    /// In every version from the next on.
    Accepted,
    /// Turned down.
    Rejected {
        /// Why.
        reason: RejectReason,
        /// The last block in which its contributor may appeal; none once it did.
        appeal_until: Option<BlockNumber>,
    },
    /// No curator reviewed it in time.
    Lapsed,
    /// Taken back by its contributor. In versions published before, it stays and earns. The licence of
    /// the newest one says for whom.
    Withdrawn,
    /// Proven to repeat a record of an earlier contribution. What it earns in versions published before
    /// is its datanet's.
    Voided {
        /// The earlier one.
        by: ContributionId,
    },
}

impl Status {
    /// Whether it is in the datanet or may get there: then, and only then, a deposit is held.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Pending { .. } | Self::Accepted)
    }
}

/// An account's place on a datanet's allow list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Allowance<AccountId, Ticket> {
    /// Who paid the deposit, and gets it back: whoever owned the datanet when the account was allowed.
    pub payer: AccountId,
    /// The storage deposit.
    pub ticket: Ticket,
}

/// An appeal of a rejected contribution.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Appeal {
    /// On hold of the contributor's, in units.
    pub bond: Balance,
    /// The last block in which it may be resolved.
    pub until: BlockNumber,
}

/// One submission of records by one account to one datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Contribution<AccountId, Ticket> {
    /// The datanet it was made to.
    pub datanet: DatanetId,
    /// Who made it.
    pub contributor: AccountId,
    /// Who is paid for it.
    pub payee: AccountId,
    /// Merkle root over its record hashes, in order.
    pub root: H256,
    /// Where its bytes are found.
    pub content: ContentId,
    /// How many records.
    pub records: u32,
    /// How many bytes.
    pub bytes: u64,
    /// A label for people.
    pub label: Name,
    /// Where it stands.
    pub status: Status,
    /// The block it was made in.
    pub submitted: BlockNumber,
    /// The contributor's storage deposit, while it is pending or accepted.
    pub ticket: Option<Ticket>,
    /// On hold of the contributor's for whoever proves it a duplicate, in units; zero once it is neither
    /// pending nor accepted.
    pub bond: Balance,
    /// The newest version that lists it, set when it is withdrawn or voided; zero where none does.
    pub last_version: VersionNumber,
}

impl<AccountId, Ticket> Contribution<AccountId, Ticket> {
    /// Whether its records are in the datanet, may get there, or are in a version: then it may be, and
    /// have, a duplicate.
    pub fn stands(&self) -> bool {
        self.status.is_live() || (self.status == Status::Withdrawn && self.last_version > 0)
    }
}

/// An immutable snapshot of a datanet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Version {
    /// Merkle root over `blake2b_256(SCALE((contribution, root)))`, in order.
    pub root: H256,
    /// What is in it; ascending.
    pub contributions: ContributionIds,
    /// Their records together.
    pub records: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// The terms under which it was published.
    pub licence: Licence,
    /// The datanet's consent epoch at that time.
    pub consent_epoch: u32,
    /// The block it was published in.
    pub published: BlockNumber,
}

/// Whether `licence` makes sense: a share of at most the whole, and a price that is zero or that an
/// empty treasury can receive.
pub(crate) fn is_valid(licence: &Licence, minimum_balance: Balance) -> bool {
    licence.min_data_share <= PPM
        && (licence.training_price == 0 || licence.training_price >= minimum_balance)
}
