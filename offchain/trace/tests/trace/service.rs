use openledger_trace::{
    build::{add, Contribution, Limits, Record},
    http::{serve, Service, MAX_BODY},
    report::Bytes,
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
    let service = Service { index, codec: Box::new(Bytes), rules: Rules::default(), threads: 2 };
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
    serving.await.unwrap().unwrap();
}
