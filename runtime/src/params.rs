//! What governance tunes without a runtime upgrade. Each value here is the default, in force until
//! `Parameters::set_parameter` sets another.

use frame_support::dynamic_params::{dynamic_pallet_params, dynamic_params};
use sp_runtime::Perbill;

use crate::Runtime;

#[dynamic_params(RuntimeParameters, pallet_parameters::Parameters::<Runtime>)]
pub mod tunables {
    use super::*;

    /// Transaction fees.
    #[dynamic_pallet_params]
    #[codec(index = 0)]
    pub mod fees {
        /// The part of a transaction's fee that goes to the treasury; the block's author has the rest.
        #[codec(index = 0)]
        pub static TreasuryPart: Perbill = Perbill::from_percent(80);
    }
}

pub use tunables::*;

#[cfg(feature = "runtime-benchmarks")]
impl Default for RuntimeParameters {
    fn default() -> Self {
        Self::Fees(fees::Parameters::TreasuryPart(
            fees::TreasuryPart,
            Some(Perbill::from_percent(80)),
        ))
    }
}
