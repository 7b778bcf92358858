use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Args;
use openledger_engine::{memory, serve, Engine, Limits, Settings, Task};
use openledger_lm::Device;
use openledger_service::process::Program;
use serde_json::json;

use crate::{
    context::Context,
    listening::{interrupted, listen},
    output::{tell, Output},
};

#[derive(Args)]
#[command(
    after_help = "An attributor's node posts jobs here. It must show the secret in <home>/engine/secret, which is \
                  told to it as the persistent off-chain value openledger::engine-secret; another address than the \
                  default, as openledger::engine."
)]
pub struct Options {
    /// Where to answer
    #[arg(long, default_value = "127.0.0.1:9955", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Jobs that may wait
    #[arg(long, default_value_t = 64, value_name = "N")]
    queue: usize,
    /// What to compute on: cpu, or wgpu of a program compiled with that feature
    #[arg(long, default_value_t, value_name = "DEVICE")]
    device: Device,
    /// Memory that a job may have, in GiB [default: four fifths of the machine's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    memory_gib: Option<u32>,
    /// Time that a job may take
    #[arg(
        long,
        default_value_t = 1_500,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    job_seconds: u64,
    /// A name of this host under which the engine is asked; addresses need none
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

/// The command that an engine starts for each job.
pub const JOB: &str = "engine-job";

/// Computes the job on standard input.
pub async fn job() -> anyhow::Result<Output> {
    Task::read().await?.perform().await?;
    Ok(Output::new(json!({"computed": true}), "Computed."))
}

/// Serves until it is interrupted.
pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    options.device.check()?;
    let listener = listen(options.listen, "--listen").await?;
    let settings = Settings {
        folder: context.home()?.join("engine"),
        cache: context.cache()?,
        queue: options.queue,
        device: options.device,
        limits: Limits {
            memory: options
                .memory_gib
                .map_or_else(memory::of_this_machine, |gib| u64::from(gib) << 30),
            seconds: options.job_seconds,
        },
        program: Program::this([JOB]).context("the path of this program")?,
        names: options.hosts,
    };
    let secret = settings.folder.join("secret");
    let engine = Engine::open(context.store()?, settings)?;
    tell(&format!("listening on http://{}", listener.local_addr()?));
    tell(&format!("taking jobs from nodes that show the secret in {}", secret.display()));
    serve(engine, listener, interrupted()).await;
    Ok(Output::new(json!({"stopped": true}), "Stopped."))
}
