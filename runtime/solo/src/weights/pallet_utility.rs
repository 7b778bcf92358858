//! Weights of `pallet_utility`, measured by `scripts/weights` on 2026-12-01.
//! CPU: AMD EPYC. Steps: 50, repeats: 20, blob compiled by wasmtime.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What was measured, with the runtime's price of storage.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_utility::WeightInfo for WeightInfo<T> {
	/// `c` is in `[0, 1000]`.
	fn batch(c: u32) -> Weight {
		// At the least 11_411_000 ps.
		Weight::from_parts(14_047_000, 0)
			// Standard error: 48_801
			.saturating_add(Weight::from_parts(8_524_347, 0).saturating_mul(c.into()))
	}
	fn as_derivative() -> Weight {
		// At the least 10_870_000 ps.
		Weight::from_parts(22_542_000, 0)
	}
	/// `c` is in `[0, 1000]`.
	fn batch_all(c: u32) -> Weight {
		// At the least 11_411_000 ps.
		Weight::from_parts(12_413_000, 0)
			// Standard error: 16_501
			.saturating_add(Weight::from_parts(10_423_532, 0).saturating_mul(c.into()))
	}
	fn dispatch_as() -> Weight {
		// At the least 14_447_000 ps.
		Weight::from_parts(27_351_000, 0)
	}
	/// `c` is in `[0, 1000]`.
	fn force_batch(c: u32) -> Weight {
		// At the least 17_463_000 ps.
		Weight::from_parts(23_785_000, 0)
			// Standard error: 24_064
			.saturating_add(Weight::from_parts(9_823_466, 0).saturating_mul(c.into()))
	}
	fn dispatch_as_fallible() -> Weight {
		// At the least 15_630_000 ps.
		Weight::from_parts(35_086_000, 0)
	}
	fn if_else() -> Weight {
		// At the least 19_446_000 ps.
		Weight::from_parts(40_436_000, 0)
	}
}
