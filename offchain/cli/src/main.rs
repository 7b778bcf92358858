//! `openledger`: the command line. Flags and JSON are those of `docs/cli.md`.

mod args;
mod commands;
mod context;
mod evidence;
mod failure;
mod output;
mod vouchers;

use clap::Parser;

use crate::{
    args::{Cli, Command},
    commands::{
        account, ask, attribute, audit, channel, claim, claimable, contribute, datanet, engine,
        gateway, model, provider, records, settle, settlement, status,
    },
    context::Context,
    output::Output,
};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let Cli { global, command } = Cli::parse();
    let serves = matches!(command, Command::Gateway(_) | Command::Engine(_));
    log(serves);
    let json = global.json;
    let context = Context::new(global);
    match run(&context, command).await {
        Ok(output) => {
            let difference = output.difference;
            output.print(json);
            u8::from(difference).into()
        },
        Err(error) => failure::print(&error, json).into(),
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
        Command::Model(command) => model::run(context, command).await,
        Command::Channel(command) => channel::run(context, command).await,
        Command::Ask(options) => ask::run(context, options).await,
        Command::Gateway(options) => gateway::run(context, options).await,
        Command::Engine(options) => engine::run(context, options).await,
        Command::Settle(options) => settle::run(context, options).await,
        Command::Settlement(command) => settlement::run(context, command).await,
        Command::Claimable(options) => claimable::run(context, options).await,
        Command::Claim(options) => claim::run(context, options).await,
        Command::Attribute(options) => attribute::run(context, options).await,
        Command::Audit(options) => audit::run(context, options).await,
    }
}

/// Logs to standard error: what services do, and otherwise only what went wrong. `RUST_LOG` says otherwise.
fn log(serves: bool) {
    let default = if serves { "info" } else { "error" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
