//! Weights of `pallet_proxy`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_proxy::WeightInfo for WeightInfo<T> {
	/// Storage: `Proxy::Proxies` (r:1 w:0)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[1, 31]`.
	fn proxy(p: u32) -> Weight {
		// At the least 26_821_000 ps.
		Weight::from_parts(45_073_105, 4706)
			// Standard error: 12_867
			.saturating_add(Weight::from_parts(397_772, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:0)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// Storage: `Proxy::Announcements` (r:1 w:1)
	/// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `a` is in `[0, 31]`.
	/// `p` is in `[1, 31]`.
	fn proxy_announced(_a: u32, _p: u32) -> Weight {
		// At the least 66_164_000 ps.
		Weight::from_parts(136_441_269, 5698)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Proxy::Announcements` (r:1 w:1)
	/// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `a` is in `[0, 31]`.
	/// `p` is in `[1, 31]`.
	fn remove_announcement(a: u32, _p: u32) -> Weight {
		// At the least 43_421_000 ps.
		Weight::from_parts(49_840_044, 5698)
			// Standard error: 22_302
			.saturating_add(Weight::from_parts(522_341, 0).saturating_mul(a.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Proxy::Announcements` (r:1 w:1)
	/// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `a` is in `[0, 31]`.
	/// `p` is in `[1, 31]`.
	fn reject_announcement(a: u32, p: u32) -> Weight {
		// At the least 42_850_000 ps.
		Weight::from_parts(61_438_657, 5698)
			// Standard error: 49_662
			.saturating_add(Weight::from_parts(463_185, 0).saturating_mul(a.into()))
			// Standard error: 51_311
			.saturating_add(Weight::from_parts(265_282, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(2_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:0)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// Storage: `Proxy::Announcements` (r:1 w:1)
	/// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// `a` is in `[0, 31]`.
	/// `p` is in `[1, 31]`.
	fn announce(a: u32, p: u32) -> Weight {
		// At the least 57_417_000 ps.
		Weight::from_parts(69_304_547, 5698)
			// Standard error: 28_505
			.saturating_add(Weight::from_parts(250_141, 0).saturating_mul(a.into()))
			// Standard error: 29_451
			.saturating_add(Weight::from_parts(225_423, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(2_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[1, 31]`.
	fn add_proxy(p: u32) -> Weight {
		// At the least 41_878_000 ps.
		Weight::from_parts(61_361_305, 4706)
			// Standard error: 12_952
			.saturating_add(Weight::from_parts(385_650, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[1, 31]`.
	fn remove_proxy(p: u32) -> Weight {
		// At the least 41_988_000 ps.
		Weight::from_parts(69_553_833, 4706)
			// Standard error: 12_827
			.saturating_add(Weight::from_parts(237_101, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[1, 31]`.
	fn remove_proxies(p: u32) -> Weight {
		// At the least 43_151_000 ps.
		Weight::from_parts(69_625_292, 4706)
			// Standard error: 35_089
			.saturating_add(Weight::from_parts(3_799_911, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[1, 31]`.
	fn create_pure(_p: u32) -> Weight {
		// At the least 46_036_000 ps.
		Weight::from_parts(58_185_868, 4706)
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// `p` is in `[0, 30]`.
	fn kill_pure(p: u32) -> Weight {
		// At the least 43_662_000 ps.
		Weight::from_parts(56_647_909, 4706)
			// Standard error: 19_494
			.saturating_add(Weight::from_parts(108_967, 0).saturating_mul(p.into()))
			.saturating_add(T::DbWeight::get().reads(1_u64))
			.saturating_add(T::DbWeight::get().writes(1_u64))
	}
	/// Storage: `Proxy::Proxies` (r:1 w:1)
	/// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
	/// Storage: `System::Account` (r:1 w:1)
	/// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
	/// Storage: `Proxy::Announcements` (r:1 w:1)
	/// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
	fn poke_deposit() -> Weight {
		// At the least 71_434_000 ps.
		Weight::from_parts(80_340_000, 5698)
			.saturating_add(T::DbWeight::get().reads(3_u64))
			.saturating_add(T::DbWeight::get().writes(3_u64))
	}
}
