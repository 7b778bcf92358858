//! Weights of `pallet_multisig`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_multisig::WeightInfo for WeightInfo<T> {
	/// `z` is in `[0, 10000]`.
	fn as_multi_threshold_1(z: u32) -> Weight {
		// At the least 101_961_000 ps.
		Weight::from_parts(138_365_289, 0)
			// Standard error: 213
			.saturating_add(Weight::from_parts(8_139, 0).saturating_mul(z.into()))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	/// `z` is in `[0, 10000]`.
	fn as_multi_create(s: u32, z: u32) -> Weight {
		// At the least 135_924_000 ps.
		Weight::from_parts(46_752_748, 6811)
			// Standard error: 18_254
			.saturating_add(Weight::from_parts(1_428_705, 0).saturating_mul(s.into()))
			// Standard error: 178
			.saturating_add(Weight::from_parts(10_476, 0).saturating_mul(z.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[3, 100]`.
	/// `z` is in `[0, 10000]`.
	fn as_multi_approve(s: u32, z: u32) -> Weight {
		// At the least 108_082_000 ps.
		Weight::from_parts(71_079_712, 6811)
			// Standard error: 26_294
			.saturating_add(Weight::from_parts(729_584, 0).saturating_mul(s.into()))
			// Standard error: 257
			.saturating_add(Weight::from_parts(10_197, 0).saturating_mul(z.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	/// `z` is in `[0, 10000]`.
	fn as_multi_complete(s: u32, z: u32) -> Weight {
		// At the least 133_751_000 ps.
		Weight::from_parts(162_481_520, 6811)
			// Standard error: 42_685
			.saturating_add(Weight::from_parts(45_143, 0).saturating_mul(s.into()))
			// Standard error: 418
			.saturating_add(Weight::from_parts(7_922, 0).saturating_mul(z.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	fn approve_as_multi_create(s: u32) -> Weight {
		// At the least 52_157_000 ps.
		Weight::from_parts(68_866_024, 6811)
			// Standard error: 15_979
			.saturating_add(Weight::from_parts(769_940, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	fn approve_as_multi_approve(s: u32) -> Weight {
		// At the least 32_631_000 ps.
		Weight::from_parts(53_311_099, 6811)
			// Standard error: 10_258
			.saturating_add(Weight::from_parts(540_323, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	fn cancel_as_multi(s: u32) -> Weight {
		// At the least 54_532_000 ps.
		Weight::from_parts(86_920_486, 6811)
			// Standard error: 20_090
			.saturating_add(Weight::from_parts(640_738, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Multisig::Multisigs` (r:1 w:1)
	/// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
	/// `s` is in `[2, 100]`.
	fn poke_deposit(s: u32) -> Weight {
		// At the least 47_860_000 ps.
		Weight::from_parts(64_328_016, 6811)
			// Standard error: 12_564
			.saturating_add(Weight::from_parts(435_393, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
}
