use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use clap::Args;
use openledger_gateway::{http, Gateway, Settings};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    context::Context,
    output::{tell, Output},
    parse::{self, Ids},
};

#[derive(Args)]
#[command(after_help = "Signs receipts and settlements as the operator that --suri names.\n\
                        Example: openledger --suri //Charlie gateway --settle-every 64")]
pub struct Options {
    /// Where to answer
    #[arg(long, default_value = "127.0.0.1:9966", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Offer these models [default: all adapters on the chain]
    #[arg(long, value_name = "IDS", value_parser = parse::ids)]
    models: Option<Ids>,
    /// Settle a model's receipts when there are so many
    #[arg(
        long,
        default_value = "64",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    settle_every: u32,
    /// Settle so long after the first receipt
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    settle_after: u64,
    /// Requests that may wait
    #[arg(long, default_value_t = 16, value_name = "N")]
    queue: usize,
}

/// Serves until it is interrupted.
pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let (key, listener) = (context.signer()?, listen(options.listen).await?);
    let settings = Settings {
        models: options.models.map(|ids| ids.0.into_iter().collect()).unwrap_or_default(),
        settle_every: options.settle_every as usize,
        settle_after: Duration::from_secs(options.settle_after),
        queue: options.queue,
        journal: context.home()?.join("gateway"),
        cache: context.cache()?,
    };
    let gateway = Gateway::open(&context.node, context.store()?, key, settings).await?;
    gateway.load().await?;
    tell(&format!("listening on http://{}", listener.local_addr()?));
    http::serve(gateway, listener, interrupted()).await?;
    Ok(Output::new(json!({"stopped": true}), "Stopped."))
}

/// A listener at an address.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address} (if another program has that port, stop it or choose another with \
             --listen)"
        )
    })
}

/// Until Ctrl-C or SIGTERM.
pub async fn interrupted() {
    use tokio::signal::unix::{signal, SignalKind};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {},
        () = terminated => {},
    }
}
