//! Which names and pages may reach a listener: against pages in a browser that reach for a service on the reader's own
//! machine, under a name of theirs (DNS rebinding) or their own.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{
        header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN},
        HeaderName, HeaderValue, Method,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use openledger_service::host;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::headers;
use crate::Refusal;

/// How long a browser may remember what a preflight said.
const PREFLIGHT: Duration = Duration::from_secs(3_600);

/// What a listener is called, and which pages may ask it.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names by which it is reached, beside those of the own machine and numbers, in lower case.
    pub hosts: BTreeSet<String>,
    /// Origins of pages that may ask, as `https://chat.example`; `*` is every page.
    pub origins: BTreeSet<String>,
}

impl Names {
    /// Whether a page of this origin may ask: one of the own machine, of our names, or that is listed.
    fn takes_origin(&self, origin: &str) -> bool {
        if self.origins.contains("*") || self.origins.contains(&origin.to_lowercase()) {
            return true;
        }
        let Some((_, host)) = origin.split_once("://") else { return false };
        let name = host::name(host);
        host::is_local(name) || self.hosts.contains(&name.to_lowercase())
    }

    /// What browsers are told.
    pub fn cors(self: &Arc<Self>) -> CorsLayer {
        let names = self.clone();
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _| {
                origin.to_str().is_ok_and(|origin| names.takes_origin(origin))
            }))
            .allow_methods([Method::GET, Method::POST])
            // Named one by one: `*` does not cover Authorization.
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                HeaderName::from_static(headers::VOUCHER),
                HeaderName::from_static(headers::USE),
            ])
            .max_age(PREFLIGHT)
    }
}

/// Refuses what is for another host, or from another page.
pub async fn check(State(names): State<Arc<Names>>, request: Request, next: Next) -> Response {
    match host::asked(request.uri(), request.headers()) {
        Some(host) if host::is_own(host, &names.hosts) => {}
        host => {
            let message = format!(
                "this service is not {:?}: expected its number, localhost, or a name that its operator gave with \
                 --public-name",
                host.unwrap_or_default()
            );
            return Refusal::misdirected(message).into_response();
        }
    }
    if let Some(origin) = request.headers().get(ORIGIN) {
        if !origin.to_str().is_ok_and(|origin| names.takes_origin(origin)) {
            let message = format!(
                "pages of {origin:?} may not ask here: the operator allows them with --allow-origin"
            );
            return Refusal::forbidden("origin_refused", message).into_response();
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Names { hosts: set(&["gateway.example"]), origins: set(&["https://chat.example"]) }
    }

    #[test]
    fn takes_origin_should_refuse_pages_of_others() {
        for origin in [
            "http://localhost:5173",
            "http://127.0.0.1",
            "http://[::1]:80",
            "https://gateway.example",
            "https://chat.example",
        ] {
            assert!(names().takes_origin(origin), "{origin}");
        }
        for origin in
            ["null", "", "https://evil.example", "http://192.0.2.7", "http://chat.example"]
        {
            assert!(!names().takes_origin(origin), "{origin}");
        }
        let every = Names { origins: ["*".to_string()].into(), ..Names::default() };
        assert!(every.takes_origin("https://evil.example") && every.takes_origin("null"));
    }
}
