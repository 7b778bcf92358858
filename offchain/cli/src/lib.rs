//! `openledger`: the command line. Flags and JSON are those of `docs/cli.md`.
//!
//! | | |
//! |---|---|
//! | `global` | options of every command |
//! | [`args`] | what can be said, and how it is explained |
//! | [`parse`] | amounts, ids and accounts from what people write |
//! | `commands` | one file for each command; none needs another |
//! | `views` | what several commands look up and say |
//! | `selection` | which files become records |
//! | `evidence`, [`checks`] | a settlement's batch and artefacts, and what an audit compares |
//! | [`split`] | files into contributions |
//! | [`vouchers`] | what a payer gave out, on disk |
//! | [`remote`] | a gateway over HTTP |
//! | [`signing`] | who signs requests to it: a key, or a session's |
//! | `listening` | where services answer, and when they end |
//! | [`output`] | what is printed: JSON, or words and tables |
//! | [`failure`] | errors, with what to do about them, and exit statuses |

pub mod args;
pub mod checks;
mod commands;
mod context;
mod evidence;
pub mod failure;
mod files;
mod global;
mod listening;
pub mod output;
pub mod parse;
pub mod remote;
mod selection;
pub mod signing;
pub mod split;
mod views;
pub mod vouchers;

use std::{process::ExitCode, time::Duration};

use crate::{
    args::{Cli, Command},
    commands::{
        account, ask, attribute, audit, channel, claim, claimable, contribute, datanet, emission,
        engine, gateway, model, parameter, prove_fraud, provider, records, settle, settlement,
        status, trace,
    },
    context::Context,
    output::Output,
};

/// How long the program waits for computations that nobody waits for any more.
const LEFT: Duration = Duration::from_secs(1);

/// The program: reads the command line, does what it says, prints, and ends with a status.
pub fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::print(&error.into(), false),
    };
    let status = runtime.block_on(program());
    // What computes and is waited for by nobody does not keep the program from its end.
    runtime.shutdown_timeout(LEFT);
    status
}

async fn program() -> ExitCode {
    let Cli { global, command } = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let serves = matches!(
        command,
        Command::Gateway(_)
            | Command::Engine(_)
            | Command::EngineJob
            | Command::GatewayModel
            | Command::Trace(trace::Command::Serve(_))
    );
    log(serves);
    let json = global.json;
    let output = run(&Context::new(global), command).await;
    match output.and_then(|output| output.print(json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::print(&error, json),
    }
}

async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Status => status::run(context).await,
        Command::Account(command) => account::run(context, command).await,
        Command::Provider(command) => provider::run(context, command).await,
        Command::Records(command) => records::run(context, command).await,
        Command::Contribute(options) => contribute::run(context, options).await,
        Command::Datanet(command) => datanet::run(context, command).await,
        Command::Emission(command) => emission::run(context, command).await,
        Command::Model(command) => model::run(context, command).await,
        Command::Channel(command) => channel::run(context, command).await,
        Command::Ask(options) => ask::run(context, options).await,
        Command::Settle(options) => settle::run(context, options).await,
        Command::Gateway(options) => gateway::run(context, options).await,
        Command::Engine(options) => engine::run(context, options).await,
        Command::Settlement(command) => settlement::run(context, command).await,
        Command::Parameter(command) => parameter::run(context, command).await,
        Command::Claimable(options) => claimable::run(context, options).await,
        Command::Claim(options) => claim::run(context, options).await,
        Command::Attribute(options) => attribute::run(context, options).await,
        Command::Trace(command) => trace::run(context, command).await,
        Command::Audit(options) => audit::run(context, options).await,
        Command::ProveFraud(options) => prove_fraud::run(context, options).await,
        Command::EngineJob => engine::job().await,
        Command::GatewayModel => gateway::model(),
    }
}

/// Logs to standard error: what services do, and otherwise only what went wrong. `RUST_LOG` says
/// otherwise.
fn log(serves: bool) {
    let default = if serves { "info" } else { "error" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
