//! The routes.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    extract::{rejection::JsonRejection, DefaultBodyLimit, Path, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use serde::Serialize;
use serde_json::{json, Value};
use tokio::{net::TcpListener, sync::oneshot};

use crate::{engine::Refused, Engine, Error, Job, JobId, Result, State};

/// The most bytes of a job. Eight versions of 256 contributions are some 25,000.
const MAX_BODY: usize = 256 * 1024;
/// How long a job that was posted may take before the answer says that it is under way: so that whoever
/// posts a small one has the result at once. A worker has 300 ms for all that it asks.
const AT_ONCE: Duration = Duration::from_millis(150);
/// How long requests that have begun may take after a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// Serves an engine and works on its jobs, until `shutdown`. A job that is then unfinished is computed after the next
/// start on the same folder.
///
/// # Errors
/// If the connection cannot be served.
pub async fn serve(
    engine: Engine,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let engine = Arc::new(engine);
    let (stop, stopped) = oneshot::channel();
    let serving = axum::serve(listener, router(engine.clone())).with_graceful_shutdown(async {
        shutdown.await;
        let _ = stop.send(());
    });
    let too_slow = async {
        let _ = stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving => result,
        () = too_slow => Ok(()),
        never = engine.work() => match never {},
    }
}

fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/jobs", post(submit))
        .route("/jobs/{id}", get(job))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is no such path") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(engine)
}

fn refusal(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(json!({"error": error.into()}))).into_response()
}

/// `POST /jobs`. Only as `application/json`, which no page in a browser can send to another site unasked.
async fn submit(
    Shared(engine): Shared<Arc<Engine>>,
    body: std::result::Result<Json<Job>, JsonRejection>,
) -> Response {
    let answer = match body {
        Ok(Json(job)) => take(engine.clone(), job).await,
        Err(rejection) => {
            let status = match rejection.status() {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                status => status,
            };
            refusal(status, rejection.body_text())
        }
    };
    if answer.status() != StatusCode::ACCEPTED {
        engine.metrics.refusals.with_label_values(&[answer.status().as_str()]).inc();
    }
    answer
}

async fn take(engine: Arc<Engine>, job: Job) -> Response {
    let id = job.id();
    let own = engine.clone();
    match tokio::task::spawn_blocking(move || own.submit(job)).await {
        Ok(Ok(state)) => {
            let ended = tokio::time::timeout(AT_ONCE, engine.ended(&id)).await.is_ok();
            let now = if ended { look_up(engine, id).await.ok().flatten() } else { None };
            let state = now.unwrap_or(state);
            (StatusCode::ACCEPTED, Json(Answer { job: id.to_string(), state })).into_response()
        }
        Ok(Err(Refused::Conflict)) => refusal(
            StatusCode::CONFLICT,
            format!("job {id} is another one: expected the body that was posted first"),
        ),
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
    job: String,
    #[serde(flatten)]
    state: State,
}

/// `GET /jobs/{id}`.
async fn job(Shared(engine): Shared<Arc<Engine>>, Path(id): Path<String>) -> Response {
    let id: JobId = match id.parse() {
        Ok(id) => id,
        Err(error) => return refusal(StatusCode::NOT_FOUND, error),
    };
    match look_up(engine, id).await {
        Ok(Some(state)) => Json(Answer { job: id.to_string(), state }).into_response(),
        Ok(None) => {
            refusal(StatusCode::NOT_FOUND, format!("there is no job {id}: post it to /jobs"))
        }
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// How far a job is, from disk if need be.
async fn look_up(engine: Arc<Engine>, id: JobId) -> Result<Option<State>> {
    tokio::task::spawn_blocking(move || engine.state(&id)).await.map_err(|_| Error::Ended)?
}

async fn health(Shared(engine): Shared<Arc<Engine>>) -> Json<Value> {
    let (queued, running) = engine.load();
    let running = running.map(|id| id.to_string());
    Json(json!({"status": "ok", "queued": queued, "running": running}))
}

async fn metrics(Shared(engine): Shared<Arc<Engine>>) -> String {
    engine.metrics.text()
}
