//! The engine over HTTP and JSON, by `docs/protocol/engine.md`. Whatever it answers, this ends in a
//! bounded time with a bounded amount of data.

use crate::*;
use alloc::{
    format,
    string::{String, ToString},
    vec,
};
use codec::DecodeAll;
use core::fmt;
use pallet_models::{Kind, ModelVersionInfo};
use serde::{Deserialize, Serialize};
use sp_core::offchain::{Duration, StorageKind, Timestamp};
use sp_runtime::offchain::http::{Method, PendingRequest, Request};

/// For all requests of one block together.
pub const PATIENCE: Duration = Duration::from_millis(300);
/// Where the engine is, unless [`ENGINE`] says otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:9955";
/// The key, in persistent off-chain storage, of the engine's URL as UTF-8 text.
const ENGINE: &[u8] = b"openledger::engine";
/// The key, in persistent off-chain storage, of the secret that node and engine share, as visible ASCII
/// text. The engine takes jobs only from whoever knows it.
const SECRET: &[u8] = b"openledger::engine-secret";
/// The longest answer that is read, in bytes. A result is about 4 KiB of hexadecimal digits.
const MAX_ANSWER: usize = 64 * 1024;
/// The most characters of an engine's error that are logged.
const MAX_ERROR: usize = 200;

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Waiting or being computed.
    Pending,
    /// Computed.
    Done(Attribution),
    /// Not computed, for this reason.
    Failed(String),
    /// The engine does not know of it.
    Unknown,
}

/// Why there is no answer to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// No connection.
    Unreachable,
    /// No whole answer in time.
    Slow,
    /// The answer is longer than [`MAX_ANSWER`].
    TooLong,
    /// It refuses, with an HTTP status and its reason.
    Refused(u16, String),
    /// It answers something else than the protocol says.
    Nonsense(&'static str),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => write!(f, "it cannot be reached; is it running?"),
            Self::Slow => write!(f, "no answer within {} ms", PATIENCE.millis()),
            Self::TooLong => write!(f, "it answers more than {MAX_ANSWER} bytes"),
            Self::Refused(status, reason) => write!(f, "it refuses with status {status}: {reason}"),
            Self::Nonsense(expected) => write!(f, "it does not speak the protocol: {expected}"),
        }
    }
}

/// The engine, for the length of one run.
pub struct Engine {
    url: String,
    /// What the header `Authorization` says, if there is a secret.
    authorization: Option<String>,
    deadline: Timestamp,
}

