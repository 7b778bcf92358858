//! The program, run.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// How a run ended.
pub struct Run {
    pub status: i32,
    pub output: String,
    pub errors: String,
}

impl Run {
    /// What was printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|error| panic!("{error}: {:?}, {:?}", self.output, self.errors))
    }

    /// The error's message and code, as JSON has them.
    pub fn error(&self) -> (String, String) {
        let json: Value = serde_json::from_str(&self.errors)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.errors));
        let text = |key: &str| json["error"][key].as_str().unwrap().to_string();
        (text("message"), text("code"))
    }
}

/// Runs the program with a home of its own, where no node is.
pub fn run(home: &Path, arguments: &[&str]) -> Run {
    run_with(home, arguments, &[])
}

/// The same, with more variables.
pub fn run_with(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_openledger"))
        .args(arguments)
        .env_clear()
        .env("OPENLEDGER_HOME", home)
        .env("OPENLEDGER_NODE", "ws://127.0.0.1:1")
        .env("OPENLEDGER_GATEWAY", "http://127.0.0.1:1")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run {
        status: output.status.code().unwrap(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}
