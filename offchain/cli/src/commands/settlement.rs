use std::time::{Duration, Instant};

use anyhow::{bail, Context as _};
use clap::Subcommand;
use openledger_chain::{account, call, types::Settlement, View};
use openledger_primitives::{reads::Phase, SettlementId};
use serde_json::{json, Value};

use crate::{
    context::Context,
    evidence::Batch,
    output::{open, place, table, txs, Output},
    views::settlement::{labels, parts, shares},
};

/// How often `wait` looks.
const TICK: Duration = Duration::from_secs(1);

#[derive(Subcommand)]
pub enum Command {
    /// Show a settlement: its phase, shares and split
    Show {
        /// Its id
        #[arg(value_name = "ID")]
        settlement: SettlementId,
    },
    /// List all settlements
    List,
    /// Wait until settlements are over
    Wait {
        /// Their ids
        #[arg(value_name = "ID")]
        settlements: Vec<SettlementId>,
        /// Give up after so many seconds
        #[arg(long, default_value_t = 600, value_name = "SECONDS")]
        timeout: u64,
    },
    /// Move settlements on whose time is up; free of charge
    #[command(after_help = "A gateway does this for its own settlements.")]
    Advance {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        settlements: Vec<SettlementId>,
    },
    /// Have a larger committee compute a settlement again, against a bond
    #[command(
        after_help = "Before its deadline, which `settlement show` tells. If the larger committee finds the \
                      same, the bond is lost; `openledger audit` of one of its receipts computes it here first."
    )]
    Challenge {
        /// Its id
        #[arg(value_name = "ID")]
        settlement: SettlementId,
    },
    /// List the receipts of a settlement
    Receipts {
        /// Its id
        #[arg(value_name = "ID")]
        settlement: SettlementId,
    },
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Show { settlement } => show(context, settlement).await,
        Command::List => list(context).await,
        Command::Wait { settlements, timeout } => wait(context, &settlements, timeout).await,
        Command::Advance { settlements } => advance(context, &settlements).await,
        Command::Challenge { settlement } => challenge(context, settlement).await,
        Command::Receipts { settlement } => receipts(context, settlement).await,
    }
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
        "phase": settlement.phase(),
        "submitted": settlement.submitted,
        "ended": settlement.outcome().map(|outcome| outcome.ended),
        "attempt": settlement.attempt,
        "committee": settlement.committee(),
        "deadline": settlement.deadline(),
        "challenge": settlement.challenge.as_ref().map(|challenge| json!({
            "challenger": challenge.challenger,
            "bond": challenge.bond.to_string(),
            "shares": challenge.shares.0,
            "committee": challenge.committee,
        })),
        "shares": settlement.shares(),
        "split": settlement.outcome().map(|outcome| &outcome.split.0),
        "emission": settlement.outcome().map_or(0, |outcome| outcome.emission).to_string(),
    })
}

/// A phase in a word.
fn phase(settlement: &Settlement) -> &'static str {
    match settlement.phase() {
        Phase::Committing if settlement.committee().is_empty() => "without committee",
        Phase::Committing => "committing",
        Phase::Revealing => "revealing",
        Phase::Decided => "decided",
        Phase::Finalised => "finalised",
        Phase::Fallback => "fallback",
    }
}

fn overview(settlements: &[(SettlementId, Settlement)]) -> String {
    let rows: Vec<Vec<String>> = settlements
        .iter()
        .map(|(id, s)| {
            let numbers = [s.model.to_string(), s.count.to_string(), open(s.total_fee)];
            let ended = s.outcome().map_or_else(|| "-".into(), |outcome| outcome.ended.to_string());
            let rest = [s.submitted.to_string(), ended, phase(s).into()];
            [id.to_string()].into_iter().chain(numbers).chain(rest).collect()
        })
        .collect();
    table(&[">id", ">model", ">receipts", ">fee", ">submitted", ">ended", "phase"], &rows)
}

