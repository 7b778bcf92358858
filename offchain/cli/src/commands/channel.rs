use anyhow::Context as _;
use clap::Subcommand;
use openledger_chain::{
    account, call,
    scale_decode::{self, DecodeAsType},
    types::Channel,
};
use openledger_primitives::{Balance, BlockNumber, ChannelId};
use serde_json::{json, Value};

use crate::{
    args::amount,
    context::Context,
    output::{open, place, table, tx, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Set OPEN aside for an operator's answers
    Open {
        #[arg(long, value_name = "ACCOUNT")]
        operator: String,
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        deposit: Balance,
        /// For how long: a day of blocks, if not said
        #[arg(long, value_name = "BLOCKS", default_value_t = 43_200)]
        expires_in: BlockNumber,
    },
    /// Add to a channel's deposit
    TopUp {
        channel: ChannelId,
        #[arg(value_parser = amount)]
        amount: Balance,
    },
    /// Close a channel: a payer's first call starts the delay, its second, after it, ends the channel
    Close { channel: ChannelId },
    /// A channel
    Show { channel: ChannelId },
    /// Open channels, of one payer or of all
    List { account: Option<String> },
}

/// `Payments.ChannelOpened`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct ChannelOpened {
    channel: ChannelId,
}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    match command {
        Command::Open { operator, deposit, expires_in } => {
            open_channel(context, &operator, deposit, expires_in).await
        },
        Command::TopUp { channel, amount } => top_up(context, channel, amount).await,
        Command::Close { channel } => close(context, channel).await,
        Command::Show { channel } => show(context, channel).await,
        Command::List { account } => list(context, account.as_deref()).await,
    }
}

async fn open_channel(
    context: &Context,
    operator: &str,
    deposit: Balance,
    expires_in: BlockNumber,
) -> anyhow::Result<Output> {
    let payer = context.account_or_signer(None)?;
    let operator = account::parse(operator)?;
    let chain = context.chain().await?;
    let expires = chain.best().await?.number.saturating_add(expires_in);
    let included = context.submit_one(&chain, call::open_channel(&operator, deposit, expires)).await?;
    let id = included.events::<ChannelOpened>("Payments", "ChannelOpened")?.pop().map(|event| event.channel);
    let json = json!({
        "channel": id,
        "payer": payer,
        "operator": operator,
        "deposit": deposit.to_string(),
        "expires": expires,
        "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "a channel".into(), |id| format!("channel {id}"));
    let text = format!("{shown} with {} to {operator}, until block {expires}: {}", open(deposit), place(&[included]));
    Ok(Output::new(json, text))
}

async fn top_up(context: &Context, channel: ChannelId, amount: Balance) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let included = context.submit_one(&chain, call::top_up(channel, amount)).await?;
    let json = json!({"channel": channel, "amount": amount.to_string(), "tx": tx(&included)});
    Ok(Output::new(json, format!("{} more in channel {channel}: {}", open(amount), place(&[included]))))
}

async fn close(context: &Context, id: ChannelId) -> anyhow::Result<Output> {
    let signer = context.account_or_signer(None)?;
    let chain = context.chain().await?;
    let view = chain.now().await?;
    let channel = find(&view, id).await?;
    // A payer asks first; whether the delay is over is the chain's to say.
    let asks = signer == channel.payer && signer != channel.operator && channel.closing.is_none();
    let (call, state) =
        if asks { (call::request_close(id), "closing") } else { (call::close(id), "closed") };
    let included = context.submit_one(&chain, call).await?;
    let json = json!({"channel": id, "state": state, "tx": tx(&included)});
    let text = if asks {
        format!("channel {id} is closing: close it again when the delay is over")
    } else {
        format!("channel {id} is closed: what was left returned to its payer")
    };
    Ok(Output::new(json, text))
}

/// The channel of an id.
pub async fn find(view: &openledger_chain::View, id: ChannelId) -> anyhow::Result<Channel> {
    view.channel(id)
        .await?
        .with_context(|| format!("there is no channel {id}; `openledger channel list` shows those that are open"))
}

fn summary(id: ChannelId, channel: &Channel) -> Value {
    json!({
        "channel": id,
        "payer": channel.payer,
        "operator": channel.operator,
        "deposit": channel.deposit.to_string(),
        "claimed": channel.claimed.to_string(),
        "expires": channel.expires,
        "closing": channel.closing,
    })
}

fn row(id: ChannelId, channel: &Channel) -> Vec<String> {
    vec![
        id.to_string(),
        open(channel.deposit),
        open(channel.claimed),
        channel.expires.to_string(),
        channel.payer.to_string(),
        channel.operator.to_string(),
    ]
}

const COLUMNS: [&str; 6] = ["id", "deposit", "claimed", "expires", "payer", "operator"];

async fn show(context: &Context, id: ChannelId) -> anyhow::Result<Output> {
    let channel = find(&context.now().await?, id).await?;
    Ok(Output::new(summary(id, &channel), table(&COLUMNS, &[row(id, &channel)])))
}

async fn list(context: &Context, payer: Option<&str>) -> anyhow::Result<Output> {
    let payer = payer.map(account::parse).transpose()?;
    let mut channels = context.now().await?.channels().await?;
    channels.retain(|(_, channel)| payer.as_ref().is_none_or(|payer| channel.payer == *payer));
    let list: Vec<Value> = channels.iter().map(|(id, channel)| summary(*id, channel)).collect();
    let rows: Vec<Vec<String>> = channels.iter().map(|(id, channel)| row(*id, channel)).collect();
    Ok(Output::new(json!({"channels": list}), table(&COLUMNS, &rows)))
}
