//! Calls of `pallet-providers`.

use openledger_primitives::{attribution::worker_consent, signature::Signer, H256, UNIT};
use openledger_runtime::{AccountId, Providers, Runtime};
use pallet_providers::{Consent, Metadata, Provider, Role};

use super::{from_block, one, Step, World};
use crate::{
    accounts::{sign, users, workers},
    arguments::Arguments,
};

type Call = pallet_providers::Call<Runtime>;

/// The least bond, in units.
const LEAST: u128 = 1_000 * UNIT;

/// Who has a role, ascending.
pub fn those(role: Role) -> Vec<AccountId> {
    let mut all: Vec<_> =
        pallet_providers::Providers::<Runtime>::iter_prefix(role).map(|(who, _)| who).collect();
    all.sort_unstable();
    all
}

fn role(a: &mut Arguments) -> Role {
    a.pick(&[Role::Attributor, Role::Operator, Role::Curator]).unwrap_or(Role::Attributor)
}

/// A role, somebody who has it, and as what.
fn provider(a: &mut Arguments) -> (Role, AccountId, Option<Provider>) {
    let role = role(a);
    let right = a.pick(&those(role));
    let who = a.caller(right);
    (role, who.clone(), Providers::provider(role, who))
}

pub fn register(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let role = role(a);
    let bond = a.amount(2 * LEAST);
    one(a.anyone(), Call::register { role, bond, metadata: metadata(a) })
}

fn metadata(a: &mut Arguments) -> Metadata {
    Metadata {
        region: vec![b'a'; usize::from(a.byte() % 32)].try_into().expect("short"),
        ..Default::default()
    }
}

pub fn bond_more(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let (role, who, _) = provider(a);
    one(who, Call::bond_more { role, amount: a.amount(LEAST) })
}

pub fn unbond(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let (role, who, provider) = provider(a);
    let bond = provider.map_or(0, |provider| provider.bond);
    let near = match a.byte() {
        0..=127 => bond.saturating_sub(LEAST),
        _ => bond,
    };
    one(who, Call::unbond { role, amount: a.amount(near) })
}

pub fn withdraw_unbonded(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let mut leaving: Vec<_> = pallet_providers::Providers::<Runtime>::iter()
        .filter_map(|(role, who, provider)| Some((role, who, provider.unbonding?.1)))
        .collect();
    leaving.sort_unstable();
    let Some((role, who, until)) = a.pick(&leaving) else {
        return one(a.anyone(), Call::withdraw_unbonded { role: role(a) });
    };
    let until = if a.rarely() { 0 } else { until };
    from_block(until, a.caller(Some(who)), Call::withdraw_unbonded { role })
}

pub fn set_metadata(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let (role, who, _) = provider(a);
    one(who, Call::set_metadata { role, metadata: metadata(a) })
}

/// That it is there: by a heartbeat, or as an operator by its ledger.
pub fn presence(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let (role, who, _) = provider(a);
    match a.byte() {
        0..=127 => one(who, Call::heartbeat { role }),
        byte => one(who, Call::set_ledger { ledger: H256::repeat_byte(byte) }),
    }
}

pub fn set_worker(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let right = a.pick(&those(Role::Attributor));
    let who = a.caller(right);
    let own = users().iter().position(|key| key.account == who).unwrap_or_default();
    let worker = match a.byte() {
        0..=191 => Some(own),
        192..=223 => None,
        byte => Some(usize::from(byte) % workers().len()),
    };
    let consenting = if a.rarely() { a.user() } else { who.clone() };
    one(who, set_worker_call(worker, &consenting))
}

/// With the consent of a worker to serve `attributor`.
pub fn set_worker_call(worker: Option<usize>, attributor: &AccountId) -> Call {
    let worker = worker.and_then(|at| {
        let worker = workers()[at].account.clone();
        let consent = worker_consent(&pallet_common::genesis::<Runtime>(), attributor.as_ref());
        let signature = sign(&Signer::Account(worker.clone()), &consent, false)?;
        Some(Consent { worker, signature })
    });
    Call::set_worker { worker }
}
