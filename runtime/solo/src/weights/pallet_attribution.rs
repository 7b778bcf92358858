//! Weights of `pallet_attribution`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_attribution::WeightInfo for WeightInfo<T> {
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:1)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	fn commit() -> Weight {
		// At the least 197_931_000 ps.
		Weight::from_parts(235_712_000, 44697)
			.saturating_add(T::DbWeight::get().reads(20_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:0)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:0)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:2 w:1)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	fn reveal() -> Weight {
		// At the least 316_894_000 ps.
		Weight::from_parts(379_050_000, 44697)
			.saturating_add(T::DbWeight::get().reads(32_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Providers::WorkerOf` (r:1 w:0)
	/// Proof: `Providers::WorkerOf` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Workers` (r:1 w:0)
	/// Proof: `Providers::Workers` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:16)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:17 w:1)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	fn reveal_last() -> Weight {
		// At the least 940_412_000 ps.
		Weight::from_parts(1_049_607_000, 80703)
			.saturating_add(T::DbWeight::get().reads(63_u64))
			.saturating_add(T::DbWeight::get().writes(34_u64))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:17 w:0)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:16 w:16)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	fn advance_decide() -> Weight {
		// At the least 728_055_000 ps.
		Weight::from_parts(805_089_000, 80703)
			.saturating_add(T::DbWeight::get().reads(50_u64))
			.saturating_add(T::DbWeight::get().writes(33_u64))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Contested` (r:16 w:16)
	/// Proof: `Attribution::Contested` (`max_values`: None, `max_size`: Some(2118), added: 4593, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:16 w:16)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:23 w:23)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:24 w:24)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:27 w:27)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:1)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:64 w:0)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Credits` (r:74 w:74)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Earned` (r:256 w:256)
	/// Proof: `Attribution::Earned` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:8 w:8)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Distribution` (r:1 w:0)
	/// Proof: `Emission::Distribution` (`max_values`: Some(1), `max_size`: Some(56), added: 551, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Budgets` (r:8 w:8)
	/// Proof: `Emission::Budgets` (`max_values`: None, `max_size`: Some(49), added: 2524, mode: `MaxEncodedLen`)
	/// Storage: `Emission::Drawn` (r:1 w:1)
	/// Proof: `Emission::Drawn` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// `m` is in `[1, 16]`.
	/// `s` is in `[1, 256]`.
	/// `l` is in `[2, 64]`.
	fn advance_finalise(m: u32, s: u32, l: u32) -> Weight {
		// At the least 2_816_667_000 ps.
		Weight::from_parts(4_477_801_160, 29894)
			// Standard error: 15_135_483
			.saturating_add(Weight::from_parts(383_179_243, 0).saturating_mul(m.into()))
			// Standard error: 925_472
			.saturating_add(Weight::from_parts(8_165_738, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(30_u64))
			.saturating_add(T::DbWeight::get().reads((8_u64).saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(l.into())))
			.saturating_add(T::DbWeight::get().writes(20_u64))
			.saturating_add(T::DbWeight::get().writes((8_u64).saturating_mul(m.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(l.into())))
			.saturating_add(Weight::from_parts(0, 2663).saturating_mul(l.into()))
			.saturating_add(Weight::from_parts(0, 4689).saturating_mul(m.into()))
			.saturating_add(Weight::from_parts(0, 2519).saturating_mul(s.into()))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:8 w:8)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:0)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:248 w:0)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Undrawn` (r:1 w:1)
	/// Proof: `Attribution::Undrawn` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Contested` (r:0 w:8)
	/// Proof: `Attribution::Contested` (`max_values`: None, `max_size`: Some(2118), added: 4593, mode: `MaxEncodedLen`)
	fn challenge() -> Weight {
		// At the least 1_221_418_000 ps.
		Weight::from_parts(1_394_873_000, 754166)
			.saturating_add(T::DbWeight::get().reads(261_u64))
			.saturating_add(T::DbWeight::get().writes(20_u64))
	}
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Commitments` (r:17 w:8)
	/// Proof: `Attribution::Commitments` (`max_values`: None, `max_size`: Some(96), added: 2571, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:8 w:8)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:8 w:8)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:9 w:9)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:1)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:16 w:16)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Undrawn` (r:1 w:1)
	/// Proof: `Attribution::Undrawn` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	fn advance_redraw() -> Weight {
		// At the least 1_340_482_000 ps.
		Weight::from_parts(1_603_925_000, 49582)
			.saturating_add(T::DbWeight::get().reads(61_u64))
			.saturating_add(T::DbWeight::get().writes(52_u64))
	}
	/// Storage: `Attribution::Undrawn` (r:1 w:1)
	/// Proof: `Attribution::Undrawn` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:32 w:32)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Babe::NextRandomness` (r:1 w:0)
	/// Proof: `Babe::NextRandomness` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
	/// Storage: `Babe::EpochStart` (r:1 w:0)
	/// Proof: `Babe::EpochStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
	/// Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:0)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:256 w:222)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	/// `d` is in `[0, 32]`.
	fn draw_committees(d: u32) -> Weight {
		// At the least 10_589_000 ps.
		Weight::from_parts(519_505_146, 778462)
			// Standard error: 18_655_084
			.saturating_add(Weight::from_parts(961_516_910, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(223_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(d.into())))
			.saturating_add(T::DbWeight::get().writes(39_u64))
			.saturating_add(T::DbWeight::get().writes((8_u64).saturating_mul(d.into())))
			.saturating_add(Weight::from_parts(0, 7990).saturating_mul(d.into()))
	}
	/// Storage: `System::Account` (r:3 w:3)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:1 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Reveals` (r:17 w:1)
	/// Proof: `Attribution::Reveals` (`max_values`: None, `max_size`: Some(2214), added: 4689, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Providers` (r:1 w:1)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Providers::Attributors` (r:1 w:1)
	/// Proof: `Providers::Attributors` (`max_values`: Some(1), `max_size`: Some(12290), added: 12785, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::JobsOf` (r:15 w:15)
	/// Proof: `Attribution::JobsOf` (`max_values`: None, `max_size`: Some(562), added: 3037, mode: `MaxEncodedLen`)
	fn prove_fraud() -> Weight {
		// At the least 22_085_768_000 ps.
		Weight::from_parts(23_440_707_000, 80703)
			.saturating_add(T::DbWeight::get().reads(48_u64))
			.saturating_add(T::DbWeight::get().writes(23_u64))
	}
	/// Storage: `Attribution::Credits` (r:1 w:1)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:2 w:2)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	fn claim() -> Weight {
		// At the least 147_806_000 ps.
		Weight::from_parts(181_049_000, 6196)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `Datanets::Contributions` (r:32 w:0)
	/// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(270), added: 2745, mode: `MaxEncodedLen`)
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
		// At the least 226_955_000 ps.
		Weight::from_parts(254_240_616, 3593)
			// Standard error: 2_348_513
			.saturating_add(Weight::from_parts(120_279_433, 0).saturating_mul(c.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(1_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(c.into())))
			.saturating_add(Weight::from_parts(0, 2745).saturating_mul(c.into()))
	}
	/// Storage: `Attribution::Earned` (r:1 w:1)
	/// Proof: `Attribution::Earned` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::PoolEntries` (r:1 w:1)
	/// Proof: `Attribution::PoolEntries` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Contributions` (r:1 w:0)
	/// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(270), added: 2745, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:1 w:0)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Credits` (r:1 w:1)
	/// Proof: `Attribution::Credits` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn payout_change() -> Weight {
		// At the least 123_572_000 ps.
		Weight::from_parts(140_854_000, 3735)
			.saturating_add(T::DbWeight::get().reads(5_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
}
