//! Preimages, byte by byte, as the chapters of `docs/protocol/` give them.

use codec::Encode;
use openledger_primitives::{
    attribution::{worker_consent, Attribution},
    hashing::{self, content_id},
    receipt::{Receipt, SignedReceipt, Transcript},
    shares::ShareVector,
    signature::Signature,
    voucher::{wrapped, Closing, SignedClosing, SignedVoucher, Voucher},
    H256,
};

fn receipt() -> Receipt {
    Receipt {
        genesis: H256::repeat_byte(1),
        model: 2,
        version: 3,
        operator: H256::repeat_byte(4),
        payer: H256::repeat_byte(5),
        channel: 6,
        cumulative: 7,
        request: H256::repeat_byte(8),
        response: H256::repeat_byte(9),
        tokens_in: 10,
        tokens_out: 11,
        fee: 12,
        issued_at: 13,
    }
}

#[test]
fn content_id_should_be_blake2b_256_when_compared_with_a_known_digest() {
    // BLAKE2b-256 of the empty string, as b2sum -l 256 prints it.
    let expected = "0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
    assert_eq!(format!("{:?}", content_id(b"")), expected);
}

#[test]
fn voucher_preimage_should_be_tag_genesis_channel_cumulative_expires() {
    let voucher = Voucher { channel: 7, cumulative: 0x0102, expires: 9 };
    let mut expected = b"openledger/voucher/v1".to_vec();
    expected.extend([0xaa; 32]);
    expected.extend([7, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([9, 0, 0, 0]);
    assert_eq!(voucher.preimage(&H256::repeat_byte(0xaa)), expected);
    assert_eq!(wrapped(b"x"), b"<Bytes>x</Bytes>");
}

#[test]
fn closing_preimage_should_be_tag_genesis_channel_claimed() {
    let closing = Closing { channel: 7, claimed: 0x0102 };
    let mut expected = b"openledger/close/v1".to_vec();
    expected.extend([0xaa; 32]);
    expected.extend([7, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(closing.preimage(&H256::repeat_byte(0xaa)), expected);
    let signed = SignedClosing { closing, signature: Signature::Ethereum([7; 65]) };
    let json = serde_json::to_string(&signed).expect("serialises");
    assert!(json.starts_with(r#"{"channel":7,"claimed":"258","signature":"0x0207"#), "{json}");
    assert_eq!(serde_json::from_str::<SignedClosing>(&json).expect("parses"), signed);
}

#[test]
fn worker_consent_should_be_tag_genesis_attributor() {
    let mut expected = b"openledger/worker/v1".to_vec();
    expected.extend([0xaa; 32]);
    expected.extend([0xbb; 32]);
    assert_eq!(worker_consent(&H256::repeat_byte(0xaa), &[0xbb; 32]), expected);
}

#[test]
fn receipt_id_should_bind_every_field() {
    let id = receipt().id();
    let encoded = receipt().encode();
    assert_eq!(id, content_id(&[b"openledger/receipt/v1", encoded.as_slice()].concat()));
    let changes: [fn(&mut Receipt); 13] = [
        |r| r.genesis = H256::zero(),
        |r| r.model += 1,
        |r| r.version += 1,
        |r| r.operator = H256::zero(),
        |r| r.payer = H256::zero(),
        |r| r.channel += 1,
        |r| r.cumulative += 1,
        |r| r.request = H256::zero(),
        |r| r.response = H256::zero(),
        |r| r.tokens_in += 1,
        |r| r.tokens_out += 1,
        |r| r.fee += 1,
        |r| r.issued_at += 1,
    ];
    for change in changes {
        let mut changed = receipt();
        change(&mut changed);
        assert_ne!(changed.id(), id);
    }
}

#[test]
fn price_should_round_each_direction_up() {
    assert_eq!(Receipt::price(1_000, 2_000, 5, 7), 19);
    assert_eq!(Receipt::price(1, 1, 1, 1), 2);
    assert_eq!(Receipt::price(0, 0, 5, 7), 0);
    assert_eq!(Receipt::price(u32::MAX, u32::MAX, u128::MAX, u128::MAX), u128::MAX / 1_000 * 2 + 2);
}

#[test]
fn commitment_should_bind_chain_settlement_attempt_attributor_and_salt() {
    let result = Attribution {
        shares: ShareVector::all_to_pool(),
        query_root: H256::zero(),
        work_root: H256::zero(),
        report: H256::zero(),
    };
    let (genesis, salt) = (H256::repeat_byte(1), H256::repeat_byte(2));
    let commitment = result.commitment(&genesis, 1, 1, &[3; 32], &salt);
    assert_ne!(commitment, result.commitment(&H256::zero(), 1, 1, &[3; 32], &salt));
    assert_ne!(commitment, result.commitment(&genesis, 2, 1, &[3; 32], &salt));
    assert_ne!(commitment, result.commitment(&genesis, 1, 2, &[3; 32], &salt));
    assert_ne!(commitment, result.commitment(&genesis, 1, 1, &[4; 32], &salt));
    assert_ne!(commitment, result.commitment(&genesis, 1, 1, &[3; 32], &H256::zero()));
}

#[test]
fn json_should_return_what_was_written() {
    let voucher = SignedVoucher {
        voucher: Voucher { channel: 1, cumulative: u128::MAX, expires: 2 },
        signature: Signature::Sr25519([7; 64]),
    };
    let json = serde_json::to_string(&voucher).expect("serialises");
    assert!(json.contains(&format!("\"{}\"", u128::MAX)), "{json}");
    assert_eq!(serde_json::from_str::<SignedVoucher>(&json).expect("parses"), voucher);

    let transcript = Transcript {
        signed: SignedReceipt { receipt: receipt(), signature: Signature::Ed25519([7; 64]) },
        prompt_ids: vec![1],
        output_ids: vec![2, 3],
    };
    let json = serde_json::to_string(&transcript).expect("serialises");
    assert_eq!(serde_json::from_str::<Transcript>(&json).expect("parses"), transcript);
    assert!(serde_json::from_str::<SignedVoucher>("{\"channel\":1}").is_err());
    assert_ne!(
        hashing::token_ids(hashing::REQUEST, &[1]),
        hashing::token_ids(hashing::RESPONSE, &[1])
    );
}
