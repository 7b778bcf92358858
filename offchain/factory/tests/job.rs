//! Fine-tuning on the shipped base, from records to what is registered.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use openledger_artefacts::{
    fetch_index, fetch_model, fetch_traces, store_base, AdapterIds, Cache, Error as ArtefactError,
};
use openledger_factory::{run, Error, Event, Job, Outcome, Settings};
use openledger_influence::Index;
use openledger_primitives::ContentId;
use openledger_store::{
    record::{Body, Record},
    BlobStore,
};
use openledger_trace::{Index as TraceIndex, Rules};
use tempfile::TempDir;

const FUNCTIONS: [&str; 5] = [
    "function balanceOf(address owner) public view returns (uint256) { return _balances[owner]; }",
    "function approve(address spender, uint256 amount) external returns (bool) { _approve(spender, amount); }",
    "modifier onlyOwner() { require(msg.sender == owner(), \"not the owner\"); _; }",
    "event Transfer(address indexed from, address indexed to, uint256 value);",
    "function totalSupply() external view override returns (uint256) { return _totalSupply; }",
];
const TERMS: [&str; 4] = [
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software.",
    "The above copyright notice shall be included in all copies or substantial portions of the Software.",
    "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.",
    "In no event shall the authors be liable for any claim, damages or other liability.",
];

struct World {
    folder: TempDir,
    store: BlobStore,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().join("store").to_str().unwrap()).unwrap();
        Self { folder, store }
    }

    fn cache(&self) -> Cache {
        Cache::new(self.folder.path().join("cache"), 1 << 30)
    }

    async fn job(&self) -> Job {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        Job {
            base: store_base(&base, &self.store).await.unwrap(),
            contributions: vec![(2, records(&FUNCTIONS)), (5, records(&TERMS))],
            heldout: records(&[
                "function owner() public view returns (address) { return _owner; }",
            ]),
            settings: Settings { epochs: 3, rows: 3, learning_rate: 5e-3, ..Settings::default() },
        }
    }

    async fn run(&self, job: Job) -> Result<Outcome, Error> {
        run(job, &self.store, &self.cache(), |_| {}).await
    }
}

fn records(texts: &[&str]) -> Vec<Record> {
    texts.iter().map(|text| Record::new(Body::Text((*text).into()), None).unwrap()).collect()
}

#[tokio::test]
async fn a_job_should_leave_an_adapter_and_an_index_that_belong_together() {
    let world = World::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let each = {
        let heard = heard.clone();
        move |event| heard.lock().unwrap().push(event)
    };
    let outcome = run(world.job().await, &world.store, &world.cache(), each).await.unwrap();

    let (base, adapter) = (outcome.heldout_loss_base, outcome.heldout_loss_adapter);
    assert!(adapter.unwrap() < base.unwrap(), "{base:?} should have come down, to {adapter:?}");
    let model =
        fetch_model(&world.store, &outcome.base, &outcome.adapter, &world.cache()).await.unwrap().0;
    let index = fetch_index(&world.store, &outcome.index.content, &world.cache()).await.unwrap();
    let index = Index::open(&index).unwrap();
    assert_eq!(index.root(), outcome.index.root);
    assert_eq!(index.method().id(), outcome.index.method);
    assert_eq!((index.variants(), outcome.index.variants), (3, 3));
    // Three trainings of which none is the adapter's, nor another's.
    let mut ends: Vec<_> =
        index.models(&model).unwrap().iter().map(|model| model.lora_values()).collect();
    ends.push(model.lora_values());
    let apart = |i: usize| ends[i + 1..].iter().all(|end| *end != ends[i]);
    assert!((0..ends.len()).all(apart));
    assert_eq!(index.contributions().collect::<Vec<_>>(), [2, 5]);
    index.check_model(outcome.adapter.artefact, &model.lora_matrices()).unwrap();

    let heard = heard.lock().unwrap();
    let steps = heard.iter().filter(|event| matches!(event, Event::Training(_))).count();
    assert_eq!(steps, 9, "3 epochs of 9 records, 3 at a time");
    let repeated = heard.iter().filter(|event| matches!(event, Event::Repeating(_))).count();
    assert_eq!(repeated, 3 * 5, "half of 27 records, 3 at a time, three times");
    assert!(matches!(heard[0], Event::Records { .. }), "{:?}", heard[0]);
    assert!(matches!(heard.last(), Some(Event::Indexing(_))));
}

