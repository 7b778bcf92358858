use std::time::Duration;

use anyhow::{bail, Context as _};
use clap::Args;
use openledger_gateway::settle::Settled;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Remote,
    context::Context,
    output::{open, table, Output},
};

#[derive(Args)]
pub struct Options {
    /// The gateway
    #[arg(long, env = "OPENLEDGER_GATEWAY", default_value = "http://127.0.0.1:9966", value_name = "URL")]
    gateway: String,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    settlements: Vec<Settled>,
}

pub async fn run(_context: &Context, options: Options) -> anyhow::Result<Output> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(300)).build()?;
    let url = format!("{}/settle", options.gateway.trim_end_matches('/'));
    let answer = http.post(url).send().await.map_err(|error| Remote::Unreachable {
        url: options.gateway.clone(),
        reason: error.to_string(),
    })?;
    let status = answer.status();
    let body = answer.text().await?;
    if !status.is_success() {
        let error: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |key: &str| error["error"][key].as_str().map(str::to_string);
        bail!(Remote::Refused {
            code: text("code").unwrap_or_else(|| status.as_u16().to_string()),
            message: text("message").unwrap_or(body),
        });
    }
    let answer: Answer = serde_json::from_str(&body).context("the gateway's answer")?;
    let rows: Vec<Vec<String>> = answer
        .settlements
        .iter()
        .map(|s| {
            vec![s.settlement.to_string(), s.model.to_string(), s.count.to_string(), open(s.total_fee), s.block.to_string()]
        })
        .collect();
    let words = if rows.is_empty() {
        "nothing to settle".into()
    } else {
        table(&["settlement", "model", "receipts", "fee", "block"], &rows)
    };
    Ok(Output::new(serde_json::to_value(&answer)?, words))
}
