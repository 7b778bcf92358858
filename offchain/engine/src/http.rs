//! The routes.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, State as Shared},
    http::{header::CONTENT_TYPE, HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_service::{refusal, Connections, Guard, Requests};
use serde::Serialize;
use serde_json::{json, Value};
use tokio::net::TcpListener;

use crate::{engine::Refused, job::Id, Engine, Error, Job, Result, State};

/// What the engine takes of requests. Eight versions of 256 contributions are a job of some 25,000 bytes.
const REQUESTS: Requests = Requests { time: Duration::from_secs(10), body: 256 * 1024, rate: 100 };
/// What it has of connections.
const CONNECTIONS: Connections = Connections {
    open: 256,
    each: 64,
    headers: Duration::from_secs(10),
    grace: Duration::from_secs(5),
};
/// How long a job that was posted may take before the answer says that it is under way: so that whoever
/// posts a small one has the result at once. A worker has 300 ms for all that it asks.
const AT_ONCE: Duration = Duration::from_millis(150);

/// Serves an engine and works on its jobs, until `shutdown`. A job that is then unfinished is computed after the next
/// start on the same folder.
pub async fn serve(
    engine: Engine,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let engine = Arc::new(engine);
    // Whether it is there, anybody may know.
    let guard = Guard::new(REQUESTS)
        .named(engine.names().iter().cloned())
        .secret(engine.secret.clone(), &["/health"]);
    let serving = openledger_service::serve(
        listener,
        guard.before(router(engine.clone())),
        CONNECTIONS,
        shutdown,
    );
    tokio::select! {
        () = serving => {}
        never = engine.clone().work() => match never {},
    }
    engine.interrupt();
}

fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/jobs", post(submit))
        .route("/jobs/{id}", get(job))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such path") })
        .method_not_allowed_fallback(|| async {
            refusal(StatusCode::METHOD_NOT_ALLOWED, "this path has another method")
        })
        .with_state(engine)
}

/// `POST /jobs`.
async fn submit(
    Shared(engine): Shared<Arc<Engine>>,
    headers: HeaderMap,
    body: std::result::Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let answer = match body {
        Ok(body) if is_json(&headers) => match serde_json::from_slice::<Job>(&body) {
            Ok(job) => take(engine.clone(), Id::of(&body), job).await,
            Err(error) => refusal(StatusCode::BAD_REQUEST, format!("expected a job: {error}")),
        },
        Ok(_) => refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected the header `Content-Type: application/json`",
        ),
        Err(rejection) => refusal(rejection.status(), rejection.body_text()),
    };
    if answer.status() != StatusCode::ACCEPTED {
        engine.metrics.refusals.with_label_values(&[answer.status().as_str()]).inc();
    }
    answer
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

async fn take(engine: Arc<Engine>, id: Id, job: Job) -> Response {
    let (own, work) = (engine.clone(), job.work());
    match tokio::task::spawn_blocking(move || own.submit(&id, job)).await {
        Ok(Ok(state)) => {
            let ended = tokio::time::timeout(AT_ONCE, engine.ended(&work)).await.is_ok();
            let now = if ended { look_up(engine, id).await.ok().flatten() } else { None };
            let state = now.unwrap_or(state);
            (StatusCode::ACCEPTED, Json(Answer { job: id, state })).into_response()
        }
        Ok(Err(Refused::Full(capacity))) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{capacity} jobs wait already, the most that may: post it again later"),
        ),
        Ok(Err(Refused::Disk(error))) => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the job could not be kept on disk: {error}"),
        ),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

#[derive(Serialize)]
struct Answer {
    job: Id,
    #[serde(flatten)]
    state: State,
}

/// `GET /jobs/{id}`.
async fn job(Shared(engine): Shared<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let id: Id = match id.parse() {
        Ok(id) => id,
        Err(error) => return refusal(StatusCode::NOT_FOUND, error),
    };
    match look_up(engine, id).await {
        Ok(Some(state)) => Json(Answer { job: id, state }).into_response(),
        Ok(None) => {
            refusal(StatusCode::NOT_FOUND, format!("there is no job {id}: post it to /jobs"))
        }
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// How far a job is, from disk if need be.
async fn look_up(engine: Arc<Engine>, id: Id) -> Result<Option<State>> {
    tokio::task::spawn_blocking(move || engine.state(&id)).await.map_err(|_| Error::Ended)?
}

async fn health(Shared(engine): Shared<Arc<Engine>>) -> Json<Value> {
    let (queued, running) = engine.load();
    Json(json!({"status": "ok", "queued": queued, "running": running}))
}

async fn metrics(Shared(engine): Shared<Arc<Engine>>) -> String {
    engine.metrics.text()
}
