//! Signed requests and session certificates, byte by byte, as `docs/protocol/vouchers.md` gives them.

use openledger_primitives::{
    hashing::content_id,
    session::{Scope, Session, SignedSession, SignedUse, Use},
    signature::Signature,
    H256,
};

const SCOPE: Scope =
    Scope { genesis: H256([0xaa; 32]), operator: H256([0xbb; 32]), channel: 0x0107 };

fn of(action: &str) -> Use<'_> {
    Use { scope: SCOPE, body: H256([0xcc; 32]), time: 0x0102_0304, nonce: [0xdd; 16], action }
}

fn session() -> Session {
    Session { key: H256([0xee; 32]), expires: 0x0506, limit: 0x0708 }
}

#[test]
fn use_preimage_should_be_tag_scope_body_time_nonce_action() {
    let mut expected = b"openledger/use/v1".to_vec();
    expected.extend([0xaa; 32]);
    expected.extend([0xbb; 32]);
    expected.extend([7, 1, 0, 0, 0, 0, 0, 0]);
    expected.extend([0xcc; 32]);
    expected.extend([4, 3, 2, 1, 0, 0, 0, 0]);
    expected.extend([0xdd; 16]);
    expected.extend(b"POST /v1/completions");
    let signed = of("POST /v1/completions");
    assert_eq!(signed.preimage(), expected);
    assert_eq!(signed.id(), content_id(&expected));
}

#[test]
fn session_preimage_should_be_tag_scope_key_expires_limit() {
    let mut expected = b"openledger/session/v1".to_vec();
    expected.extend([0xaa; 32]);
    expected.extend([0xbb; 32]);
    expected.extend([7, 1, 0, 0, 0, 0, 0, 0]);
    expected.extend([0xee; 32]);
    expected.extend([6, 5, 0, 0, 0, 0, 0, 0]);
    expected.extend([8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(session().preimage(&SCOPE), expected);
}

#[test]
fn use_id_should_bind_every_field() {
    let id = of("POST /v1/completions").id();
    let changes: [fn(&mut Use); 6] = [
        |u| u.scope.genesis = H256::zero(),
        |u| u.scope.operator = H256::zero(),
        |u| u.scope.channel += 1,
        |u| u.body = H256::zero(),
        |u| u.time += 1,
        |u| u.nonce[15] = 0,
    ];
    for change in changes {
        let mut changed = of("POST /v1/completions");
        change(&mut changed);
        assert_ne!(changed.id(), id);
    }
    assert_ne!(of("POST /v1/chat/completions").id(), id);
}

#[test]
fn signed_use_should_return_from_json_and_refuse_what_it_does_not_know() {
    let plain = SignedUse {
        time: u64::MAX,
        nonce: [0xdd; 16],
        signature: Signature::Sr25519([7; 64]),
        certificate: None,
    };
    let json = serde_json::to_string(&plain).expect("serialises");
    let nonce = "dd".repeat(16);
    assert!(json.starts_with(&format!(r#"{{"time":{},"nonce":"0x{nonce}","#, u64::MAX)), "{json}");
    assert!(!json.contains("certificate"), "{json}");
    assert_eq!(serde_json::from_str::<SignedUse>(&json).expect("parses"), plain);

    for limit in [0, 9, u128::MAX] {
        let session = Session { limit, ..session() };
        let certificate = SignedSession { session, signature: Signature::Ethereum([9; 65]) };
        let by_session = SignedUse { certificate: Some(certificate), ..plain };
        let json = serde_json::to_string(&by_session).expect("serialises");
        assert_eq!(json.contains("limit"), limit != u128::MAX, "{json}");
        assert_eq!(serde_json::from_str::<SignedUse>(&json).expect("parses"), by_session);
    }

    let short = json.replace(&nonce, "dd");
    let error = serde_json::from_str::<SignedUse>(&short).expect_err("16 bytes").to_string();
    assert!(error.contains("16 bytes"), "{error}");
    let more = json.replacen('{', r#"{"channel":7,"#, 1);
    assert!(serde_json::from_str::<SignedUse>(&more).is_err());
}
