use std::{future::pending, path::Path, time::Duration};

use openledger_lm::{Adapter, Config, Sampling, Stop};
use openledger_service::process::Program;

use super::*;
use crate::prompt::Prompt;

const MEMORY: u64 = 1 << 30;
const SOON: Duration = Duration::from_secs(20);

/// What a gateway starts in these tests: [`child`].
pub fn program() -> Program {
    Program::this(["worker::tests::child", "--exact", "--ignored"]).unwrap()
}

/// A process of a gateway.
#[test]
#[ignore = "is started by other tests"]
fn child() {
    run().unwrap();
}

fn base() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/base"))
}

fn text(text: &str) -> Prompt {
    Prompt::Text(text.into())
}

/// A process with an adapter, and what it calls that.
async fn loaded(folder: &Path) -> (Worker, u64) {
    let config = Config::load(base()).unwrap();
    Adapter::new(&config, 2, 4.0, "a base", 7).unwrap().save(folder, &config).unwrap();
    let worker = Worker::model(&program(), base(), MEMORY).await.unwrap();
    let error = worker.load(folder, "another").await.unwrap_err();
    assert!(matches!(&error, Failure::Refused(why) if why.contains("a base")), "{error}");
    let adapter = worker.load(folder, "a base").await.unwrap();
    (worker, adapter)
}

#[tokio::test]
async fn a_model_should_be_asked_by_many_at_once_and_end_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, adapter) = loaded(folder.path()).await;
    let ask = |prompt: u32, tokens, end| {
        let sampling = Sampling::greedy(tokens);
        worker.answer(adapter, vec![prompt], sampling, Vec::new(), end)
    };
    let alone = ask(40, 8, pending::<()>()).await.unwrap();
    let (one, other) = tokio::join!(ask(40, 8, pending()), ask(50, 8, pending()));
    assert_eq!(one.unwrap(), alone);
    assert_ne!(other.unwrap().output, alone.output);

    let sampling = Sampling::greedy(500);
    let ended = worker.answer(adapter, vec![40], sampling, Vec::new(), async {}).await.unwrap();
    assert!(ended.output.len() < 500, "{} tokens", ended.output.len());
    assert_eq!(ended.stop, Stop::Length);

    worker.forget(adapter);
    let error = ask(40, 8, pending()).await.unwrap_err();
    assert_eq!(error, Failure::Refused("no such adapter".into()));
    let error = worker.read(text("hi"), SOON).await.unwrap_err();
    assert!(matches!(&error, Failure::Refused(why) if why.contains("no chat template")), "{error}");
}

#[tokio::test]
async fn a_process_that_ends_should_be_an_error_that_says_how() {
    let folder = tempfile::tempdir().unwrap();
    let (worker, adapter) = loaded(folder.path()).await;
    let sampling = Sampling::greedy(500);
    let answer = worker.answer(adapter, vec![40], sampling, Vec::new(), pending());
    let (error, ()) = tokio::join!(answer, async { worker.signal(rustix::process::Signal::KILL) });
    let error = error.unwrap_err();
    assert!(matches!(&error, Failure::Ended(how) if how.contains("signal 9")), "{error}");
    assert!(worker.has_ended());
    let again = worker.answer(adapter, vec![40], sampling, Vec::new(), pending()).await;
    assert_eq!(again.unwrap_err(), error);
}

#[tokio::test]
async fn a_process_that_does_nothing_should_be_ended() {
    let reader = Worker::reader(&program(), base(), MEMORY).await.unwrap();
    assert!(!reader.read(text("fn main() {"), SOON).await.unwrap().is_empty());
    reader.signal(rustix::process::Signal::STOP);
    let soon = Duration::from_millis(50);
    let error = reader.read(text("fn main() {"), soon).await.unwrap_err();
    assert_eq!(error, Failure::Silent(soon));
    let error = reader.read(text("fn main() {"), SOON).await.unwrap_err();
    assert!(matches!(error, Failure::Ended(_)), "{error}");
}

#[tokio::test]
async fn a_process_should_have_no_more_memory_than_it_may() {
    // Whether a library says so or aborts, depends on where it meets the limit.
    let error = Worker::model(&program(), base(), 1 << 20).await.err().unwrap();
    assert!(error.to_string().contains("memory"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = Worker::model(&program(), folder.path(), MEMORY).await.err().unwrap();
    assert!(matches!(&error, Failure::Refused(why) if why.contains("config.json")), "{error}");
}

#[tokio::test]
async fn a_process_should_not_know_the_gateways_secrets() {
    std::env::set_var("OPENLEDGER_SURI", "//Alice");
    std::env::set_var("RUST_LOG", "warn");
    let reader = Worker::reader(&program(), base(), MEMORY).await.unwrap();
    let told = reader.environment();
    assert!(told.contains("RUST_LOG=warn") && !told.contains("Alice"), "{told}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_should_be_named() {
    let program = Program { path: "/nowhere/at-all".into(), arguments: Vec::new() };
    let error = Worker::reader(&program, base(), MEMORY).await.err().unwrap();
    assert!(matches!(&error, Failure::Ended(how) if how.contains("/nowhere/at-all")), "{error}");
}
