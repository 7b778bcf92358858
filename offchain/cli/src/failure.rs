//! Errors: what they are called, and the exit status that they end with.

use openledger_chain::Error as Chain;
use serde_json::json;

/// A gateway or engine that cannot be reached, or refused.
#[derive(Debug, thiserror::Error)]
pub enum Remote {
    /// It does not answer.
    #[error("the gateway at {url} cannot be reached: {reason}; start it with `openledger gateway`, or name another with --gateway")]
    Unreachable {
        /// As given.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// It answered with an error.
    #[error("the gateway refused ({code}): {message}")]
    Refused {
        /// In a word.
        code: String,
        /// In a sentence.
        message: String,
    },
}

/// Prints an error and returns the exit status.
pub fn print(error: &anyhow::Error, json: bool) -> u8 {
    let (status, code) = classify(error);
    let message = format!("{error:#}");
    if json {
        eprintln!("{}", json!({"error": {"message": message, "code": code}}));
    } else {
        eprintln!("error: {message}");
    }
    status
}

fn classify(error: &anyhow::Error) -> (u8, &'static str) {
    for cause in error.chain() {
        match cause.downcast_ref::<Chain>() {
            Some(Chain::Unreachable { .. }) => return (3, "unreachable"),
            Some(Chain::Refused { .. } | Chain::NotTaken { .. } | Chain::Lost { .. }) => {
                return (4, "refused");
            },
            _ => {},
        }
        match cause.downcast_ref::<Remote>() {
            Some(Remote::Unreachable { .. }) => return (3, "unreachable"),
            Some(Remote::Refused { .. }) => return (5, "gateway"),
            None => {},
        }
    }
    (1, "failed")
}
