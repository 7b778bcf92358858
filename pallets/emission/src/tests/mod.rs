//! One file for each call, one for what settlements draw, and one for what must hold whatever is called.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError::BadOrigin;

mod draw;
mod drip;
mod invariants;
mod set_weight;
