use std::{io::Read, net::TcpListener};

use tempfile::TempDir;

use crate::program::{run, run_with, Run};

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn json(arguments: &[&str]) -> Run {
    run(home().path(), &[&["--json"], arguments].concat())
}

#[test]
fn wrong_usage_should_end_with_2_and_say_what_was_expected() {
    for (arguments, expected) in [
        (&["colour"][..], "colour"),
        (&["records", "build", "x"], "--out"),
        (&["account", "transfer", "//Bob=1e3"], "12.5"),
        (&["account", "show", "Bob"], "SS58"),
        (&["provider", "register", "king", "--bond", "1"], "king"),
        (&["datanet", "show", "first"], "first"),
        (&["datanet", "review", "--reject", "1:ugly"], "low-quality"),
        (&["datanet", "review"], "--accept"),
        (&["datanet", "prove-duplicate", "--earlier", "1"], "--later"),
        (&["datanet", "transfer-payout", "1", "Bob"], "SS58"),
        (&["datanet", "create", "--name", ""], "1 to 64"),
        (&["datanet", "create", "--name", "x", "--withdrawn", "burn"], "redirect"),
        (&["model", "register-base", "x", "--name", &"x".repeat(65)], "1 to 64"),
        (&["contribute", "0", "x", "--each", "--parts", "2"], "--parts"),
        (&["contribute", "0", "x", "--parts", "0"], "0"),
        (&["model", "train", "--base", "0", "--datanets", "0", "--out", "x"], "0:1"),
        (&["model", "register", "x"], "--name"),
        (&["model", "register", "x", "--model", "1", "--price-in", "1"], "--price-in"),
        (&["channel", "open", "--operator", "//Bob", "--deposit", "-1"], "-1"),
        (&["ask", "0"], "PROMPT"),
        (&["ask", "0", "x", "--max-tokens", "0"], "0"),
        (&["claim", "--contributions", "1;2"], "1,2,5-9"),
        (&["claimable", "--all", "//Bob"], "--all"),
        (&["attribute", "0x00", "--method", "magic"], "magic"),
        (&["audit"], "RECEIPT"),
        (&["prove-fraud", "1"], "--attributor"),
        (&["gateway", "--settle-every", "0"], "0"),
        (&["gateway", "--memory", "much"], "8G"),
        (&["gateway", "--public-name", "http://x"], "without scheme"),
        (&["gateway", "--allow-origin", "chat.example"], "https://chat.example"),
        (&["channel", "certify", "1", "0x09"], "0x01 (Sr25519)"),
        (&["ask", "0", "x", "--out", "y"], "PROMPT"),
        (&["status", "--wait", "long"], "long"),
    ] {
        let words = run(home().path(), arguments);
        assert_eq!((words.status, words.output.as_str()), (2, ""), "{arguments:?}");
        assert!(words.errors.contains(expected), "{arguments:?}: {}", words.errors);
        let found = json(arguments);
        assert_eq!((found.status, found.output.as_str()), (2, ""), "{arguments:?}");
        let (message, code) = found.error();
        assert_eq!(code, "usage", "{arguments:?}");
        assert!(message.contains(expected) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn commands_that_sign_should_ask_for_a_key_before_anything_else() {
    for arguments in [
        &["account", "show"][..],
        &["account", "transfer", "//Bob=1"],
        &["datanet", "publish", "0"],
        &["datanet", "prove-duplicate", "--earlier", "1", "--later", "2"],
        &["datanet", "accept-payout", "1"],
        &["datanet", "appeal", "1"],
        &["channel", "close", "0"],
        &["claim"],
        &["claimable"],
        &["prove-fraud", "1", "--attributor", "//Bob"],
        &["ask", "0", "hello"],
        &["gateway", "--listen", "127.0.0.1:0"],
    ] {
        let (message, code) = json(arguments).error();
        assert_eq!(code, "failed", "{arguments:?}");
        assert!(message.contains("--suri"), "{message}");
    }
}

#[test]
fn a_wrong_key_should_not_be_repeated() {
    let found = json(&["--suri", "nearly a secret phrase", "claim"]);
    assert_eq!(found.status, 1);
    let (message, _) = found.error();
    assert!(message.contains("SURI") && !message.contains("nearly"), "{message}");
    assert!(!run(home().path(), &["--help"]).output.contains("nearly"));
}

#[test]
fn an_unreachable_node_should_end_with_3_and_its_url() {
    for arguments in [
        &["status"][..],
        &["model", "list"],
        &["claimable", "--all"],
        &["audit", &format!("0x{}", "00".repeat(32))],
        &["--suri", "//Alice", "datanet", "publish", "0"],
        &["--suri", "//Alice", "gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
    ] {
        let found = json(arguments);
        assert_eq!(
            (found.status, found.output.as_str()),
            (3, ""),
            "{arguments:?} {}",
            found.errors
        );
        let (message, code) = found.error();
        assert_eq!(code, "unreachable");
        assert!(message.contains("ws://127.0.0.1:1") && message.contains("refused"), "{message}");
    }
    let words = run(home().path(), &["status"]);
    assert_eq!(words.status, 3);
    assert!(words.errors.starts_with("error: the node at ws://127.0.0.1:1 cannot be reached"));
    assert_eq!(words.errors.lines().count(), 1, "{}", words.errors);
}

#[test]
fn an_unreachable_gateway_should_end_with_3_and_its_url() {
    // Its operator's commands need the token that it wrote.
    let found = json(&["settle"]);
    assert_eq!(found.status, 1, "{}", found.errors);
    let (message, _) = found.error();
    assert!(message.contains("token") && message.contains("--token"), "{message}");
    let folder = token();
    let found = run(folder.path(), &["--json", "settle", "--admin", "127.0.0.1:1"]);
    assert_eq!(found.status, 3, "{}", found.errors);
    let (message, code) = found.error();
    assert_eq!(code, "unreachable");
    assert!(message.contains("http://127.0.0.1:1") && message.contains("--admin"), "{message}");
}

/// A home with a token.
fn token() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = home();
    let path = folder.path().join("gateway/token");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "0".repeat(64)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

#[test]
fn a_gateway_that_is_none_should_end_with_5() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream
            .write_all(
                b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnothing",
            )
            .unwrap();
    });
    // No proxy leads to this machine.
    let folder = token();
    let found = run_with(
        folder.path(),
        &["--json", "settle", "--admin", &url],
        &[("HTTP_PROXY", "http://127.0.0.1:1"), ("ALL_PROXY", "socks5://127.0.0.1:1")],
    );
    server.join().unwrap();
    assert_eq!(found.status, 5, "{}", found.errors);
    let (message, code) = found.error();
    assert_eq!(code, "gateway");
    assert!(message.contains("404") && message.contains("nothing"), "{message}");
}

#[test]
fn a_service_should_refuse_when_its_port_is_in_use() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for arguments in [
        &["engine", "--listen", &address][..],
        &["--suri", "//Alice", "gateway", "--listen", &address],
    ] {
        let found = json(arguments);
        assert_eq!(found.status, 1, "{arguments:?}");
        let message = found.error().0;
        assert!(message.contains(&address) && message.contains("--listen"), "{message}");
    }
}

