//! Weights of `frame_system`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
	/// `b` is in `[0, 3932160]`.
	fn remark(b: u32) -> Weight {
		// At the least 5_601_000 ps.
		Weight::from_parts(131_081_179, 0)
			// Standard error: 5
			.saturating_add(Weight::from_parts(499, 0).saturating_mul(b.into()))
	}
	/// `b` is in `[0, 3932160]`.
	fn remark_with_event(b: u32) -> Weight {
		// At the least 12_514_000 ps.
		Weight::from_parts(28_079_191, 0)
			// Standard error: 5
			.saturating_add(Weight::from_parts(1_837, 0).saturating_mul(b.into()))
	}
	/// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	/// Proof: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
	fn set_heap_pages() -> Weight {
		// At the least 9_367_000 ps.
		Weight::from_parts(11_552_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Migrations::Cursor` (r:1 w:0)
	/// Proof: `Migrations::Cursor` (`max_values`: Some(1), `max_size`: Some(1036), added: 1531, mode: `MaxEncodedLen`)
	/// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	/// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn set_code() -> Weight {
		// At the least 152_437_987_000 ps.
		Weight::from_parts(158_744_072_000, 2521)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// `i` is in `[0, 1000]`.
	fn set_storage(i: u32) -> Weight {
		// At the least 5_751_000 ps.
		Weight::from_parts(25_152_445, 0)
			// Standard error: 14_417
			.saturating_add(Weight::from_parts(1_464_503, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// `i` is in `[0, 1000]`.
	fn kill_storage(i: u32) -> Weight {
		// At the least 5_521_000 ps.
		Weight::from_parts(13_298_943, 0)
			// Standard error: 15_065
			.saturating_add(Weight::from_parts(1_180_341, 0).saturating_mul(i.into()))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
	}
	/// Storage: `Skipped::Metadata` (r:0 w:0)
	/// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
	/// `p` is in `[0, 1000]`.
	fn kill_prefix(p: u32) -> Weight {
		// At the least 10_058_000 ps.
		Weight::from_parts(10_420_000, 68)
			// Standard error: 27_222
			.saturating_add(Weight::from_parts(2_556_038, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
			.saturating_add(Weight::from_parts(0, 70).saturating_mul(p.into()))
	}
	/// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
	/// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	fn authorize_upgrade() -> Weight {
		// At the least 34_314_000 ps.
		Weight::from_parts(47_719_000, 0)
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
	/// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Migrations::Cursor` (r:1 w:0)
	/// Proof: `Migrations::Cursor` (`max_values`: Some(1), `max_size`: Some(1036), added: 1531, mode: `MaxEncodedLen`)
	/// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	/// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
	fn apply_authorized_upgrade() -> Weight {
		// At the least 163_172_429_000 ps.
		Weight::from_parts(237_087_070_000, 2521)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
}
