//! Calls of `pallet-datanets`.

use openledger_primitives::{
    hashing::content_id,
    licence::{Licence, WithdrawnRoyalties},
    merkle, ContributionId, DatanetId, H256, UNIT,
};
use openledger_runtime::{units::HOURS, AccountId, Balances, Datanets, Runtime, System};
use pallet_datanets::{ContributionOf, Contributions, Policy, RejectReason, Status, Verdict};

use super::{from_block, one, Step, World};
use crate::arguments::Arguments;

type Call = pallet_datanets::Call<Runtime>;

/// The different contributions that there are.
const BLOBS: u8 = 32;

/// The record hashes of a contribution: one to three, the first of which is in its neighbour as well.
fn records(blob: u8) -> Vec<H256> {
    let first = blob / 2;
    (first..=first + blob % 3).map(|record| content_id(&[record])).collect()
}

fn root_of(blob: u8) -> H256 {
    merkle::root(&records(blob))
}

fn blob_of(root: &H256) -> Option<u8> {
    (0..BLOBS).find(|blob| root_of(*blob) == *root)
}

/// All datanets, ascending.
pub fn all() -> Vec<DatanetId> {
    (0..pallet_datanets::NextDatanetId::<Runtime>::get()).collect()
}

fn owner(datanet: DatanetId) -> Option<AccountId> {
    pallet_datanets::Datanets::<Runtime>::get(datanet).map(|datanet| datanet.owner)
}

/// Contributions that are in some way, ascending.
fn such(is: impl Fn(&ContributionOf<Runtime>) -> bool) -> Vec<ContributionId> {
    let mut ids: Vec<_> = Contributions::<Runtime>::iter()
        .filter(|(_, contribution)| is(contribution))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids
}

fn contribution(id: ContributionId) -> Option<ContributionOf<Runtime>> {
    Contributions::<Runtime>::get(id)
}

fn contributor(id: ContributionId) -> Option<AccountId> {
    contribution(id).map(|contribution| contribution.contributor)
}

pub fn create(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let owner = a.anyone();
    let licence = licence(a);
    let policy = a.pick(&[Policy::Open, Policy::Vote, Policy::AllowList]).unwrap_or(Policy::Open);
    let mut curators = a.some_users();
    curators.push(owner.clone());
    one(owner, create_call(a.name(), licence, policy, curators))
}

pub fn create_call(
    name: Vec<u8>,
    licence: Licence,
    policy: Policy,
    curators: Vec<AccountId>,
) -> Call {
    Call::create {
        name: name.try_into().expect("short"),
        metadata: Default::default(),
        licence,
        policy,
        curators: curators.try_into().expect("few"),
    }
}

fn licence(a: &mut Arguments) -> Licence {
    let bits = a.byte();
    let is = |bit: u8| bits & bit != 0;
    Licence {
        training: !(is(1) && is(2) && is(4)),
        evaluation: true,
        retrieval: true,
        commercial: !(is(1) && is(2)),
        derivatives: !(is(1) && is(4)),
        min_data_share: a.ppm(),
        training_price: if is(8) { a.amount(UNIT) } else { 0 },
        expires: is(16).then(|| System::block_number() + HOURS),
        revocable: is(32),
        withdrawn: match is(64) {
            true => WithdrawnRoyalties::Redirect,
            false => WithdrawnRoyalties::Continue,
        },
    }
}

pub fn set_curators(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let who = a.caller(owner(datanet));
    let mut curators = a.some_users();
    curators.push(who.clone());
    one(who, Call::set_curators { datanet, curators: curators.try_into().expect("few") })
}

pub fn set_licence(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let who = a.caller(owner(datanet));
    one(who, Call::set_licence { datanet, licence: licence(a) })
}

pub fn allow(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let allowed = !a.rarely();
    let who = a.user();
    one(a.caller(owner(datanet)), Call::allow { datanet, who, allowed })
}

pub fn contribute(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let blob = a.byte();
    let declared = if a.rarely() { Some(a.byte()) } else { None };
    one(a.anyone(), contribute_call(datanet, blob, declared))
}

/// `declared` records instead of as many as there are.
pub fn contribute_call(datanet: DatanetId, blob: u8, declared: Option<u8>) -> Call {
    let blob = blob % BLOBS;
    Call::contribute {
        datanet,
        root: root_of(blob),
        content: content_id(&[blob, 1]),
        records: declared.map_or(records(blob).len() as u32, u32::from),
        bytes: 1_000,
        label: Default::default(),
    }
}

