use super::*;
use crate::worker::crypto::{self, KEY_TYPE};
use codec::Decode;
use sp_core::{
    offchain::{
        testing::TestOffchainExt, Externalities, HttpError, HttpRequestId, HttpRequestStatus,
        OffchainDbExt, OffchainWorkerExt, OpaqueNetworkState, Timestamp, TransactionPool,
        TransactionPoolExt,
    },
    OpaquePeerId,
};
use sp_runtime::{traits::Verify, MultiSignature, RuntimeAppPublic};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

/// How an engine behaves when asked.
#[derive(Clone)]
enum Reply {
    /// This status and body.
    With(u16, Vec<u8>),
    /// No connection.
    Down,
    /// No answer before the deadline.
    Slow,
}

/// What an engine was asked, and what it answers.
#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    /// Method, URL and body of each request.
    requests: Vec<(String, String, String)>,
    /// The headers of each request.
    headers: Vec<Vec<(String, String)>>,
    answers: BTreeMap<u16, (Reply, usize)>,
    seed: u8,
}

/// In an answer: the id of the job that was asked about.
const THIS: &str = "THIS";

/// The job that a request hands over or asks about: method, URL and body.
fn job_of((method, url, body): &(String, String, String)) -> String {
    match method.as_str() {
        "POST" => hex::encode(sp_io::hashing::blake2_256(body.as_bytes())),
        _ => url.rsplit('/').next().unwrap().to_string(),
    }
}

/// An engine that follows a script.
#[derive(Clone, Default)]
struct Engine(Arc<Mutex<Script>>);

impl Engine {
    fn will(&self, reply: Reply) {
        self.0.lock().unwrap().replies.push_back(reply);
    }

    fn will_answer(&self, status: u16, json: &str) {
        self.will(Reply::With(status, json.as_bytes().to_vec()));
    }

    /// The requests since this was last asked; all replies must have been used.
    fn requests(&self) -> Vec<(String, String, String)> {
        let mut script = self.0.lock().unwrap();
        assert!(script.replies.is_empty(), "the engine was not asked");
        std::mem::take(&mut script.requests)
    }
}

impl Externalities for Engine {
    fn is_validator(&self) -> bool {
        true
    }

    fn network_state(&self) -> Result<OpaqueNetworkState, ()> {
        Err(())
    }

    fn timestamp(&mut self) -> Timestamp {
        Timestamp::from_unix_millis(1_000)
    }

    fn sleep_until(&mut self, _: Timestamp) {
        panic!("the worker never waits");
    }

    /// Never the same twice.
    fn random_seed(&mut self) -> [u8; 32] {
        let mut script = self.0.lock().unwrap();
        script.seed += 1;
        [script.seed; 32]
    }

    fn http_request_start(
        &mut self,
        method: &str,
        uri: &str,
        _: &[u8],
    ) -> Result<HttpRequestId, ()> {
        let mut script = self.0.lock().unwrap();
        let reply = script.replies.pop_front().expect("one request too many");
        script.requests.push((method.into(), uri.into(), String::new()));
        script.headers.push(Vec::new());
        let id = script.answers.len() as u16;
        script.answers.insert(id, (reply, 0));
        Ok(HttpRequestId(id))
    }

    fn http_request_add_header(
        &mut self,
        _: HttpRequestId,
        name: &str,
        value: &str,
    ) -> Result<(), ()> {
        let mut script = self.0.lock().unwrap();
        script.headers.last_mut().unwrap().push((name.into(), value.into()));
        Ok(())
    }

    fn http_request_write_body(
        &mut self,
        _: HttpRequestId,
        chunk: &[u8],
        deadline: Option<Timestamp>,
    ) -> Result<(), HttpError> {
        assert_eq!(deadline, Some(Timestamp::from_unix_millis(1_300)));
        let mut script = self.0.lock().unwrap();
        let text = std::str::from_utf8(chunk).unwrap();
        script.requests.last_mut().unwrap().2.push_str(text);
        Ok(())
    }

