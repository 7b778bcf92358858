use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::Context as _;
use clap::Args;
use openledger_engine::memory::of_this_machine;
use openledger_gateway::{http, worker, Gateway, Settings};
use openledger_service::{process::Program, Secret};
use serde_json::json;

use crate::{
    context::Context,
    listening::{interrupted, listen},
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
    /// Where its operator settles, measures, and loads models: with the token in <home>/gateway/token
    #[arg(long, default_value = "127.0.0.1:9967", value_name = "ADDRESS")]
    admin: SocketAddr,
    /// A name by which it is reached, beside numbers and localhost; may be repeated
    #[arg(long, value_name = "NAME", value_parser = parse::host)]
    public_name: Vec<String>,
    /// The origin of pages that may ask it, or * for all; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = parse::origin)]
    allow_origin: Vec<String>,
    /// Requests a second that one address may make
    #[arg(
        long,
        default_value = "50",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    rate: u32,
    /// Memory that models may have together, as 8G [default: three quarters of what is free]
    #[arg(long, value_name = "BYTES", value_parser = parse::bytes)]
    memory: Option<u64>,
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
    /// Settle only what is worth so many times the transaction's fee, unless a voucher is about to end
    #[arg(long, default_value_t = 10, value_name = "N")]
    settle_worth: u32,
    /// Take over from another gateway of this operator, once that one is down for good
    #[arg(long)]
    adopt: bool,
    /// Requests that may wait: at least two, so that one payer cannot take all places
    #[arg(
        long,
        default_value = "16",
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(2..)
    )]
    queue: u16,
}

/// The command that a gateway starts for each base.
pub const MODEL: &str = "gateway-model";

/// Reads prompts and computes answers, as a gateway says on standard input.
pub fn model() -> anyhow::Result<Output> {
    worker::run()?;
    Ok(Output::new(json!({"ended": true}), "Ended."))
}

/// Serves until it is interrupted.
pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let key = context.signer()?;
    let public = listen(options.listen, "--listen").await?;
    let admin = listen(options.admin, "--admin").await?;
    let folder = context.home()?.join("gateway");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let token = Secret::open(&folder.join("token"))?;
    let settings = Settings {
        models: options.models.map(|ids| ids.0.into_iter().collect()).unwrap_or_default(),
        settle_every: options.settle_every as usize,
        settle_after: Duration::from_secs(options.settle_after),
        settle_worth: options.settle_worth,
        queue: options.queue.into(),
        adopt: options.adopt,
        ledger: folder,
        cache: context.cache()?,
        memory: match options.memory {
            Some(memory) => memory,
            // Free on the machine, and within what this process may have.
            None => (available()? / 4 * 3).min(of_this_machine()),
        },
        program: Program::this([MODEL]).context("the path of this program")?,
    };
    let gateway = Gateway::open(&context.node, context.store()?, key, settings).await?;
    tell(&format!("listening on http://{}", public.local_addr()?));
    let names = http::Names {
        hosts: options.public_name.into_iter().collect(),
        origins: options.allow_origin.into_iter().collect(),
    };
    let serving = http::Serving { public, names, rate: options.rate, admin, token };
    http::serve(gateway, serving, interrupted()).await;
    Ok(Output::new(json!({"stopped": true}), "Stopped."))
}

/// Bytes of memory that are free, as the system says.
fn available() -> anyhow::Result<u64> {
    let path = Path::new("/proc/meminfo");
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{}: say how much memory models may have with --memory", path.display())
    })?;
    let kibibytes = text.lines().find_map(|line| {
        line.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    let kibibytes = kibibytes
        .context("the system does not say how much memory is free: say it with --memory")?;
    Ok(kibibytes.saturating_mul(1_024))
}