pub fn review(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let pending = such(|stored| matches!(stored.status, Status::Pending { .. }));
    let id = a.id(&pending);
    let verdict = match a.byte() {
        0..=159 => Verdict::Accept,
        160..=207 => Verdict::Reject(RejectReason::OffTopic),
        _ => Verdict::Reject(RejectReason::Duplicate),
    };
    let curators = contribution(id)
        .and_then(|stored| pallet_datanets::Datanets::<Runtime>::get(stored.datanet))
        .map(|datanet| datanet.curators.into_inner())
        .unwrap_or_default();
    let curator = a.pick(&curators);
    one(a.caller(curator), Call::review { contribution: id, verdict })
}

pub fn lapse(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|stored| matches!(stored.status, Status::Pending { .. })));
    let after = match contribution(id).map(|stored| stored.status) {
        Some(Status::Pending { until }) if !a.rarely() => until.saturating_add(1),
        _ => 0,
    };
    from_block(after, a.anyone(), Call::lapse { contribution: id })
}

pub fn withdraw(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&such(|stored| stored.status.is_live()));
    one(a.caller(contributor(id)), Call::withdraw { contribution: id })
}

pub fn publish(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    one(a.caller(owner(datanet)), Call::publish { datanet })
}

pub fn spend(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let amount = a.amount(Balances::free_balance(Datanets::treasury(datanet)));
    let dest = a.receiver();
    one(a.caller(owner(datanet)), Call::spend { datanet, dest, amount })
}

pub fn transfer_ownership(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&all());
    let new_owner = a.user();
    one(a.caller(owner(datanet)), Call::transfer_ownership { datanet, new_owner })
}

pub fn accept_ownership(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut offered: Vec<_> = pallet_datanets::PendingOwners::<Runtime>::iter_keys().collect();
    offered.sort_unstable();
    let datanet = a.id(&offered);
    let to = pallet_datanets::PendingOwners::<Runtime>::get(datanet);
    one(a.caller(to), Call::accept_ownership { datanet })
}

pub fn transfer_payout(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let contribution = a.id(&such(|_| true));
    let to = a.user();
    let payee = Datanets::payout_account(contribution);
    one(a.caller(payee), Call::transfer_payout { contribution, to })
}

pub fn accept_payout(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut offered: Vec<_> = pallet_datanets::PendingPayees::<Runtime>::iter_keys().collect();
    offered.sort_unstable();
    let contribution = a.id(&offered);
    let to = pallet_datanets::PendingPayees::<Runtime>::get(contribution);
    one(a.caller(to), Call::accept_payout { contribution })
}

/// Two contributions that have a record in common, where there are such.
pub fn prove_duplicate(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let standing: Vec<_> = such(|stored| stored.stands())
        .into_iter()
        .filter_map(|id| Some((id, blob_of(&contribution(id)?.root)?)))
        .collect();
    let common = |(_, x): &(u32, u8), (_, y): &(u32, u8)| {
        records(*x).into_iter().find(|record| records(*y).contains(record))
    };
    let mut pairs = Vec::new();
    for (at, later) in standing.iter().enumerate() {
        for earlier in &standing[..at] {
            if let Some(record) = common(earlier, later) {
                pairs.push((*earlier, *later, record));
            }
        }
    }
    let ids = such(|_| true);
    let any = ((a.id(&ids), a.byte() % BLOBS), (a.id(&ids), a.byte() % BLOBS), H256::zero());
    let ((earlier, x), (later, y), record) = match a.pick(&pairs) {
        Some(pair) if !a.rarely() => pair,
        _ => any,
    };
    let shown = |blob: u8| {
        let all = records(blob);
        let index = all.iter().position(|each| *each == record).unwrap_or_default() as u32;
        (index, merkle::proof(&all, index.into()).unwrap_or_default())
    };
    let (earlier_index, earlier_proof) = shown(x);
    let (mut later_index, later_proof) = shown(y);
    if a.rarely() {
        later_index ^= 1;
    }
    let call = Call::prove_duplicate {
        earlier,
        later,
        record,
        earlier_index,
        earlier_proof: earlier_proof.try_into().expect("short"),
        later_index,
        later_proof: later_proof.try_into().expect("short"),
    };
    one(a.anyone(), call)
}

pub fn appeal(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let rejected = such(|stored| {
        matches!(stored.status, Status::Rejected { appeal_until: Some(last), .. }
            if last >= System::block_number())
    });
    let id = a.id(&rejected);
    one(a.caller(contributor(id)), Call::appeal { contribution: id })
}

/// The appeals that are open, ascending.
pub fn appeals() -> Vec<ContributionId> {
    let mut ids: Vec<_> = pallet_datanets::Appeals::<Runtime>::iter_keys().collect();
    ids.sort_unstable();
    ids
}

pub fn lapse_appeal(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let id = a.id(&appeals());
    let after = match pallet_datanets::Appeals::<Runtime>::get(id) {
        Some(appeal) if !a.rarely() => appeal.until.saturating_add(1),
        _ => 0,
    };
    from_block(after, a.anyone(), Call::lapse_appeal { contribution: id })
}
