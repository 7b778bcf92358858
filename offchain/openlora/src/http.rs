//! The routes: OpenAI's format, with a voucher in the header and a receipt in the answer.

use std::{future::Future, sync::Arc};

use axum::{
    body::Bytes,
    extract::{
        rejection::{BytesRejection, PathRejection},
        DefaultBodyLimit, Path, State,
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_lm::{Sampling, Stop};
use openledger_primitives::{hashing::content_id, voucher::SignedClosing, ChannelId, H256};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use crate::{
    gateway::{Answered, Gateway, Question},
    voucher::Payment,
    Error, Refusal,
};

/// The header with the payer's voucher.
pub const VOUCHER: &str = "x-openledger-voucher";
/// The most bytes of a request.
const MAX_BODY: usize = 1024 * 1024;
/// Tokens of an answer where the request says nothing.
const MAX_TOKENS: usize = 64;

/// Serves until `shutdown`, settling all the while.
///
/// # Errors
/// If the connection cannot be served.
pub async fn serve(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let settling = tokio::spawn(gateway.clone().keep_settling());
    let result = axum::serve(listener, router(gateway)).with_graceful_shutdown(shutdown).await;
    settling.abort();
    result
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/completions", post(completions))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/channels/{id}", get(channel))
        .route("/channels/{id}/close", post(close))
        .route("/settle", post(settle))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { Refusal::not_found("not_found", "there is no such path") })
        .method_not_allowed_fallback(|| async { Refusal::other_method() })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CorsLayer::permissive())
        .with_state(gateway)
}

/// What is asked, of either kind. What is not named here is passed over, as other servers do.
///
/// One flat struct: serde buffers what it flattens, and loses fractions where serde_json keeps numbers as text.
#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    prompt: Option<String>,
    messages: Option<Vec<Message>>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    seed: Option<u64>,
    n: Option<u32>,
    stream: Option<bool>,
    stop: Option<Value>,
}

impl Request {
    fn sampling(&self) -> Result<Sampling, Refusal> {
        let refuse = |what: &str| Err(Refusal::bad_request("unsupported", what));
        if self.stream == Some(true) {
            return refuse("\"stream\" must be false: the receipt comes with the whole answer");
        }
        if self.n.is_some_and(|n| n != 1) {
            return refuse("\"n\" must be 1: ask again for another answer");
        }
        if self.stop.as_ref().is_some_and(|stop| !stop.is_null()) {
            return refuse("\"stop\" is not supported: use \"max_tokens\"");
        }
        let max_tokens = self.max_completion_tokens.or(self.max_tokens).unwrap_or(MAX_TOKENS);
        if max_tokens == 0 {
            return refuse("\"max_tokens\" must be at least 1");
        }
        let temperature = self.temperature.unwrap_or(1.0);
        if !(0.0..=2.0).contains(&temperature) {
            return refuse("\"temperature\" must be 0 to 2");
        }
        let top_p = self.top_p.unwrap_or(1.0);
        if !(top_p > 0.0 && top_p <= 1.0) {
            return refuse("\"top_p\" must be above 0, and at most 1");
        }
        Ok(Sampling {
            max_tokens,
            temperature,
            top_p,
            seed: self.seed.unwrap_or_else(crate::gateway::now),
        })
    }
}

/// What a completion is to continue.
fn prompt(request: &mut Request) -> Result<String, Refusal> {
    request.prompt.take().ok_or_else(|| missing("prompt", "a string"))
}

/// What a chat is to continue: each turn on lines of its own, up to where the answer begins.
fn conversation(request: &mut Request) -> Result<String, Refusal> {
    let messages = request
        .messages
        .take()
        .filter(|messages| !messages.is_empty())
        .ok_or_else(|| missing("messages", "at least one {\"role\", \"content\"}"))?;
    let turns: Vec<String> =
        messages.iter().map(|turn| format!("{}: {}", turn.role, turn.content)).collect();
    Ok(format!("{}\nassistant:", turns.join("\n")))
}

/// One turn of a chat.
#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

fn missing(what: &str, expected: &str) -> Refusal {
    Refusal::bad_request("invalid_json", format!("\"{what}\" is missing: expected {expected}"))
}

type Body = Result<Bytes, BytesRejection>;

fn parse(body: Body) -> Result<Request, Refusal> {
    json_of(body)
}

fn json_of<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(MAX_BODY),
        _ => Refusal::bad_request("body_refused", error.body_text()),
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = format!("the body is not the JSON that was expected: {error}");
        Refusal::bad_request("invalid_json", message)
    })
}

