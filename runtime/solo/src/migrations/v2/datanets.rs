//! Licences say what becomes of royalties after a withdrawal, contributions who is paid for them, and
//! places on allow lists have a deposit.

use alloc::{vec, vec::Vec};
use codec::{Decode, Encode};
use frame_support::traits::{Consideration, Footprint};
use openledger_primitives::{
    licence::{Licence, WithdrawnRoyalties},
    ContentId, ContributionId, DatanetId, Ppm, VersionNumber, H256,
};
use pallet_datanets::{
    Allowance, Contribution, ContributionIds, Curators, Datanet, Name, Policy, RejectReason,
    Status, Version,
};

use super::{first_key, prefix, rewritten, Datanets};
use crate::{
    migrations::{Maps, Rewrite, Rewritten},
    AccountId, Balance, BlockNumber, Runtime,
};

type Ticket = <Runtime as pallet_datanets::Config>::Consideration;

/// A licence as version 1 had it.
#[derive(Decode, Encode)]
struct OldLicence {
    training: bool,
    evaluation: bool,
    retrieval: bool,
    commercial: bool,
    derivatives: bool,
    min_data_share: Ppm,
    training_price: Balance,
    expires: Option<BlockNumber>,
    revocable: bool,
}

impl From<OldLicence> for Licence {
    fn from(old: OldLicence) -> Self {
        let OldLicence {
            training,
            evaluation,
            retrieval,
            commercial,
            derivatives,
            min_data_share,
            training_price,
            expires,
            revocable,
        } = old;
        Self {
            training,
            evaluation,
            retrieval,
            commercial,
            derivatives,
            min_data_share,
            training_price,
            expires,
            revocable,
            // As it was under version 1.
            withdrawn: WithdrawnRoyalties::Continue,
        }
    }
}

/// A datanet as version 1 had it.
#[derive(Decode, Encode)]
struct OldDatanet {
    owner: AccountId,
    name: Name,
    metadata: pallet_datanets::Metadata,
    licence: OldLicence,
    consent_epoch: u32,
    policy: Policy,
    curators: Curators<AccountId>,
    deposit: Ticket,
    latest_version: VersionNumber,
}

/// A contribution's status as version 1 had it.
#[derive(Decode, Encode)]
enum OldStatus {
    Pending { until: BlockNumber },
    Accepted,
    Rejected { reason: RejectReason },
    Lapsed,
    Withdrawn,
}

impl From<OldStatus> for Status {
    fn from(old: OldStatus) -> Self {
        match old {
            OldStatus::Pending { until } => Self::Pending { until },
            OldStatus::Accepted => Self::Accepted,
            // Nobody could count on an appeal when it was rejected.
            OldStatus::Rejected { reason } => Self::Rejected { reason, appeal_until: None },
            OldStatus::Lapsed => Self::Lapsed,
            OldStatus::Withdrawn => Self::Withdrawn,
        }
    }
}

/// A contribution as version 1 had it.
#[derive(Decode, Encode)]
struct OldContribution {
    datanet: DatanetId,
    contributor: AccountId,
    root: H256,
    content: ContentId,
    records: u32,
    bytes: u64,
    label: Name,
    status: OldStatus,
    submitted: BlockNumber,
    ticket: Option<Ticket>,
}

/// A version of a datanet as version 1 of the storage had it.
#[derive(Decode, Encode)]
struct OldVersion {
    root: H256,
    contributions: ContributionIds,
    records: u64,
    bytes: u64,
    licence: OldLicence,
    consent_epoch: u32,
    published: BlockNumber,
}

impl Maps for Datanets {
    type Pallet = crate::Datanets;

    /// Versions and datanets first: the others look into them.
    fn maps() -> Vec<(Vec<u8>, Rewrite)> {
        vec![
            (prefix::<pallet_datanets::Versions<Runtime>>(), |_, value, _| version(value)),
            (prefix::<pallet_datanets::Datanets<Runtime>>(), |_, value, _| datanet(value)),
            (prefix::<pallet_datanets::Contributions<Runtime>>(), contribution),
            (prefix::<pallet_datanets::Allowed<Runtime>>(), |key, _, _| allowance(key)),
        ]
    }
}

fn version(value: &[u8]) -> Option<Rewritten> {
    rewritten(value, |old: OldVersion| {
        let OldVersion { root, contributions, records, bytes, licence, consent_epoch, published } =
            old;
        let licence = licence.into();
        Version { root, contributions, records, bytes, licence, consent_epoch, published }
    })
}

fn datanet(value: &[u8]) -> Option<Rewritten> {
    rewritten(value, |old: OldDatanet| Datanet {
        owner: old.owner,
        name: old.name,
        metadata: old.metadata,
        licence: old.licence.into(),
        consent_epoch: old.consent_epoch,
        policy: old.policy,
        curators: old.curators,
        deposit: old.deposit,
        latest_version: old.latest_version,
        tainted: 0,
    })
}

fn contribution(key: &[u8], value: &[u8], reads: &mut u64) -> Option<Rewritten> {
    let id = first_key(key)?;
    rewritten(value, |old: OldContribution| {
        let last_version = match old.status {
            OldStatus::Withdrawn => newest_with(old.datanet, id, reads),
            _ => 0,
        };
        Contribution {
            datanet: old.datanet,
            payee: old.contributor.clone(),
            contributor: old.contributor,
            root: old.root,
            content: old.content,
            records: old.records,
            bytes: old.bytes,
            label: old.label,
            status: old.status.into(),
            submitted: old.submitted,
            ticket: old.ticket,
            // Nobody gave one.
            bond: 0,
            last_version,
        }
    })
}

/// The newest version of a datanet that lists a contribution; zero where none does.
fn newest_with(datanet: DatanetId, id: ContributionId, reads: &mut u64) -> VersionNumber {
    let latest =
        pallet_datanets::Datanets::<Runtime>::get(datanet).map_or(0, |found| found.latest_version);
    let listed = |number: &VersionNumber| {
        *reads = reads.saturating_add(1);
        pallet_datanets::Versions::<Runtime>::get(datanet, number)
            .is_some_and(|version| version.contributions.binary_search(&id).is_ok())
    };
    (1..=latest).rev().find(listed).unwrap_or(0)
}

/// The owner pays the deposit now. Where it cannot, the account leaves the list, and can be allowed again.
fn allowance(key: &[u8]) -> Option<Rewritten> {
    let owner = pallet_datanets::Datanets::<Runtime>::get(first_key(key)?)?.owner;
    let footprint: Footprint = crate::Datanets::allowance_footprint();
    Some(match Ticket::new(&owner, footprint) {
        Ok(ticket) => Rewritten::Value(Allowance { payer: owner, ticket }.encode()),
        Err(_) => Rewritten::Removed,
    })
}