    fn http_response_wait(
        &mut self,
        ids: &[HttpRequestId],
        deadline: Option<Timestamp>,
    ) -> Vec<HttpRequestStatus> {
        assert_eq!(deadline, Some(Timestamp::from_unix_millis(1_300)));
        let mut script = self.0.lock().unwrap();
        let job = script.requests.last().map(job_of).unwrap();
        ids.iter()
            .map(|id| match &mut script.answers.get_mut(&id.0).unwrap().0 {
                Reply::With(status, answer) => {
                    if let Ok(text) = std::str::from_utf8(answer) {
                        *answer = text.replace(THIS, &job).into_bytes();
                    }
                    HttpRequestStatus::Finished(*status)
                }
                Reply::Down => HttpRequestStatus::IoError,
                Reply::Slow => HttpRequestStatus::DeadlineReached,
            })
            .collect()
    }

    fn http_response_headers(&mut self, _: HttpRequestId) -> Vec<(Vec<u8>, Vec<u8>)> {
        Vec::new()
    }

    fn http_response_read_body(
        &mut self,
        id: HttpRequestId,
        buffer: &mut [u8],
        deadline: Option<Timestamp>,
    ) -> Result<usize, HttpError> {
        assert_eq!(deadline, Some(Timestamp::from_unix_millis(1_300)));
        let mut script = self.0.lock().unwrap();
        let (reply, read) = script.answers.get_mut(&id.0).unwrap();
        let Reply::With(_, body) = reply else { return Err(HttpError::IoError) };
        let rest = &body[*read..];
        let size = rest.len().min(buffer.len());
        buffer[..size].copy_from_slice(&rest[..size]);
        *read += size;
        Ok(size)
    }

    fn set_authorized_nodes(&mut self, _: Vec<OpaquePeerId>, _: bool) {}
}

/// A transaction pool that takes everything.
#[derive(Clone, Default)]
struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

impl TransactionPool for Pool {
    fn submit_transaction(&mut self, extrinsic: Vec<u8>) -> Result<(), ()> {
        self.0.lock().unwrap().push(extrinsic);
        Ok(())
    }
}

/// An attributor's node, its engine, and the chain.
struct Node {
    engine: Engine,
    pool: Pool,
    world: World,
    key: AccountId32,
}

/// Runs a test with a node whose `poaw` key serves attributor 0, of as many as said.
fn with_node(attributors: u32, test: impl FnOnce(Node)) {
    let mut ext = ext();
    let (offchain, _) = TestOffchainExt::new();
    let (engine, pool) = (Engine::default(), Pool::default());
    ext.register_extension(OffchainDbExt::new(offchain));
    ext.register_extension(OffchainWorkerExt::new(engine.clone()));
    ext.register_extension(TransactionPoolExt::new(pool.clone()));
    ext.execute_with(|| {
        let world = world(attributors);
        let key =
            AccountId32::from(sp_core::sr25519::Public::from(crypto::Public::generate_pair(None)));
        Providers::appoint(&account("attributor", 0), Some(key.clone())).unwrap();
        test(Node { engine, pool, world, key });
        check();
    });
}

impl Node {
    /// Lets the worker run on the next block.
    fn next_block(&self) {
        let now = System::block_number() + 1;
        System::set_block_number(now);
        // What a worker writes to state is gone when it ends.
        frame_support::storage::with_transaction(|| {
            Attribution::offchain_worker(now);
            frame_support::storage::TransactionOutcome::Rollback(Ok::<(), DispatchError>(()))
        })
        .unwrap();
    }

    /// Lets the worker run until the engine has given all its replies.
    fn until_asked(&self) {
        while !self.engine.0.lock().unwrap().replies.is_empty() {
            self.next_block();
        }
    }

    /// What was sent since this was last asked, each signed by the worker's key.
    fn sent(&self) -> Vec<RuntimeCall> {
        let transactions = std::mem::take(&mut *self.pool.0.lock().unwrap());
        transactions
            .into_iter()
            .map(|bytes| {
                let extrinsic = Extrinsic::decode(&mut bytes.as_slice()).unwrap();
                let sp_runtime::generic::Preamble::Signed(signer, signature, _) =
                    extrinsic.preamble
                else {
                    panic!("not signed")
                };
                assert_eq!(signer, self.key);
                let nonce = System::account_nonce(&signer);
                let message = (&extrinsic.function, nonce).encode();
                assert!(MultiSignature::verify(&signature, message.as_slice(), &signer));
                extrinsic.function
            })
            .collect()
    }

    /// Includes a transaction of the worker in the chain.
    fn include(&self, call: RuntimeCall) {
        use sp_runtime::traits::Dispatchable;
        System::inc_account_nonce(&self.key);
        assert_ok!(call.dispatch(signed(&self.key)));
    }

