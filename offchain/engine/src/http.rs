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

use crate::{engine::Refused, Engine, Job, JobId, State};

/// The most bytes of a job. Eight versions of 256 contributions are some 25,000.
const MAX_BODY: usize = 256 * 1024;
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
    body: Result<Json<Job>, JsonRejection>,
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
    match tokio::task::spawn_blocking(move || engine.submit(job)).await {
        Ok(Ok(state)) => {
            let body = json!({"job": id.to_string(), "state": state.name()});
            (StatusCode::ACCEPTED, Json(body)).into_response()
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
    match tokio::task::spawn_blocking(move || engine.state(&id)).await {
        Ok(Ok(Some(state))) => Json(Answer { job: id.to_string(), state }).into_response(),
        Ok(Ok(None)) => {
            refusal(StatusCode::NOT_FOUND, format!("there is no job {id}: post it to /jobs"))
        }
        Ok(Err(error)) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn health(Shared(engine): Shared<Arc<Engine>>) -> Json<Value> {
    let (queued, running) = engine.load();
    let running = running.map(|id| id.to_string());
    Json(json!({"status": "ok", "queued": queued, "running": running}))
}

async fn metrics(Shared(engine): Shared<Arc<Engine>>) -> String {
    engine.metrics.text()
}
