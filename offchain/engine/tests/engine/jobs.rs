//! Jobs that are computed, and what else is asked of an engine.

use codec::DecodeAll;
use openledger_artefacts::{fetch_index, fetch_model, fetch_traces, Cache, IndexIds};
use openledger_engine::{attribute, Engine, Error, Job, Library};
use openledger_influence::Index;
use openledger_lm::Device;
use openledger_primitives::{attribution::Attribution, trace::Trace, ContentId, PPM};
use openledger_trace::{Index as TraceIndex, Rules};
use serde_json::{json, Value};

use crate::fixture::*;

fn attribution(answer: &Value) -> Attribution {
    let digits = answer["attribution"].as_str().unwrap().strip_prefix("0x").unwrap();
    Attribution::decode_all(&mut hex::decode(digits).unwrap().as_slice()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_done_with_what_its_artefacts_give() {
    let world = World::new().await;
    let transcripts = world.answers(0);
    let job = world.job(7, &transcripts).await;
    let engine = world.engine("a", 4).await;
    let (status, answer) = engine.post(&job).await;
    assert_eq!((status, &answer["job"]), (202, &json!("abababab-7")));
    assert!(["queued", "running", "done"].contains(&answer["state"].as_str().unwrap()));

    let done = engine.once(&job, &["done", "failed"]).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["job"], "abababab-7");
    assert!(done.get("error").is_none());
    let found = attribution(&done);

    // Another way to the same artefacts.
    let cache = Cache::new(world.folder.path().join("elsewhere"), 1 << 30);
    let (model, _) = fetch_model(&world.store, &job.base, &job.adapter, &cache).await.unwrap();
    let index = fetch_index(&world.store, &job.index.content, &cache).await.unwrap();
    let index = Index::open(&index).unwrap();
    let settlement = job.settlement();
    let mut works = Vec::new();
    let keep = |work| works.push(work);
    let traces = fetch_traces(&world.store, &job.index.trace.unwrap(), &cache).await.unwrap();
    let traces = TraceIndex::open(&traces).unwrap();
    let trace = |answer: &[u32]| {
        let found = traces.trace(answer, &Rules::default());
        let credits = found.credits.into_iter().collect::<Vec<_>>().try_into().unwrap();
        Trace { bits: found.bits, credits }
    };
    let parameters = job.parameters();
    let report = openledger_influence::attribute(
        &model,
        &index,
        &settlement,
        &transcripts,
        parameters,
        trace,
        keep,
    )
    .unwrap();
    assert_eq!(found, report.attribution());
    let sum: u32 = found.shares.shares().iter().map(|share| share.ppm).sum();
    assert_eq!(sum + found.shares.pool(), PPM);
    assert!(!found.shares.shares().is_empty());
    assert!(found.shares.shares().iter().all(|s| CONTRIBUTIONS[..3].contains(&s.contribution)));

    let id: ContentId = serde_json::from_value(done["report"].clone()).unwrap();
    assert_eq!(id, found.report);
    assert_eq!(world.store.get(&id, 1 << 20).await.unwrap(), report.to_json());
    for (receipt, work) in report.receipts.iter().zip(works) {
        assert_eq!(world.store.get(&receipt.work, 1 << 30).await.unwrap(), work);
    }

    // What an audit calls.
    let mut library = Library::new(world.store.clone(), cache, Device::Cpu);
    let artefacts = library.load(&job).await.unwrap();
    let audited = attribute(&job, &artefacts, &transcripts, |_| {}).unwrap();
    assert_eq!(audited, report);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_should_be_credited_to_the_contribution_that_it_repeats() {
    let world = World::new().await;
    let tokenizer = world.tokenizer();
    let prompt = tokenizer.prompt(&text(2, 50)).unwrap();
    // Word for word a record of contribution 3, asked for in the words of contribution 8.
    let answers = [answer(0, prompt, tokenizer.encode(&text(0, 1)).unwrap())];
    let job = world.job(7, &answers).await;
    let elsewhere = world.folder.path().join("elsewhere");
    let mut library = Library::new(world.store.clone(), elsewhere, Device::Cpu);
    let mut receipt = async |trace, index: IndexIds| {
        let job = Job { trace, index, ..job.clone() };
        let artefacts = library.load(&job).await.unwrap();
        attribute(&job, &artefacts, &answers, |_| {}).unwrap().receipts.remove(0)
    };
    let half = receipt(PPM / 2, job.index).await;
    let credited: Vec<_> = half.trace.credits.iter().map(|(id, _)| *id).collect();
    assert_eq!(credited, [3], "{half:?}");
    let influence = receipt(0, job.index).await;
    assert_eq!(influence.trace, half.trace);
    assert_eq!(half.shares, half.trace.mix(&influence.shares, PPM / 2));
    assert!(half.shares.of(3) > influence.shares.of(3), "{half:?}");
    // Without a trace index, influence is all.
    let untraced = receipt(PPM, IndexIds { trace: None, ..job.index }).await;
    assert_eq!((untraced.trace, untraced.shares), (Trace::default(), influence.shares));
}

#[tokio::test(flavor = "multi_thread")]
async fn result_should_be_the_same_bytes_when_computed_elsewhere_again() {
    let world = World::new().await;
    let (first, second) = (world.answers(0), world.answers(1));
    let other = world.other_model().await;
    let (a, b) = (world.engine("a", 4).await, world.engine("b", 4).await);
    let job = world.job(1, &first).await;
    let alone = a.result(&job).await;
    assert_eq!(alone["state"], "done", "{alone}");

    // After other batches and another adapter on the same base.
    let next = world.job(2, &second).await;
    let different = b.result(&next).await;
    let mut adapted = world.job(3, &first).await;
    (adapted.adapter, adapted.index) = (other.adapter, other.index);
    let adapted = b.result(&adapted).await;
    let after = b.result(&job).await;
    assert_eq!(alone, after);
    assert_eq!(adapted["state"], "done", "{adapted}");
    assert_ne!(alone["attribution"], different["attribution"]);
    assert_ne!(alone["attribution"], adapted["attribution"]);
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn post_should_be_idempotent_and_refuse_another_body() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let mut job = world.job(7, &world.answers(0)).await;
    let done = engine.result(&job).await;
    assert_eq!(done["state"], "done", "{done}");
    // A later committee wants the same result.
    job.attempt = 2;
    // With the result, for whoever posts it: nobody has to ask for it afterwards.
    assert_eq!(engine.post(&job).await, (202, done.clone()));
    assert_eq!(engine.get(&job).await, (200, done.clone()));
    job.floor = 2_000;
    let (status, answer) = engine.post(&job).await;
    assert_eq!(status, 409);
    assert!(answer["error"].as_str().unwrap().contains("abababab-7"), "{answer}");
    assert_eq!(engine.get(&job).await, (200, done));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn post_should_refuse_when_the_queue_is_full() {
    let world = World::new().await;
    let engine = world.engine("a", 1).await;
    let stuck = world.job(1, &world.answers(0)).await;
    let dam = Dam::before(world.blob(&stuck.batch));
    assert_eq!(engine.post(&stuck).await.0, 202);
    engine.once(&stuck, &["running"]).await;

    let waiting = world.job(2, &world.answers(1)).await;
    let queued = json!({"job": "abababab-2", "state": "queued"});
    assert_eq!(engine.post(&waiting).await, (202, queued.clone()));
    let third = world.job(3, &world.answers(2)).await;
    let (status, answer) = engine.post(&third).await;
    assert_eq!(status, 503);
    assert!(answer["error"].as_str().unwrap().contains("later"), "{answer}");
    assert_eq!(engine.get(&third).await.0, 404);
    // Those that are there already have their place, and their bodies.
    assert_eq!(engine.post(&waiting).await, (202, queued));
    assert_eq!(engine.post(&stuck).await.1["state"], "running");
    let changed = openledger_engine::Job { count: 9, ..waiting.clone() };
    assert_eq!(engine.post(&changed).await.0, 409);
    let health: Value = engine
        .client
        .get(format!("{}/health", engine.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(health, json!({"status": "ok", "queued": 1, "running": "abababab-1"}));

    dam.open().await;
    assert_eq!(engine.once(&waiting, &["done", "failed"]).await["state"], "done");
    assert_eq!(engine.result(&third).await["state"], "done");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_should_be_refused_in_words_when_they_are_not_understood() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let job = world.job(7, &world.answers(0)).await;
    let whole = serde_json::to_value(&job).unwrap();
    let edited = |name: &str, value: Value| {
        let mut job = whole.clone();
        job[name] = value;
        job
    };
    let mut without = whole.clone();
    without.as_object_mut().unwrap().remove("batch");
    for body in [
        json!({}),
        json!([1, 2]),
        without,
        edited("total_fee", json!(1_200)),
        edited("total_fee", json!("-1")),
        edited("batch", json!("0x12")),
        edited("genesis", json!("xyz")),
        edited("settlement", json!(-1)),
        edited("attempt", json!(256)),
        edited("contributions", json!(["a"])),
        edited("colour", json!("blue")),
    ] {
        let (status, answer) = engine.post(&body).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(!answer["error"].as_str().unwrap().is_empty());
    }
    let send = |body: Vec<u8>, kind: &'static str| {
        let request =
            engine.client.post(format!("{}/jobs", engine.url)).header("content-type", kind);
        async { request.body(body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send(b"{\"genesis\":".to_vec(), "application/json").await, 400);
    assert_eq!(send(vec![0xff; 10], "application/json").await, 400);
    assert_eq!(send(vec![b' '; 300 * 1024], "application/json").await, 413);
    assert_eq!(send(serde_json::to_vec(&job).unwrap(), "text/plain").await, 415);

    for path in ["jobs/abababab-7", "jobs/abababab-07", "jobs/..%2F..%2Fetc", "jobs/%FF", "nowhere"]
    {
        let answer = engine.client.get(format!("{}/{path}", engine.url)).send().await.unwrap();
        let expected = if path == "jobs/%FF" { 400 } else { 404 };
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_should_count_what_happened() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let job = world.job(1, &world.answers(0)).await;
    assert_eq!(engine.result(&job).await["state"], "done");
    let failing = openledger_engine::Job { settlement: 2, count: 9, ..job.clone() };
    assert_eq!(engine.result(&failing).await["state"], "failed");
    assert_eq!(engine.post(&openledger_engine::Job { floor: 0, ..job }).await.0, 409);
    let text = engine.client.get(format!("{}/metrics", engine.url)).send().await.unwrap();
    let text = text.text().await.unwrap();
    for line in [
        "openledger_engine_jobs_total{state=\"done\"} 1",
        "openledger_engine_jobs_total{state=\"failed\"} 1",
        "openledger_engine_refusals_total{status=\"409\"} 1",
        "openledger_engine_receipts_total 3",
        "openledger_engine_jobs_queued 0",
        "openledger_engine_job_seconds_count 2",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_should_refuse_when_another_engine_has_the_folder() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let second = Engine::open(world.store.clone(), world.settings("a", 4));
    assert!(matches!(second, Err(Error::Busy { .. })));
    engine.stop().await;
    assert!(Engine::open(world.store.clone(), world.settings("a", 4)).is_ok());
}
