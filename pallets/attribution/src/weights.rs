//! Weights of `pallet_attribution`, measured by `scripts/weights` on 2026-11-21.
//! CPU: AMD EPYC. Steps: 20, repeats: 10, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// The weights that this pallet needs.
pub trait WeightInfo {
	fn commit() -> Weight;
	fn reveal() -> Weight;
	fn reveal_last() -> Weight;
	fn advance_decide() -> Weight;
	fn advance_redraw() -> Weight;
	fn claim() -> Weight;
	fn claim_contributions(c: u32) -> Weight;
}

/// What was measured, with the runtime's price of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(2865), added: 5340, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:1)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	fn commit() -> Weight {
		// At the least 137_858_000 ps.
		Weight::from_parts(161_001_000, 44697)
			.saturating_add(T::DbWeight::get().reads(20_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:0)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(2865), added: 5340, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:0)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:2 w:1)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2182), added: 4657, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(254), added: 2729, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1137), added: 3612, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn reveal() -> Weight {
		// At the least 249_456_000 ps.
		Weight::from_parts(291_945_000, 44697)
			.saturating_add(T::DbWeight::get().reads(32_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(2865), added: 5340, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:16)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:17 w:16)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2182), added: 4657, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(254), added: 2729, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1137), added: 3612, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Credits` (r:26 w:26)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:9 w:0)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(176), added: 2651, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Earned` (r:256 w:256)
	/// Proof: `Attribution::Earned` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:8 w:8)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	fn reveal_last() -> Weight {
		// At the least 2_285_781_000 ps.
		Weight::from_parts(2_424_281_000, 645854)
			.saturating_add(T::DbWeight::get().reads(364_u64))
			.saturating_add(T::DbWeight::get().writes(341_u64))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(2865), added: 5340, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:17 w:15)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2182), added: 4657, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Credits` (r:25 w:25)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:9 w:0)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(176), added: 2651, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Earned` (r:256 w:256)
	/// Proof: `Attribution::Earned` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(254), added: 2729, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1137), added: 3612, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:8 w:8)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:16 w:16)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	fn advance_decide() -> Weight {
		// At the least 2_116_104_000 ps.
		Weight::from_parts(2_288_346_000, 645854)
			.saturating_add(T::DbWeight::get().reads(359_u64))
			.saturating_add(T::DbWeight::get().writes(339_u64))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(2865), added: 5340, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:1 w:0)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2182), added: 4657, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:256 w:32)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:16 w:16)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:0)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Babe::NextRandomness` (r:1 w:0)
	/// Proof: `Babe::NextRandomness` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Babe::EpochStart` (r:1 w:0)
	/// Proof: `Babe::EpochStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	fn advance_redraw() -> Weight {
		// At the least 1_159_176_000 ps.
		Weight::from_parts(1_198_750_000, 778462)
			.saturating_add(T::DbWeight::get().reads(278_u64))
			.saturating_add(T::DbWeight::get().writes(49_u64))
	}
	/// Storage: `Attribution::Credits` (r:1 w:1)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn claim() -> Weight {
		// At the least 111_989_000 ps.
		Weight::from_parts(132_587_000, 6196)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `Datanets::Contributions` (r:32 w:0)
	/// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(216), added: 2691, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Earned` (r:32 w:32)
	/// Proof: `Attribution::Earned` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::PoolEntries` (r:32 w:32)
	/// Proof: `Attribution::PoolEntries` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:1 w:0)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:33 w:33)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `c` is in `[1, 32]`.
	fn claim_contributions(c: u32) -> Weight {
		// At the least 198_261_000 ps.
		Weight::from_parts(199_653_000, 3593)
			// Standard error: 3_444_897
			.saturating_add(Weight::from_parts(125_166_769, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 2691).saturating_mul(c.into()))
	}
}
