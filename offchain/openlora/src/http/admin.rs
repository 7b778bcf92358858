//! What the operator alone may do: on a listener of its own, with a token.

use std::sync::Arc;

use axum::{
    extract::{rejection::PathRejection, Path, Request, State},
    http::header::ORIGIN,
    middleware::{from_fn, from_fn_with_state, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_primitives::ModelId;
use openledger_service::{Rate, Secret};
use serde_json::{json, Value};

use super::{guard, guard::Names, in_time, limits, rate, ANSWER};
use crate::{Gateway, Refusal};

/// Requests a second that one address may make.
const RATE: u32 = 20;

/// The routes.
pub fn router(gateway: Arc<Gateway>, token: Secret) -> Router {
    let routes = Router::new()
        .route("/settle", post(settle))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/models/{id}/load", post(load))
        .route("/models/{id}/unload", post(unload))
        .with_state(gateway);
    let names = Arc::new(Names::default());
    limits(routes.layer(from_fn(|request: Request, next: Next| in_time(ANSWER, request, next))))
        .layer(from_fn_with_state(Arc::new(token), authenticate))
        // Before the token, so that nobody tries many.
        .layer(from_fn_with_state(Arc::new(Rate::new(RATE, rate::BURST)), rate::limit))
        .layer(from_fn(no_page))
        // No name but numbers and localhost.
        .layer(from_fn_with_state(names, guard::check))
}

/// Refuses pages in a browser, of whatever site.
async fn no_page(request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) {
        let message = "this listener does not answer to pages in a browser";
        return Refusal::forbidden("origin_refused", message).into_response();
    }
    next.run(request).await
}

async fn authenticate(State(token): State<Arc<Secret>>, request: Request, next: Next) -> Response {
    if token.is_shown(request.headers()) {
        return next.run(request).await;
    }
    let message = "expected Authorization: Bearer and the token that the gateway wrote to its home at its first start";
    Refusal::unauthorised("token_refused", message).into_response()
}

async fn settle(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    let settled = gateway.settle(true).await?;
    Ok(Json(json!({"settlements": settled})))
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> String {
    gateway.metrics.text()
}

async fn status(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    let (pending, open) = gateway.book(|book| (book.pending(), book.open().len()));
    Json(json!({
        "operator": gateway.account,
        "genesis": gateway.link.genesis(),
        "ready": gateway.is_ready(),
        "questions": gateway.queue.taken(),
        "receipts_pending": pending,
        "batches_open": open,
        "memory": gateway.catalogue.memory(),
        "models": gateway.catalogue.loaded(),
    }))
}

type Id = Result<Path<ModelId>, PathRejection>;

fn model(id: Id) -> Result<ModelId, Refusal> {
    id.map(|Path(id)| id).map_err(|_| {
        Refusal::bad_request("invalid_model", "expected a number: /models/2/load, /models/2/unload")
    })
}

async fn load(State(gateway): State<Arc<Gateway>>, id: Id) -> Result<Json<Value>, Refusal> {
    let id = model(id)?;
    let version = gateway.load_model(id).await?;
    Ok(Json(json!({"model": id, "version": version})))
}

async fn unload(State(gateway): State<Arc<Gateway>>, id: Id) -> Result<Json<Value>, Refusal> {
    let id = model(id)?;
    Ok(Json(json!({"model": id, "unloaded": gateway.catalogue.unload(id)})))
}
