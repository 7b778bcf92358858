//! Why a request is not answered, in OpenAI's error format.

use axum::{
    http::{header::WWW_AUTHENTICATE, StatusCode},
    response::{IntoResponse, Response},
    Json,
};
use openledger_primitives::{json::decimal, Balance, ChannelId};
use serde::Serialize;

use crate::{ledger::holds::Short, queue::Full};

/// A request that is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    message: String,
    param: Option<String>,
    required: Option<Required>,
}

/// The voucher that would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Required {
    /// The channel.
    pub channel: ChannelId,
    /// The least cumulative amount, in units.
    #[serde(with = "decimal")]
    pub cumulative: Balance,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: String) -> Self {
        Self { status, kind, code, message, param: None, required: None }
    }

    /// 400: the request is not what it should be.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", code, message.into())
    }

    /// 400: a field of the request is not what it should be, or asks for what is not done here.
    pub fn field(code: &'static str, name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(name.into()), ..Self::bad_request(code, message) }
    }

    /// 401: who asks did not show that it may.
    pub fn unauthorised(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", code, message.into())
    }

    /// 403: who asks may not.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_error", code, message.into())
    }

    /// 404: there is no such thing.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", code, message.into())
    }

    /// 402: the voucher does not pay for it. `required` is one that would, if a larger amount is all that is missing.
    pub fn payment(
        code: &'static str,
        message: impl Into<String>,
        required: Option<Required>,
    ) -> Self {
        let mut refusal =
            Self::new(StatusCode::PAYMENT_REQUIRED, "payment_required", code, message.into());
        refusal.required = required;
        refusal
    }

    /// 409: what it asks for does not fit what there is.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "invalid_request_error", code, message.into())
    }

    /// 405: there is such a path, but not for this method.
    pub fn other_method() -> Self {
        let message = "this path takes another method: POST to ask, GET to read";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(status, "invalid_request_error", "method_not_allowed", message.into())
    }

    /// 413: there is more of it than is read.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body is too large: at most {limit} bytes are read");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "invalid_request_error", "body_too_large", message)
    }

    /// 408: the request did not come, or the answer was not ready, in time.
    pub fn too_slow(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", code, message.into())
    }

    /// 415: the body is written in a way that is not read here.
    pub fn other_encoding(message: impl Into<String>) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "invalid_request_error", "unsupported_encoding", message.into())
    }

    /// 421: it is for another host.
    pub fn misdirected(message: impl Into<String>) -> Self {
        let status = StatusCode::MISDIRECTED_REQUEST;
        Self::new(status, "invalid_request_error", "host_refused", message.into())
    }

    /// 429: more than are taken at a time.
    pub fn too_many(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", code, message.into())
    }

    /// 429: too many are waiting.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::too_many("queue_full", message)
    }

    /// 500: this should not happen.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal", message.into())
    }

    /// 503: something that the gateway needs does not work now.
    pub fn unavailable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", code, message.into())
    }

    /// What kind of refusal it is, in a word.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What was expected and what came.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The field that is wrong.
    pub fn param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// The voucher that would do.
    pub fn required(&self) -> Option<Required> {
        self.required
    }
}

/// Why nothing is set aside for a request that may cost `price`: with the voucher that would do, if a larger one is all
/// that is missing.
pub fn short(channel: ChannelId, found: Short, price: Balance) -> Refusal {
    let Short { taken, most, deposit } = found;
    let needed = taken.saturating_add(price);
    if needed > deposit {
        let message = format!(
            "channel {channel} owes {taken} units, what is being answered included, and this request may cost {price}: \
             together more than its deposit of {deposit}; top it up or ask for fewer tokens"
        );
        return Refusal::payment("deposit_too_low", message, None);
    }
    let message = format!(
        "the largest voucher is for {most} units; channel {channel} owes {taken}, what is being answered included, and \
         this request may cost {price}: expected {needed}"
    );
    Refusal::payment(
        "insufficient_voucher",
        message,
        Some(Required { channel, cumulative: needed }),
    )
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        match full {
            Full::All(places) => {
                Self::busy(format!("{places} requests are waiting already; try again later"))
            }
            Full::Share(places) => Self::busy(format!(
                "{places} requests of this payer are waiting already: others' come first; try again later"
            )),
        }
    }
}

impl From<crate::Error> for Refusal {
    fn from(error: crate::Error) -> Self {
        use crate::Error;
        use openledger_chain::Error as Chain;
        let code = match &error {
            Error::Model { .. } | Error::NoModel { .. } => {
                return Self::not_found("model_not_found", error.to_string())
            }
            Error::TooLarge { .. } => "model_too_large",
            Error::Chain(Chain::Refused { .. } | Chain::NotTaken { .. }) => "settlement_refused",
            Error::InDoubt | Error::NotSeen { .. } => "settlement_in_doubt",
            Error::Chain(_) | Error::OtherChain { .. } | Error::Unreachable => "chain_unavailable",
            Error::Artefacts(_)
            | Error::Store(_)
            | Error::Lately { .. }
            | Error::Unloadable { .. } => "artefact_unavailable",
            Error::Died { .. } => "computation_ended",
            Error::Aside { .. } => "model_set_aside",
            Error::Io { .. } | Error::Ledger { .. } => "disk_unavailable",
            Error::Shared(shared) if matches!(**shared, Error::Ledger { .. }) => "disk_unavailable",
            Error::NotALedger { .. }
            | Error::Busy { .. }
            | Error::Shared(_)
            | Error::Writer
            | Error::Overcharged { .. }
            | Error::Ended(_) => return Self::internal(error.to_string()),
        };
        Self::unavailable(code, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Outer {
            error: Inner,
        }
        #[derive(Serialize)]
        struct Inner {
            message: String,
            #[serde(rename = "type")]
            kind: &'static str,
            param: Option<String>,
            code: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            required: Option<Required>,
        }
        let Self { status, kind, code, message, param, required } = self;
        let error = Inner { message, kind, param, code, required };
        let body = (status, Json(Outer { error }));
        if status == StatusCode::UNAUTHORIZED {
            return ([(WWW_AUTHENTICATE, "OpenLedger")], body).into_response();
        }
        body.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_should_name_the_voucher_that_would_do_or_the_deposit() {
        let found = Short { taken: 300, most: 450, deposit: 1_000 };
        let refusal = short(3, found, 200);
        assert_eq!(refusal.code(), "insufficient_voucher");
        assert_eq!(refusal.required(), Some(Required { channel: 3, cumulative: 500 }));
        let refusal = short(3, found, 701);
        assert_eq!((refusal.code(), refusal.required()), ("deposit_too_low", None));
        assert_eq!(short(3, found, Balance::MAX).code(), "deposit_too_low");
    }

    #[tokio::test]
    async fn a_refusal_should_be_in_the_format_of_openai() {
        let required = Required { channel: 7, cumulative: u128::MAX };
        let refusal = Refusal::payment("insufficient_voucher", "too little", Some(required));
        let response = refusal.into_response();
        assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
            serde_json::json!({"error": {
                "message": "too little",
                "type": "payment_required",
                "param": null,
                "code": "insufficient_voucher",
                "required": {"channel": 7, "cumulative": u128::MAX.to_string()},
            }})
        );
    }
}