    /// Brings a job up to its commitment, and returns that.
    fn commit(&self, outcome: &Outcome) -> RuntimeCall {
        self.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        self.next_block();
        self.engine.will_answer(200, &done(outcome));
        self.next_block();
        self.engine.requests();
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1);
        sent.remove(0)
    }
}

fn done(outcome: &Outcome) -> String {
    format!(
        r#"{{"job":"THIS","state":"done","attribution":"0x{}"}}"#,
        hex::encode(outcome.encode())
    )
}

fn outcome() -> Outcome {
    result(&[(0, 600_000), (2, 100_000)])
}

#[test]
fn worker_should_bring_a_settlement_to_its_end_when_all_goes_well() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        let requests = node.engine.requests();
        let (method, url, body) = &requests[0];
        assert_eq!((method.as_str(), url.as_str()), ("POST", "http://127.0.0.1:9955/jobs"));
        let id_of_job = job_of(&requests[0]);
        let job: serde_json::Value = serde_json::from_str(body).unwrap();
        let hex = |byte: u8| format!("0x{}", hex::encode([byte; 32]));
        assert_eq!(
            job,
            serde_json::json!({
                "genesis": hex(69),
                "settlement": 0,
                "attempt": 1,
                "model": node.world.model,
                "version": 1,
                "receipts_root": format!("0x{}", hex::encode(stored(id).receipts_root)),
                "batch": hex(9),
                "count": 1,
                "total_fee": "1200",
                "operator": format!("0x{}", hex::encode(&node.world.operator)),
                "base": {"artefact": hex(1), "config": hex(2)},
                "adapter": {"artefact": hex(3), "config": hex(4)},
                "index": {
                    "content": hex(5), "root": hex(6), "method": hex(7), "blocks": 8, "variants": 2, "trace": hex(8),
                },
                "contributions": [0, 1, 2],
                "floor": 1_000,
                "trace": 200_000,
            })
        );

        // It polls until there is a result.
        for state in ["queued", "running"] {
            node.engine.will_answer(200, &format!(r#"{{"job":"THIS","state":"{state}"}}"#));
            node.next_block();
            let url = format!("http://127.0.0.1:9955/jobs/{id_of_job}");
            assert_eq!(node.engine.requests(), vec![("GET".into(), url, String::new())]);
            assert!(node.sent().is_empty());
        }
        node.engine.will_answer(200, &done(&outcome()));
        node.next_block();
        assert_eq!(node.engine.requests().len(), 1);
        let sent = node.sent();
        assert!(matches!(sent[..], [RuntimeCall::Attribution(Call::commit { settlement: 0, .. })]));

        // It sends nothing more until the chain shows the commitment, then reveals once.
        node.next_block();
        assert!(node.sent().is_empty());
        node.include(sent[0].clone());
        node.next_block();
        let sent = node.sent();
        assert!(matches!(sent[..], [RuntimeCall::Attribution(Call::reveal { settlement: 0, .. })]));
        node.next_block();
        assert!(node.sent().is_empty());
        node.include(sent[0].clone());
        assert_eq!(stored(id).phase(), Phase::Decided);
        assert_eq!(stored(id).shares(), Some(&outcome().shares));
        node.next_block();
        assert!(node.sent().is_empty());
        assert!(node.engine.requests().is_empty());
    });
}

#[test]
fn worker_should_commit_in_the_same_block_when_the_engine_has_the_result_at_once() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        node.engine.will_answer(202, &done(&outcome()));
        node.next_block();
        assert_eq!(node.engine.requests().len(), 1);
        let sent = node.sent();
        assert!(matches!(sent[..], [RuntimeCall::Attribution(Call::commit { settlement: 0, .. })]));
        node.include(sent[0].clone());
        node.next_block();
        node.include(node.sent()[0].clone());
        assert_eq!(stored(id).shares(), Some(&outcome().shares));
        assert!(node.engine.requests().is_empty());
    });
}

#[test]
fn worker_should_hand_the_job_over_again_when_the_engine_answers_at_once_that_it_failed() {
    with_node(1, |node| {
        node.world.settle(1_200);
        let failed = r#"{"job":"THIS","state":"failed","error":"no such batch"}"#;
        node.engine.will_answer(202, failed);
        node.next_block();
        assert!(node.sent().is_empty());
        node.engine.will_answer(202, &done(&outcome()));
        node.next_block();
        let methods: Vec<_> = node.engine.requests().into_iter().map(|r| r.0).collect();
        assert_eq!(methods, ["POST", "POST"]);
        assert_eq!(node.sent().len(), 1);
    });
}

