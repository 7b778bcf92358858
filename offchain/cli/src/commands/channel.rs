use std::time::Duration;

use anyhow::{ensure, Context as _};
use clap::Subcommand;
use openledger_chain::{
    account, call,
    scale_decode::{self, DecodeAsType},
    types::Channel,
    AccountId, Chain,
};
use openledger_primitives::{
    session::Scope,
    signature::{Signature, Signer},
    voucher::{Closing, SignedClosing, Voucher},
    Balance, BlockNumber, ChannelId,
};
use serde_json::{json, Value};

use crate::{
    context::{Context, Sender},
    output::{open, place, table, tx, Output},
    parse,
    remote::{At, Gateway, Refusal},
    signing::{now, Sessions},
    views::channel::{find, name},
};

/// How long a gateway is waited for: without it there is another way.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub enum Command {
    /// Set OPEN aside for an operator's answers
    #[command(
        after_help = "What the operator does not earn comes back when the channel is closed.\n\
                            Example: openledger --suri //Dave channel open --operator //Charlie --deposit 100"
    )]
    Open {
        /// Who may be paid from it
        #[arg(long, value_name = "ACCOUNT", value_parser = parse::account)]
        operator: AccountId,
        /// The most that can be paid from it
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        deposit: Balance,
        /// For how long it is meant: a day, if not said
        #[arg(long, value_name = "BLOCKS", default_value_t = 43_200)]
        expires_in: BlockNumber,
    },
    /// Add to a channel's deposit
    TopUp {
        /// Its id
        channel: ChannelId,
        /// How much more
        #[arg(value_parser = parse::amount)]
        amount: Balance,
    },
    /// Close a channel: at once by its operator or with its consent, else its payer asks, and closes after a delay
    #[command(
        after_help = "A payer asks the operator's gateway for its consent, which it gives if nothing is owed \
                            that is not settled.\n\
                            Example: openledger --suri //Dave channel close 7"
    )]
    Close {
        /// Its id
        channel: ChannelId,
        #[command(flatten)]
        at: At,
        /// Do not ask the gateway: start the delay
        #[arg(long)]
        without_gateway: bool,
    },
    /// Name the key that signs a channel's vouchers
    #[command(
        after_help = "Vouchers of the key that signed so far stay good for as long as a closing takes; \
                            until then it cannot be changed again.\n\
                            Example: openledger --suri //Dave channel set-signer 7 \
                            0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
    )]
    SetSigner {
        /// Its id
        channel: ChannelId,
        /// An account, or an Ethereum address [default: the payer's own account]
        #[arg(value_parser = parse::signer)]
        signer: Option<Signer<AccountId>>,
    },
    /// A voucher: what is to be signed, and signed if --suri says by whom
    #[command(
        after_help = "An Ethereum wallet signs the message by personal_sign; the signature is 0x02 and its \
                            65 bytes.\n\
                            Example: openledger channel voucher 7 --cumulative 1200u"
    )]
    Voucher {
        /// Its id
        channel: ChannelId,
        /// The most that may have been taken since the channel was opened
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        cumulative: Balance,
        /// The last block in which it may be claimed [default: the channel's]
        #[arg(long, value_name = "BLOCK")]
        expires: Option<BlockNumber>,
    },
    /// Make a session key, which asks a gateway in the place of the channel's signer
    #[command(
        after_help = "It is certified at once if --suri signs for the channel; else the message is signed elsewhere, by \
                            personal_sign of an Ethereum wallet, and `channel certify` keeps the signature. The key \
                            lies under --home.\n\
                            Example: openledger channel session 7 --expires-in 86400 --limit 5"
    )]
    Session {
        /// Its id
        channel: ChannelId,
        /// For how many seconds it may ask
        #[arg(
            long,
            value_name = "SECONDS",
            default_value = "86400",
            value_parser = clap::value_parser!(u32).range(1..)
        )]
        expires_in: u32,
        /// The most that the channel may owe in all after an answer to it [default: what vouchers say]
        #[arg(long, value_name = "AMOUNT", value_parser = parse::amount)]
        limit: Option<Balance>,
    },
    /// Keep the signature that certifies a session key
    Certify {
        /// Its id
        channel: ChannelId,
        /// 0x, the scheme's byte, and the signature
        #[arg(value_parser = parse::signature)]
        signature: Signature,
    },
    /// Show a channel
    Show {
        /// Its id
        channel: ChannelId,
    },
    /// List open channels
    List {
        /// Those that this account pays for [default: all]
        #[arg(value_parser = parse::account)]
        account: Option<AccountId>,
    },
}

