//! What a transaction carries besides its call. Wallets sign it, so every runtime has the same.

use frame_support::dispatch::{DispatchInfo, PostDispatchInfo};
use pallet_transaction_payment::OnChargeTransaction;
use sp_runtime::{
    generic::Era,
    traits::{Dispatchable, Zero},
};

use crate::Nonce;

/// The usual extensions, in the usual order.
pub type TxExtension<R> = (
    frame_system::AuthorizeCall<R>,
    frame_system::CheckNonZeroSender<R>,
    frame_system::CheckSpecVersion<R>,
    frame_system::CheckTxVersion<R>,
    frame_system::CheckGenesis<R>,
    frame_system::CheckMortality<R>,
    frame_system::CheckNonce<R>,
    frame_system::CheckWeight<R>,
    pallet_transaction_payment::ChargeTransactionPayment<R>,
    frame_metadata_hash_extension::CheckMetadataHash<R>,
    frame_system::WeightReclaim<R>,
);

/// Blocks for which a transaction of an off-chain worker stays valid: about two minutes, after which a
/// worker may safely send it anew. A power of two, as eras are.
pub const OFFCHAIN_TRANSACTION_BLOCKS: u32 = 64;

/// The extensions of a transaction that the node itself signs in the block after `parent`: it is valid for
/// [`OFFCHAIN_TRANSACTION_BLOCKS`], and has no tip and no metadata hash.
pub fn worker_extension<R>(parent: u64, nonce: Nonce) -> TxExtension<R>
where
    R: frame_system::Config<Nonce = Nonce> + pallet_transaction_payment::Config + Send + Sync,
    R::RuntimeCall: Dispatchable<Info = DispatchInfo, PostInfo = PostDispatchInfo>,
    <R::OnChargeTransaction as OnChargeTransaction<R>>::Balance: Send + Sync,
{
    let era = Era::mortal(u64::from(OFFCHAIN_TRANSACTION_BLOCKS), parent);
    (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(era),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(Zero::zero()),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    )
}
