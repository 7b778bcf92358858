//! The routes: OpenAI's format, with a voucher and a signature in the headers and a receipt in the answer.
//!
//! | | |
//! |---|---|
//! | `guard`, `rate` | who may ask, and how often |
//! | `headers` | what is shown to be answered |
//! | `request`, `reply` | OpenAI's format |
//! | `admin` | what the operator alone may do |

mod admin;
mod guard;
mod headers;
mod rate;
mod reply;
mod request;

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    body::{to_bytes, Body, Bytes},
    extract::{rejection::PathRejection, Path, Request, State},
    http::{header::CONTENT_ENCODING, request::Parts},
    middleware::{from_fn, from_fn_with_state, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use openledger_primitives::{hashing::content_id, voucher::SignedClosing, ChannelId, H256};
use openledger_service::{serve as serve_routes, Connections, Rate, Secret};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use tokio::{net::TcpListener, sync::watch};

use self::request::Form;
pub use self::{
    guard::Names,
    headers::{USE, VOUCHER},
};
use crate::{
    gateway::{Gateway, Question},
    usage, Error, Refusal,
};

/// What each listener has of connections.
const CONNECTIONS: Connections = Connections {
    open: 1_024,
    each: 128,
    headers: Duration::from_secs(20),
    grace: Duration::from_secs(20),
};
/// How long the last answers may take to be charged, once their callers are gone.
const CHARGING: Duration = Duration::from_secs(10);
/// The most bytes of a request.
const MAX_BODY: usize = 1024 * 1024;
/// How long a request's body may take to come.
const BODY: Duration = Duration::from_secs(30);
/// How long an answer may take, its time in the queue included.
const ANSWER: Duration = Duration::from_secs(600);
/// How long everything else may take.
const OTHER: Duration = Duration::from_secs(120);

/// Where and for whom a gateway answers.
pub struct Serving {
    /// For everybody.
    pub public: TcpListener,
    /// What it is called, and which pages may ask it.
    pub names: Names,
    /// Requests a second that one address may make.
    pub rate: u32,
    /// For its operator.
    pub admin: TcpListener,
    /// What the operator shows.
    pub token: Secret,
}

/// Serves until `shutdown`, settling all the while; then until the answers that have begun are given, or their time is
/// over.
pub async fn serve(
    gateway: Arc<Gateway>,
    serving: Serving,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let Serving { public, names, rate, admin, token } = serving;
    let settling = tokio::spawn(gateway.clone().keep_settling());
    let loading = tokio::spawn(gateway.clone().keep_ready());
    let leasing = tokio::spawn(gateway.clone().keep_lease());
    let (stop, stopping) = watch::channel(false);
    let stopped = |mut stopping: watch::Receiver<bool>| async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let stopper = tokio::spawn(async move {
        shutdown.await;
        let _ = stop.send(true);
    });
    let routes = admin::router(gateway.clone(), token);
    let admins = serve_routes(admin, routes, CONNECTIONS, stopped(stopping.clone()));
    let charging = gateway.clone();
    let routes = router(gateway, names, rate);
    let everybody = serve_routes(public, routes, CONNECTIONS, stopped(stopping));
    tokio::join!(everybody, admins);
    // Those whose connections were cut stop computing, and are charged for what they had.
    charging.finish(CHARGING).await;
    for task in [settling, loading, leasing, stopper] {
        task.abort();
    }
}

fn router(gateway: Arc<Gateway>, names: Names, rate: u32) -> Router {
    let names = Arc::new(names);
    let answers = Router::new()
        .route("/v1/completions", post(completions))
        .route("/v1/chat/completions", post(chat))
        .layer(from_fn(|request: Request, next: Next| in_time(ANSWER, request, next)));
    let others = Router::new()
        .route("/v1/models", get(models))
        .route("/v1/models/{*id}", get(model))
        .route("/v1/receipts/{id}", get(receipt))
        .route("/channels/{id}", get(channel))
        .route("/channels/{id}/close", post(close))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .layer(from_fn(|request: Request, next: Next| in_time(OTHER, request, next)));
    limits(answers.merge(others).with_state(gateway))
        .layer(from_fn_with_state(Arc::new(Rate::new(rate, rate::BURST)), rate::limit))
        // Around the rate, so that a page can read that it asked too often.
        .layer(names.cors())
        .layer(from_fn_with_state(names, guard::check))
}

/// What is not there, and what is too large.
fn limits(routes: Router) -> Router {
    routes
        .fallback(|| async { Refusal::not_found("not_found", "there is no such path") })
        .method_not_allowed_fallback(|| async { Refusal::other_method() })
        .layer(from_fn(in_size))
}

async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let message = format!(
            "no answer within {} s: ask for fewer tokens, or later; the same signed request again is not charged twice",
            limit.as_secs()
        );
        Refusal::too_slow("too_slow", message).into_response()
    })
}

