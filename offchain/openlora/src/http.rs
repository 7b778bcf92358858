//! The routes: OpenAI's format, with a voucher in the header and a receipt in the answer.

use std::{future::Future, sync::Arc};

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_lm::{Sampling, Stop};
use openledger_primitives::{voucher::SignedVoucher, ChannelId};
use openledger_store::record::{self, Message};
use serde::{de::DeserializeOwned, Deserialize};
use serde_json::{json, Value};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use crate::{
    gateway::{Answered, Gateway, Question},
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
        .route("/settle", post(settle))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { Refusal::not_found("not_found", "there is no such path") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CorsLayer::permissive())
        .with_state(gateway)
}

/// What both kinds of request have. What is not named here is passed over, as other servers do.
#[derive(Deserialize)]
struct Common {
    model: String,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    seed: Option<u64>,
    n: Option<u32>,
    #[serde(default)]
    stream: bool,
    stop: Option<Value>,
}

#[derive(Deserialize)]
struct Completion {
    #[serde(flatten)]
    common: Common,
    prompt: String,
}

#[derive(Deserialize)]
struct Chat {
    #[serde(flatten)]
    common: Common,
    messages: Vec<Message>,
}

impl Common {
    fn sampling(&self) -> Result<Sampling, Refusal> {
        let refuse = |what: &str| Err(Refusal::bad_request("unsupported", what));
        if self.stream {
            return refuse("\"stream\" is not supported: leave it out, the receipt comes with the whole answer");
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

type Body = Result<Bytes, axum::extract::rejection::BytesRejection>;

fn parse<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let body = body.map_err(|error| Refusal::bad_request("body_refused", error.body_text()))?;
    serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad_request("invalid_json", error.to_string()))
}

fn voucher(headers: &HeaderMap) -> Result<SignedVoucher, Refusal> {
    let form =
        "expected {\"channel\":7,\"cumulative\":\"1200\",\"expires\":900,\"signature\":\"0x01…\"}";
    let header = headers.get(VOUCHER).ok_or_else(|| {
        let message =
            format!("a voucher in the header X-OpenLedger-Voucher pays for the answer: {form}");
        Refusal::payment("voucher_missing", message, None)
    })?;
    serde_json::from_slice(header.as_bytes()).map_err(|error| {
        Refusal::bad_request("voucher_malformed", format!("X-OpenLedger-Voucher: {error}; {form}"))
    })
}

async fn answer(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    common: Common,
    prompt: String,
) -> Result<Answered, Refusal> {
    let sampling = common.sampling()?;
    let voucher = voucher(headers)?;
    gateway.answer(Question { model: common.model, prompt, sampling, voucher }).await
}

/// An answer in OpenAI's format; `choice` is what differs between the two kinds.
fn reply(gateway: &Gateway, kind: &str, answered: Result<(Answered, Value), Refusal>) -> Response {
    let (answered, mut choice) = match answered {
        Ok(answered) => answered,
        Err(refusal) => {
            gateway.metrics.refusals.with_label_values(&[refusal.code()]).inc();
            return refusal.into_response();
        }
    };
    let id = answered.signed.receipt.id();
    let receipt = &answered.signed.receipt;
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
    let answered = async {
        let Completion { common, prompt } = parse(body)?;
        let answered = answer(&gateway, &headers, common, prompt).await?;
        let choice = json!({"text": answered.text, "logprobs": null});
        Ok((answered, choice))
    };
    let answered = answered.await;
    reply(&gateway, "text_completion", answered)
}

async fn chat(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Body) -> Response {
    let answered = async {
        let Chat { common, messages } = parse(body)?;
        if messages.is_empty() {
            return Err(Refusal::bad_request("messages_empty", "\"messages\" is empty"));
        }
        // As records of conversations are trained on, up to where the answer begins.
        let prompt = format!("{}\nassistant:", record::conversation(&messages));
        let answered = answer(&gateway, &headers, common, prompt).await?;
        let message = json!({"role": "assistant", "content": answered.text.trim_start()});
        Ok((answered, json!({"message": message, "logprobs": null})))
    };
    let answered = answered.await;
    reply(&gateway, "chat.completion", answered)
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
    Path(id): Path<ChannelId>,
) -> Result<Json<Value>, Refusal> {
    let (_, view) = gateway.link.now().await?;
    let channel = view.channel(id).await.map_err(Error::from)?;
    let ours = channel.filter(|channel| channel.operator == gateway.account).ok_or_else(|| {
        let message = format!("there is no channel {id} to {}", gateway.account);
        Refusal::not_found("channel_unknown", message)
    })?;
    let known = gateway.owed(id).await;
    let owed = known.as_ref().map_or(0, |account| account.owed).max(ours.claimed);
    let voucher = known.map(|account| account.voucher);
    Ok(Json(json!({"channel": id, "owed": owed.to_string(), "voucher": voucher})))
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
    use super::*;

    fn sampling(json: &str) -> Result<Sampling, &'static str> {
        let Completion { common, .. } =
            parse(Ok(Bytes::from(json.to_string()))).map_err(|r| r.code())?;
        common.sampling().map_err(|refusal| refusal.code())
    }

    #[test]
    fn a_request_should_be_refused_in_words_when_it_asks_for_what_is_not_there() {
        for extra in [
            "\"stream\":true",
            "\"n\":2",
            "\"stop\":[\"x\"]",
            "\"max_tokens\":0",
            "\"temperature\":-1",
            "\"top_p\":0",
        ] {
            let json = format!("{{\"model\":\"m\",\"prompt\":\"p\",{extra}}}");
            assert_eq!(sampling(&json).unwrap_err(), "unsupported", "{extra}");
        }
        for json in
            ["", "[]", "{\"model\":\"m\"}", "{\"model\":\"m\",\"prompt\":\"p\",\"max_tokens\":-1}"]
        {
            assert_eq!(sampling(json).unwrap_err(), "invalid_json", "{json}");
        }
        let json = "{\"model\":\"m\",\"prompt\":\"p\",\"max_tokens\":7,\"temperature\":0,\"user\":\"x\",\"stop\":null}";
        let sampling = sampling(json).unwrap();
        assert_eq!((sampling.max_tokens, sampling.temperature), (7, 0.0));
    }

    #[test]
    fn the_voucher_header_should_be_that_of_the_protocol() {
        let mut headers = HeaderMap::new();
        assert_eq!(voucher(&headers).unwrap_err().code(), "voucher_missing");
        headers.insert(VOUCHER, "{\"channel\":7}".parse().unwrap());
        assert_eq!(voucher(&headers).unwrap_err().code(), "voucher_malformed");
        let json = format!(
            "{{\"channel\":7,\"cumulative\":\"1200\",\"expires\":900,\"signature\":\"0x01{}\"}}",
            "ab".repeat(64)
        );
        headers.insert(VOUCHER, json.parse().unwrap());
        let signed = voucher(&headers).unwrap();
        assert_eq!(
            (signed.voucher.channel, signed.voucher.cumulative, signed.voucher.expires),
            (7, 1200, 900)
        );
    }
}
