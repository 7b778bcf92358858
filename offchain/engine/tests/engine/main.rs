//! An engine over HTTP, with a tiny model that was really trained.

mod deaths;
mod failures;
mod fixture;
mod jobs;
mod restart;

/// The process of a job: what the engines of these tests start is this program, which then runs this alone.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the engines of the other tests start it"]
async fn child() {
    fixture::child().await;
}
