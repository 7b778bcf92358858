//! A service of a few routes, asked well and badly.

use std::{future::pending, time::Duration};

use axum::{
    body::Bytes,
    routing::{get, post},
    Router,
};
use openledger_service::{serve, Connections, Guard, Requests, Secret};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

const REQUESTS: Requests = Requests { time: Duration::from_secs(60), body: 10, rate: 1_000 };
const CONNECTIONS: Connections = Connections {
    open: 8,
    each: 8,
    headers: Duration::from_secs(60),
    grace: Duration::from_secs(60),
};

struct Running {
    port: u16,
    client: Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn start(guard: Guard) -> Running {
    start_with(guard, CONNECTIONS).await
}

async fn start_with(guard: Guard, connections: Connections) -> Running {
    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/never", get(|| async { pending::<String>().await }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(serve(listener, guard.before(routes), connections, async {
        let _ = stopped.await;
    }));
    Running { port, client: Client::new(), stop, serving }
}

impl Running {
    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://127.0.0.1:{}{path}", self.port))
    }

    fn post(&self, body: &'static str) -> RequestBuilder {
        self.client.post(format!("http://127.0.0.1:{}/length", self.port)).body(body)
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn refused(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_string())
}

#[tokio::test]
async fn service_should_answer_only_to_its_names() {
    let service = start(Guard::new(REQUESTS).named(["Trace.example".to_string()])).await;
    for host in ["127.0.0.1:9", "localhost", "localhost:80", "[::1]:7", "10.0.0.1", "trace.EXAMPLE"]
    {
        assert_eq!(status(service.get("/health").header("host", host)).await, 200, "{host}");
    }
    for host in ["rebound.example", "localhost.example:80", "127.0.0.1.example", "not a host"] {
        let (status, reason) = refused(service.get("/health").header("host", host)).await;
        assert_eq!(status, 403, "{host}");
        assert!(reason.contains("Host"), "{reason}");
    }
}

#[tokio::test]
async fn service_should_not_answer_to_pages_of_other_sites() {
    let service = start(Guard::new(REQUESTS)).await;
    let from = |origin: &str| service.post("four").header("origin", origin.to_string());
    let own = format!("http://127.0.0.1:{}", service.port);
    assert_eq!(status(from(&own)).await, 200);
    for origin in ["http://elsewhere.example", "http://127.0.0.1:1", "null", ""] {
        let (status, reason) = refused(from(origin)).await;
        assert_eq!((status, reason.contains("other sites")), (403, true), "{origin}: {reason}");
    }
}

#[tokio::test]
async fn service_should_answer_only_to_who_shows_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = Secret::open(&folder.path().join("secret")).unwrap();
    let service = start(Guard::new(REQUESTS).secret(secret.clone(), &["/health"])).await;
    assert_eq!(status(service.get("/health")).await, 200);
    assert_eq!(status(service.post("four").bearer_auth(secret.reveal())).await, 200);
    // What is not there, too: nobody else learns what is.
    for request in
        [service.post("four"), service.post("four").bearer_auth("guess"), service.get("/x")]
    {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
    assert_eq!(status(service.get("/x").bearer_auth(secret.reveal())).await, 404);
}

#[tokio::test]
async fn service_should_refuse_what_is_too_much() {
    let limits = Requests { time: Duration::from_millis(50), ..REQUESTS };
    let service = start(Guard::new(limits)).await;
    assert_eq!(status(service.post("ten bytes.")).await, 200);
    assert_eq!(status(service.post("eleven byte")).await, 413);
    let (status, reason) = refused(service.get("/never")).await;
    assert_eq!((status, reason.contains("0.05 s")), (408, true), "{reason}");
}

#[tokio::test]
async fn strangers_should_not_use_up_the_rate_of_who_knows_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = Secret::open(&folder.path().join("secret")).unwrap();
    let limits = Requests { rate: 2, ..REQUESTS };
    let service = start(Guard::new(limits).secret(secret.clone(), &["/health"])).await;
    let mut last = 200;
    for _ in 0..200 {
        last = status(service.get("/health")).await;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert_eq!(status(service.post("four").bearer_auth(secret.reveal())).await, 200);
}

#[tokio::test]
async fn connection_should_be_closed_when_its_headers_do_not_come() {
    let one = Connections { open: 1, headers: Duration::from_millis(50), ..CONNECTIONS };
    let service = start_with(Guard::new(REQUESTS), one).await;
    let mut slow = service.connect().await;
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: lo").await.unwrap();
    // It holds the only place, until its time is over.
    assert_eq!(status(service.get("/health")).await, 200);
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn service_should_end_when_a_request_does_not() {
    let short = Connections { grace: Duration::from_millis(50), ..CONNECTIONS };
    let service = start_with(Guard::new(REQUESTS), short).await;
    let stuck = tokio::spawn(service.get("/never").send());
    let _half = service.connect().await;
    // The first is being answered when the second is.
    assert_eq!(status(service.get("/health")).await, 200);
    service.stop.send(()).unwrap();
    service.serving.await.unwrap();
    assert!(stuck.await.unwrap().is_err());
}

#[tokio::test]
async fn service_should_end_at_once_when_nobody_asks() {
    let service = start(Guard::new(REQUESTS)).await;
    // A connection that is kept for another request.
    assert_eq!(status(service.get("/health")).await, 200);
    service.stop.send(()).unwrap();
    service.serving.await.unwrap();
}
