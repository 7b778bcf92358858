//! A trained model with its index, signed answers, and engines to attribute them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use openledger_artefacts::{store_base, store_traces, BaseIds, Cache};
use openledger_engine::{job::Id, serve, Engine, Job, Limits, Settings, Task};
use openledger_factory::{run, Job as Training, Outcome};
use openledger_influence::Method;
use openledger_lm::{Config, Device, Family, Model, Precision, RopeScaling, Tokenizer};
use openledger_primitives::{
    hashing, merkle,
    receipt::{Receipt, SignedReceipt, Transcript},
    signature::Signature,
    ContentId, H256,
};
use openledger_service::process::Program;
use openledger_store::{
    record::{Body, Record},
    BlobStore,
};
use openledger_trace::{
    build::{add, Contribution, Limits as ShardLimits, Record as Traced},
    About, Alphabet,
};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub const GENESIS: H256 = H256::repeat_byte(0xab);
pub const CONTRIBUTIONS: [u32; 4] = [3, 4, 8, 9];
pub const CONTEXT: usize = 128;
/// What the texts of contributions 3, 4 and 8 are made of; 9 has none.
const TOPICS: [&[&str]; 3] = [
    &["function", "transfer", "address", "to", "uint256", "amount", "public", "returns"],
    &["permission", "is", "hereby", "granted", "free", "of", "charge", "software"],
    &["event", "Approval", "indexed", "owner", "spender", "emit", "revert", "require"],
];

/// A store, and a model that was trained into it.
pub struct World {
    pub folder: TempDir,
    pub store: BlobStore,
    pub model: Outcome,
}

/// A text of a topic.
pub fn text(topic: usize, i: usize) -> String {
    let words = TOPICS[topic];
    let word = |j: usize| words[(i * 5 + j * 3 + (i * j) % 7) % words.len()];
    (0..8).map(word).collect::<Vec<_>>().join(" ")
}

fn config() -> Config {
    Config {
        family: Family::LLAMA,
        vocab_size: 300,
        hidden_size: 16,
        intermediate_size: 24,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        num_key_value_heads: 1,
        head_dim: 8,
        max_position_embeddings: CONTEXT,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        tie_word_embeddings: false,
        bos_token_id: Some(0),
        eos_token_ids: vec![0],
    }
}

pub fn key(seed: u8) -> schnorrkel::Keypair {
    let key = schnorrkel::MiniSecretKey::from_bytes(&[seed; 32]).unwrap();
    key.expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)
}