#[tokio::test]
async fn a_job_that_was_ended_should_go_on_where_it_was_and_leave_the_same() {
    let world = World::new();
    let whole = world.run(world.job().await).await.unwrap();
    // Ended while the second of three trainings of half the steps runs.
    let ends = |event: Event| match event {
        Event::Repeating(progress) if progress.step == 7 => panic!("ended by the test"),
        _ => {}
    };
    let ended = run(world.job().await, &world.store, &world.cache(), ends).await;
    assert!(matches!(ended, Err(Error::Ended(_))), "{ended:?}");
    let jobs = || std::fs::read_dir(world.cache().folder().join("jobs")).unwrap().count();
    assert_eq!(jobs(), 1);

    let heard = Arc::new(Mutex::new(Vec::new()));
    let each = {
        let heard = heard.clone();
        move |event| heard.lock().unwrap().push(event)
    };
    let again = run(world.job().await, &world.store, &world.cache(), each).await.unwrap();
    assert_eq!(again.adapter, whole.adapter);
    assert_eq!(again.index, whole.index);
    assert_eq!(again.train_loss, whole.train_loss);
    assert_eq!(jobs(), 0, "what is done is forgotten once all of it is");
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let count = |of: fn(&Event) -> bool| heard.iter().filter(|event| of(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Training(_))), 0);
    assert_eq!(count(|event| matches!(event, Event::Repeating(_))), 2 * 5);
    let first = heard.iter().find_map(|event| match event {
        Event::Repeating(progress) => Some(progress.step),
        _ => None,
    });
    assert_eq!(first, Some(6));

    // Another job is another, and does not take what was kept of this one.
    let mut other = world.job().await;
    other.settings.seed += 1;
    assert_ne!(world.run(other).await.unwrap().adapter, whole.adapter);
}

#[tokio::test]
async fn a_job_should_say_so_when_what_was_kept_of_it_cannot_be_used() {
    let world = World::new();
    let whole = world.run(world.job().await).await.unwrap();
    let ends = |event: Event| match event {
        Event::Repeating(progress) if progress.step == 7 => panic!("ended by the test"),
        _ => {}
    };
    assert!(run(world.job().await, &world.store, &world.cache(), ends).await.is_err());
    let mut jobs = std::fs::read_dir(world.cache().folder().join("jobs")).unwrap();
    let folder = jobs.next().unwrap().unwrap().path();
    std::fs::write(folder.join("adapter/trainer.json"), b"{\"step\": 4").unwrap();
    std::fs::write(folder.join("variant-0"), b"damaged").unwrap();

    let heard = Arc::new(Mutex::new(Vec::new()));
    let each = {
        let heard = heard.clone();
        move |event| heard.lock().unwrap().push(event)
    };
    let again = run(world.job().await, &world.store, &world.cache(), each).await.unwrap();
    assert_eq!((again.adapter, again.index), (whole.adapter, whole.index));
    let heard = heard.lock().unwrap();
    let told: Vec<(&str, &str)> = heard
        .iter()
        .filter_map(|event| match event {
            Event::StartedOver { part, reason } => Some((part.as_str(), reason.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0.contains("adapter") && told[0].1.contains("trainer.json"), "{told:?}");
    assert!(told[1].0.contains("half training 0") && told[1].1.contains("damaged"), "{told:?}");
}

/// The credits of a text by the trace index of a job, and the tokens that are not those of a record.
async fn credits(world: &World, outcome: &Outcome, text: &str) -> (BTreeMap<u32, u64>, u64) {
    let trace = outcome.index.trace.unwrap();
    let index = fetch_traces(&world.store, &trace, &world.cache()).await.unwrap();
    let index = TraceIndex::open(&index).unwrap();
    let (_, tokenizer) =
        fetch_model(&world.store, &outcome.base, &outcome.adapter, &world.cache()).await.unwrap();
    let found = index.trace(&tokenizer.encode(text).unwrap(), &Rules::default());
    (found.credits, found.rest)
}

#[tokio::test]
async fn a_job_should_leave_a_trace_index_over_what_it_trained_on() {
    let world = World::new();
    let mut job = world.job().await;
    // A near copy of an earlier record is not trained on, and so not credited.
    job.contributions
        .push((7, records(&[&format!("{} // copy", FUNCTIONS[0]), "contract Own {}"])));
    let outcome = world.run(job).await.unwrap();
    let trace = outcome.index.trace.unwrap();
    let index = fetch_traces(&world.store, &trace, &world.cache()).await.unwrap();
    let index = TraceIndex::open(&index).unwrap();
    let listed: Vec<_> = index.contributions().iter().map(|about| about.contribution).collect();
    assert_eq!(listed, [2, 5, 7]);
    let used: usize = outcome.counts.iter().map(|count| count.used).sum();
    assert_eq!((index.records(), used), (10, 10));
    let (found, _) = credits(&world, &outcome, FUNCTIONS[0]).await;
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [2]);
    let (found, _) = credits(&world, &outcome, TERMS[1]).await;
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [5]);
    let (found, rest) = credits(&world, &outcome, "Nobody has ever said this here.").await;
    assert!(found.is_empty() && rest > 0);
}

#[tokio::test]
async fn a_trace_index_should_be_refused_when_its_bytes_are_others() {
    let world = World::new();
    let outcome = world.run(world.job().await).await.unwrap();
    let trace = outcome.index.trace.unwrap();
    let list = world.store.get(&trace, 1 << 20).await.unwrap();
    let parsed: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let shard = &parsed["shards"][0];
    let digits = shard["content"].as_str().unwrap().trim_start_matches("0x");
    let path = world.folder.path().join("store").join(&digits[..2]).join(&digits[2..4]);
    let path = path.join(digits);
    let bytes = std::fs::read(&path).unwrap();
    let refused = async || fetch_traces(&world.store, &trace, &world.cache()).await.err().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(refused().await, ArtefactError::Store(_)));
    let mut other = bytes.clone();
    other[100] ^= 1;
    std::fs::write(&path, other).unwrap();
    assert!(matches!(refused().await, ArtefactError::Store(_)));
    std::fs::write(&path, bytes).unwrap();
    fetch_traces(&world.store, &trace, &world.cache()).await.unwrap();
    // Bytes that are no list, and one that leads out of the folder.
    let none = world.store.put(b"{}".to_vec()).await.unwrap();
    let refused = fetch_traces(&world.store, &none, &world.cache()).await;
    assert!(matches!(refused, Err(ArtefactError::Manifest { .. })));
    let out = String::from_utf8(list.to_vec())
        .unwrap()
        .replace(shard["file"].as_str().unwrap(), "../outside");
    let out = world.store.put(out.into_bytes()).await.unwrap();
    let refused = fetch_traces(&world.store, &out, &world.cache()).await;
    assert!(refused.err().unwrap().to_string().contains("not the name of a file"));
}

