//! Errors: what they say to do, what they are called, and the exit status that they end with.

use std::process::ExitCode;

use openledger_chain::Error as Chain;
use openledger_gateway::Error as Gateway;
use serde_json::json;

use crate::output::tell;

/// A gateway that cannot be reached, or refused.
#[derive(Debug, thiserror::Error)]
pub enum Remote {
    /// It does not answer.
    #[error(
        "the gateway at {url} cannot be reached: {reason}; start it with `openledger gateway`, or name \
         another with {option}"
    )]
    Unreachable {
        /// As given.
        url: String,
        /// The option that names another.
        option: &'static str,
        /// What the connection said.
        reason: String,
        /// Whether there was a connection, over which the request may have come.
        lost: bool,
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

/// Whether a connection to a gateway was lost on the way, so that it may have taken the request.
pub fn is_lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Remote::Unreachable { lost: true, .. }))
}

/// What an audit ends with when the chain paid something else than was computed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Difference(pub String);

/// What to do about what the chain refuses, where its own words do not say.
const ADVICE: [(&str, &str); 14] = [
    ("Funds are unavailable", FUNDS),
    ("InsufficientBalance", FUNDS),
    ("Inability to pay some fees", FUNDS),
    (
        "Datanets::NotCurator",
        "`openledger datanet show ID` names the curators: sign as one of them with --suri",
    ),
    (
        "Datanets::NotOwner",
        "`openledger datanet show ID` names the owner: sign as that account with --suri",
    ),
    ("Datanets::NotMember", "ask the owner of the datanet to allow this account"),
    ("Datanets::Stale", "have contributions accepted first, with `openledger datanet review`"),
    (
        "Datanets::InvalidVersion",
        "have contributions accepted first, with `openledger datanet review`",
    ),
    (
        "Models::NotOwner",
        "`openledger model show ID` names the owner: sign as that account with --suri",
    ),
    ("Models::ForbiddenByLicence", "`openledger datanet show ID` shows the licence of a datanet"),
    (
        "Payments::NotOperator",
        "an operator registers with `openledger provider register operator --bond 1000`",
    ),
    ("Payments::TooEarly", "`openledger channel show ID` says from which block on it can"),
    ("Providers::InvalidBond", "bond at least 1,000 OPEN"),
    ("Providers::AlreadyExists", "`openledger provider show` says what is registered"),
];

const FUNDS: &str = "the signer has too little free OPEN for the amount, the deposit or the fee: \
                     `openledger account show` says how much it has";

/// Prints an error, and returns the status to end with.
pub(crate) fn print(error: &anyhow::Error, json: bool) -> ExitCode {
    let (status, code) = classify(error);
    print_as(&sentence(error), code, json);
    status.into()
}

/// Prints what is wrong with a command line as JSON, and returns the status to end with.
pub(crate) fn print_usage(rendered: &str) -> ExitCode {
    let first = rendered.split("\n\n").next().unwrap_or(rendered);
    let words: Vec<&str> = first.trim_start_matches("error: ").split_whitespace().collect();
    print_as(&words.join(" "), "usage", true);
    2.into()
}

fn print_as(message: &str, code: &str, json: bool) {
    if json {
        tell(&json!({"error": {"message": message, "code": code}}).to_string());
    } else {
        tell(&format!("error: {message}"));
    }
}

/// An error and its causes in one line, and what to do. Causes that an error has told of already are
/// left out.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    match ADVICE.iter().find(|(sign, _)| text.contains(sign)) {
        Some((_, advice)) => format!("{}; {advice}", text.trim_end_matches('.')),
        None => text,
    }
}

/// The exit status of an error, and its name in JSON.
pub fn classify(error: &anyhow::Error) -> (u8, &'static str) {
    for cause in error.chain() {
        // A gateway passes the chain's errors on as its own.
        let chain = match cause.downcast_ref::<Gateway>() {
            Some(Gateway::Chain(error)) => Some(error),
            _ => cause.downcast_ref::<Chain>(),
        };
        match chain {
            Some(Chain::Unreachable { .. }) => return (3, "unreachable"),
            Some(Chain::Refused { .. } | Chain::NotTaken { .. } | Chain::Lost { .. }) => {
                return (4, "refused");
            }
            _ => {}
        }
        match cause.downcast_ref::<Remote>() {
            Some(Remote::Unreachable { .. }) => return (3, "unreachable"),
            Some(Remote::Refused { .. }) => return (5, "gateway"),
            None => {}
        }
        if cause.is::<Difference>() {
            return (1, "difference");
        }
    }
    (1, "failed")
}