pub fn operator() -> H256 {
    H256(key(9).public.to_bytes())
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path().join("store").to_str().unwrap()).unwrap();
        let base = base(&folder.path().join("base"), &store, 5).await;
        let model = train(base, &store, &cache(folder.path()), 0).await;
        Self { folder, store, model }
    }

    /// Another base.
    pub async fn other_base(&self) -> BaseIds {
        base(&self.folder.path().join("other-base"), &self.store, 6).await
    }

    /// Another adapter of the same base.
    pub async fn other_model(&self) -> Outcome {
        train(self.model.base, &self.store, &cache(self.folder.path()), 1).await
    }

    pub fn tokenizer(&self) -> Tokenizer {
        Tokenizer::load(&self.folder.path().join("base"), &config()).unwrap()
    }

    /// An answer for each topic, differing with `batch`.
    pub fn answers(&self, batch: usize) -> Vec<Transcript> {
        let tokenizer = self.tokenizer();
        (0..TOPICS.len())
            .map(|topic| {
                let prompt = tokenizer.prompt(&text(topic, 50 + batch)).unwrap();
                let output = tokenizer.encode(&text(topic, 70 + batch)).unwrap();
                answer(topic as u64, prompt, output)
            })
            .collect()
    }

    /// The job of a settlement that agrees with its batch.
    pub async fn job(&self, settlement: u64, transcripts: &[Transcript]) -> Job {
        let batch = self.store.put(jsonl(transcripts)).await.unwrap();
        let ids: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
        Job {
            genesis: GENESIS,
            settlement,
            attempt: 1,
            model: 2,
            version: 1,
            receipts_root: merkle::root(&ids),
            batch,
            count: ids.len() as u32,
            total_fee: transcripts.iter().map(|t| t.signed.receipt.fee).sum(),
            operator: operator(),
            base: self.model.base,
            adapter: self.model.adapter,
            index: self.model.index,
            contributions: CONTRIBUTIONS.into(),
            floor: 1_000,
            trace: 200_000,
        }
    }

    pub fn settings(&self, name: &str, queue: usize) -> Settings {
        let folder = self.folder.path().join(name);
        Settings {
            cache: cache(&folder),
            folder: folder.join("engine"),
            queue,
            device: Device::Cpu,
            limits: Limits { memory: 2 << 30, seconds: 600 },
            program: Program::this(["child", "--exact", "--ignored", "--nocapture"]).unwrap(),
            names: Vec::new(),
        }
    }

    /// Starts an engine on the folder `name`.
    pub async fn engine(&self, name: &str, queue: usize) -> Running {
        self.engine_with(self.settings(name, queue)).await
    }

    pub async fn engine_with(&self, settings: Settings) -> Running {
        let engine = Engine::open(self.store.clone(), settings).unwrap();
        let secret = engine.secret().reveal().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve(engine, listener, shutdown));
        Running { url, stop, task, secret, client: reqwest::Client::new() }
    }

    /// The file of a blob.
    pub fn blob(&self, id: &ContentId) -> PathBuf {
        let digits = hex::encode(id);
        self.folder.path().join("store").join(&digits[..2]).join(&digits[2..4]).join(&digits)
    }
}

/// The cache in a folder.
pub fn cache(folder: &Path) -> Cache {
    Cache::new(folder.join("cache"), 1 << 30)
}

/// A trace index over a record of one token for each of these contributions.
pub async fn traces(world: &World, alphabet: &Alphabet, contributions: &[u32]) -> ContentId {
    let folder = tempfile::tempdir().unwrap();
    let contributions = contributions.iter().map(|id| Contribution {
        about: About { contribution: *id, label: None, contributor: None, licence: None },
        records: vec![Traced { tokens: vec![*id], source: None }],
    });
    let each = contributions.map(Ok::<_, openledger_trace::Error>);
    add(folder.path(), alphabet, each, ShardLimits::default()).unwrap();
    store_traces(folder.path(), &world.store).await.unwrap()
}

async fn base(folder: &Path, store: &BlobStore, seed: u64) -> BaseIds {
    std::fs::create_dir_all(folder).unwrap();
    Model::random(config(), seed).unwrap().save(folder, Precision::F32).unwrap();
    let texts: Vec<String> = (0..60).map(|i| text(i % TOPICS.len(), i)).collect();
    Tokenizer::train(&texts, 290, folder).unwrap();
    store_base(folder, store).await.unwrap()
}

async fn train(base: BaseIds, store: &BlobStore, cache: &Cache, seed: u64) -> Outcome {
    let records = |topic: usize| -> Vec<Record> {
        (0..8).map(|i| Record::new(Body::Text(text(topic, i)), None).unwrap()).collect()
    };
    let contributions = vec![(3, records(0)), (4, records(1)), (8, records(2)), (9, Vec::new())];
    let method = Method { fisher_records: 24, tokens: CONTEXT as u32, ..Method::default() };
    let settings = openledger_factory::Settings {
        rank: 2,
        epochs: 2,
        rows: 4,
        learning_rate: 5e-3,
        seed,
        method,
        ..openledger_factory::Settings::default()
    };
    let job = Training { base, contributions, heldout: Vec::new(), settings };
    run(job, store, cache, |_| {}).await.unwrap()
}

