//! Weights of `pallet_models`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_models::WeightInfo for WeightInfo<T> {
	/// Storage: `Models::NextModelId` (r:1 w:1)
	/// Proof: `Models::NextModelId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:0 w:1)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:0 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	fn register_base() -> Weight {
		// At the least 91_982_000 ps.
		Weight::from_parts(169_097_000, 3712)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `Models::Models` (r:63 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(533), added: 3008, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Datanets` (r:8 w:0)
	/// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(942), added: 3417, mode: `MaxEncodedLen`)
	/// Storage: `Models::NextModelId` (r:1 w:1)
	/// Proof: `Models::NextModelId` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:8 w:8)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:0 w:1)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// `d` is in `[1, 8]`.
	fn register_adapter(d: u32) -> Weight {
		// At the least 713_096_000 ps.
		Weight::from_parts(725_678_247, 168759)
			// Standard error: 4_486_977
			.saturating_add(Weight::from_parts(158_181_207, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(66_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(4_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(d.into())))
			.saturating_add(Weight::from_parts(0, 3613).saturating_mul(d.into()))
	}
	/// Storage: `Models::Models` (r:1 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:1 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(533), added: 3008, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Datanets` (r:8 w:0)
	/// Proof: `Datanets::Datanets` (`max_values`: None, `max_size`: Some(942), added: 3417, mode: `MaxEncodedLen`)
	/// Storage: `Models::PendingPrices` (r:1 w:0)
	/// Proof: `Models::PendingPrices` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:8 w:8)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:0 w:1)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// `d` is in `[0, 8]`.
	fn register_version(d: u32) -> Weight {
		// At the least 95_709_000 ps.
		Weight::from_parts(188_259_220, 3998)
			// Standard error: 2_746_415
			.saturating_add(Weight::from_parts(161_476_609, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(3_u64))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(d.into())))
			.saturating_add(Weight::from_parts(0, 3613).saturating_mul(d.into()))
	}
	/// Storage: `Models::Models` (r:1 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Models::PendingPrices` (r:1 w:1)
	/// Proof: `Models::PendingPrices` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	fn set_price() -> Weight {
		// At the least 29_335_000 ps.
		Weight::from_parts(38_803_000, 3653)
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Models::Models` (r:1 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Models::PendingPrices` (r:0 w:1)
	/// Proof: `Models::PendingPrices` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
	fn deprecate() -> Weight {
		// At the least 25_458_000 ps.
		Weight::from_parts(42_269_000, 3653)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Models::Models` (r:1 w:0)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Models::PendingOwners` (r:0 w:1)
	/// Proof: `Models::PendingOwners` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn transfer_ownership() -> Weight {
		// At the least 23_184_000 ps.
		Weight::from_parts(27_662_000, 3653)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Models::PendingOwners` (r:1 w:1)
	/// Proof: `Models::PendingOwners` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:1 w:1)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:2 w:2)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	fn accept_ownership() -> Weight {
		// At the least 137_307_000 ps.
		Weight::from_parts(146_335_000, 6434)
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
}