impl Engine {
    /// The engine that this node is told to use.
    pub fn connect() -> Self {
        let url = setting(ENGINE)
            .map(|url| url.trim_end_matches('/').to_string())
            .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
            .unwrap_or_else(|| DEFAULT_URL.to_string());
        let authorization = setting(SECRET)
            .filter(|secret| !secret.is_empty() && secret.bytes().all(|c| c.is_ascii_graphic()))
            .map(|secret| format!("Bearer {secret}"));
        Self { url, authorization, deadline: sp_io::offchain::timestamp().add(PATIENCE) }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Hands over a job, and returns how far it is. The same job again is no new one.
    pub fn post(&self, job: Job) -> Result<Progress, EngineError> {
        let url = format!("{}/jobs", self.url);
        let request =
            Request::post(&url, vec![job.body]).add_header("content-type", "application/json");
        let (status, answer) = self.fetch(request)?;
        match status {
            200 | 202 => parse(&job.id, &answer),
            _ => Err(refused(status, &answer)),
        }
    }

    /// Asks how far a job is.
    pub fn poll(&self, job: &H256) -> Result<Progress, EngineError> {
        let url = format!("{}/jobs/{}", self.url, hex::encode(job));
        let body: Vec<Vec<u8>> = Vec::new();
        let (status, answer) = self.fetch(Request::post(&url, body).method(Method::Get))?;
        match status {
            200 => parse(job, &answer),
            404 => Ok(Progress::Unknown),
            _ => Err(refused(status, &answer)),
        }
    }

    fn fetch(&self, mut request: Request<'_, Vec<Vec<u8>>>) -> Result<(u16, Vec<u8>), EngineError> {
        if let Some(authorization) = &self.authorization {
            request = request.add_header("authorization", authorization);
        }
        let pending: PendingRequest =
            request.deadline(self.deadline).send().map_err(|_| EngineError::Unreachable)?;
        let response = pending
            .try_wait(self.deadline)
            .map_err(|_| EngineError::Slow)?
            .map_err(|_| EngineError::Unreachable)?;
        let mut body = response.body();
        body.deadline(self.deadline);
        let answer: Vec<u8> = body.by_ref().take(MAX_ANSWER.saturating_add(1)).collect();
        if body.error().is_some() {
            return Err(EngineError::Slow);
        }
        if answer.len() > MAX_ANSWER {
            return Err(EngineError::TooLong);
        }
        Ok((response.code, answer))
    }
}

/// What the operator of the node set under `key`, without blanks around it.
fn setting(key: &[u8]) -> Option<String> {
    let bytes = sp_io::offchain::local_storage_get(StorageKind::PERSISTENT, key)?;
    Some(String::from_utf8(bytes).ok()?.trim().to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Queued,
    Running,
    Done,
    Failed,
}

#[derive(Deserialize)]
struct Answer {
    job: String,
    state: State,
    error: Option<String>,
    attribution: Option<String>,
}

impl Answer {
    fn progress(&self) -> Progress {
        match self.state {
            State::Queued | State::Running => Progress::Pending,
            State::Failed => Progress::Failed(brief(self.error.as_deref().unwrap_or("unknown"))),
            State::Done => {
                let attribution = self
                    .attribution
                    .as_deref()
                    .and_then(|text| text.strip_prefix("0x"))
                    .and_then(|digits| hex::decode(digits).ok())
                    .and_then(|bytes| Attribution::decode_all(&mut bytes.as_slice()).ok());
                // A result that is none will not become one: have it computed again.
                attribution.map_or_else(
                    || Progress::Failed("`attribution` is no SCALE-encoded result".to_string()),
                    Progress::Done,
                )
            }
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn refused(status: u16, answer: &[u8]) -> EngineError {
    let reason = serde_json::from_slice::<Refusal>(answer)
        .map_or_else(|_| "without a reason".to_string(), |refusal| refusal.error);
    EngineError::Refused(status, brief(&reason))
}

/// What may go into a log: short, and on one line.
fn brief(text: &str) -> String {
    text.chars().take(MAX_ERROR).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How far `job` is, by an answer that must be about it: another's result would be another batch's.
fn parse(job: &H256, answer: &[u8]) -> Result<Progress, EngineError> {
    let answer: Answer = serde_json::from_slice(answer)
        .map_err(|_| EngineError::Nonsense("expected JSON with `job` and `state`"))?;
    if answer.job != hex::encode(job) {
        return Err(EngineError::Nonsense("expected `job` to be the hash of the job's body"));
    }
    Ok(answer.progress())
}

#[derive(Serialize)]
struct Artefacts {
    artefact: String,
    config: String,
}

impl From<&ModelVersionInfo> for Artefacts {
    fn from(info: &ModelVersionInfo) -> Self {
        Self { artefact: digits(&info.artefact), config: digits(&info.config) }
    }
}

#[derive(Serialize)]
struct Index {
    content: String,
    root: String,
    method: String,
    blocks: u32,
    variants: u8,
    trace: Option<String>,
}

/// A job: what the engine is asked to compute.
pub struct Job {
    /// The BLAKE2b-256 hash of the body. So the result of another settlement, or of this one on another
    /// fork, is never taken for this job's.
    pub id: H256,
    /// JSON.
    body: Vec<u8>,
}

#[derive(Serialize)]
struct Body {
    genesis: String,
    settlement: SettlementId,
    attempt: u8,
    model: ModelId,
    version: ModelVersion,
    receipts_root: String,
    batch: String,
    count: u32,
    total_fee: String,
    operator: String,
    base: Artefacts,
    adapter: Artefacts,
    index: Index,
    contributions: Vec<ContributionId>,
    floor: Ppm,
    trace: Ppm,
}

/// The job of a settlement's present committee; nothing when the chain does not know all of it.
pub fn job<T: Config>(settlement: SettlementId, entry: &SettlementOf<T>) -> Option<Job> {
    let model = pallet_models::Pallet::<T>::model(entry.model)?;
    let Kind::Adapter { base, .. } = model.kind else { return None };
    let adapter = pallet_models::Pallet::<T>::version(entry.model, entry.version)?;
    let index = adapter.index?;
    let base = base_version::<T>(base, adapter.registered)?;
    let body = Body {
        genesis: digits(&pallet_common::genesis::<T>()),
        settlement,
        attempt: entry.attempt,
        model: entry.model,
        version: entry.version,
        receipts_root: digits(&entry.receipts_root),
        batch: digits(&entry.batch),
        count: entry.count,
        total_fee: entry.total_fee.to_string(),
        operator: digits(&entry.operator),
        base: Artefacts::from(&base),
        adapter: Artefacts::from(&adapter),
        index: Index {
            content: digits(&index.content),
            root: digits(&index.root),
            method: digits(&index.method),
            blocks: index.blocks,
            variants: index.variants,
            trace: index.trace.as_ref().map(digits),
        },
        contributions: pallet_models::Pallet::<T>::contributions(entry.model, entry.version),
        floor: entry.parameters.floor,
        trace: entry.parameters.trace,
    };
    let body = serde_json::to_vec(&body).ok()?;
    Some(Job { id: sp_io::hashing::blake2_256(&body).into(), body })
}

/// The version of a base that an adapter registered in block `at` was trained on: the newest of then.
fn base_version<T: Config>(base: ModelId, at: BlockNumber) -> Option<ModelVersionInfo> {
    let latest = pallet_models::Pallet::<T>::model(base)?.latest;
    (1..=latest)
        .rev()
        .filter_map(|number| pallet_models::Pallet::<T>::version(base, number))
        .find(|info| info.registered <= at)
}

fn digits(bytes: &impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}
