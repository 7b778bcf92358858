//! One file for each call, and one for what must hold whatever is called.

use crate::{fixtures::*, mock::*, *};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_runtime::DispatchError::BadOrigin;

#[cfg(feature = "runtime-benchmarks")]
mod bounds;
mod close;
mod close_now;
mod invariants;
mod open_channel;
mod pay;
mod request_close;
mod set_signer;
mod settle;
mod top_up;
