//! Weights of `pallet_payments`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// The weights that this pallet needs.
pub trait WeightInfo {
	fn open_channel() -> Weight;
	fn top_up() -> Weight;
	fn request_close() -> Weight;
	fn close() -> Weight;
	fn settle(c: u32, e: u32) -> Weight;
	fn set_signer() -> Weight;
	fn close_now() -> Weight;
	fn pay() -> Weight;
}

/// What was measured, with the runtime's price of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	/// Storage: `Providers::Providers` (r:1 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Payments::NextChannelId` (r:1 w:1)
	/// Proof: `Payments::NextChannelId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Payments::Channels` (r:0 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `Payments::ChannelsOf` (r:0 w:1)
	/// Proof: `Payments::ChannelsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn open_channel() -> Weight {
		// At the least 113_062_000 ps.
		Weight::from_parts(131_666_000, 3824)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
	/// Storage: `Payments::Channels` (r:1 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	fn top_up() -> Weight {
		// At the least 106_059_000 ps.
		Weight::from_parts(178_514_000, 3712)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
	/// Storage: `Payments::Channels` (r:1 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	fn request_close() -> Weight {
		// At the least 26_530_000 ps.
		Weight::from_parts(49_262_000, 3690)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Payments::Channels` (r:1 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Payments::ChannelsOf` (r:0 w:1)
	/// Proof: `Payments::ChannelsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn close() -> Weight {
		// At the least 87_063_000 ps.
		Weight::from_parts(153_699_000, 3712)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `Providers::Providers` (r:1 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `Models::Models` (r:1 w:0)
	/// Proof: `Models::Models` (`max_values`: None, `max_size`: Some(188), added: 2663, mode: `MaxEncodedLen`)
	/// Storage: `Models::Versions` (r:1 w:0)
	/// Proof: `Models::Versions` (`max_values`: None, `max_size`: Some(308), added: 2783, mode: `MaxEncodedLen`)
	/// Storage: `Payments::LastSettled` (r:1 w:1)
	/// Proof: `Payments::LastSettled` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
	/// Storage: `Payments::Roots` (r:1 w:1)
	/// Proof: `Payments::Roots` (`max_values`: None, `max_size`: Some(88), added: 2563, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `Payments::Channels` (r:64 w:64)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:64 w:64)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:65 w:65)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::NextSettlementId` (r:1 w:1)
	/// Proof: `Attribution::NextSettlementId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Versions` (r:8 w:0)
	/// Proof: `Datanets::Versions` (`max_values`: None, `max_size`: Some(1138), added: 3613, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Entered` (r:1 w:1)
	/// Proof: `Attribution::Entered` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::PoolEntries` (r:256 w:256)
	/// Proof: `Attribution::PoolEntries` (`max_values`: None, `max_size`: Some(32), added: 2507, mode: `MaxEncodedLen`)
	/// Storage: `Datanets::Contributions` (r:256 w:0)
	/// Proof: `Datanets::Contributions` (`max_values`: None, `max_size`: Some(270), added: 2745, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Pools` (r:8 w:8)
	/// Proof: `Attribution::Pools` (`max_values`: None, `max_size`: Some(68), added: 2543, mode: `MaxEncodedLen`)
	/// Storage: `Parameters::Parameters` (r:14 w:0)
	/// Proof: `Parameters::Parameters` (`max_values`: None, `max_size`: Some(533), added: 3008, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Undrawn` (r:1 w:1)
	/// Proof: `Attribution::Undrawn` (`max_values`: Some(1), `max_size`: Some(2050), added: 2545, mode: `MaxEncodedLen`)
	/// Storage: `Attribution::Settlements` (r:0 w:1)
	/// Proof: `Attribution::Settlements` (`max_values`: None, `max_size`: Some(5515), added: 7990, mode: `MaxEncodedLen`)
	/// `c` is in `[1, 64]`.
	/// `e` is in `[1, 256]`.
	fn settle(c: u32, e: u32) -> Weight {
		// At the least 4_491_825_000 ps.
		Weight::from_parts(131_315_435, 43102)
			// Standard error: 6_396_276
			.saturating_add(Weight::from_parts(263_543_050, 0).saturating_mul(c.into()))
			// Standard error: 1_589_554
			.saturating_add(Weight::from_parts(24_986_212, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(38_u64))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(e.into())))
			.saturating_add(T::DbWeight::get().writes(14_u64))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(e.into())))
			.saturating_add(Weight::from_parts(0, 2722).saturating_mul(c.into()))
			.saturating_add(Weight::from_parts(0, 2745).saturating_mul(e.into()))
	}
	/// Storage: `Payments::Channels` (r:1 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	fn set_signer() -> Weight {
		// At the least 25_518_000 ps.
		Weight::from_parts(33_142_000, 3690)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Payments::Channels` (r:1 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `System::BlockHash` (r:1 w:0)
	/// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Payments::ChannelsOf` (r:0 w:1)
	/// Proof: `Payments::ChannelsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn close_now() -> Weight {
		// At the least 209_042_000 ps.
		Weight::from_parts(255_469_000, 3712)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(4_u64))
	}
	/// Storage: `Providers::Providers` (r:1 w:0)
	/// Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(359), added: 2834, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Balances::Holds` (r:1 w:1)
	/// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(247), added: 2722, mode: `MaxEncodedLen`)
	/// Storage: `Payments::NextChannelId` (r:1 w:1)
	/// Proof: `Payments::NextChannelId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
	/// Storage: `Payments::Channels` (r:0 w:1)
	/// Proof: `Payments::Channels` (`max_values`: None, `max_size`: Some(225), added: 2700, mode: `MaxEncodedLen`)
	/// Storage: `Payments::ChannelsOf` (r:0 w:1)
	/// Proof: `Payments::ChannelsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
	fn pay() -> Weight {
		// At the least 114_555_000 ps.
		Weight::from_parts(126_256_000, 3824)
			.saturating_add(T::DbWeight::get().reads(4_u64))
			.saturating_add(T::DbWeight::get().writes(5_u64))
	}
}
