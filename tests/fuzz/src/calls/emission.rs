//! The ecosystem's emission; governance sets its weights.

use frame_support::traits::Get;
use openledger_runtime::{BlockNumber, Runtime};

use super::{from_block, Step, World};
use crate::arguments::Arguments;

pub fn drip(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let who = a.user();
    let period: BlockNumber = <<Runtime as pallet_emission::Config>::Period as Get<_>>::get();
    let due = pallet_emission::LastDrip::<Runtime>::get().saturating_add(period);
    from_block(due, who, pallet_emission::Call::<Runtime>::drip {})
}