/// Reads the body, up to a limit of bytes and of time, so that what follows has all of it.
async fn in_size(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(&parts, body).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn read(parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(encoding) = header(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let message = format!(
            "the body is sent with Content-Encoding {encoding:?}: send it as it is, since its hash is signed and paid for"
        );
        return Err(Refusal::other_encoding(message));
    }
    let bytes = tokio::time::timeout(BODY, to_bytes(body, MAX_BODY)).await.map_err(|_| {
        let message = format!("the body did not come within {} s", BODY.as_secs());
        Refusal::too_slow("body_too_slow", message)
    })?;
    bytes.map_err(|error| {
        let limit = std::error::Error::source(&error)
            .is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
        match limit {
            true => Refusal::too_large(MAX_BODY),
            false => Refusal::bad_request("body_refused", error.to_string()),
        }
    })
}

fn json_of<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body is not the JSON that was expected: {error}");
        Refusal::bad_request("invalid_json", message)
    })
}

/// The parts of a request and its body, which was read already.
async fn whole(request: Request) -> Result<(Parts, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY)
        .await
        .map_err(|error| Refusal::bad_request("body_refused", error.to_string()))?;
    Ok((parts, bytes))
}

/// Who asks, of a request that has no body.
fn asked(parts: &Parts) -> Result<usage::Request, Refusal> {
    let asked = headers::signed(&parts.headers, &parts.method, parts.uri.path(), content_id(&[]))?;
    // Before the chain is asked.
    asked.fresh()?;
    Ok(asked)
}

async fn ask(gateway: &Arc<Gateway>, form: Form, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = whole(request).await?;
    // The bytes themselves: what was paid for is not what somebody might read in them.
    let id = content_id(&body);
    let asked = request::read(&body, form)?;
    let payment = headers::payment(&parts.headers, id)?;
    let request = headers::signed(&parts.headers, &parts.method, parts.uri.path(), id)?;
    let request::Asked { model, prompt, sampling, stop } = asked;
    let question = Question { model, prompt, sampling, stop, payment, request };
    Ok(reply::answer(form, &gateway.answer(question).await?))
}

async fn answer(gateway: Arc<Gateway>, form: Form, request: Request) -> Response {
    ask(&gateway, form, request).await.unwrap_or_else(|refusal| {
        gateway.metrics.refusals.with_label_values(&[refusal.code()]).inc();
        refusal.into_response()
    })
}

async fn completions(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Form::Completion, request).await
}

async fn chat(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    answer(gateway, Form::Chat, request).await
}

async fn models(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    let (_, view) = gateway.link.now().await?;
    let offered = gateway.catalogue.offered(&view).await?;
    let data: Vec<Value> =
        offered.iter().map(|(id, model)| reply::model(*id, model, &gateway.account)).collect();
    Ok(Json(json!({"object": "list", "data": data})))
}