/// `Payments.SignerSet`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct SignerSet {
    former_until: BlockNumber,
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
        }
        Command::TopUp { channel, amount } => top_up(context, channel, amount).await,
        Command::Close { channel, at, without_gateway } => {
            close(context, channel, (!without_gateway).then_some(at)).await
        }
        Command::SetSigner { channel, signer } => set_signer(context, channel, signer).await,
        Command::Voucher { channel, cumulative, expires } => {
            voucher(context, channel, cumulative, expires).await
        }
        Command::Session { channel, expires_in, limit } => {
            session(context, channel, expires_in, limit).await
        }
        Command::Certify { channel, signature } => certify(context, channel, signature).await,
        Command::Show { channel } => show(context, channel).await,
        Command::List { account } => list(context, account).await,
    }
}

async fn open_channel(
    context: &Context,
    operator: &AccountId,
    deposit: Balance,
    expires_in: BlockNumber,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let expires = sender.chain.best().await?.number.saturating_add(expires_in);
    let included = sender.send_one(call::open_channel(operator, deposit, expires)).await?;
    let event = included.events::<ChannelOpened>("Payments", "ChannelOpened")?.pop();
    let id = event.map(|event| event.channel);
    let json = json!({
        "channel": id,
        "payer": sender.account,
        "operator": operator,
        "deposit": deposit.to_string(),
        "expires": expires,
        "tx": tx(&included),
    });
    let shown = id.map_or_else(|| "A channel".into(), |id| format!("Channel {id}"));
    let words = format!(
        "{shown} with {} to {operator} is open until block {expires}, {}.",
        open(deposit),
        place(&[included])
    );
    Ok(Output::new(json, words))
}

async fn top_up(context: &Context, id: ChannelId, amount: Balance) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    find(&sender.chain.now().await?, id).await?;
    let included = sender.send_one(call::top_up(id, amount)).await?;
    let json = json!({"channel": id, "amount": amount.to_string(), "tx": tx(&included)});
    let words = format!("Channel {id} has {} more, {}.", open(amount), place(&[included]));
    Ok(Output::new(json, words))
}

async fn close(context: &Context, id: ChannelId, at: Option<At>) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    let channel = find(&sender.chain.now().await?, id).await?;
    // A payer asks first; whether the delay is over is the chain's to say.
    let payer = sender.account == channel.payer && sender.account != channel.operator;
    let agreed = match at {
        Some(at) if payer => Some(consent(&sender, &at, id, &channel).await),
        _ => None,
    };
    let agreement = agreed.as_ref().and_then(|agreed| agreed.as_ref().ok());
    let asks = payer && channel.closing.is_none() && agreement.is_none();
    let call = match agreement {
        Some(agreement) => call::close_now(agreement),
        None if asks => call::request_close(id),
        None => call::close(id),
    };
    let included = sender.send_one(call).await?;
    let state = if asks { "closing" } else { "closed" };
    let json = json!({"channel": id, "state": state, "tx": tx(&included)});
    let place = place(&[included]);
    let words = if asks {
        let why = match agreed {
            Some(Err(reason)) => format!(" Not at once: {reason:#}."),
            _ => String::new(),
        };
        format!(
            "Channel {id} is closing, {place}: its operator can still claim. `openledger channel show {id}` \
             says from which block on the same command closes it.{why}"
        )
    } else {
        format!("Channel {id} is closed, {place}; what was left is its payer's again.")
    };
    Ok(Output::new(json, words))
}

/// The operator's consent to close a channel, from its gateway.
async fn consent(
    sender: &Sender,
    at: &At,
    id: ChannelId,
    channel: &Channel,
) -> anyhow::Result<SignedClosing> {
    let closing = Closing { channel: id, claimed: channel.claimed };
    let statement = closing.preimage(&sender.chain.genesis());
    let asked = SignedClosing { closing, signature: account::sign(&sender.key, &statement) };
    let gateway = Gateway::patient(at, PATIENCE)?;
    let request = gateway.post(&format!("channels/{id}/close")).json(&asked);
    let bytes = gateway.send(request).await?.map_err(Refusal::remote)?;
    let agreed: SignedClosing = serde_json::from_slice(&bytes)
        .context("the gateway's answer is not in the expected format")?;
    ensure!(
        agreed.closing == closing
            && account::verify(&channel.operator, &statement, &agreed.signature),
        "what the gateway answered is not signed by the operator {}",
        channel.operator
    );
    Ok(agreed)
}

async fn set_signer(
    context: &Context,
    id: ChannelId,
    signer: Option<Signer<AccountId>>,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    find(&sender.chain.now().await?, id).await?;
    let included = sender.send_one(call::set_signer(id, signer.as_ref())).await?;
    let event = included.events::<SignerSet>("Payments", "SignerSet")?.pop();
    let until = event.map(|event| event.former_until);
    let signer = name(&signer.unwrap_or(Signer::Account(sender.account)));
    let json = json!({"channel": id, "signer": signer, "former_until": until, "tx": tx(&included)});
    let until = until.map_or_else(String::new, |block| {
        format!(" Vouchers of the former key can be claimed until block {block}.")
    });
    let words =
        format!("{signer} signs the vouchers of channel {id}, {}.{until}", place(&[included]));
    Ok(Output::new(json, words))
}

