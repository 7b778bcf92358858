//! How many requests one address may make.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use openledger_service::Rate;

use crate::Refusal;

/// Seconds' worth of requests that an address may make at once.
pub const BURST: u32 = 10;

/// Refuses what is beyond the rate.
pub async fn limit(
    State(rate): State<Arc<Rate>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if rate.take(peer.ip(), Instant::now()) {
        return next.run(request).await;
    }
    let message = format!(
        "more than {} requests a second from this address: wait a second, then ask again",
        rate.per_second()
    );
    Refusal::too_many("rate_limited", message).into_response()
}
