use std::net::SocketAddr;

use clap::Args;
use openledger_engine::{serve, Engine, Settings};
use openledger_lm::Device;
use serde_json::json;

use super::gateway::{interrupted, listen};
use crate::{
    context::Context,
    output::{tell, Output},
};

#[derive(Args)]
#[command(
    after_help = "An attributor's node posts jobs here. Another address than the default is told to the node as \
                  the persistent off-chain value openledger::engine."
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
    };
    let engine = Engine::open(context.store()?, settings)?;
    tell(&format!("listening on http://{}", listener.local_addr()?));
    serve(engine, listener, interrupted()).await?;
    Ok(Output::new(json!({"stopped": true}), "Stopped."))
}
