//! What governance tunes without a runtime upgrade. Each value here is the default, in force until
//! `Parameters::set_parameter` sets another.

use alloc::vec;

use frame_support::{
    dynamic_params::{dynamic_pallet_params, dynamic_params},
    storage_alias, Blake2_128Concat,
};
use openledger_primitives::{method, split::SplitParameters, Ppm};
use sp_runtime::Perbill;

use crate::{
    units::{MINUTES, UNIT},
    Balance, BlockNumber,
};

/// The map in which `pallet-parameters` keeps what was set. It is the pallet's own only where a runtime
/// names that pallet `Parameters`, which every runtime must.
#[storage_alias]
pub type Parameters =
    StorageMap<Parameters, Blake2_128Concat, RuntimeParametersKey, RuntimeParametersValue>;

#[dynamic_params(RuntimeParameters, crate::params::Parameters)]
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

    /// How settlements are attributed. A settlement keeps the values that it was submitted under.
    #[dynamic_pallet_params]
    #[codec(index = 1)]
    pub mod attribution {
        /// How a fee is divided. Parts that do not sum to the whole are passed over for the default.
        #[codec(index = 0)]
        pub static Split: SplitParameters = SplitParameters::DEFAULT;

        /// How many attributors compute one settlement.
        #[codec(index = 1)]
        pub static Committee: u32 = 3;

        /// Blocks that a committee has to compute and commit, engine included.
        #[codec(index = 2)]
        pub static CommitBlocks: BlockNumber = 30 * MINUTES;

        /// Blocks that it then has to reveal.
        #[codec(index = 3)]
        pub static RevealBlocks: BlockNumber = 5 * MINUTES;

        /// How far from the median a member's shares may lie (sum of absolute differences).
        #[codec(index = 4)]
        pub static Tolerance: Ppm = 20_000;

        /// Shares below this go to the datanets' pools.
        #[codec(index = 5)]
        pub static Floor: Ppm = 1_000;

        /// The part of an owner's income that goes on to the owners of what the model derives from.
        #[codec(index = 6)]
        pub static Royalty: Ppm = 100_000;

        /// Committees drawn before a settlement falls back to the datanets' pools.
        #[codec(index = 7)]
        pub static MaxAttempts: u8 = 3;

        /// Blocks in which a result can be challenged before it is final.
        #[codec(index = 8)]
        pub static ChallengeBlocks: BlockNumber = 60 * MINUTES;

        /// A challenger's bond, as a part of the fee at stake.
        #[codec(index = 9)]
        pub static ChallengeBond: Ppm = 500_000;

        /// What a member that was further off than the tolerance loses of its bond.
        #[codec(index = 10)]
        pub static Slash: Ppm = 100_000;

        /// What a member that was silent loses of its bond.
        #[codec(index = 11)]
        pub static SilenceSlash: Ppm = 1_000;

        /// What the ecosystem's emission adds to the data's part at most, as a part of what the treasury
        /// gets. Above the whole it counts as the whole: nobody may earn by paying itself.
        #[codec(index = 12)]
        pub static Matching: Ppm = 1_000_000;

        /// How much of what a trace explains of an answer follows the trace, and not influence.
        #[codec(index = 13)]
        pub static Trace: Ppm = 200_000;

        /// Whose indices a new version of a model may have. Those of older versions stay.
        #[codec(index = 14)]
        pub static Methods: method::Methods =
            method::Methods::truncate_from(vec![method::id(method::DEFAULT.as_bytes())]);
    }

    /// The ecosystem's emission.
    #[dynamic_pallet_params]
    #[codec(index = 2)]
    pub mod emission {
        /// What drips from the community's pool in a block, in units: at first one OPEN, about a tenth of
        /// what is released there in 48 months.
        #[codec(index = 0)]
        pub static PerBlock: Balance = UNIT;
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
