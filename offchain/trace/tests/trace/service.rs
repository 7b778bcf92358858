use std::ops::Range;

use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    http::{serve, Service, MAX_BODY},
    report::{Bytes, Codec},
    About, Alphabet, Error, Index, Rules,
};
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};

const RECORD: &str = "It is a truth universally acknowledged, that a single man in possession";

async fn request(client: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = client.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn service_should_trace_texts_and_refuse_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let about = About {
        contribution: 7,
        label: Some("novels".into()),
        contributor: Some("Jane".into()),
        licence: Some(json!({"training": true})),
    };
    let tokens = RECORD.bytes().map(u32::from).collect();
    let records = vec![Record { tokens, source: Some("novels/pride.txt".into()) }];
    let contribution = Ok::<_, Error>(Contribution { about, records });
    add(folder.path(), &Alphabet::bytes(), [contribution], Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    let service = Service {
        index,
        codec: Box::new(Bytes),
        rules: Rules::default(),
        threads: 2,
        queue: 2,
        names: Vec::new(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(service, listener, async {
        let _ = stopped.await;
    }));
    let client = Client::new();
    let trace = |body: Value| request(client.post(format!("{url}/trace")).json(&body));

    let text = "She said: it is a truth universally acknowledged, that nobody knew.";
    let (status, found) = trace(json!({"text": text})).await;
    assert_eq!(status, StatusCode::OK);
    let span = &found["spans"][0];
    assert_eq!(span["text"], " is a truth universally acknowledged, that ");
    assert_eq!((&span["begin"], &span["end"]), (&json!(12), &json!(55)));
    let place =
        json!({"contribution": 7, "record": 0, "occurrences": 1, "source": "novels/pride.txt"});
    assert_eq!(span["records"], json!([place]));
    let credited = &found["contributions"][0];
    assert_eq!((&credited["contributor"], &credited["label"]), (&json!("Jane"), &json!("novels")));
    assert_eq!(credited["licence"], json!({"training": true}));
    assert_eq!(credited["ppm"], found["shares"]["shares"][0]["ppm"]);
    assert_eq!(
        credited["credit"].as_u64().unwrap() + found["rest"].as_u64().unwrap(),
        found["bits"].as_u64().unwrap()
    );
    assert_eq!(span["bytes"], json!({"start": 12, "end": 55}));
    let bytes: Vec<u8> = text.bytes().collect();
    let mut of_tokens = found.clone();
    of_tokens["spans"][0].as_object_mut().unwrap().remove("bytes");
    assert_eq!(trace(json!({"tokens": bytes})).await, (StatusCode::OK, of_tokens));

    for (body, expected) in [
        (json!({"txt": ""}), StatusCode::BAD_REQUEST),
        (json!({"text": 1}), StatusCode::BAD_REQUEST),
        (json!({"tokens": [-1]}), StatusCode::BAD_REQUEST),
        (json!({"text": "x", "tokens": []}), StatusCode::BAD_REQUEST),
        (json!({"text": "x".repeat(MAX_BODY)}), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (status, refused) = trace(body).await;
        assert_eq!(status, expected);
        assert!(refused["error"].as_str().unwrap().contains("expected {\"text\""), "{refused}");
    }
    let plain = request(client.post(format!("{url}/trace")).body("{}")).await;
    assert_eq!(plain.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(request(client.get(format!("{url}/trace"))).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(request(client.get(format!("{url}/other"))).await.0, StatusCode::NOT_FOUND);
    let (_, about) = request(client.get(format!("{url}/index"))).await;
    assert_eq!((&about["contributions"], &about["tokens"]), (&json!(1), &json!(RECORD.len())));
    stop.send(()).unwrap();
    serving.await.unwrap();
}

/// A codec whose texts take until the test says so.
struct Slow(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

impl Codec for Slow {
    fn encode(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>, String> {
        self.0.lock().unwrap().recv().unwrap();
        Bytes.encode(text)
    }

    fn decode(&self, tokens: &[u32]) -> Result<String, String> {
        Bytes.decode(tokens)
    }
}

#[tokio::test]
async fn service_should_refuse_requests_when_enough_wait() {
    let folder = tempfile::tempdir().unwrap();
    let about = About { contribution: 7, label: None, contributor: None, licence: None };
    let tokens = RECORD.bytes().map(u32::from).collect();
    let records = vec![Record { tokens, source: None }];
    let contribution = Ok::<_, Error>(Contribution { about, records });
    add(folder.path(), &Alphabet::bytes(), [contribution], Limits::default()).unwrap();
    let index = Index::open(folder.path()).unwrap();
    let (go_on, wait) = std::sync::mpsc::channel();
    let codec = Box::new(Slow(std::sync::Mutex::new(wait)));
    let rules = Rules::default();
    let service = Service { index, codec, rules, threads: 1, queue: 1, names: Vec::new() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(serve(service, listener, std::future::pending()));
    let client = Client::new();
    // Of three requests, one is worked on and one waits.
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..3 {
        asked.spawn(client.post(format!("{url}/trace")).json(&json!({"text": "x"})).send());
    }
    let refused = asked.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    while let Some(answer) = asked.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), StatusCode::OK);
    }
    // Whatever is asked, only who is asked by its own name answers.
    let page = client.get(format!("{url}/index")).header("host", "rebound.example");
    assert_eq!(page.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    serving.abort();
}