#[test]
fn worker_should_do_nothing_when_no_local_key_serves_an_attributor() {
    with_node(1, |node| {
        node.world.settle(1_200);
        Providers::set_worker(signed(&account("attributor", 0)), None).unwrap();
        node.next_block();
        assert!(node.engine.requests().is_empty());
    });
}

#[test]
fn worker_should_sign_with_the_members_key_when_the_node_has_several() {
    with_node(1, |node| {
        for _ in 0..3 {
            crypto::Public::generate_pair(None);
        }
        assert_eq!(sp_io::crypto::sr25519_public_keys(KEY_TYPE).len(), 4);
        node.world.settle(1_200);
        // `sent` checks the signer.
        node.commit(&outcome());
    });
}

#[test]
fn worker_should_use_another_engine_when_the_node_is_told_so() {
    with_node(1, |node| {
        node.world.settle(1_200);
        sp_io::offchain::local_storage_set(
            sp_core::offchain::StorageKind::PERSISTENT,
            b"openledger::engine",
            b"http://10.0.0.7:80/engine/",
        );
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        assert_eq!(node.engine.requests()[0].1, "http://10.0.0.7:80/engine/jobs");
    });
}

#[test]
fn worker_should_say_the_secret_that_it_shares_with_the_engine_when_it_has_one() {
    with_node(1, |node| {
        node.world.settle(1_200);
        let headers = || std::mem::take(&mut node.engine.0.lock().unwrap().headers);
        let said = |secret: &[u8]| {
            sp_io::offchain::local_storage_set(
                sp_core::offchain::StorageKind::PERSISTENT,
                b"openledger::engine-secret",
                secret,
            );
            node.engine.will_answer(200, r#"{"job":"THIS","state":"running"}"#);
            node.next_block();
            let of = headers().pop().unwrap();
            of.into_iter().find(|(name, _)| name == "authorization").map(|(_, value)| value)
        };
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        let only = [("content-type".to_string(), "application/json".to_string())];
        assert_eq!(headers(), [only.to_vec()]);
        assert_eq!(said(b" c0ffee\n").as_deref(), Some("Bearer c0ffee"));
        // Nothing that would begin another header.
        assert_eq!(said(b"c0ffee\r\nx: y"), None);
        assert_eq!(said(b""), None);
    });
}

#[test]
fn worker_should_refuse_an_answer_about_another_job() {
    with_node(1, |node| {
        node.world.settle(1_200);
        for job in [hex::encode([7; 32]), "45454545-0".into()] {
            let answer = done(&outcome()).replace(THIS, &job);
            node.engine.will_answer(202, &answer);
            node.until_asked();
            assert!(node.sent().is_empty());
        }
    });
}

#[test]
fn worker_should_compute_again_when_the_settlement_is_another_batch_on_the_fork_that_won() {
    with_node(1, |node| {
        InForce::set(Parameters { commit_blocks: 100, ..PARAMETERS });
        let id = node.world.settle(1_200);
        node.commit(&outcome());
        let other_batch = |byte| {
            Settlements::<Test>::mutate(id, |settlement| {
                settlement.as_mut().unwrap().batch = H256::repeat_byte(byte);
            });
        };
        // What was computed is forgotten: the engine is asked for the batch that is now under this id.
        other_batch(10);
        for _ in 0..7 {
            node.next_block();
        }
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.until_asked();
        assert!(node.sent().is_empty());
        // And a commitment that found its way onto this fork is not revealed: its result is not of this batch.
        node.engine.will_answer(200, &done(&outcome()));
        node.next_block();
        let commitment = node.sent().pop().unwrap();
        node.include(commitment);
        other_batch(11);
        node.next_block();
        assert!(node.sent().is_empty());
        other_batch(10);
        node.next_block();
        assert_eq!(node.sent().len(), 1);
    });
}

#[test]
fn worker_should_pause_longer_and_longer_when_the_engine_is_down_or_slow() {
    with_node(1, |node| {
        InForce::set(Parameters { commit_blocks: 1_000, ..PARAMETERS });
        node.world.settle(1_200);
        for pause in [1, 2, 4, 8, 16, 16] {
            node.engine.will(if pause % 8 == 0 { Reply::Slow } else { Reply::Down });
            node.next_block();
            assert_eq!(node.engine.requests().len(), 1);
            for _ in 1..pause {
                node.next_block();
                assert!(node.engine.requests().is_empty());
            }
        }
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        assert_eq!(node.engine.requests().len(), 1);
    });
}

#[test]
fn worker_should_ask_again_when_the_engine_is_down_while_it_computes() {
    with_node(1, |node| {
        node.world.settle(1_200);
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        node.engine.will(Reply::Down);
        node.next_block();
        node.engine.will_answer(200, &done(&outcome()));
        node.next_block();
        let methods: Vec<_> = node.engine.requests().into_iter().map(|r| r.0).collect();
        assert_eq!(methods, ["POST", "GET", "GET"]);
        assert_eq!(node.sent().len(), 1);
    });
}

#[test]
fn worker_should_send_the_job_again_when_the_engine_forgot_it() {
    with_node(1, |node| {
        node.world.settle(1_200);
        for _ in 0..2 {
            node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
            node.next_block();
            if node.engine.0.lock().unwrap().requests.len() == 1 {
                node.engine.will_answer(404, r#"{"error":"no such job"}"#);
                node.next_block();
            }
        }
        let methods: Vec<_> = node.engine.requests().into_iter().map(|r| r.0).collect();
        assert_eq!(methods, ["POST", "GET", "POST"]);
    });
}

#[test]
fn worker_should_commit_to_nothing_when_the_engine_answers_nonsense() {
    let unknown = done(&result(&[(3, 1)]));
    let trailing = done(&outcome()).replace("\"}", "00\"}");
    let wrong_sum = {
        let mut bytes = outcome().encode();
        bytes[5] ^= 1;
        format!(r#"{{"job":"THIS","state":"done","attribution":"0x{}"}}"#, hex::encode(bytes))
    };
    // Each costs the result; the job is handed over again.
    for (status, body) in [
        (200, unknown.as_str()),
        (200, &trailing),
        (200, &wrong_sum),
        (200, r#"{"job":"THIS","state":"done"}"#),
        (200, r#"{"job":"THIS","state":"done","attribution":"12"}"#),
        (200, r#"{"job":"THIS","state":"failed","error":"the blob is missing"}"#),
        (200, r#"{"job":"THIS","state":"failed"}"#),
    ] {
        with_node(1, |node| {
            node.world.settle(1_200);
            node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
            node.next_block();
            node.engine.will_answer(status, body);
            node.next_block();
            assert!(node.sent().is_empty(), "{body}");
            node.commit(&outcome());
        });
    }
    // Each leaves the job where it is; the engine is asked again.
    let huge = "x".repeat(64 * 1024 + 1);
    for (status, body) in [
        (200, ""),
        (200, "[]"),
        (200, r#"{"job":"THIS","state":"finished"}"#),
        (200, r#"{"job":"../../health","state":"done"}"#),
        (200, huge.as_str()),
        (500, "oops"),
        (503, r#"{"error":"the queue\nis full"}"#),
    ] {
        with_node(1, |node| {
            node.world.settle(1_200);
            node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
            node.next_block();
            node.engine.will_answer(status, body);
            node.next_block();
            assert!(node.sent().is_empty(), "{body}");
            node.engine.will_answer(200, &done(&outcome()));
            node.next_block();
            assert_eq!(node.sent().len(), 1, "{body}");
        });
    }
}

#[test]
fn worker_should_try_again_when_the_engine_refuses_the_job() {
    for (status, body) in [
        (503, r#"{"error":"the queue is full"}"#),
        (409, r#"{"error":"another body under this id"}"#),
        (400, "{}"),
        (202, "nonsense"),
        (202, r#"{"job":"","state":"queued"}"#),
    ] {
        with_node(1, |node| {
            node.world.settle(1_200);
            node.engine.will_answer(status, body);
            node.next_block();
            node.commit(&outcome());
        });
    }
}

#[test]
fn worker_should_serve_other_jobs_when_the_engine_fails_at_one() {
    with_node(1, |node| {
        InForce::set(Parameters { commit_blocks: 100, ..PARAMETERS });
        node.world.settle(1_200);
        for _ in 0..3 {
            node.engine.will_answer(400, r#"{"error":"the batch does not hash to its id"}"#);
        }
        for _ in 0..4 {
            node.next_block();
        }
        // The first waits for four blocks now.
        let second = node.world.settle(1_200);
        let call = node.commit(&outcome());
        assert!(matches!(
            call,
            RuntimeCall::Attribution(Call::commit { settlement, .. }) if settlement == second
        ));
    });
}

#[test]
fn worker_should_take_one_job_at_a_time_when_there_are_several() {
    with_node(1, |node| {
        node.world.settle(1_200);
        node.world.settle(1_200);
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        node.engine.will_answer(200, r#"{"job":"THIS","state":"running"}"#);
        node.next_block();
        let methods: Vec<_> = node.engine.requests().into_iter().map(|r| r.0).collect();
        assert_eq!(methods, ["POST", "GET"]);
    });
}

#[test]
fn worker_should_send_the_same_commitment_again_when_the_first_was_lost() {
    with_node(1, |node| {
        InForce::set(Parameters { commit_blocks: 100, ..PARAMETERS });
        node.world.settle(1_200);
        let first = node.commit(&outcome());
        for _ in 1..8 {
            node.next_block();
            assert!(node.sent().is_empty());
        }
        node.next_block();
        // The salt was stored before the first was sent: a restart, or a loss, changes nothing.
        assert_eq!(node.sent(), vec![first]);
        assert!(node.engine.requests().is_empty());
    });
}

#[test]
fn worker_should_not_send_twice_when_two_blocks_come_at_once_or_a_block_comes_again() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        let call = node.commit(&outcome());
        for _ in 0..3 {
            System::set_block_number(System::block_number() - 1);
            node.next_block();
            assert!(node.sent().is_empty());
        }
        // After a re-organisation the commitment is not there any more, but still in the pool.
        node.include(call);
        node.next_block();
        assert_eq!(node.sent().len(), 1);
        Commitments::<Test>::remove(id, account("attributor", 0));
        Settlements::<Test>::mutate(id, |settlement| {
            let settlement = settlement.as_mut().unwrap();
            let committee = Committee::truncate_from(settlement.committee().to_vec());
            settlement.stage = Stage::Committing { committee, deadline: 100 };
        });
        node.next_block();
        assert_eq!(node.sent().len(), 1);
    });
}

#[test]
fn worker_should_stay_silent_when_another_run_holds_the_lock() {
    use sp_runtime::offchain::{
        storage_lock::{StorageLock, Time},
        Duration,
    };
    with_node(1, |node| {
        node.world.settle(1_200);
        let mut lock =
            StorageLock::<Time>::with_deadline(b"openledger::lock", Duration::from_millis(5_000));
        let guard = lock.try_lock().unwrap();
        node.next_block();
        assert!(node.engine.requests().is_empty());
        drop(guard);
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        node.engine.requests();
    });
}

#[test]
fn worker_should_not_commit_when_it_would_be_too_late() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        node.engine.will_answer(202, r#"{"job":"THIS","state":"queued"}"#);
        node.next_block();
        System::set_block_number(stored(id).deadline().unwrap() - 1);
        node.next_block();
        assert_eq!(node.engine.requests().len(), 1);
        assert!(node.sent().is_empty());
    });
}

#[test]
fn worker_should_not_reveal_when_the_commitment_is_not_its_own() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        assert_ok!(Attribution::commit(signed(&node.key), id, H256::repeat_byte(1)));
        node.next_block();
        assert!(node.sent().is_empty());
        assert!(node.engine.requests().is_empty());
    });
}

#[test]
fn worker_should_compute_again_when_another_committee_is_drawn() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        node.commit(&outcome());
        pass_deadline(id);
        assert_ok!(advance(id));
        let call = node.commit(&outcome());
        node.include(call);
        node.next_block();
        let sent = node.sent();
        node.include(sent[0].clone());
        assert_eq!(stored(id).phase(), Phase::Decided);
    });
}

#[test]
fn worker_should_forget_a_job_when_it_has_been_done_for_long() {
    with_node(1, |node| {
        let id = node.world.settle(1_200);
        let call = node.commit(&outcome());
        node.include(call);
        node.next_block();
        let sent = node.sent();
        node.include(sent[0].clone());
        let key = [b"openledger::job/".as_slice(), node.key.as_ref(), &(id, 1u8).encode()].concat();
        let stored =
            || sp_io::offchain::local_storage_get(sp_core::offchain::StorageKind::PERSISTENT, &key);
        node.next_block();
        System::set_block_number(System::block_number() + 254);
        node.next_block();
        assert!(stored().is_some());
        node.next_block();
        assert!(stored().is_none());
    });
}
