//! A real node on a development chain, spoken to as a client does: over HTTP.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{json, Value};

/// A node that is stopped when the test ends, however it ends.
struct Node {
    child: Child,
    port: u16,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openledger-node"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Node {
    fn start(base: &Path) -> Self {
        let port = free_port();
        let child = command(&["--dev", "--base-path"])
            .arg(base)
            .args(["--rpc-port", &port.to_string(), "--port", &free_port().to_string()])
            .args(["--no-prometheus", "--no-telemetry"])
            .spawn()
            .expect("the node's binary was built");
        Self { child, port }
    }

    /// One JSON-RPC call; `None` while the node does not answer.
    fn try_call(&self, method: &str, params: &Value) -> Option<Value> {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len(),
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let answer = answer.split_once("\r\n\r\n")?.1.to_owned();
        let from = answer.find('{')?;
        let to = answer.rfind('}')?;
        serde_json::from_str(answer.get(from..=to)?).ok()
    }

    /// One JSON-RPC call's result, tried until the node answers.
    fn call(&self, method: &str, params: Value) -> Value {
        let give_up = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(answer) = self.try_call(method, &params) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            assert!(Instant::now() < give_up, "the node does not answer");
            sleep(Duration::from_millis(500));
        }
    }

    fn finalized(&self) -> u64 {
        let hash = self.call("chain_getFinalizedHead", json!([]));
        let header = self.call("chain_getHeader", json!([hash]));
        let number = header["number"].as_str().expect("a header has a number");
        u64::from_str_radix(number.trim_start_matches("0x"), 16).expect("in hexadecimal")
    }

    fn wait_for_finalized(&self, number: u64) {
        let give_up = Instant::now() + Duration::from_secs(180);
        while self.finalized() < number {
            assert!(Instant::now() < give_up, "block {number} is not finalised");
            sleep(Duration::from_millis(500));
        }
    }
}

#[test]
fn dev_chain_should_finalise_and_go_on_when_killed_and_started_again() {
    let base = tempfile::tempdir().expect("a temporary folder");
    let node = Node::start(base.path());
    let genesis = node.call("chain_getBlockHash", json!([0]));
    node.wait_for_finalized(3);

    let properties = node.call("system_properties", json!([]));
    assert_eq!(properties["tokenSymbol"], "OPEN");
    assert_eq!(properties["tokenDecimals"], 18);
    assert_eq!(properties["ss58Format"], 42);
    let methods = node.call("rpc_methods", json!([]));
    let methods: Vec<&str> =
        methods["methods"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    for method in [
        "babe_epochAuthorship",
        "grandpa_roundState",
        "payment_queryInfo",
        "system_accountNextIndex",
    ] {
        assert!(methods.contains(&method), "{method} is missing");
    }
    // What clients decode: transactions as bytes, whatever they mean.
    let block = node.call("chain_getBlock", json!([]));
    let timestamp = block["block"]["extrinsics"][0].as_str().expect("a string");
    assert!(timestamp.starts_with("0x"), "{timestamp}");
    // Killed, not stopped: what was finalised is on disk.
    drop(node);

    let node = Node::start(base.path());
    assert_eq!(node.call("chain_getBlockHash", json!([0])), genesis);
    node.wait_for_finalized(6);
}

#[test]
fn node_should_name_the_option_when_a_port_is_taken() {
    let taken = TcpListener::bind("0.0.0.0:0").expect("there are free ports");
    let taken = taken.local_addr().expect("it is bound").port();
    for option in ["--rpc-port", "--port", "--prometheus-port"] {
        let options = ["--rpc-port", "--port", "--prometheus-port"].into_iter().flat_map(|name| {
            let port = if name == option { taken } else { free_port() };
            [name.to_string(), port.to_string()]
        });
        let output = command(&["--dev", "--tmp", "--no-telemetry"])
            .args(options)
            .stderr(Stdio::piped())
            .output()
            .expect("the node's binary was built");
        assert!(!output.status.success());
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains(&format!(":{taken} ")) && message.contains(option), "{message}");
    }
}
