//! What a request shows to be answered: a voucher, and the signature of who asks.

use axum::http::{HeaderMap, Method};
use openledger_primitives::{session::SignedUse, ChannelId, H256};
use serde::Deserialize;

use crate::{gateway::now, usage::Request, voucher::Payment, Refusal};

/// The header with the payer's voucher.
pub const VOUCHER: &str = "x-openledger-voucher";
/// The header with the signature of who asks.
pub const USE: &str = "x-openledger-use";

/// What the header shows to pay for the request with this content id: a voucher, or the channel of a one-off payment.
///
/// # Errors
/// 402, with what was expected.
pub fn payment(headers: &HeaderMap, request: H256) -> Result<Payment, Refusal> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Once {
        channel: ChannelId,
    }
    let form = r#"expected {"channel":7,"cumulative":"1200","expires":900,"signature":"0x01…"}, or {"channel":7} of a one-off payment"#;
    let header = headers.get(VOUCHER).ok_or_else(|| {
        let message =
            format!("a voucher in the header X-OpenLedger-Voucher pays for the answer: {form}");
        Refusal::payment("voucher_missing", message, None)
    })?;
    if let Ok(Once { channel }) = serde_json::from_slice(header.as_bytes()) {
        return Ok(Payment::Once { channel, request });
    }
    serde_json::from_slice(header.as_bytes()).map(Payment::Voucher).map_err(|error| {
        let message = format!("X-OpenLedger-Voucher: {error}; {form}");
        Refusal::payment("voucher_malformed", message, None)
    })
}

/// Who asks: the signature that the header shows. When it was made, and what it signs, is checked later.
///
/// # Errors
/// 401, with what was expected.
pub fn signed(
    headers: &HeaderMap,
    method: &Method,
    path: &str,
    body: H256,
) -> Result<Request, Refusal> {
    let form = r#"expected {"time":1790000000000,"nonce":"0x…16 bytes…","signature":"0x01…"}, and of a session its "certificate""#;
    let header = headers.get(USE).ok_or_else(|| {
        let message = format!(
            "the header X-OpenLedger-Use signs the request for its channel: {form}; docs/protocol/gateway.md says what \
             is signed"
        );
        Refusal::unauthorised("use_missing", message)
    })?;
    let signed: SignedUse = serde_json::from_slice(header.as_bytes()).map_err(|error| {
        let message = format!("X-OpenLedger-Use: {error}; {form}");
        Refusal::unauthorised("use_malformed", message)
    })?;
    Ok(Request { signed, body, action: format!("{method} {path}"), received: now() })
}

#[cfg(test)]
mod tests {
    use openledger_chain::account;
    use openledger_primitives::{hashing::content_id, session::Scope};

    use super::*;

    #[test]
    fn payment_should_be_that_of_the_protocol() {
        let mut headers = HeaderMap::new();
        let request = H256::repeat_byte(3);
        let voucher = |headers: &HeaderMap| payment(headers, request);
        assert_eq!(voucher(&headers).unwrap_err().code(), "voucher_missing");
        for text in [
            "",
            "nonsense",
            r#"{"channel":7,"cumulative":"1200"}"#,
            r#"{"cumulative":"1200"}"#,
            "[]",
            r#"{"channel":-1}"#,
        ] {
            headers.insert(VOUCHER, text.parse().unwrap());
            let refusal = voucher(&headers).unwrap_err();
            assert_eq!(refusal.code(), "voucher_malformed");
            assert!(refusal.message().contains(r#"expected {"channel":7"#), "{text}");
        }
        let json = format!(
            r#"{{"channel":7,"cumulative":"1200","expires":900,"signature":"0x01{}"}}"#,
            "ab".repeat(64)
        );
        headers.insert(VOUCHER, json.parse().unwrap());
        let Payment::Voucher(signed) = voucher(&headers).unwrap() else { panic!("a voucher") };
        assert_eq!(
            (signed.voucher.channel, signed.voucher.cumulative, signed.voucher.expires),
            (7, 1200, 900)
        );
        headers.insert(VOUCHER, r#"{"channel":7}"#.parse().unwrap());
        assert_eq!(voucher(&headers).unwrap(), Payment::Once { channel: 7, request });
    }

    #[test]
    fn signed_should_be_that_of_the_protocol() {
        let body = content_id(b"{}");
        let read = |headers: &HeaderMap| {
            signed(headers, &Method::POST, "/v1/completions", body).map_err(|r| r.code())
        };
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers), Err("use_missing"));
        for text in ["", "nonsense", "{}", r#"{"time":1,"nonce":"0x01","signature":"0x01"}"#] {
            headers.insert(USE, text.parse().unwrap());
            assert_eq!(read(&headers), Err("use_malformed"), "{text}");
        }
        let scope = Scope { genesis: H256::zero(), operator: H256::zero(), channel: 7 };
        let key = account::keypair("//Alice").unwrap();
        let header = |time| {
            let made =
                crate::usage::tests::request(scope, &key, "POST /v1/completions", b"{}", time, 1);
            serde_json::to_string(&made.signed).unwrap().parse().unwrap()
        };
        headers.insert(USE, header(now()));
        let request = read(&headers).unwrap();
        assert_eq!((request.action.as_str(), request.body), ("POST /v1/completions", body));
        let signer = openledger_primitives::signature::Signer::Account(account::of(&key));
        request.authorise(scope, &signer).unwrap();
        headers.insert(USE, header(now() - 3_600_000));
        let old = read(&headers).unwrap();
        assert_eq!(old.authorise(scope, &signer).unwrap_err().code(), "use_expired");
        old.verify(scope, &signer).unwrap();
    }
}
