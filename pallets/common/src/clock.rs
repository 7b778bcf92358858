use frame_system::pallet_prelude::BlockNumberFor;
use openledger_primitives::{BlockNumber, H256};
use sp_runtime::{traits::Zero, SaturatedConversion};

/// The current block.
pub fn now<T: frame_system::Config>() -> BlockNumber {
    frame_system::Pallet::<T>::block_number().saturated_into()
}

/// The hash of the chain's first block, which everything that is signed for this chain binds.
pub fn genesis<T: frame_system::Config<Hash = H256>>() -> H256 {
    frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
}