async fn model(
    State(gateway): State<Arc<Gateway>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Refusal> {
    let Path(name) = name.map_err(|rejection| {
        Refusal::bad_request(
            "invalid_model",
            format!("the model's name: {}", rejection.body_text()),
        )
    })?;
    let (_, view) = gateway.link.now().await?;
    let (id, model) = gateway.catalogue.find(&view, &name).await?;
    Ok(Json(reply::model(id, &model, &gateway.account)))
}

fn number<T>(id: Result<Path<T>, PathRejection>, expected: &str) -> Result<T, Refusal> {
    id.map(|Path(id)| id).map_err(|_| {
        Refusal::bad_request("invalid_channel", format!("expected a number: {expected}"))
    })
}

async fn channel(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<ChannelId>, PathRejection>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let id = number(id, "/channels/7")?;
    let (parts, _) = request.into_parts();
    let asked = asked(&parts)?;
    let (_, view) = gateway.link.now().await?;
    let channel = view.channel(id).await.map_err(Error::from)?;
    let ours = channel.filter(|channel| channel.operator == gateway.account).ok_or_else(|| {
        let message = format!("there is no channel {id} to {}", gateway.account);
        Refusal::not_found("channel_unknown", message)
    })?;
    asked.authorise(gateway.scope(id), &ours.signer.0)?;
    let known = gateway.owed(id);
    let owed = known.as_ref().map_or(0, |account| account.owed).max(ours.claimed);
    // What the signer signed itself, so that it need not believe what it owes. A session's key only spends.
    let own = asked.signed.certificate.is_none();
    let voucher = known.filter(|_| own).and_then(|account| account.vouchers.last()?.signed());
    Ok(Json(json!({"channel": id, "owed": owed.to_string(), "voucher": voucher})))
}

/// An answer that was given, for whoever asks in its channel's name.
async fn receipt(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<H256>, PathRejection>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let Path(id) = id.map_err(|_| {
        let message = "expected 0x and 64 hexadecimal digits: /v1/receipts/0x…";
        Refusal::bad_request("invalid_receipt", message)
    })?;
    let (parts, _) = request.into_parts();
    let asked = asked(&parts)?;
    let unknown = || {
        let message =
            format!("there is no answer with the receipt {id:?}, or it is not kept any more");
        Refusal::not_found("receipt_unknown", message)
    };
    let given = gateway.answer_of(id).await?.ok_or_else(unknown)?;
    let channel_id = given.transcript.signed.receipt.channel;
    let (_, view) = gateway.link.now().await?;
    let channel = view.channel(channel_id).await.map_err(Error::from)?.ok_or_else(unknown)?;
    asked.authorise(gateway.scope(channel_id), &channel.signer.0)?;
    Ok(Json(reply::given(&given.into())))
}

async fn close(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<ChannelId>, PathRejection>,
    request: Request,
) -> Result<Json<SignedClosing>, Refusal> {
    let id = number(id, "/channels/7/close")?;
    let (_, body) = whole(request).await?;
    let asked: SignedClosing = json_of(&body)?;
    if asked.closing.channel != id {
        let message =
            format!("the closing is of channel {}, the path of {id}", asked.closing.channel);
        return Err(Refusal::bad_request("invalid_channel", message));
    }
    Ok(Json(gateway.release(asked).await?))
}

/// That it answers, whatever the node does.
async fn health(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "operator": gateway.account,
        "genesis": gateway.link.genesis(),
    }))
}