/// An answer that the operator signed.
pub fn answer(number: u64, prompt_ids: Vec<u32>, output_ids: Vec<u32>) -> Transcript {
    let receipt = Receipt {
        genesis: GENESIS,
        model: 2,
        version: 1,
        operator: operator(),
        payer: H256::repeat_byte(4),
        channel: 0,
        cumulative: 100 * (u128::from(number) + 1),
        request: hashing::token_ids(hashing::REQUEST, &prompt_ids),
        response: hashing::token_ids(hashing::RESPONSE, &output_ids),
        tokens_in: prompt_ids.len() as u32,
        tokens_out: output_ids.len() as u32,
        fee: 100 + u128::from(number),
        issued_at: number,
    };
    let signed = sign(receipt, &key(9));
    Transcript { signed, prompt_ids, output_ids }
}

pub fn sign(receipt: Receipt, key: &schnorrkel::Keypair) -> SignedReceipt {
    let signature = key.sign_simple(b"substrate", receipt.id().as_bytes()).to_bytes();
    SignedReceipt { receipt, signature: Signature::Sr25519(signature) }
}

pub fn jsonl(transcripts: &[Transcript]) -> String {
    transcripts.iter().map(|t| serde_json::to_string(t).unwrap() + "\n").collect()
}

/// An engine that is running.
pub struct Running {
    pub url: String,
    pub client: reqwest::Client,
    pub secret: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// The id of a job as it is posted here.
pub fn id(job: &Job) -> String {
    Id::of(&serde_json::to_vec(job).unwrap()).to_string()
}

impl Running {
    pub async fn post(&self, job: &impl Serialize) -> (u16, Value) {
        let url = format!("{}/jobs", self.url);
        let request = self.client.post(url).bearer_auth(&self.secret).json(job);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn get(&self, job: &Job) -> (u16, Value) {
        let answer = self.ask(&format!("jobs/{}", id(job))).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn ask(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}/{path}", self.url));
        request.bearer_auth(&self.secret).send().await.unwrap()
    }

    /// What is answered once the job is in one of these states.
    pub async fn once(&self, job: &Job, states: &[&str]) -> Value {
        for _ in 0..6_000 {
            let (status, answer) = self.get(job).await;
            assert_eq!(status, 200, "{answer}");
            if states.iter().any(|state| answer["state"] == *state) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("job {} is never {states:?}", id(job));
    }

    /// Posts a job and returns how it ends.
    pub async fn result(&self, job: &Job) -> Value {
        let (status, answer) = self.post(job).await;
        assert_eq!(status, 202, "{answer}");
        self.once(job, &["done", "failed"]).await
    }

    /// Stops the engine, whatever it does.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// A settlement whose computation aborts.
pub const DYING: u64 = 666;
/// A settlement whose computation never ends.
pub const ENDLESS: u64 = 667;
/// A settlement whose computation asks for more memory than it may have.
pub const HUNGRY: u64 = 668;
/// In a cache, a file that holds up all computations as long as it is there.
const DAM: &str = "dam";

/// Holds up the computations of an engine until [`Dam::open`].
pub struct Dam(PathBuf);

impl Dam {
    pub fn before(settings: &Settings) -> Self {
        let folder = settings.cache.folder();
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(DAM);
        std::fs::write(&path, "").unwrap();
        Self(path)
    }

    pub fn open(self) {
        std::fs::remove_file(self.0).unwrap();
    }
}

/// What the process of a job does in these tests: what it should, unless the job is one of those that go wrong.
pub async fn child() {
    let task = Task::read().await.unwrap();
    while task.cache.0.join(DAM).exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    match task.job.settlement {
        DYING => std::process::abort(),
        ENDLESS => std::future::pending().await,
        HUNGRY => assert_eq!(vec![1_u8; 3 << 30].len(), 3 << 30),
        _ => task.perform().await.unwrap(),
    }
}
