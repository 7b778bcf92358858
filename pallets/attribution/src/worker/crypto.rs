//! The worker's key: sr25519, of type `poaw`.

use sp_application_crypto::{app_crypto, sr25519, KeyTypeId};
use sp_runtime::{MultiSignature, MultiSigner};

/// The type of the worker's key in a keystore.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"poaw");

app_crypto!(sr25519, KEY_TYPE);

/// Signs transactions with a key of type `poaw`: what a runtime gives as `AuthorityId`.
pub struct WorkerKey;

impl frame_system::offchain::AppCrypto<MultiSigner, MultiSignature> for WorkerKey {
    type RuntimeAppPublic = Public;
    type GenericPublic = sp_core::sr25519::Public;
    type GenericSignature = sp_core::sr25519::Signature;
}
