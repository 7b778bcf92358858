//! What a request must be before a route sees it.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    http::{
        header::{ORIGIN, WWW_AUTHENTICATE},
        uri::Authority,
        HeaderMap, HeaderValue, StatusCode, Uri,
    },
    middleware::{from_fn_with_state, Next},
    response::{IntoResponse, Response},
    Json, Router,
};
use serde_json::json;

use crate::{host, Rate, Secret};

/// Seconds' worth of requests that an address may make at once.
const BURST: u32 = 1;

/// How much a service takes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Time for a request, from its headers to its answer.
    pub time: Duration,
    /// Bytes of a request's body.
    pub body: usize,
    /// Requests a second of one address (of IPv6, of one /64); where there is a secret, of those who show it and of those
    /// who need not, each.
    pub rate: u32,
}

/// Who may ask, and how much.
///
/// A page in a browser cannot ask: it says from which site it is (`Origin`), and where its name was made to lead here,
/// it says this name (`Host`). A service answers to addresses, to `localhost`, and to the names that it was given.
#[derive(Debug)]
pub struct Guard {
    limits: Requests,
    names: BTreeSet<String>,
    secret: Option<Secret>,
    /// The paths of routes that need no secret.
    open: Vec<&'static str>,
    known: Rate,
    strangers: Rate,
}

impl Guard {
    /// Of a service that anybody may ask.
    pub fn new(limits: Requests) -> Self {
        let rate = || Rate::new(limits.rate, BURST);
        let (known, strangers) = (rate(), rate());
        Self { limits, names: BTreeSet::new(), secret: None, open: Vec::new(), known, strangers }
    }

    /// Answers to these names of hosts too.
    #[must_use]
    pub fn named(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names.into_iter().map(|name| name.to_lowercase()));
        self
    }

    /// Answers only to who shows a secret, but on these paths.
    #[must_use]
    pub fn secret(mut self, secret: Secret, open: &[&'static str]) -> Self {
        self.secret = Some(secret);
        self.open.extend(open);
        self
    }

    /// Puts itself before all routes of a service.
    pub fn before(self, router: Router) -> Router {
        let body = DefaultBodyLimit::max(self.limits.body);
        router.layer(body).layer(from_fn_with_state(Arc::new(self), check))
    }

    /// Whether a request comes from where requests may come from.
    fn ensure_source(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), String> {
        let asked = host::asked(uri, headers);
        let host: Option<Authority> = asked.and_then(|host| host.parse().ok());
        let Some(host) = host else {
            return Err("expected a header Host with the name of this service".into());
        };
        if !host::is_own(host.as_str(), &self.names) {
            return Err(format!(
                "the service does not answer to the name {:?} of the header Host: ask it by its address, or start it \
                 with that name",
                host.host()
            ));
        }
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        match origin.as_ref().and_then(Uri::authority) {
            Some(origin) if *origin == host => Ok(()),
            _ => Err("the service does not answer to pages of other sites".into()),
        }
    }
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if let Err(reason) = guard.ensure_source(request.uri(), request.headers()) {
        return refusal(StatusCode::FORBIDDEN, reason);
    }
    let rate = match &guard.secret {
        Some(secret) if secret.is_shown(request.headers()) => &guard.known,
        Some(_) if !guard.open.contains(&request.uri().path()) => {
            let reason =
                "expected the header `Authorization: Bearer` with the secret of this service";
            let mut refused = refusal(StatusCode::UNAUTHORIZED, reason);
            refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return refused;
        }
        _ => &guard.strangers,
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip());
    if !rate.take(address, Instant::now()) {
        let reason = format!(
            "at most {} requests a second of one address are answered: try again later",
            guard.limits.rate
        );
        return refusal(StatusCode::TOO_MANY_REQUESTS, reason);
    }
    match tokio::time::timeout(guard.limits.time, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            let seconds = guard.limits.time.as_secs_f64();
            let reason =
                format!("the request took more than {seconds} s, the most that one may take");
            refusal(StatusCode::REQUEST_TIMEOUT, reason)
        }
    }
}

/// An answer that says why there is no other: `{"error":"…"}`.
pub fn refusal(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(json!({"error": error.into()}))).into_response()
}
