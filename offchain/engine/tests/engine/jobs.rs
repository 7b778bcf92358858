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
    assert_eq!((status, &answer["job"]), (202, &json!(id(&job))));
    assert!(["queued", "running", "done"].contains(&answer["state"].as_str().unwrap()));

    let done = engine.once(&job, &["done", "failed"]).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["job"], id(&job));
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

    let stored: ContentId = serde_json::from_value(done["report"].clone()).unwrap();
    assert_eq!(stored, found.report);
    assert_eq!(world.store.get(&stored, 1 << 20).await.unwrap(), report.to_json());
    for (receipt, work) in report.receipts.iter().zip(works) {
        assert_eq!(world.store.get(&receipt.work, 1 << 30).await.unwrap(), work);
    }

    // What an audit calls.
    let mut library = Library::new(world.store.clone(), cache, Device::Cpu, 1 << 30);
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
    let elsewhere = Cache::new(world.folder.path().join("elsewhere"), 1 << 30);
    let mut library = Library::new(world.store.clone(), elsewhere, Device::Cpu, 1 << 30);
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
async fn post_should_be_idempotent_and_take_the_same_work_of_another_committee() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let job = world.job(7, &world.answers(0)).await;
    let done = engine.result(&job).await;
    assert_eq!(done["state"], "done", "{done}");
    // With the result, for whoever posts it: nobody has to ask for it afterwards.
    assert_eq!(engine.post(&job).await, (202, done.clone()));
    // A later committee wants the same result, which is there.
    let later = Job { attempt: 2, ..job.clone() };
    let mut same = done.clone();
    same["job"] = json!(id(&later));
    assert_eq!(engine.post(&later).await, (202, same.clone()));
    assert_eq!(engine.get(&later).await, (200, same));
    assert_eq!(engine.get(&job).await, (200, done));
    let computed = engine.ask("metrics").await.text().await.unwrap();
    assert!(computed.contains("openledger_engine_job_seconds_count 1"), "{computed}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_computed_when_another_of_its_settlement_came_first() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let job = world.job(7, &world.answers(0)).await;
    // As of a fork that the chain left, and as somebody makes it up.
    let fork = world.job(7, &world.answers(1)).await;
    let false_one = Job { floor: 2_000, ..job.clone() };
    let first = engine.result(&fork).await;
    let second = engine.result(&false_one).await;
    let done = engine.result(&job).await;
    assert_eq!((&first["state"], &second["state"]), (&json!("done"), &json!("done")));
    assert_eq!(done["state"], "done", "{done}");
    assert_ne!(done["attribution"], first["attribution"]);
    assert_eq!(engine.get(&fork).await, (200, first));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn engine_should_take_jobs_only_from_who_knows_its_secret() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let job = world.job(7, &world.answers(0)).await;
    let url = format!("{}/jobs", engine.url);
    let stranger = engine.client.post(&url).json(&job).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    let guess = engine.client.post(&url).bearer_auth("guess").json(&job).send().await.unwrap();
    assert_eq!(guess.status(), 401);
    assert_eq!(engine.get(&job).await.0, 404);
    // What a page does whose name was made to lead here, even if it knew the secret.
    let page = engine.client.post(&url).bearer_auth(&engine.secret).json(&job);
    let page = page.header("host", "rebound.example:9955").send().await.unwrap();
    assert_eq!(page.status(), 403);
    for path in ["metrics", "jobs/x"] {
        let answer = engine.client.get(format!("{}/{path}", engine.url)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    let health = engine.client.get(format!("{}/health", engine.url)).send().await.unwrap();
    assert_eq!(health.status(), 200);
    engine.stop().await;
    // The same after a restart.
    let again = world.engine("a", 4).await;
    assert_eq!(again.post(&job).await.0, 202);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn post_should_refuse_when_the_queue_is_full() {
    let world = World::new().await;
    let dam = Dam::before(&world.settings("a", 1));
    let engine = world.engine("a", 1).await;
    let stuck = world.job(1, &world.answers(0)).await;
    assert_eq!(engine.post(&stuck).await.0, 202);
    engine.once(&stuck, &["running"]).await;

    let waiting = world.job(2, &world.answers(1)).await;
    let queued = json!({"job": id(&waiting), "state": "queued"});
    assert_eq!(engine.post(&waiting).await, (202, queued.clone()));
    let third = world.job(3, &world.answers(2)).await;
    let (status, answer) = engine.post(&third).await;
    assert_eq!(status, 503);
    assert!(answer["error"].as_str().unwrap().contains("later"), "{answer}");
    assert_eq!(engine.get(&third).await.0, 404);
    // Those that are there already have their place.
    assert_eq!(engine.post(&waiting).await, (202, queued));
    assert_eq!(engine.post(&stuck).await.1["state"], "running");
    let health: Value = engine.ask("health").await.json().await.unwrap();
    assert_eq!(health, json!({"status": "ok", "queued": 1, "running": 1}));

    dam.open();
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
        let request = request.bearer_auth(&engine.secret);
        async { request.body(body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(send(b"{\"genesis\":".to_vec(), "application/json").await, 400);
    assert_eq!(send(vec![0xff; 10], "application/json").await, 400);
    assert_eq!(send(vec![b' '; 300 * 1024], "application/json").await, 413);
    assert_eq!(send(serde_json::to_vec(&job).unwrap(), "text/plain").await, 415);

    let unknown = format!("jobs/{}", id(&job));
    for path in [unknown.as_str(), "jobs/abababab-07", "jobs/..%2F..%2Fetc", "jobs/%FF", "nowhere"]
    {
        let answer = engine.ask(path).await;
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
    assert_eq!(engine.post(&json!({})).await.0, 400);
    let text = engine.ask("metrics").await.text().await.unwrap();
    for line in [
        "openledger_engine_jobs_total{state=\"done\"} 1",
        "openledger_engine_jobs_total{state=\"failed\"} 1",
        "openledger_engine_refusals_total{status=\"400\"} 1",
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
