//! Money outside the product pallets: accounts that run dry, die, or have locked funds.

use openledger_primitives::UNIT;
use openledger_runtime::{Balances, Runtime, System};
use pallet_vesting::VestingInfo;

use super::{one, Step, World};
use crate::arguments::Arguments;

pub fn transfer(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    type Call = pallet_balances::Call<Runtime>;

    let who = a.anyone();
    let dest = a.receiver().into();
    let near = if a.rarely() { Balances::free_balance(&who) } else { UNIT };
    let value = a.amount(near);
    let call = match a.byte() {
        0..=159 => Call::transfer_keep_alive { dest, value },
        160..=223 => Call::transfer_allow_death { dest, value },
        _ => Call::transfer_all { dest, keep_alive: a.byte() < 128 },
    };
    one(who, call)
}

/// Gives somebody money that it cannot spend yet.
pub fn lock(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let target = a.receiver().into();
    let locked = a.amount(1_000 * UNIT);
    let per_block = a.amount(UNIT);
    let starting_block = System::block_number() + u32::from(a.byte());
    let schedule = VestingInfo::new(locked, per_block, starting_block);
    one(a.anyone(), pallet_vesting::Call::<Runtime>::vested_transfer { target, schedule })
}

pub fn vest(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    one(a.anyone(), pallet_vesting::Call::<Runtime>::vest {})
}
