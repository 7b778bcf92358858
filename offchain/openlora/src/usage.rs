//! Who asks: whether a request is signed for its channel.

use std::time::Duration;

use openledger_chain::{account, AccountId};
use openledger_primitives::{
    session::{Scope, SignedSession, SignedUse, Use},
    signature::Signer,
    Balance, H256,
};

use crate::Refusal;

/// How far the time of a request may be from the gateway's own, in both directions. A request that was charged is known
/// for longer than that by its id, so none is charged twice.
pub const WINDOW: Duration = Duration::from_secs(300);

/// A request as it came, with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it shows.
    pub signed: SignedUse,
    /// Content id of its body.
    pub body: H256,
    /// Method and path: `POST /v1/completions`.
    pub action: String,
    /// When it came, in milliseconds since the Unix epoch.
    pub received: u64,
}

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// What the request is known by: the same request has the same id.
    pub id: H256,
    /// The most that its channel may owe in all after it, in units.
    pub limit: Balance,
}

/// That what a channel owes, what is being answered included, and a price are more than a session's limit.
pub fn spent(owed: Balance, price: Balance, limit: Balance) -> Refusal {
    let message = format!(
        "the channel owes {owed} units, what is being answered included, and this request may cost {price}: more than \
         the {limit} up to which the session was certified; have another certified"
    );
    Refusal::payment("session_spent", message, None)
}

impl Request {
    /// Checks that the request was made about now. Needs no look at the chain.
    ///
    /// # Errors
    /// 401, with what was expected and what came.
    pub fn fresh(&self) -> Result<(), Refusal> {
        let window = WINDOW.as_millis() as u64;
        if self.signed.time.abs_diff(self.received) > window {
            let message = format!(
                "the request was signed at {}, here it is {} (milliseconds since 1970): expected at most {window} apart; \
                 set the clock right and sign again",
                self.signed.time, self.received
            );
            return Err(Refusal::unauthorised("use_expired", message));
        }
        if let Some(SignedSession { session, .. }) = self.signed.certificate {
            if session.expires < self.received {
                let message = format!(
                    "the session ended at {}, here it is {} (milliseconds since 1970): have another key certified",
                    session.expires, self.received
                );
                return Err(Refusal::unauthorised("session_expired", message));
            }
        }
        Ok(())
    }

    /// Checks that the request was made about now, and as [`Request::verify`].
    ///
    /// # Errors
    /// 401, with what was expected.
    pub fn authorise(&self, scope: Scope, signer: &Signer<AccountId>) -> Result<Right, Refusal> {
        self.fresh()?;
        self.verify(scope, signer)
    }

    /// Checks that the request is signed by the channel's signer, or by a session key that the signer certified for this
    /// chain, operator and channel: whenever it was made.
    ///
    /// # Errors
    /// 401, with what was expected.
    pub fn verify(&self, scope: Scope, signer: &Signer<AccountId>) -> Result<Right, Refusal> {
        let SignedUse { time, nonce, signature, certificate } = self.signed;
        let asked = Use { scope, body: self.body, time, nonce, action: &self.action };
        let (by, limit) = match certificate {
            None => (*signer, Balance::MAX),
            Some(SignedSession { session, signature }) => {
                if !account::verify_by(signer, &session.preimage(&scope), &signature) {
                    let message = format!(
                        "expected a session certified for channel {} of the chain {:?} at the operator {}, signed as \
                         the channel's vouchers are",
                        scope.channel,
                        scope.genesis,
                        account::from_bytes(&scope.operator)
                    );
                    return Err(Refusal::unauthorised("session_refused", message));
                }
                (Signer::Account(account::from_bytes(&session.key)), session.limit)
            }
        };
        if !account::verify_by(&by, &asked.preimage(), &signature) {
            let message = format!(
                "expected a signature for {:?} with this body, of channel {} of the chain {:?} at the operator {}, by \
                 {}",
                self.action,
                scope.channel,
                scope.genesis,
                account::from_bytes(&scope.operator),
                if certificate.is_some() { "the session's key" } else { "the channel's signer" }
            );
            return Err(Refusal::unauthorised("use_refused", message));
        }
        Ok(Right { id: asked.id(), limit })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use openledger_chain::Keypair;
    use openledger_primitives::{hashing::content_id, session::Session, signature::Signature};

    use super::*;

    const NOW: u64 = 1_790_000_000_000;

    fn scope() -> Scope {
        let operator = account::bytes(&account::parse("//Bob").unwrap());
        Scope { genesis: H256([7; 32]), operator, channel: 5 }
    }

    /// A request of `scope`, signed by `key`.
    pub fn request(
        scope: Scope,
        key: &Keypair,
        action: &str,
        body: &[u8],
        time: u64,
        nonce: u8,
    ) -> Request {
        let body = content_id(body);
        let nonce = [nonce; 16];
        let signed = Use { scope, body, time, nonce, action };
        let signature = account::sign(key, &signed.preimage());
        let signed = SignedUse { time, nonce, signature, certificate: None };
        Request { signed, body, action: action.into(), received: time }
    }

    fn alice() -> Keypair {
        account::keypair("//Alice").unwrap()
    }

    fn signer() -> Signer<AccountId> {
        Signer::Account(account::of(&alice()))
    }

    fn asked() -> Request {
        request(scope(), &alice(), "POST /v1/completions", b"{}", NOW, 1)
    }

    fn code(request: &Request, scope: Scope, signer: &Signer<AccountId>) -> &'static str {
        request.authorise(scope, signer).map_or_else(|refusal| refusal.code(), |_| "authorised")
    }

