mod bond_more;
mod genesis;
mod heartbeat;
mod invariants;
mod register;
mod set_ledger;
mod set_metadata;
mod set_worker;
mod slash;
mod unbond;
mod verify;
mod withdraw_unbonded;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use openledger_primitives::signature::Signature;
use Role::{Attributor, Curator, Operator};

const WORKERS: sp_core::crypto::KeyTypeId = sp_core::crypto::KeyTypeId(*b"poaw");
const ROLES: [Role; 3] = [Operator, Attributor, Curator];

fn register(n: u8, role: Role, bond: Balance) -> DispatchResult {
    send(n, Call::register { role, bond, metadata: Metadata::default() })
}

fn bond_more(n: u8, role: Role, amount: Balance) -> DispatchResult {
    send(n, Call::bond_more { role, amount })
}

fn unbond(n: u8, role: Role, amount: Balance) -> DispatchResult {
    send(n, Call::unbond { role, amount })
}

fn withdraw(n: u8, role: Role) -> DispatchResult {
    send(n, Call::withdraw_unbonded { role })
}

fn set_worker(n: u8, worker: Option<u8>) -> DispatchResult {
    send(n, Call::set_worker { worker: worker.map(|worker| consent(worker, n)) })
}

/// The sr25519 key of worker number `n`.
fn worker_key(n: u8) -> sp_core::sr25519::Public {
    let seed = format!("//worker//{n}").into_bytes();
    sp_io::crypto::sr25519_generate(WORKERS, Some(seed))
}

/// The account of worker number `n`.
fn worker(n: u8) -> sp_runtime::AccountId32 {
    worker_key(n).into()
}

/// Worker number `n` agrees to serve an attributor.
fn consent(n: u8, attributor: u8) -> Consent<sp_runtime::AccountId32> {
    let genesis = pallet_common::genesis::<Test>();
    let message = worker_consent(&genesis, account(attributor).as_ref());
    let key = worker_key(n);
    let signature = sp_io::crypto::sr25519_sign(WORKERS, &key, &message).expect("in the keystore");
    Consent { worker: key.into(), signature: Signature::Sr25519(signature.0) }
}

fn heartbeat(n: u8, role: Role) -> DispatchResult {
    send(n, Call::heartbeat { role })
}

fn stored(n: u8, role: Role) -> Provider {
    Pallet::<Test>::provider(role, account(n)).expect("registered")
}

fn active(n: u8, role: Role) -> bool {
    Pallet::<Test>::is_active(role, &account(n))
}
