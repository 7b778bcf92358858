use std::time::{Duration, Instant};

use anyhow::{bail, Context as _};
use clap::Subcommand;
use openledger_chain::{account, types::Settlement};
use openledger_primitives::{reads::Phase, SettlementId};
use serde_json::{json, Value};

use crate::{
    context::Context,
    evidence::Batch,
    output::{open, table, Output},
};

/// How often `wait` looks.
const TICK: Duration = Duration::from_secs(1);

#[derive(Subcommand)]
pub enum Command {
    /// A settlement: its phase, shares and split
    Show { settlement: SettlementId },
    /// All settlements
    List,
    /// Wait until settlements are decided
    Wait {
        settlements: Vec<SettlementId>,
        /// Give up after so many seconds
        #[arg(long, default_value_t = 600)]
        timeout: u64,
    },
    /// The receipts of a settlement's batch
    Receipts { settlement: SettlementId },
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Show { settlement } => show(context, settlement).await,
        Command::List => list(context).await,
        Command::Wait { settlements, timeout } => wait(context, &settlements, timeout).await,
        Command::Receipts { settlement } => receipts(context, settlement).await,
    }
}

fn is_decided(settlement: &Settlement) -> bool {
    matches!(settlement.phase.0, Phase::Finalised | Phase::Fallback)
}

fn summary(id: SettlementId, settlement: &Settlement) -> Value {
    json!({
        "settlement": id,
        "model": settlement.model,
        "version": settlement.version,
        "operator": settlement.operator,
        "receipts_root": settlement.receipts_root,
        "batch": settlement.batch,
        "count": settlement.count,
        "total_fee": settlement.total_fee.to_string(),
        "phase": settlement.phase.0,
        "submitted": settlement.submitted,
        "decided": settlement.decided,
        "attempt": settlement.attempt,
        "committee": settlement.committee,
        "shares": settlement.shares.as_ref().map(|shares| &shares.0),
        "split": settlement.split.as_ref().map(|split| &split.0),
    })
}

fn rows(settlements: &[(SettlementId, Settlement)]) -> String {
    let rows: Vec<Vec<String>> = settlements
        .iter()
        .map(|(id, s)| {
            let phase = format!("{:?}", s.phase.0).to_lowercase();
            vec![id.to_string(), s.model.to_string(), s.count.to_string(), open(s.total_fee), phase]
        })
        .collect();
    table(&["id", "model", "receipts", "fee", "phase"], &rows)
}

async fn show(context: &Context, id: SettlementId) -> anyhow::Result<Output> {
    let settlement = find(context, id).await?;
    let json = summary(id, &settlement);
    let mut words = rows(&[(id, settlement.clone())]);
    if let Some(split) = &settlement.split {
        let split = &split.0;
        words.push_str(&format!(
            "\ntreasury     {}\nowner        {}\noperator     {}\nattributors  {}\ndata         {}\nremainder    {}\n",
            open(split.treasury),
            open(split.owner),
            open(split.operator),
            open(split.attributors),
            open(split.data),
            open(split.remainder)
        ));
    }
    if let Some(shares) = &settlement.shares {
        let mut shares_rows: Vec<Vec<String>> = shares
            .0
            .shares()
            .iter()
            .map(|share| vec![share.contribution.to_string(), format!("{:.4} %", f64::from(share.ppm) / 1e4)])
            .collect();
        shares_rows.push(vec!["pool".into(), format!("{:.4} %", f64::from(shares.0.pool()) / 1e4)]);
        words.push_str(&format!("\n{}", table(&["contribution", "share"], &shares_rows)));
    }
    Ok(Output::new(json, words))
}

async fn find(context: &Context, id: SettlementId) -> anyhow::Result<Settlement> {
    context
        .now()
        .await?
        .settlement(id)
        .await?
        .with_context(|| format!("there is no settlement {id}; `openledger settlement list` shows all"))
}

async fn list(context: &Context) -> anyhow::Result<Output> {
    let settlements = context.now().await?.settlements().await?;
    let list: Vec<Value> = settlements.iter().map(|(id, s)| summary(*id, s)).collect();
    Ok(Output::new(json!({"settlements": list}), rows(&settlements)))
}

async fn wait(context: &Context, ids: &[SettlementId], timeout: u64) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let deadline = Instant::now() + Duration::from_secs(timeout);
    loop {
        let view = chain.now().await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let settlement =
                view.settlement(*id).await?.with_context(|| format!("there is no settlement {id}"))?;
            found.push((*id, settlement));
        }
        let open: Vec<SettlementId> =
            found.iter().filter(|(_, s)| !is_decided(s)).map(|(id, _)| *id).collect();
        if open.is_empty() {
            let list: Vec<Value> = found.iter().map(|(id, s)| summary(*id, s)).collect();
            return Ok(Output::new(json!({"settlements": list}), rows(&found)));
        }
        if Instant::now() >= deadline {
            bail!(
                "settlements {open:?} are not decided after {timeout} s; is an attributor's node running, with its engine?"
            );
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn receipts(context: &Context, id: SettlementId) -> anyhow::Result<Output> {
    let settlement = find(context, id).await?;
    let batch = Batch::fetch(&context.store()?, id, settlement).await?;
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for transcript in &batch.transcripts {
        let receipt = &transcript.signed.receipt;
        let tokens = format!("{} + {}", receipt.tokens_in, receipt.tokens_out);
        rows.push(vec![format!("{:?}", receipt.id()), open(receipt.fee), tokens]);
        list.push(json!({
            "receipt_id": receipt.id(),
            "fee": receipt.fee.to_string(),
            "tokens_in": receipt.tokens_in,
            "tokens_out": receipt.tokens_out,
            "payer": account::from_bytes(&receipt.payer),
            "channel": receipt.channel,
        }));
    }
    Ok(Output::new(json!({"receipts": list}), table(&["receipt", "fee", "tokens"], &rows)))
}
