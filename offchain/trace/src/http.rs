//! An index over HTTP.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    extract::{rejection::JsonRejection, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_service::{refusal, Connections, Guard, Requests};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    report::{Codec, Report},
    Index, Rules,
};

/// The most bytes of a request.
pub const MAX_BODY: usize = 64 * 1024;
/// What the service takes of requests.
const REQUESTS: Requests = Requests { time: Duration::from_secs(30), body: MAX_BODY, rate: 200 };
/// What it has of connections.
const CONNECTIONS: Connections = Connections {
    open: 256,
    each: 64,
    headers: Duration::from_secs(10),
    grace: Duration::from_secs(5),
};

/// An index with what reads texts for it.
pub struct Service {
    /// The index.
    pub index: Index,
    /// Of the index' tokens.
    pub codec: Box<dyn Codec>,
    /// By which spans are credited.
    pub rules: Rules,
    /// Requests that may be worked on at once.
    pub threads: usize,
    /// Requests that may wait for that.
    pub queue: usize,
    /// Names of hosts that it answers to, besides addresses and `localhost`.
    pub names: Vec<String>,
}

struct Shared {
    service: Service,
    /// A place for each request that is worked on or waits.
    places: Semaphore,
    threads: Arc<Semaphore>,
}

/// Serves an index, until `shutdown`.
pub async fn serve(
    mut service: Service,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let guard = Guard::new(REQUESTS).named(std::mem::take(&mut service.names));
    openledger_service::serve(listener, guard.before(router(service)), CONNECTIONS, shutdown).await;
}

fn router(service: Service) -> Router {
    let threads = service.threads.clamp(1, Semaphore::MAX_PERMITS);
    let places = threads.saturating_add(service.queue).min(Semaphore::MAX_PERMITS);
    let (places, threads) = (Semaphore::new(places), Arc::new(Semaphore::new(threads)));
    Router::new()
        .route("/trace", post(trace))
        .route("/index", get(index))
        .route("/health", get(|| async { Json(json!({"ok": true})) }))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "this path has another method")
        })
        .with_state(Arc::new(Shared { service, places, threads }))
}

/// A text, or tokens.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Text(String),
    Tokens(Vec<u32>),
}

/// `POST /trace`. Only as `application/json`, which no page in a browser can send to another site unasked.
async fn trace(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let asked = match body {
        Ok(Json(asked)) => asked,
        Err(rejection) => {
            let status = match rejection.status() {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                status => status,
            };
            let expected = r#"expected {"text":"…"} or {"tokens":[…]}"#;
            return refusal(status, format!("{expected}: {}", rejection.body_text()));
        }
    };
    let Ok(_place) = shared.places.try_acquire() else {
        let waiting = shared.service.queue;
        let reason = format!("{waiting} requests wait already, the most that may: try again later");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let permit = shared.threads.clone().acquire_owned().await.expect("nobody closes it");
    let shared = shared.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let Service { index, codec, rules, .. } = &shared.service;
        let report = match asked {
            Asked::Text(text) => Report::of_text(index, codec.as_ref(), &text, rules),
            Asked::Tokens(tokens) => Report::of_tokens(index, codec.as_ref(), &tokens, rules),
        };
        drop(permit);
        report
    });
    match answer.await {
        Ok(Ok(report)) => Json(report).into_response(),
        Ok(Err(refused)) => refusal(StatusCode::BAD_REQUEST, refused),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// `GET /index`.
async fn index(State(shared): State<Arc<Shared>>) -> Response {
    let Service { index, rules, .. } = &shared.service;
    let body = json!({
        "contributions": index.contributions().len(),
        "records": index.records(),
        "tokens": index.tokens(),
        "bytes": index.bytes(),
        "rules": rules,
    });
    Json(body).into_response()
}
