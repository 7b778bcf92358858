//! Engines that end and start again on the same folder.

use crate::fixture::*;

#[tokio::test(flavor = "multi_thread")]
async fn engine_should_answer_and_go_on_when_it_ended_in_the_middle_of_a_job() {
    let world = World::new().await;
    let done = world.job(1, &world.answers(0)).await;
    let failed = openledger_engine::Job { settlement: 2, count: 9, ..done.clone() };
    let cut = world.job(3, &world.answers(1)).await;
    let waiting = world.job(4, &world.answers(2)).await;

    let engine = world.engine("a", 4).await;
    let done_answer = engine.result(&done).await;
    assert_eq!(done_answer["state"], "done", "{done_answer}");
    let failed_answer = engine.result(&failed).await;
    assert_eq!(failed_answer["state"], "failed");
    let dam = Dam::before(&world.settings("a", 4));
    engine.post(&cut).await;
    engine.once(&cut, &["running"]).await;
    engine.post(&waiting).await;
    engine.stop().await;
    dam.open();
    // What a write that was cut off leaves.
    let folder = world.settings("a", 4).folder;
    std::fs::write(folder.join("queue/.tmpAbCdEf"), "{\"genesis\"").unwrap();

    // Room for one: those of the last run are kept all the same.
    let engine = world.engine("a", 1).await;
    assert_eq!(engine.get(&done).await, (200, done_answer));
    assert_eq!(engine.get(&failed).await, (200, failed_answer));
    let cut_answer = engine.once(&cut, &["done", "failed"]).await;
    let waiting_answer = engine.once(&waiting, &["done", "failed"]).await;
    let undisturbed = world.engine("b", 4).await;
    assert_eq!(undisturbed.result(&cut).await, cut_answer);
    assert_eq!(undisturbed.result(&waiting).await, waiting_answer);
    assert_eq!((&cut_answer["state"], &waiting_answer["state"]), (&"done".into(), &"done".into()));
    engine.stop().await;
    undisturbed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_computed_again_when_its_file_is_damaged() {
    let world = World::new().await;
    let job = world.job(1, &world.answers(0)).await;
    let engine = world.engine("a", 4).await;
    let answer = engine.result(&job).await;
    let file = world.settings("a", 4).folder.join(format!("done/{}.json", job.work()));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(engine.get(&job).await.0, 404);
    assert_eq!(engine.result(&job).await, answer);
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn result_should_be_answered_when_it_cannot_be_written() {
    let world = World::new().await;
    let job = world.job(1, &world.answers(0)).await;
    let folder = world.settings("a", 4).folder;
    let engine = world.engine("a", 4).await;
    std::fs::remove_dir(folder.join("done")).unwrap();
    let answer = engine.result(&job).await;
    assert_eq!(answer["state"], "done", "{answer}");
    assert_eq!(engine.get(&job).await, (200, answer.clone()));
    engine.stop().await;

    let engine = world.engine("a", 4).await;
    assert_eq!(engine.once(&job, &["done", "failed"]).await, answer);
    std::fs::remove_dir_all(folder.join("queue")).unwrap();
    let (status, refused) = engine.post(&world.job(2, &world.answers(1)).await).await;
    assert_eq!(status, 503);
    assert!(refused["error"].as_str().unwrap().contains("disk"), "{refused}");
    engine.stop().await;
}
