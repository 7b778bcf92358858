//! Weights of `frame_system_extensions`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
	fn check_genesis() -> Weight {
		// At the least 3_487_000 ps.
		Weight::from_parts(4_288_000, 0)
	}
	fn check_mortality_mortal_transaction() -> Weight {
		// At the least 6_833_000 ps.
		Weight::from_parts(13_264_000, 0)
	}
	fn check_mortality_immortal_transaction() -> Weight {
		// At the least 6_662_000 ps.
		Weight::from_parts(9_117_000, 0)
	}
	fn check_non_zero_sender() -> Weight {
		// At the least 861_000 ps.
		Weight::from_parts(1_112_000, 0)
	}
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn check_nonce() -> Weight {
		// At the least 13_074_000 ps.
		Weight::from_parts(22_702_000, 3593)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	fn check_spec_version() -> Weight {
		// At the least 671_000 ps.
		Weight::from_parts(832_000, 0)
	}
	fn check_tx_version() -> Weight {
		// At the least 681_000 ps.
		Weight::from_parts(861_000, 0)
	}
	fn check_weight() -> Weight {
		// At the least 7_695_000 ps.
		Weight::from_parts(12_744_000, 0)
	}
	fn weight_reclaim() -> Weight {
		// At the least 4_629_000 ps.
		Weight::from_parts(5_801_000, 0)
	}
}
