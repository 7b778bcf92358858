mod bond_more;
mod genesis;
mod invariants;
mod register;
mod set_metadata;
mod set_worker;
mod slash;
mod unbond;
mod withdraw_unbonded;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use Role::{Attributor, Curator, Operator};

const ROLES: [Role; 3] = [Operator, Attributor, Curator];

fn register(n: u8, role: Role, bond: Balance) -> DispatchResult {
    send(n, Call::register { role, bond, metadata: Metadata::new() })
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
    send(n, Call::set_worker { worker: worker.map(account) })
}

fn stored(n: u8, role: Role) -> Provider {
    Pallet::<Test>::provider(role, account(n)).expect("registered")
}

fn active(n: u8, role: Role) -> bool {
    Pallet::<Test>::is_active(role, &account(n))
}
