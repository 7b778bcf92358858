use openledger_chain::account;
use openledger_cli::signing::{now, Sessions, Signing};
use openledger_primitives::{
    hashing::content_id,
    session::{Scope, SignedUse, Use},
    signature::Signer,
    H256,
};

fn scope() -> Scope {
    Scope { genesis: H256::repeat_byte(1), operator: H256::repeat_byte(2), channel: 7 }
}

fn signed(signing: &Signing, body: &[u8]) -> SignedUse {
    let header = signing.header(scope(), "POST /v1/completions", body).unwrap();
    serde_json::from_str(&header).unwrap()
}

fn holds(signed: &SignedUse, by: &Signer<openledger_chain::AccountId>, body: &[u8]) -> bool {
    let SignedUse { time, nonce, signature, .. } = *signed;
    let action = "POST /v1/completions";
    let asked = Use { scope: scope(), body: content_id(body), time, nonce, action };
    account::verify_by(by, &asked.preimage(), &signature)
}

#[test]
fn header_should_sign_each_request_apart() {
    let key = account::keypair("//Alice").unwrap();
    let by = Signer::Account(account::of(&key));
    let signing = Signing::by(key);
    let (first, second) = (signed(&signing, b"{}"), signed(&signing, b"{}"));
    assert!(holds(&first, &by, b"{}") && holds(&second, &by, b"{}"));
    assert!(!holds(&first, &by, b"{ }"));
    assert_ne!(first.nonce, second.nonce);
    assert!(first.time.abs_diff(now()) < 60_000 && first.certificate.is_none());
}

#[test]
fn sessions_should_sign_when_the_signer_certified_them() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let alice = account::keypair("//Alice").unwrap();
    let signer = Signer::Account(account::of(&alice));
    let sessions = Sessions::of(home.path(), &scope().genesis, 7);
    let error = |sessions: &Sessions| format!("{:#}", sessions.signing().err().unwrap());
    assert!(error(&sessions).contains("channel session 7"), "{}", error(&sessions));
    let session = sessions.make(now() + 60_000, 900).unwrap();
    assert!(error(&sessions).contains("not certified"), "{}", error(&sessions));
    let file = home.path().join("sessions/01010101/7.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let eve = account::keypair("//Eve").unwrap();
    let forged = account::sign(&eve, &session.preimage(&scope()));
    assert!(sessions.certify(&scope(), &signer, forged).is_err());
    let signature = account::sign(&alice, &session.preimage(&scope()));
    assert_eq!(sessions.certify(&scope(), &signer, signature).unwrap(), session);
    let made = signed(&sessions.signing().unwrap(), b"{}");
    let certificate = made.certificate.unwrap();
    assert_eq!((certificate.session, certificate.signature), (session, signature));
    let key = Signer::Account(account::from_bytes(&session.key));
    assert!(holds(&made, &key, b"{}") && !holds(&made, &signer, b"{}"));

    let over = sessions.make(now() - 1, u128::MAX).unwrap();
    let signature = account::sign(&alice, &over.preimage(&scope()));
    sessions.certify(&scope(), &signer, signature).unwrap();
    assert!(error(&sessions).contains("over"), "{}", error(&sessions));
}
