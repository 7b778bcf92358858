//! BLAKE2b-256 with a domain tag in front of every preimage.

use alloc::vec::Vec;
use codec::Encode;
use primitive_types::H256;

/// Tag of a record's hash.
pub const RECORD: &[u8] = b"openledger/record/v2";
/// Tag of a prompt's hash: over the SCALE encoding of its token ids, `Vec<u32>`.
pub const REQUEST: &[u8] = b"openledger/request/v1";
/// Tag of an answer's hash: over the SCALE encoding of its token ids, `Vec<u32>`.
pub const RESPONSE: &[u8] = b"openledger/response/v1";
/// Tag of a receipt's id.
pub const RECEIPT: &[u8] = b"openledger/receipt/v1";
/// Tag of a voucher's signed bytes.
pub const VOUCHER: &[u8] = b"openledger/voucher/v1";
/// Tag of the signed bytes that authorise one request to a gateway.
pub const USE: &[u8] = b"openledger/use/v1";
/// Tag of the signed bytes by which a channel's signer certifies a session key.
pub const SESSION: &[u8] = b"openledger/session/v1";
/// Tag of the signed bytes by which payer and operator agree to close a channel.
pub const CLOSE: &[u8] = b"openledger/close/v1";
/// Tag of the signed bytes by which a worker's key agrees to serve an attributor.
pub const WORKER: &[u8] = b"openledger/worker/v1";
/// Tag of an attributor's commitment to a result.
pub const COMMITMENT: &[u8] = b"openledger/commitment/v1";
/// Tag of one block of an attribution index, as a Merkle leaf.
pub const INDEX_BLOCK: &[u8] = b"openledger/index-block/v1";
/// Tag of one block of a query vector, as a Merkle leaf.
pub const QUERY_BLOCK: &[u8] = b"openledger/query-block/v1";
/// Tag of one partial sum, as a Merkle leaf.
pub const PARTIAL_SUM: &[u8] = b"openledger/partial-sum/v1";
/// Tag of the score of one row of an index for one receipt, as a Merkle leaf.
pub const SCORE: &[u8] = b"openledger/score/v1";
/// Tag of one receipt's step from scores to shares, as a Merkle leaf.
pub const STEP: &[u8] = b"openledger/step/v1";
/// Tag of what the trace of one receipt's answer credits.
pub const TRACE: &[u8] = b"openledger/trace/v1";
/// Tag of the running sums after a step.
pub const ACCUMULATED: &[u8] = b"openledger/accumulated/v1";
/// Tag of an attribution method's identity.
pub const METHOD: &[u8] = b"openledger/method/v1";

/// `blake2b_256(tag ‖ SCALE(value))`.
pub fn tagged(tag: &[u8], value: &impl Encode) -> H256 {
    tagged_bytes(tag, &value.encode())
}

/// `blake2b_256(tag ‖ bytes)`.
pub fn tagged_bytes(tag: &[u8], bytes: &[u8]) -> H256 {
    let mut preimage = Vec::with_capacity(tag.len().saturating_add(bytes.len()));
    preimage.extend_from_slice(tag);
    preimage.extend_from_slice(bytes);
    H256(sp_crypto_hashing::blake2_256(&preimage))
}

/// The content id of `bytes`: `blake2b_256(bytes)`, untagged, as any tool computes it.
pub fn content_id(bytes: &[u8]) -> H256 {
    H256(sp_crypto_hashing::blake2_256(bytes))
}

/// Hash of a prompt or answer's token ids under [`REQUEST`] or [`RESPONSE`].
pub fn token_ids(tag: &[u8], ids: &[u32]) -> H256 {
    tagged(tag, &ids)
}