    #[test]
    fn authorise_should_take_the_signers_request_and_no_other() {
        let request = asked();
        let right = request.authorise(scope(), &signer()).unwrap();
        assert_eq!(right.limit, Balance::MAX);
        // The same request signed again has the same id: Sr25519 signatures differ each time.
        assert_eq!(asked().authorise(scope(), &signer()).unwrap(), right);
        assert_ne!(asked().signed.signature, request.signed.signature);

        let eve = Signer::Account(account::parse("//Eve").unwrap());
        assert_eq!(code(&request, scope(), &eve), "use_refused");
        assert_eq!(code(&request, scope(), &Signer::Ethereum([1; 20])), "use_refused");
        let changes: [fn(&mut Request); 5] = [
            |r| r.body = content_id(b"{ }"),
            |r| r.action = "POST /v1/chat/completions".into(),
            |r| r.signed.time += 1,
            |r| r.signed.nonce = [2; 16],
            |r| r.signed.signature = Signature::Ed25519([0; 64]),
        ];
        for change in changes {
            let mut changed = request.clone();
            change(&mut changed);
            assert_eq!(code(&changed, scope(), &signer()), "use_refused");
        }
        let operator = account::bytes(&account::parse("//Charlie").unwrap());
        for other in [
            Scope { channel: 6, ..scope() },
            Scope { operator, ..scope() },
            Scope { genesis: H256([8; 32]), ..scope() },
        ] {
            assert_eq!(code(&request, other, &signer()), "use_refused");
        }
    }

    #[test]
    fn authorise_should_refuse_when_the_time_is_another() {
        let window = WINDOW.as_millis() as u64;
        for (received, expected) in [
            (NOW - window - 1, "use_expired"),
            (NOW - window, "authorised"),
            (NOW + window, "authorised"),
            (NOW + window + 1, "use_expired"),
        ] {
            let request = Request { received, ..asked() };
            assert_eq!(code(&request, scope(), &signer()), expected, "{received}");
        }
    }

    #[test]
    fn authorise_should_take_a_session_that_the_signer_certified_until_it_ends() {
        let key = account::keypair("//Alice//session").unwrap();
        let session =
            Session { key: account::bytes(&account::of(&key)), expires: NOW + 1_000, limit: 900 };
        let by = |certifier: &Keypair, scope: Scope, session: Session| {
            let signature = account::sign(certifier, &session.preimage(&scope));
            let mut request = request(scope, &key, "POST /v1/completions", b"{}", NOW, 1);
            request.signed.certificate = Some(SignedSession { session, signature });
            request
        };
        let request = by(&alice(), scope(), session);
        let right = request.authorise(scope(), &signer()).unwrap();
        assert_eq!(right.limit, 900);
        assert_eq!(right.id, asked().authorise(scope(), &signer()).unwrap().id);

        let late = Request { received: NOW + 1_001, ..request.clone() };
        assert_eq!(code(&late, scope(), &signer()), "session_expired");
        let eve = account::keypair("//Eve").unwrap();
        assert_eq!(code(&by(&eve, scope(), session), scope(), &signer()), "session_refused");
        // A certificate is for one channel, and for what it says.
        let other = Scope { channel: 6, ..scope() };
        let mut elsewhere = by(&alice(), other, session);
        elsewhere.signed.signature = request.signed.signature;
        assert_eq!(code(&elsewhere, scope(), &signer()), "session_refused");
        let mut more = request.clone();
        more.signed.certificate.as_mut().unwrap().session.limit = 901;
        assert_eq!(code(&more, scope(), &signer()), "session_refused");
        // Only the key that was certified signs.
        let mut forged = request;
        forged.signed.signature = asked().signed.signature;
        assert_eq!(code(&forged, scope(), &signer()), "use_refused");
    }

    #[test]
    fn authorise_should_take_a_certificate_of_an_ethereum_wallet() {
        let secret = k256::ecdsa::SigningKey::from_slice(&[0x46; 32]).unwrap();
        let point = secret.verifying_key().to_encoded_point(false);
        let address = openledger_primitives::signature::ethereum_address(
            point.as_bytes()[1..].try_into().unwrap(),
        );
        let key = account::keypair("//Alice//session").unwrap();
        let session =
            Session { key: account::bytes(&account::of(&key)), expires: NOW, limit: u128::MAX };
        let hash = openledger_primitives::signature::ethereum_hash(&session.preimage(&scope()));
        let (rs, v) = secret.sign_prehash_recoverable(&hash).unwrap();
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&rs.to_bytes());
        signature[64] = v.to_byte();
        let mut request = request(scope(), &key, "GET /channels/5", b"", NOW, 1);
        let signature = Signature::Ethereum(signature);
        request.signed.certificate = Some(SignedSession { session, signature });
        assert_eq!(code(&request, scope(), &Signer::Ethereum(address)), "authorised");
        assert_eq!(code(&request, scope(), &Signer::Ethereum([1; 20])), "session_refused");
    }
}
