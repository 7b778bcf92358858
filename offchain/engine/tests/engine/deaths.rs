//! Jobs whose computation asks for too much, dies or never ends: the engine says so, and goes on.

use openledger_engine::{Job, Limits, Settings};
use serde_json::{json, Value};

use crate::fixture::*;

async fn computed(engine: &Running) -> String {
    let text = engine.ask("metrics").await.text().await.unwrap();
    let count =
        text.lines().find_map(|line| line.strip_prefix("openledger_engine_job_seconds_count "));
    count.unwrap().to_string()
}

fn error(answer: &Value) -> &str {
    assert_eq!(answer["state"], "failed", "{answer}");
    answer["error"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_set_aside_when_its_computation_died_twice_and_others_go_on() {
    let world = World::new().await;
    let good = world.job(1, &world.answers(0)).await;
    let dying = Job { settlement: DYING, ..good.clone() };
    let dam = Dam::before(&world.settings("a", 4));
    let engine = world.engine("a", 4).await;
    engine.post(&dying).await;
    engine.once(&dying, &["running"]).await;
    engine.post(&good).await;
    dam.open();
    // After the first death, the other one comes first.
    let answer = engine.once(&good, &["done", "failed"]).await;
    assert_eq!(answer["state"], "done", "{answer}");
    let answer = engine.once(&dying, &["done", "failed"]).await;
    assert!(
        error(&answer).contains("set aside") && error(&answer).contains("died 2 times"),
        "{answer}"
    );
    assert!(error(&answer).contains("signal 6"), "{answer}");
    assert_eq!(computed(&engine).await, "3");
    // Whoever posts it again has the same answer, and nothing is computed.
    assert_eq!(engine.post(&dying).await, (202, answer.clone()));
    engine.stop().await;
    let engine = world.engine("a", 4).await;
    assert_eq!(engine.post(&dying).await, (202, answer));
    assert_eq!(computed(&engine).await, "0");
    engine.stop().await;
    // With more memory, it may come to an end.
    let settings = world.settings("a", 4);
    let limits = Limits { memory: settings.limits.memory + 1, ..settings.limits };
    let engine = world.engine_with(Settings { limits, ..settings }).await;
    assert!(error(&engine.result(&dying).await).contains("set aside"));
    assert_eq!(computed(&engine).await, "2");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_set_aside_when_the_engine_ended_with_it_twice() {
    let world = World::new().await;
    let job = world.job(1, &world.answers(0)).await;
    let settings = world.settings("a", 4);
    let dam = Dam::before(&settings);
    let engine = world.engine("a", 4).await;
    engine.post(&job).await;
    engine.once(&job, &["running"]).await;
    engine.stop().await;
    dam.open();
    // As an engine leaves it that was killed twice while it computed. An engine that was stopped leaves none.
    let begun = settings.folder.join(format!("begun/{}.json", job.work()));
    let left: Value = serde_json::from_slice(&std::fs::read(&begun).unwrap()).unwrap();
    assert_eq!(left["times"], 0);
    std::fs::write(&begun, json!({"times": 2, "reason": null}).to_string()).unwrap();
    let engine = world.engine("a", 4).await;
    let answer = engine.once(&job, &["done", "failed"]).await;
    assert!(error(&answer).contains("the engine ended with it"), "{answer}");
    let other = world.job(2, &world.answers(1)).await;
    assert_eq!(engine.result(&other).await["state"], "done");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_it_asks_for_more_memory_than_it_may_have() {
    let world = World::new().await;
    let good = world.job(1, &world.answers(0)).await;
    let hungry = Job { settlement: HUNGRY, ..good.clone() };
    let engine = world.engine("a", 4).await;
    let answer = engine.result(&hungry).await;
    assert!(error(&answer).contains("asks for more than the 2147483648 bytes"), "{answer}");
    assert_eq!(engine.result(&good).await["state"], "done");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_at_once_when_its_base_needs_more_memory_than_there_may_be() {
    let world = World::new().await;
    let job = world.job(1, &world.answers(0)).await;
    let settings = world.settings("a", 4);
    let limits = Limits { memory: 200_000_000, ..settings.limits };
    let engine = world.engine_with(Settings { limits, ..settings }).await;
    // As a manifest says it: nothing of it has to be there.
    let weights = json!({"content": job.batch, "bytes": 1_u64 << 40});
    let config = json!({"content": job.base.config, "bytes": 100});
    let manifest = json!({"files": {"config.json": config, "model.safetensors": weights}});
    let mut large = job.clone();
    large.base.artefact = world.store.put(manifest.to_string()).await.unwrap();
    let answer = engine.result(&large).await;
    assert!(error(&answer).contains("needs 1099511627776 bytes of memory"), "{answer}");
    assert_eq!(computed(&engine).await, "1");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_set_aside_when_it_takes_more_time_than_it_may_have() {
    let world = World::new().await;
    let good = world.job(1, &world.answers(0)).await;
    let endless = Job { settlement: ENDLESS, ..good.clone() };
    let settings = world.settings("a", 4);
    let limits = Limits { seconds: 2, ..settings.limits };
    let engine = world.engine_with(Settings { limits, ..settings.clone() }).await;
    let answer = engine.result(&endless).await;
    assert!(error(&answer).contains("more than 2 s"), "{answer}");
    assert_eq!(engine.post(&endless).await, (202, answer));
    assert_eq!(computed(&engine).await, "1");
    engine.stop().await;
    let engine = world.engine_with(settings).await;
    assert_eq!(engine.result(&good).await["state"], "done");
    engine.stop().await;
}
