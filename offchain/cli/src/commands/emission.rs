use anyhow::bail;
use clap::Subcommand;
use openledger_chain::{
    call,
    scale_decode::{self, DecodeAsType},
    Included,
};
use openledger_primitives::{Balance, DatanetId};
use serde_json::{json, Value};

use crate::{
    context::Context,
    output::{open, place, table, text, txs, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Show the datanets' weights and budgets
    Show,
    /// Let what is due drip into the datanets' budgets; free of charge, once an hour
    Drip,
    /// Set a datanet's weight
    #[command(
        after_help = "Needs the Root key (Sudo) of a development chain, such as //Alice; elsewhere, a \
                      referendum sets weights.\n\nExample: openledger --suri //Alice emission weigh 0 100"
    )]
    Weigh {
        /// The datanet
        datanet: DatanetId,
        /// Its weight beside the other datanets'; 0 for none of the emission
        weight: u32,
    },
}

/// `Emission.Dripped`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Dripped {
    amount: Balance,
}

/// `Emission.WeightSet`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct WeightSet {}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Show => show(context).await,
        Command::Drip => drip(context).await,
        Command::Weigh { datanet, weight } => weigh(context, datanet, weight).await,
    }
}

async fn show(context: &Context) -> anyhow::Result<Output> {
    let view = context.now().await?;
    let (mut list, mut rows) = (Vec::<Value>::new(), Vec::new());
    for (id, datanet) in view.datanets().await? {
        let (weight, budget) = view.emission(id).await?;
        rows.push(vec![id.to_string(), text(&datanet.name), weight.to_string(), open(budget)]);
        list.push(json!({"datanet": id, "weight": weight, "budget": budget.to_string()}));
    }
    let words = table(&[">id", "datanet", ">weight", ">budget"], &rows);
    Ok(Output::new(json!({"datanets": list}), words))
}

async fn drip(context: &Context) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send(&[call::drip()]).await?;
    let drips: Vec<Dripped> = Included::all_events(&included, "Emission", "Dripped")?;
    let amount = drips.iter().fold(0, |sum: Balance, drip| sum.saturating_add(drip.amount));
    let words = format!("{} dripped, {}.", open(amount), place(&included));
    Ok(Output::new(json!({"amount": amount.to_string(), "txs": txs(&included)}), words))
}

async fn weigh(context: &Context, datanet: DatanetId, weight: u32) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let included = sender.send(&[call::set_emission_weight(datanet, weight)]).await?;
    // Sudo's own success says nothing of the call that it carries.
    let set: Vec<WeightSet> = Included::all_events(&included, "Emission", "WeightSet")?;
    if sender.waits() && set.is_empty() {
        bail!("the chain did not set the weight; is there a datanet {datanet}?");
    }
    let words = format!("Datanet {datanet} has a weight of {weight}, {}.", place(&included));
    let json = json!({"datanet": datanet, "weight": weight, "txs": txs(&included)});
    Ok(Output::new(json, words))
}