#[tokio::test]
async fn the_same_job_should_give_the_same_bytes() {
    let world = World::new();
    let ids = |outcome: &Outcome| (outcome.adapter, outcome.index);
    let first = world.run(world.job().await).await.unwrap();
    let again = world.run(world.job().await).await.unwrap();
    assert_eq!(ids(&first), ids(&again));

    let mut other = world.job().await;
    other.settings.seed = 1;
    let other = world.run(other).await.unwrap();
    assert_ne!(ids(&first), ids(&other));
}

#[tokio::test]
async fn a_repeated_record_should_count_for_whom_it_came_first() {
    let world = World::new();
    let mut job = world.job().await;
    job.contributions
        .push((7, records(&[FUNCTIONS[0], FUNCTIONS[1], "contract Own { uint256 x; }"])));
    let outcome = world.run(job).await.unwrap();
    let counts: Vec<_> =
        outcome.counts.iter().map(|c| (c.contribution, c.records, c.duplicates, c.used)).collect();
    assert_eq!(counts, [(2, 5, 0, 5), (5, 4, 0, 4), (7, 3, 2, 1)]);
}

#[tokio::test]
async fn a_job_should_be_refused_when_it_cannot_run() {
    let world = World::new();
    let job = world.job().await;

    let mut unordered = job.clone();
    unordered.contributions.swap(0, 1);
    assert!(matches!(world.run(unordered).await, Err(Error::NotAscending(2))));

    let mut empty = job.clone();
    empty.contributions = vec![(2, Vec::new())];
    assert!(matches!(world.run(empty).await, Err(Error::NoRecords)));

    let settings = [
        ("epochs", Settings { epochs: 0, ..Settings::default() }),
        ("rows", Settings { rows: 0, ..Settings::default() }),
        ("records_cap", Settings { records_cap: Some(0), ..Settings::default() }),
        ("learning_rate", Settings { learning_rate: f64::NAN, ..Settings::default() }),
    ];
    for (expected, settings) in settings {
        let refused = world.run(Job { settings, ..job.clone() }).await;
        assert!(
            matches!(refused, Err(Error::Setting { name, .. }) if name == expected),
            "{expected}: {refused:?}"
        );
    }

    let mut unknown = job;
    unknown.base.artefact = ContentId::repeat_byte(1);
    assert!(matches!(world.run(unknown).await, Err(Error::Artefact(ArtefactError::Store(_)))));
}

#[tokio::test]
async fn a_model_should_be_refused_when_its_bytes_are_others() {
    let world = World::new();
    let outcome = world.run(world.job().await).await.unwrap();
    // The adapter's weights where its configuration should be, and the other way round.
    let AdapterIds { artefact, config } = outcome.adapter;
    let swapped = AdapterIds { artefact: config, config: artefact };
    let refused = fetch_model(&world.store, &outcome.base, &swapped, &world.cache()).await;
    assert!(matches!(refused, Err(ArtefactError::Model(_))));
    // A blob that was changed under its id.
    let id = format!("{:x}", outcome.index.content);
    let path = world.folder.path().join("store").join(&id[..2]).join(&id[2..4]).join(&id);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let refused = fetch_index(&world.store, &outcome.index.content, &world.cache()).await;
    assert!(matches!(refused, Err(ArtefactError::Store(_))));
}