#[test]
fn files_should_be_named_when_they_cannot_be_used() {
    let folder = home();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    std::fs::write(folder.path().join("latin.jsonl"), b"{\"prompt\":\"caf\xe9\"}\n").unwrap();
    std::fs::write(folder.path().join("bad.jsonl"), "{\"prompt\":\"a\"}\n{\"question\":\"b\"}\n")
        .unwrap();
    let alice = ["--suri", "//Alice"];
    for (arguments, expected) in [
        (vec!["ask", "0", "--batch", &path("missing")], "missing"),
        (vec!["ask", "0", "--batch", &path("empty")], "empty"),
        (vec!["ask", "0", "--batch", &path("latin.jsonl")], "UTF-8"),
        (vec!["ask", "0", "--batch", &path("bad.jsonl")], "line 2"),
        (vec!["ask", "0", ""], "prompt is empty"),
        (vec!["audit", &path("empty")], "names no receipt"),
        (vec!["audit", "not-there.json"], "not-there.json"),
        (vec!["model", "register", &path(""), "--name", "x"], "job.json"),
        (vec!["model", "register", &path("empty"), "--name", "x"], "job.json"),
        (vec!["datanet", "prove-duplicate", "--earlier", "2", "--later", "2"], "not earlier"),
        (vec!["datanet", "create", "--name", "x", "--licence", &path("missing")], "licence"),
        (vec!["datanet", "create", "--name", "x", "--licence", &path("empty")], "licence"),
        (
            vec![
                "model",
                "train",
                "--base",
                "0",
                "--datanets",
                "0:1",
                "--out",
                "x",
                "--heldout",
                &path("bad.jsonl"),
            ],
            "line 1",
        ),
        (
            vec![
                "model",
                "train",
                "--base",
                "0",
                "--datanets",
                "0:1",
                "--out",
                "x",
                "--epochs",
                "0",
            ],
            "epochs",
        ),
    ] {
        let found = json(&[&alice[..], &arguments].concat());
        assert_eq!(found.status, 1, "{arguments:?}: {}", found.errors);
        let message = found.error().0;
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn a_store_of_no_known_kind_should_be_refused() {
    let found =
        json(&["--store", "gopher://blobs", "records", "show", &format!("0x{}", "00".repeat(32))]);
    assert_eq!(found.status, 1);
    assert!(found.error().0.contains("gopher://blobs"), "{}", found.errors);
}

#[test]
fn output_that_cannot_be_written_should_be_an_error() {
    let folder = home();
    let file = folder.path().join("a.jsonl");
    std::fs::write(&file, "{\"text\":\"x\"}\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_openledger"))
        .args(["records", "show", file.to_str().unwrap()])
        .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("standard output") && errors.contains("space"), "{errors}");
}