async fn voucher(
    context: &Context,
    id: ChannelId,
    cumulative: Balance,
    expires: Option<BlockNumber>,
) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let channel = find(&chain.now().await?, id).await?;
    let expires = expires.unwrap_or(channel.expires);
    let voucher = Voucher { channel: id, cumulative, expires };
    let preimage = voucher.preimage(&chain.genesis());
    // Who signs is asked for, not needed: the message may be signed elsewhere.
    let signature = match context.has_signer() {
        true => Some(account::sign(&context.signer()?, &preimage)),
        false => None,
    };
    let message = format!("0x{}", hex::encode(&preimage));
    let json = json!({
        "channel": id,
        "cumulative": cumulative.to_string(),
        "expires": expires,
        "message": message,
        "signature": signature,
    });
    let mut words = format!(
        "A voucher of {} from channel {id}, good until block {expires}, is this message, signed by {}:\n\n{message}",
        open(cumulative),
        name(&channel.signer.0)
    );
    if let Some(signature) = signature {
        words
            .push_str(&format!("\n\nsignature  {}", json!(signature).as_str().unwrap_or_default()));
    }
    Ok(Output::new(json, words))
}

async fn session(
    context: &Context,
    id: ChannelId,
    expires_in: u32,
    limit: Option<Balance>,
) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let channel = find(&chain.now().await?, id).await?;
    let scope = scope(&chain, id, &channel);
    let expires = now().saturating_add(u64::from(expires_in) * 1_000);
    let sessions = Sessions::of(&context.home()?, &scope.genesis, id);
    let session = sessions.make(expires, limit.unwrap_or(Balance::MAX))?;
    let preimage = session.preimage(&scope);
    // Who signs is asked for, not needed: the message may be signed elsewhere.
    let signature = match context.has_signer() {
        true => {
            let signature = account::sign(&context.signer()?, &preimage);
            sessions.certify(&scope, &channel.signer.0, signature)?;
            Some(signature)
        }
        false => None,
    };
    let message = format!("0x{}", hex::encode(&preimage));
    let mut json = json!({"channel": id, "message": message, "signature": signature});
    json["session"] = json!(session);
    let words = match signature {
        Some(_) => format!("The session of channel {id} is certified."),
        None => format!(
            "A session of channel {id} is certified by this message, signed by {}:\n\n{message}\n\n\
             then: openledger channel certify {id} SIGNATURE",
            name(&channel.signer.0)
        ),
    };
    Ok(Output::new(json, words))
}

async fn certify(context: &Context, id: ChannelId, signature: Signature) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let channel = find(&chain.now().await?, id).await?;
    let scope = scope(&chain, id, &channel);
    let sessions = Sessions::of(&context.home()?, &scope.genesis, id);
    let session = sessions.certify(&scope, &channel.signer.0, signature)?;
    let json = json!({"channel": id, "session": session, "signature": signature});
    Ok(Output::new(json, format!("The session of channel {id} is certified.")))
}

/// Where the signatures of a channel's requests count.
fn scope(chain: &Chain, id: ChannelId, channel: &Channel) -> Scope {
    let operator = account::bytes(&channel.operator);
    Scope { genesis: chain.genesis(), operator, channel: id }
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
        "signer": name(&channel.signer.0),
        "former_until": channel.former.as_ref().map(|(_, until)| until),
        "request": channel.request,
    })
}

fn row(id: ChannelId, channel: &Channel) -> Vec<String> {
    vec![
        id.to_string(),
        open(channel.deposit),
        open(channel.claimed),
        channel.expires.to_string(),
        channel.closing.map_or_else(|| "-".into(), |block| block.to_string()),
        channel.payer.to_string(),
        channel.operator.to_string(),
        name(&channel.signer.0),
    ]
}

const COLUMNS: [&str; 8] =
    [">id", ">deposit", ">claimed", ">expires", ">closing from", "payer", "operator", "signer"];

async fn show(context: &Context, id: ChannelId) -> anyhow::Result<Output> {
    let channel = find(&context.now().await?, id).await?;
    Ok(Output::new(summary(id, &channel), table(&COLUMNS, &[row(id, &channel)])))
}

async fn list(context: &Context, payer: Option<AccountId>) -> anyhow::Result<Output> {
    let mut channels = context.now().await?.channels().await?;
    channels.retain(|(_, channel)| payer.as_ref().is_none_or(|payer| channel.payer == *payer));
    let list: Vec<Value> = channels.iter().map(|(id, channel)| summary(*id, channel)).collect();
    let rows: Vec<Vec<String>> = channels.iter().map(|(id, channel)| row(*id, channel)).collect();
    Ok(Output::new(json!({"channels": list}), table(&COLUMNS, &rows)))
}