/// What the header shows to pay for the request with this content id: a voucher, or the channel of a one-off payment.
fn payment(headers: &HeaderMap, request: H256) -> Result<Payment, Refusal> {
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

async fn answer(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    body: Body,
    prompt: fn(&mut Request) -> Result<String, Refusal>,
) -> Result<Answered, Refusal> {
    // The bytes themselves: what was paid for is not what somebody might read in them.
    let id = body.as_ref().map_or_else(|_| H256::zero(), |body| content_id(body));
    let mut request = parse(body)?;
    let sampling = request.sampling()?;
    let prompt = prompt(&mut request)?;
    let model = request.model.ok_or_else(|| missing("model", "its name, see GET /v1/models"))?;
    let payment = payment(headers, id)?;
    gateway.answer(Question { model, prompt, sampling, payment }).await
}

/// An answer in OpenAI's format; `choice` is what differs between the two kinds.
fn reply(
    gateway: &Gateway,
    kind: &str,
    answered: Result<Answered, Refusal>,
    choice: impl FnOnce(&str) -> Value,
) -> Response {
    let answered = match answered {
        Ok(answered) => answered,
        Err(refusal) => {
            gateway.metrics.refusals.with_label_values(&[refusal.code()]).inc();
            return refusal.into_response();
        }
    };
    let id = answered.signed.receipt.id();
    let receipt = &answered.signed.receipt;
    let mut choice = choice(&answered.text);
    choice["index"] = 0.into();
    choice["finish_reason"] = match answered.stop {
        Stop::EndOfText => "stop".into(),
        Stop::Length => "length".into(),
    };
    let prefix = if kind == "chat.completion" { "chatcmpl" } else { "cmpl" };
    let body = json!({
        "id": format!("{prefix}-{}", hex::encode(&id.0[..12])),
        "object": kind,
        "created": receipt.issued_at / 1_000,
        "model": format!("openledger/{}", answered.model),
        "choices": [choice],
        "usage": {
            "prompt_tokens": receipt.tokens_in,
            "completion_tokens": receipt.tokens_out,
            "total_tokens": u64::from(receipt.tokens_in) + u64::from(receipt.tokens_out),
        },
        "openledger": {
            "receipt_id": id,
            "receipt": receipt,
            "signature": answered.signed.signature,
        },
    });
    Json(body).into_response()
}

async fn completions(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answered = answer(&gateway, &headers, body, prompt).await;
    let choice = |text: &str| json!({"text": text, "logprobs": null});
    reply(&gateway, "text_completion", answered, choice)
}

async fn chat(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Body) -> Response {
    let answered = answer(&gateway, &headers, body, conversation).await;
    let choice = |text: &str| {
        let message = json!({"role": "assistant", "content": text.trim_start()});
        json!({"message": message, "logprobs": null})
    };
    reply(&gateway, "chat.completion", answered, choice)
}

async fn models(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    let (_, view) = gateway.link.now().await?;
    let offered = gateway.catalogue.offered(&view).await?;
    let data: Vec<Value> = offered
        .into_iter()
        .map(|(id, model)| {
            json!({
                "id": format!("openledger/{id}"),
                "object": "model",
                "created": 0,
                "owned_by": model.owner,
                "openledger": {
                    "model": id,
                    "version": model.latest,
                    "name": String::from_utf8_lossy(&model.name),
                    "price_in": model.price_in.to_string(),
                    "price_out": model.price_out.to_string(),
                    "operator": gateway.account,
                },
            })
        })
        .collect();
    Ok(Json(json!({"object": "list", "data": data})))
}

async fn channel(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<ChannelId>, PathRejection>,
) -> Result<Json<Value>, Refusal> {
    let Path(id) =
        id.map_err(|_| Refusal::bad_request("invalid_channel", "expected a number: /channels/7"))?;
    let (_, view) = gateway.link.now().await?;
    let channel = view.channel(id).await.map_err(Error::from)?;
    let ours = channel.filter(|channel| channel.operator == gateway.account).ok_or_else(|| {
        let message = format!("there is no channel {id} to {}", gateway.account);
        Refusal::not_found("channel_unknown", message)
    })?;
    let known = gateway.owed(id).await;
    let owed = known.as_ref().map_or(0, |account| account.owed).max(ours.claimed);
    let voucher = known.and_then(|account| account.voucher.signed());
    Ok(Json(json!({"channel": id, "owed": owed.to_string(), "voucher": voucher})))
}

async fn close(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<ChannelId>, PathRejection>,
    body: Body,
) -> Result<Json<SignedClosing>, Refusal> {
    let Path(id) = id.map_err(|_| {
        Refusal::bad_request("invalid_channel", "expected a number: /channels/7/close")
    })?;
    let asked: SignedClosing = json_of(body)?;
    if asked.closing.channel != id {
        let message =
            format!("the closing is of channel {}, the path of {id}", asked.closing.channel);
        return Err(Refusal::bad_request("invalid_channel", message));
    }
    Ok(Json(gateway.release(asked).await?))
}

async fn settle(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    let settled = gateway.settle(true).await?;
    Ok(Json(json!({"settlements": settled})))
}

async fn health(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    let (_, view) = gateway.link.now().await?;
    let (pending, open) = gateway.book(|book| (book.pending(), book.open().len())).await;
    Ok(Json(json!({
        "status": "ok",
        "operator": gateway.account,
        "genesis": gateway.link.genesis(),
        "best": view.block().number,
        "receipts_pending": pending,
        "batches_open": open,
    })))
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> String {
    gateway.metrics.text()
}

#[cfg(test)]
mod tests {
    use openledger_primitives::{
        receipt::{Receipt, SignedReceipt},
        signature::Signature,
        H256,
    };

    use super::*;
    use crate::gateway::tests::offline;

    fn sampling(json: &str) -> Result<Sampling, &'static str> {
        let request = parse(Ok(Bytes::from(json.to_string()))).map_err(|r| r.code())?;
        request.sampling().map_err(|refusal| refusal.code())
    }

    #[test]
    fn a_request_should_be_refused_in_words_when_it_asks_for_what_is_not_there() {
        for extra in [
            r#""stream":true"#,
            r#""n":2"#,
            r#""stop":["x"]"#,
            r#""max_tokens":0"#,
            r#""max_completion_tokens":0,"max_tokens":8"#,
            r#""temperature":-1"#,
            r#""temperature":2.5"#,
            r#""temperature":1e300"#,
            r#""top_p":0"#,
        ] {
            let json = format!(r#"{{"model":"m","prompt":"p",{extra}}}"#);
            assert_eq!(sampling(&json).unwrap_err(), "unsupported", "{extra}");
        }
        let json = r#"{"model":"m","prompt":"p","max_tokens":7,"temperature":0.5,"user":"x","stop":null,"stream":false}"#;
        let sampling = sampling(json).unwrap();
        assert_eq!((sampling.max_tokens, sampling.temperature), (7, 0.5));
    }

    #[test]
    fn the_voucher_header_should_be_that_of_the_protocol() {
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

    /// A gateway without a node, on a port of its own.
    async fn serving(folder: &std::path::Path) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gateway = offline(folder);
        tokio::spawn(serve(gateway, listener, std::future::pending()));
        url
    }

    async fn refusal(request: reqwest::RequestBuilder) -> (u16, String) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let error = &body["error"];
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{body}");
        assert!(error["type"].is_string() && error["param"].is_null(), "{body}");
        (status, error["code"].as_str().unwrap().to_string())
    }

    #[tokio::test]
    async fn every_bad_request_should_get_an_error_in_the_format_of_openai() {
        let folder = tempfile::tempdir().unwrap();
        let url = serving(folder.path()).await;
        let http = reqwest::Client::new();
        let huge = format!(r#"{{"model":"m","prompt":"{}"}}"#, "x".repeat(MAX_BODY));
        let deep = format!(r#"{{"model":"m","stop":{}"#, "[".repeat(100_000));
        let ask = r#"{"model":"m","prompt":"p","messages":[{"role":"user","content":"p"}]}"#;
        let cases: Vec<(&str, &[u8], u16, &str)> = vec![
            ("completions", b"", 400, "invalid_json"),
            ("completions", b"prompt=p", 400, "invalid_json"),
            ("completions", b"[]", 400, "invalid_json"),
            ("completions", b"\xff\xfe", 400, "invalid_json"),
            ("completions", br#"{"model":"m"}"#, 400, "invalid_json"),
            ("completions", br#"{"prompt":"p"}"#, 400, "invalid_json"),
            ("completions", br#"{"model":"m","prompt":[1,2]}"#, 400, "invalid_json"),
            ("completions", br#"{"model":"m","prompt":"p","max_tokens":-1}"#, 400, "invalid_json"),
            ("completions", br#"{"model":"m","prompt":"p","max_tokens":0}"#, 400, "unsupported"),
            ("completions", deep.as_bytes(), 400, "invalid_json"),
            ("completions", huge.as_bytes(), 413, "body_too_large"),
            ("chat/completions", br#"{"model":"m","messages":[]}"#, 400, "invalid_json"),
            ("chat/completions", br#"{"model":"m","prompt":"p"}"#, 400, "invalid_json"),
            (
                "chat/completions",
                br#"{"model":"m","messages":[{"role":"user"}]}"#,
                400,
                "invalid_json",
            ),
            ("completions", ask.as_bytes(), 402, "voucher_missing"),
            ("chat/completions", ask.as_bytes(), 402, "voucher_missing"),
        ];
        for (path, body, status, code) in cases {
            let request = http.post(format!("{url}/v1/{path}")).body(body.to_vec());
            let found = refusal(request).await;
            let body: String = String::from_utf8_lossy(body).chars().take(80).collect();
            assert_eq!(found, (status, code.to_string()), "{path} {body}");
        }

        let voucher = json!({"channel": 7, "cumulative": "9", "expires": 9, "signature": format!("0x01{}", "00".repeat(64))});
        let post = |header: String| {
            let body = ask.to_string();
            http.post(format!("{url}/v1/completions")).body(body).header(VOUCHER, header)
        };
        assert_eq!(refusal(post("{}".into())).await, (402, "voucher_malformed".into()));
        assert_eq!(refusal(post(voucher.to_string())).await, (503, "chain_unavailable".into()));
        for (path, status, code) in [
            ("/", 404, "not_found"),
            ("/v1/engines", 404, "not_found"),
            ("/v1/completions", 405, "method_not_allowed"),
            ("/settle", 405, "method_not_allowed"),
            ("/channels/seven", 400, "invalid_channel"),
            ("/channels/-1", 400, "invalid_channel"),
            ("/channels/7", 503, "chain_unavailable"),
            ("/v1/models", 503, "chain_unavailable"),
            ("/health", 503, "chain_unavailable"),
        ] {
            let found = refusal(http.get(format!("{url}{path}"))).await;
            assert_eq!(found, (status, code.to_string()), "{path}");
        }
        let closing =
            |id: u8| json!({"channel": id, "claimed": "9", "signature": voucher["signature"]});
        for (path, body, status, code) in [
            ("seven", closing(7), 400, "invalid_channel"),
            ("7", closing(8), 400, "invalid_channel"),
            ("7", json!({"channel": 7}), 400, "invalid_json"),
            ("7", closing(7), 503, "chain_unavailable"),
        ] {
            let request = http.post(format!("{url}/channels/{path}/close")).body(body.to_string());
            assert_eq!(refusal(request).await, (status, code.to_string()), "{path} {body}");
        }
        let settled: Value =
            http.post(format!("{url}/settle")).send().await.unwrap().json().await.unwrap();
        assert_eq!(settled, json!({"settlements": []}));
        let metrics =
            http.get(format!("{url}/metrics")).send().await.unwrap().text().await.unwrap();
        assert!(
            metrics.contains(r#"openledger_gateway_refusals_total{code="voucher_missing"} 2"#),
            "{metrics}"
        );
    }

    #[tokio::test]
    async fn an_answer_should_be_in_the_format_of_openai_with_its_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let receipt = Receipt {
            genesis: H256::zero(),
            model: 2,
            version: 1,
            operator: H256::zero(),
            payer: H256::zero(),
            channel: 7,
            cumulative: 1_200,
            request: H256::zero(),
            response: H256::zero(),
            tokens_in: 3,
            tokens_out: 4,
            fee: 200,
            issued_at: 1_700_000_000_123,
        };
        let signed = SignedReceipt { receipt, signature: Signature::Sr25519([1; 64]) };
        let answered = Answered { model: 2, text: " yes".into(), stop: Stop::Length, signed };
        let choice = |text: &str| json!({"text": text});
        let response = reply(&gateway, "text_completion", Ok(answered.clone()), choice);
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&body["object"], &body["model"]),
            (&"text_completion".into(), &"openledger/2".into())
        );
        assert_eq!(body["created"], 1_700_000_000);
        assert_eq!(
            body["choices"],
            json!([{"text": " yes", "index": 0, "finish_reason": "length"}])
        );
        assert_eq!(
            body["usage"],
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
        );
        let paid = &body["openledger"];
        let found: SignedReceipt = serde_json::from_value(
            json!({"receipt": paid["receipt"], "signature": paid["signature"]}),
        )
        .unwrap();
        assert_eq!(found, answered.signed);
        assert_eq!(paid["receipt_id"], json!(answered.signed.receipt.id()));
    }
}
