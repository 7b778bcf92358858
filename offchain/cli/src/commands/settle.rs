use anyhow::Context as _;
use clap::Args;
use openledger_gateway::settle::Settled;
use serde::{Deserialize, Serialize};

use crate::{
    context::Context,
    output::{open, table, Output},
    remote::{Administered, Gateway},
};

#[derive(Args)]
#[command(
    after_help = "For a gateway's operator: the token lies in the gateway's home. A gateway settles by itself \
                        too, after so many receipts or so much time."
)]
pub struct Options {
    #[command(flatten)]
    at: Administered,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    settlements: Vec<Settled>,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let gateway = Gateway::administered(&options.at, context)?;
    let body = gateway.send(gateway.post("settle")).await?.map_err(|refusal| refusal.remote())?;
    let answer: Answer = serde_json::from_slice(&body)
        .context("the gateway's answer is not in the expected format")?;
    let rows: Vec<Vec<String>> = answer
        .settlements
        .iter()
        .map(|s| {
            let (id, model, count) = (s.settlement, s.model, s.count);
            let block = s.block.to_string();
            vec![id.to_string(), model.to_string(), count.to_string(), open(s.total_fee), block]
        })
        .collect();
    let words = if rows.is_empty() {
        "There is nothing to settle.".into()
    } else {
        table(&[">settlement", ">model", ">receipts", ">fee", ">block"], &rows)
    };
    Ok(Output::new(serde_json::to_value(&answer)?, words))
}