async fn show(context: &Context, id: SettlementId) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let settlement = find(&view, id).await?;
    let json = summary(id, &settlement);
    let mut words = overview(&[(id, settlement.clone())]);
    words.push_str(&format!(
        "\noperator       {}\nreceipts root  {:?}\nbatch          {:?}\n",
        settlement.operator, settlement.receipts_root, settlement.batch
    ));
    if let Some(deadline) = settlement.deadline() {
        words.push_str(&format!("deadline       block {deadline}\n"));
    }
    if let Some(challenge) = &settlement.challenge {
        let (who, bond) = (&challenge.challenger, open(challenge.bond));
        words.push_str(&format!("challenged by  {who}, with {bond} at stake\n"));
    }
    if let Some(outcome) = settlement.outcome() {
        words.push_str(&format!("\n{}", parts(&outcome.split)));
        if outcome.emission > 0 {
            let added = open(outcome.emission);
            words.push_str(&format!("\nThe emission added {added} to the data.\n"));
        }
    }
    if let Some(found) = settlement.shares() {
        words.push_str(&format!("\n{}", shares(found, &labels(&view).await?)));
    }
    Ok(Output::new(json, words))
}

async fn find(view: &View, id: SettlementId) -> anyhow::Result<Settlement> {
    view.settlement(id).await?.with_context(|| {
        format!("there is no settlement {id}; `openledger settlement list` shows all")
    })
}

async fn list(context: &Context) -> anyhow::Result<Output> {
    let settlements = context.now().await?.settlements().await?;
    let list: Vec<Value> = settlements.iter().map(|(id, s)| summary(*id, s)).collect();
    Ok(Output::new(json!({"settlements": list}), overview(&settlements)))
}

async fn wait(context: &Context, ids: &[SettlementId], timeout: u64) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let started = Instant::now();
    loop {
        let view = chain.now().await?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.push((*id, find(&view, *id).await?));
        }
        let unfinished: Vec<String> = found
            .iter()
            .filter(|(_, s)| !s.is_over())
            .map(|(id, s)| format!("{id} ({})", phase(s)))
            .collect();
        if unfinished.is_empty() {
            let list: Vec<Value> = found.iter().map(|(id, s)| summary(*id, s)).collect();
            return Ok(Output::new(json!({"settlements": list}), overview(&found)));
        }
        if started.elapsed() >= Duration::from_secs(timeout) {
            bail!(
                "after {timeout} s these are not over: {}; is an attributor registered, its node running, \
                 its engine answering, and the time to challenge over?",
                unfinished.join(", ")
            );
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn advance(context: &Context, ids: &[SettlementId]) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let calls: Vec<_> = ids.iter().copied().map(call::advance).collect();
    let included = sender.send(&calls).await?;
    let json = json!({"settlements": ids, "txs": txs(&included)});
    Ok(Output::new(json, format!("Moved on, {}.", place(&included))))
}

async fn challenge(context: &Context, id: SettlementId) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send(&[call::challenge(id)]).await?;
    let json = json!({"settlement": id, "txs": txs(&included)});
    let words = format!("Settlement {id} is challenged, {}.", place(&included));
    Ok(Output::new(json, words))
}

async fn receipts(context: &Context, id: SettlementId) -> anyhow::Result<Output> {
    let settlement = find(&context.now().await?, id).await?;
    let batch = Batch::fetch(&context.store()?, id, settlement).await?;
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for transcript in &batch.transcripts {
        let receipt = &transcript.signed.receipt;
        let payer = account::from_bytes(&receipt.payer);
        rows.push(vec![
            format!("{:?}", receipt.id()),
            open(receipt.fee),
            receipt.tokens_in.to_string(),
            receipt.tokens_out.to_string(),
            receipt.channel.to_string(),
        ]);
        list.push(json!({
            "receipt_id": receipt.id(),
            "fee": receipt.fee.to_string(),
            "tokens_in": receipt.tokens_in,
            "tokens_out": receipt.tokens_out,
            "payer": payer,
            "channel": receipt.channel,
        }));
    }
    let head = ["receipt", ">fee", ">tokens in", ">tokens out", ">channel"];
    Ok(Output::new(json!({"receipts": list}), table(&head, &rows)))
}