/// Whether it can answer questions: the node does, and the models that it was told to have are loaded.
async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<Json<Value>, Refusal> {
    gateway.working()?;
    if !gateway.is_ready() {
        return Err(Refusal::unavailable("not_ready", "its models are being loaded"));
    }
    let (_, view) = gateway.link.now().await?;
    Ok(Json(json!({"status": "ready", "best": view.block().number})))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use openledger_chain::account;
    use openledger_primitives::{session::Scope, signature::Signature};
    use tokio::sync::oneshot;

    use super::*;
    use crate::gateway::{now, tests::offline};

    /// A gateway without a node, on ports of its own.
    struct Running {
        url: String,
        admin: String,
        token: String,
        stop: oneshot::Sender<()>,
        served: tokio::task::JoinHandle<()>,
    }

    async fn serving(folder: &Path, names: Names, rate: u32) -> Running {
        let (public, admin) = (port().await, port().await);
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let (public_url, admin_url) = (url(&public), url(&admin));
        let path = folder.join("token");
        let token = Secret::open(&path).unwrap();
        let serving = Serving { public, names, rate, admin, token };
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(offline(folder), serving, shutdown));
        let token = Secret::read(&path).unwrap().reveal().to_string();
        Running { url: public_url, admin: admin_url, token, stop, served }
    }

    async fn port() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").await.unwrap()
    }

    async fn refusal(request: reqwest::RequestBuilder) -> (u16, String) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let error = &body["error"];
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{body}");
        assert!(error["type"].is_string(), "{body}");
        (status, error["code"].as_str().unwrap().to_string())
    }

    /// The header of a request that Alice signed for channel 7, of no chain in particular.
    fn signed(action: &str, body: &[u8]) -> String {
        let scope = Scope { genesis: H256::zero(), operator: H256::zero(), channel: 7 };
        let key = account::keypair("//Alice").unwrap();
        let request = usage::tests::request(scope, &key, action, body, now(), 1);
        serde_json::to_string(&request.signed).unwrap()
    }

    #[tokio::test]
    async fn every_bad_request_should_get_an_error_in_the_format_of_openai() {
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1_000).await;
        let url = &running.url;
        let http = reqwest::Client::new();
        let huge = format!(r#"{{"model":"m","prompt":"{}"}}"#, "x".repeat(MAX_BODY));
        let deep = format!(r#"{{"model":"m","stop":{}"#, "[".repeat(100_000));
        let ask = r#"{"model":"m","prompt":"p"}"#;
        let talk = r#"{"model":"m","messages":[{"role":"user","content":"p"}]}"#;
        let cases: Vec<(&str, &[u8], u16, &str)> = vec![
            ("completions", b"", 400, "invalid_json"),
            ("completions", b"prompt=p", 400, "invalid_json"),
            ("completions", b"[]", 400, "invalid_json"),
            ("completions", b"\xff\xfe", 400, "invalid_json"),
            ("completions", br#"{"model":"m"}"#, 400, "invalid_parameter"),
            ("completions", br#"{"prompt":"p"}"#, 400, "invalid_parameter"),
            ("completions", br#"{"model":"m","prompt":[1,2]}"#, 400, "unsupported_parameter"),
            (
                "completions",
                br#"{"model":"m","prompt":"p","max_tokens":-1}"#,
                400,
                "invalid_parameter",
            ),
            (
                "completions",
                br#"{"model":"m","prompt":"p","tools":[1]}"#,
                400,
                "unsupported_parameter",
            ),
            ("completions", deep.as_bytes(), 400, "invalid_json"),
            ("completions", huge.as_bytes(), 413, "body_too_large"),
            ("chat/completions", br#"{"model":"m","messages":[]}"#, 400, "invalid_parameter"),
            ("chat/completions", ask.as_bytes(), 400, "invalid_parameter"),
            ("completions", ask.as_bytes(), 402, "voucher_missing"),
            ("chat/completions", talk.as_bytes(), 402, "voucher_missing"),
        ];
        for (path, body, status, code) in cases {
            let request = http.post(format!("{url}/v1/{path}")).body(body.to_vec());
            let found = refusal(request).await;
            let body: String = String::from_utf8_lossy(body).chars().take(80).collect();
            assert_eq!(found, (status, code.to_string()), "{path} {body}");
        }

        let voucher = json!({"channel": 7, "cumulative": "9", "expires": 9, "signature": format!("0x01{}", "00".repeat(64))});
        let post = |header: &str| {
            let body = ask.to_string();
            http.post(format!("{url}/v1/completions")).body(body).header(VOUCHER, header)
        };
        assert_eq!(refusal(post("{}")).await, (402, "voucher_malformed".into()));
        // A voucher alone, or a one-off payment's number alone, buys nothing.
        let voucher = voucher.to_string();
        for payment in [&voucher, r#"{"channel":7}"#] {
            assert_eq!(refusal(post(payment)).await, (401, "use_missing".into()));
            let malformed = post(payment).header(USE, "{}");
            assert_eq!(refusal(malformed).await, (401, "use_malformed".into()));
            let complete =
                post(payment).header(USE, signed("POST /v1/completions", ask.as_bytes()));
            assert_eq!(refusal(complete).await, (503, "chain_unavailable".into()));
        }
        let none = format!("/v1/receipts/0x{}", "00".repeat(32));
        for (path, status, code) in [
            ("/", 404, "not_found"),
            ("/v1/engines", 404, "not_found"),
            ("/v1/completions", 405, "method_not_allowed"),
            ("/channels/seven", 400, "invalid_channel"),
            ("/channels/-1", 400, "invalid_channel"),
            ("/channels/7", 401, "use_missing"),
            ("/v1/receipts/7", 400, "invalid_receipt"),
            (none.as_str(), 401, "use_missing"),
            ("/v1/models", 503, "chain_unavailable"),
            ("/v1/models/openledger/2", 503, "chain_unavailable"),
            ("/v1/models/openledger%2F2", 503, "chain_unavailable"),
            ("/v1/models/%ff", 400, "invalid_model"),
            ("/ready", 503, "chain_unavailable"),
            // Of the operator's listener.
            ("/metrics", 404, "not_found"),
            ("/settle", 404, "not_found"),
        ] {
            let found = refusal(http.get(format!("{url}{path}"))).await;
            assert_eq!(found, (status, code.to_string()), "{path}");
        }
        let header = signed(&format!("GET {none}"), b"");
        let unknown = http.get(format!("{url}{none}")).header(USE, header);
        assert_eq!(refusal(unknown).await, (404, "receipt_unknown".into()));
        let own = http.get(format!("{url}/channels/7")).header(USE, signed("GET /channels/7", b""));
        assert_eq!(refusal(own).await, (503, "chain_unavailable".into()));
        let signature = Signature::Sr25519([0; 64]);
        let closing = |id: u8| json!({"channel": id, "claimed": "9", "signature": signature});
        for (path, body, status, code) in [
            ("seven", closing(7), 400, "invalid_channel"),
            ("7", closing(8), 400, "invalid_channel"),
            ("7", json!({"channel": 7}), 400, "invalid_json"),
            ("7", closing(7), 503, "chain_unavailable"),
        ] {
            let request = http.post(format!("{url}/channels/{path}/close")).body(body.to_string());
            assert_eq!(refusal(request).await, (status, code.to_string()), "{path} {body}");
        }
        let health = http.get(format!("{url}/health")).send().await.unwrap();
        let health: Value = health.json().await.unwrap();
        assert_eq!(health["status"], "ok");
    }

    #[tokio::test]
    async fn a_field_that_is_refused_should_be_named() {
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1_000).await;
        let http = reqwest::Client::new();
        let request = http.post(format!("{}/v1/chat/completions", running.url));
        let body =
            json!({"model": "m", "messages": [{"role": "user", "content": "p"}], "logprobs": true});
        let answer = request.body(body.to_string()).send().await.unwrap();
        let error: Value = answer.json().await.unwrap();
        assert_eq!(error["error"]["param"], "logprobs");
        assert_eq!(error["error"]["code"], "unsupported_parameter");
    }

    #[tokio::test]
    async fn a_body_that_is_encoded_should_be_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1_000).await;
        let http = reqwest::Client::new();
        let post = |encoding: &str| {
            http.post(format!("{}/v1/completions", running.url))
                .header("content-encoding", encoding)
                .body(r#"{"model":"m","prompt":"p"}"#)
        };
        assert_eq!(refusal(post("gzip")).await, (415, "unsupported_encoding".into()));
        assert_eq!(refusal(post("identity")).await, (402, "voucher_missing".into()));
    }

    #[tokio::test]
    async fn administration_should_be_for_who_has_the_token_alone() {
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1_000).await;
        let Running { admin, token, .. } = &running;
        let http = reqwest::Client::new();
        for (method, path) in [
            ("POST", "/settle"),
            ("GET", "/metrics"),
            ("GET", "/status"),
            ("POST", "/models/2/load"),
            ("POST", "/models/2/unload"),
            ("GET", "/nothing"),
        ] {
            let ask = || http.request(method.parse().unwrap(), format!("{admin}{path}"));
            for request in
                [ask(), ask().bearer_auth("0".repeat(64)), ask().basic_auth(token, Some(""))]
            {
                assert_eq!(refusal(request).await, (401, "token_refused".into()), "{path}");
            }
            // Not from a page, nor by a name that somebody else gave it.
            let page = ask().bearer_auth(token).header("origin", "https://evil.example");
            assert_eq!(refusal(page).await, (403, "origin_refused".into()), "{path}");
            let rebound = ask().bearer_auth(token).header("host", "evil.example");
            assert_eq!(refusal(rebound).await, (421, "host_refused".into()), "{path}");
        }
        let ask = |path: &str| http.get(format!("{admin}{path}")).bearer_auth(token);
        let status: Value = ask("/status").send().await.unwrap().json().await.unwrap();
        assert_eq!((&status["receipts_pending"], &status["models"]), (&json!(0), &json!([])));
        let metrics = ask("/metrics").send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("openledger_gateway_answers_total 0"), "{metrics}");
        let post = |path: &str| http.post(format!("{admin}{path}")).bearer_auth(token);
        let settled: Value = post("/settle").send().await.unwrap().json().await.unwrap();
        assert_eq!(settled, json!({"settlements": []}));
        let unloaded: Value = post("/models/2/unload").send().await.unwrap().json().await.unwrap();
        assert_eq!(unloaded, json!({"model": 2, "unloaded": false}));
        assert_eq!(refusal(post("/models/2/load")).await, (503, "chain_unavailable".into()));
        assert_eq!(refusal(post("/models/two/load")).await, (400, "invalid_model".into()));
        assert_eq!(refusal(ask("/settle")).await, (405, "method_not_allowed".into()));
        assert_eq!(refusal(ask("/v1/models")).await, (404, "not_found".into()));
    }

    #[tokio::test]
    async fn pages_and_names_of_others_should_be_refused_and_preflights_answered_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names {
            hosts: ["gateway.example".to_string()].into(),
            origins: ["https://chat.example".to_string()].into(),
        };
        let running = serving(folder.path(), names, 1_000).await;
        let http = reqwest::Client::new();
        let health = || http.get(format!("{}/health", running.url));
        let rebound = health().header("host", "evil.example");
        assert_eq!(refusal(rebound).await, (421, "host_refused".into()));
        let page = health().header("origin", "https://evil.example");
        assert_eq!(refusal(page).await, (403, "origin_refused".into()));
        assert!(health()
            .header("host", "gateway.example")
            .send()
            .await
            .unwrap()
            .status()
            .is_success());

        let preflight = http
            .request("OPTIONS".parse().unwrap(), format!("{}/v1/completions", running.url))
            .header("origin", "https://chat.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,x-openledger-voucher,x-openledger-use",
            );
        let answer = preflight.send().await.unwrap();
        assert!(answer.status().is_success());
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_lowercase();
        assert_eq!(header("access-control-allow-origin"), "https://chat.example");
        for name in ["authorization", "content-type", VOUCHER, USE] {
            let allowed = header("access-control-allow-headers");
            assert!(allowed.split(',').any(|allowed| allowed.trim() == name), "{name}: {allowed}");
        }
        // What is refused, a page may read too.
        let post = http.post(format!("{}/v1/completions", running.url));
        let answer =
            post.header("origin", "http://localhost:5173").body("{}").send().await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:5173");
    }

    #[tokio::test]
    async fn more_requests_than_the_rate_should_be_refused() {
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1).await;
        let http = reqwest::Client::new();
        let ask = || http.get(format!("{}/health", running.url));
        let mut refused = 0;
        for _ in 0..50 {
            let answer = ask().send().await.unwrap();
            refused += u32::from(answer.status() == 429);
        }
        assert!(refused > 0, "ten at once and one a second, whatever the clock does");
    }

    #[tokio::test]
    async fn shutdown_should_end_though_somebody_holds_a_connection() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let folder = tempfile::tempdir().unwrap();
        let running = serving(folder.path(), Names::default(), 1_000).await;
        let address = running.url.trim_start_matches("http://").to_string();
        // One that never says what it wants, and one that waits for its next request.
        let _silent = tokio::net::TcpStream::connect(&address).await.unwrap();
        let mut idle = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\n\r\n");
        idle.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        idle.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        running.stop.send(()).unwrap();
        running.served.await.unwrap();
        assert!(tokio::net::TcpStream::connect(&address).await.is_err());
    }
}
