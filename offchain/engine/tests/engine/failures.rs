//! Everything that can be wrong with a job: it fails, says why, and the next one is computed.

use openledger_engine::{Job, JobReport};
use openledger_primitives::{hashing, signature::Signature, H256};
use openledger_trace::Alphabet;
use serde_json::json;

use crate::fixture::*;

const NOWHERE: H256 = H256::repeat_byte(0xee);

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_an_artefact_is_missing_or_not_what_its_id_says() {
    let world = World::new().await;
    let other = world.other_model().await;
    let other_base = world.other_base().await;
    let job = world.job(0, &world.answers(0)).await;
    let damaged = world.job(0, &world.answers(1)).await.batch;
    std::fs::write(world.blob(&damaged), "other bytes").unwrap();
    std::fs::write(world.blob(&other.adapter.artefact), "other bytes").unwrap();
    let put = async |text: String| world.store.put(text).await.unwrap();
    let config = job.base.config;
    let bytes = world.store.size(&config).await.unwrap().unwrap();
    let file = |content: H256| json!({"content": content, "bytes": bytes});
    let no_json = put("nonsense".into()).await;
    let escaping = put(
        json!({"files": {"../escaped.safetensors": file(NOWHERE), "config.json": file(config)}})
            .to_string(),
    )
    .await;
    let no_weights = put(json!({"files": {"config.json": file(config)}}).to_string()).await;

    type Change = fn(&mut Job, H256);
    let cases: Vec<(&str, Change, H256, &str)> = vec![
        ("no batch", |job, id| job.batch = id, NOWHERE, "the batch: blob"),
        ("damaged batch", |job, id| job.batch = id, damaged, "damaged"),
        ("no base", |job, id| job.base.artefact = id, NOWHERE, "the base: blob"),
        ("malformed manifest", |job, id| job.base.artefact = id, no_json, "the base: manifest"),
        (
            "escaping manifest",
            |job, id| job.base.artefact = id,
            escaping,
            "not the name of a file of a base",
        ),
        ("base without weights", |job, id| job.base.artefact = id, no_weights, "the base: "),
        ("other configuration", |job, id| job.base.config = id, NOWHERE, "config.json"),
        ("another base", |job, id| job.base.artefact = id, other_base.artefact, "is for base"),
        ("no adapter", |job, id| job.adapter.artefact = id, NOWHERE, "the adapter: blob"),
        ("no configuration", |job, id| job.adapter.config = id, NOWHERE, "the adapter: blob"),
        ("damaged adapter", |job, id| job.adapter.artefact = id, other.adapter.artefact, "damaged"),
        ("no safetensors", |job, id| job.adapter.artefact = id, no_json, "the adapter: "),
        ("no index", |job, id| job.index.content = id, NOWHERE, "the index: blob"),
        ("no trace index", |job, id| job.index.trace = Some(id), NOWHERE, "the trace index: blob"),
        (
            "not a trace index",
            |job, id| job.index.trace = Some(id),
            no_json,
            "the trace index: manifest",
        ),
        ("not an index", |job, id| job.index.content = id, no_json, "the index: attribution index"),
    ];
    let engine = world.engine("a", 4).await;
    for (number, (name, change, id, expected)) in (10..).zip(cases) {
        let mut job = Job { settlement: number, ..job.clone() };
        change(&mut job, id);
        let answer = engine.result(&job).await;
        assert_eq!(answer["state"], "failed", "{name}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(answer.get("attribution").is_none() && answer.get("report").is_none());
    }
    let answer = engine.result(&job).await;
    assert_eq!(answer["state"], "done", "{answer}");
    engine.stop().await;
    assert!(!world.folder.path().join("a/cache/escaped").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_the_index_is_not_the_one_that_it_describes() {
    let world = World::new().await;
    let other = world.other_model().await;
    let job = world.job(0, &world.answers(0)).await;
    // The same index, by a method that this code is not of.
    let mut bytes = world.store.get(&job.index.content, 1 << 30).await.unwrap().to_vec();
    let code = openledger_influence::method::CODE.as_bytes();
    let at = bytes.windows(code.len()).position(|window| window == code).unwrap();
    bytes[at + code.len() - 1] = b'9';
    let unknown_method = world.store.put(bytes).await.unwrap();

    let traces = traces(&world, &Alphabet::of_texts(vec!["a"; 300]).unwrap(), &[3, 4]).await;
    let of_bytes = crate::fixture::traces(&world, &Alphabet::bytes(), &CONTRIBUTIONS).await;

    type Change = Box<dyn Fn(&mut Job)>;
    let cases: Vec<(&str, Change, &str)> = vec![
        (
            "another adapter's",
            Box::new(move |job| job.index = other.index),
            "the index is of adapter",
        ),
        (
            "unknown method",
            Box::new(move |job| job.index.content = unknown_method),
            "attribution method: this is",
        ),
        ("other method", Box::new(|job| job.index.method = NOWHERE), "the method of the index is"),
        (
            "other blocks",
            Box::new(|job| job.index.blocks += 1),
            "the number of blocks of the index is",
        ),
        (
            "other variants",
            Box::new(|job| job.index.variants = 2),
            "the number of variants of the index is 3, the job says 2",
        ),
        (
            "another's trace index",
            Box::new(move |job| job.index.trace = Some(traces)),
            "the list of contributions of the trace index is [3, 4], the job says [3, 4, 8, 9]",
        ),
        (
            "a trace index of other tokens",
            Box::new(move |job| job.index.trace = Some(of_bytes)),
            "the number of tokens of the trace index is 255, the job says 300",
        ),
        ("other root", Box::new(|job| job.index.root = NOWHERE), "the Merkle root of the index is"),
        (
            "fewer contributions",
            Box::new(|job| job.contributions = vec![3, 4, 8]),
            "contributions of the index is [3, 4, 8, 9], the job says [3, 4, 8]",
        ),
        (
            "other contributions",
            Box::new(|job| job.contributions = vec![3, 4, 8, 10]),
            "contributions of the index",
        ),
    ];
    let engine = world.engine("a", 4).await;
    for (number, (name, change, expected)) in (10..).zip(cases) {
        let mut job = Job { settlement: number, ..job.clone() };
        change(&mut job);
        let answer = engine.result(&job).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{name}: {answer}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_the_batch_is_not_that_of_the_settlement() {
    let world = World::new().await;
    let answers = world.answers(0);
    let job = world.job(0, &answers).await;
    let mut cases: Vec<(&str, Job, &str)> = vec![
        ("genesis", Job { genesis: NOWHERE, ..job.clone() }, "its genesis hash is"),
        ("model", Job { model: 3, ..job.clone() }, "its model is 2, expected 3"),
        ("version", Job { version: 2, ..job.clone() }, "its model version is 1, expected 2"),
        ("operator", Job { operator: NOWHERE, ..job.clone() }, "its operator is"),
        ("count", Job { count: 4, ..job.clone() }, "the number of receipts is 3"),
        ("fee", Job { total_fee: 302, ..job.clone() }, "the sum of fees is 303"),
        ("root", Job { receipts_root: NOWHERE, ..job.clone() }, "the Merkle root is"),
    ];
    let mut touched = Vec::new();
    let mut add = |name, expected, change: &dyn Fn(&mut Vec<_>)| {
        let mut transcripts = answers.clone();
        change(&mut transcripts);
        touched.push((name, transcripts, expected));
    };
    add("prompt", "receipt 1: its request hash", &|all| all[1].prompt_ids[0] += 1);
    add("output", "receipt 2: its response hash", &|all| all[2].output_ids.clear());
    add("fee", "receipt 0: its signature", &|all| all[0].signed.receipt.fee += 1);
    add("forged", "receipt 0: its signature", &|all| {
        all[0].signed = sign(all[0].signed.receipt.clone(), &key(8));
    });
    add("zeros", "receipt 0: its signature", &|all| {
        all[0].signed.signature = Signature::Sr25519([0; 64]);
    });
    add("Ed25519", "Ed25519", &|all| all[0].signed.signature = Signature::Ed25519([1; 64]));
    add("twice", "receipt 1: it occurs twice", &|all| all[1] = all[0].clone());
    add("order", "the Merkle root is", &|all| all.swap(0, 1));
    for (name, transcripts, expected) in touched {
        let batch = world.store.put(jsonl(&transcripts)).await.unwrap();
        cases.push((name, Job { batch, ..job.clone() }, expected));
    }
    let whole = jsonl(&answers);
    let nested = "[".repeat(100_000);
    for (name, bytes, expected) in [
        ("empty", "", "line 1"),
        ("not JSON", "nonsense\n", "line 1"),
        ("blank line", &format!("{whole}\n"), "line 4"),
        ("cut short", &whole[..whole.len() - 20], "line 3"),
        ("nested", &nested, "line 1"),
        ("null", "null\n", "line 1"),
    ] {
        let batch = world.store.put(bytes.to_string()).await.unwrap();
        cases.push((name, Job { batch, ..job.clone() }, expected));
    }
    let invalid = world.store.put(vec![0xff, 0xfe, b'\n']).await.unwrap();
    cases.push(("not UTF-8", Job { batch: invalid, ..job.clone() }, "line 1"));
    // Well signed, but nothing that the model could have answered.
    for (name, prompt, output, expected) in [
        ("vocabulary", vec![0, 300], vec![1], "outside a vocabulary"),
        ("largest token", vec![0, u32::MAX], vec![1], "outside a vocabulary"),
    ] {
        cases.push((name, world.job(0, &[answer(0, prompt, output)]).await, expected));
    }

    let engine = world.engine("a", 4).await;
    for (number, (name, job, expected)) in (10..).zip(cases) {
        let answer = engine.result(&Job { settlement: number, ..job }).await;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{name}: {answer}");
    }
    // Nothing asked or nothing said is no fault: nobody made it likely. Nor is more than the method looks at.
    let long = vec![1; CONTEXT];
    for (number, prompt, output) in [
        (1, vec![0, 5], vec![]),
        (2, vec![], vec![5]),
        (3, vec![], vec![]),
        (4, long.clone(), long),
    ] {
        let job = world.job(number, &[answer(number, prompt, output)]).await;
        let answer = engine.result(&job).await;
        assert_eq!(answer["state"], "done", "{answer}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_job_should_be_computed_when_it_is_posted_again() {
    let world = World::new().await;
    let engine = world.engine("a", 4).await;
    let answers = world.answers(0);
    let job = world.job(7, &answers).await;
    std::fs::remove_file(world.blob(&job.batch)).unwrap();
    assert_eq!(engine.result(&job).await["state"], "failed");
    // Mended by its own blob …
    world.store.put(jsonl(&answers)).await.unwrap();
    assert_eq!(engine.result(&job).await["state"], "done");
    // … or by another body.
    let other = world.job(8, &answers).await;
    let wrong = Job {
        index: openledger_artefacts::IndexIds { root: NOWHERE, ..other.index },
        ..other.clone()
    };
    assert_eq!(engine.result(&wrong).await["state"], "failed");
    let answer = engine.result(&other).await;
    assert_eq!(answer["state"], "done", "{answer}");
    engine.stop().await;
    assert_eq!(job.batch, hashing::content_id(jsonl(&answers).as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_its_work_cannot_be_published() {
    let world = World::new().await;
    let job = world.job(7, &world.answers(0)).await;
    let first = world.engine("a", 4).await;
    let done = first.result(&job).await;
    first.stop().await;
    let report = serde_json::from_value(done["report"].clone()).unwrap();
    let report: JobReport =
        serde_json::from_slice(&world.store.get(&report, 1 << 20).await.unwrap()).unwrap();
    // Where a folder is, no blob can be.
    let blob = world.blob(&report.receipts[1].work);
    std::fs::remove_file(&blob).unwrap();
    std::fs::create_dir(&blob).unwrap();
    let engine = world.engine("b", 4).await;
    let answer = engine.result(&job).await;
    assert_eq!(answer["state"], "failed", "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("the report: "), "{answer}");
    std::fs::remove_dir(&blob).unwrap();
    assert_eq!(engine.result(&job).await, done);
    assert!(blob.is_file());
    engine.stop().await;
}
