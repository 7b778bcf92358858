use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use indicatif::ProgressBar;
use openledger_chain::{
    account, call,
    scale_decode::{self, DecodeAsType},
    types::Channel,
    AccountId, Keypair, View,
};
use openledger_primitives::{
    hashing::content_id,
    json::decimal,
    receipt::{Receipt, SignedReceipt},
    session::Scope,
    signature::{Signature, Signer},
    voucher::{SignedVoucher, Voucher},
    Balance, BlockNumber, ChannelId, ModelId, H256, UNIT,
};
use serde::Deserialize;
use serde_json::{json, Value};

use crate::{
    context::{model, Context},
    failure::{self, Remote},
    files,
    output::{count, open, print, tx, Output},
    parse,
    remote::{At, Gateway, Refusal, Required},
    signing::{self, Sessions, Signing},
    views::channel,
    vouchers::{Given, Vouchers},
};

/// Blocks for which a one-off payment is good: two hours.
const ONCE_BLOCKS: BlockNumber = 3_600;
/// The least that the chain takes for one, in units.
const LEAST: Balance = UNIT / 1_000;
/// How often a question is put again when the gateway is busy.
const ATTEMPTS: u32 = 20;
/// How often it is put again when the connection was lost: the same signed request, which is charged once.
const LOST: u32 = 3;
/// How often the voucher of one question is raised: a gateway says first what the least answer costs, and what this one
/// may cost when it has read the prompt.
const RAISES: u32 = 3;
/// How a gateway says that it is busy.
const BUSY: [&str; 2] = ["queue_full", "rate_limited"];
/// The path of answers.
const COMPLETIONS: &str = "v1/completions";

#[derive(Args)]
#[command(
    after_help = "The receipt is checked: that the operator signed it, and that it charges the model's \
                        price. What a channel owes is kept under --home. Who signs is --suri, or without it the \
                        channel's session.\n\
                        Example: openledger --suri //Dave ask poet \"Roses are red,\" --max-tokens 32"
)]
pub struct Options {
    /// The model's id or name
    model: String,
    /// The text to continue; - reads standard input
    #[arg(required_unless_present = "batch")]
    prompt: Option<String>,
    /// Ask many: JSONL of {"prompt","max_tokens"?,"label"?}; answers are printed as they come, one a line
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    batch: Option<PathBuf>,
    /// Of a batch: add its answers to this file, and ask only what has no answer there yet
    // Where an argument conflicts with one that is there, clap requires nothing of it.
    #[arg(long, value_name = "FILE", requires = "batch", conflicts_with = "prompt")]
    out: Option<PathBuf>,
    /// The channel that pays [default: the signer's only open one]
    #[arg(long)]
    channel: Option<ChannelId>,
    #[command(flatten)]
    at: At,
    /// Pay this operator for this one question, without a channel
    #[arg(
        long,
        value_name = "OPERATOR",
        value_parser = parse::account,
        conflicts_with_all = ["channel", "batch", "voucher"]
    )]
    once: Option<AccountId>,
    /// A voucher that was signed elsewhere: the JSON of one, see `channel voucher`
    #[arg(long, value_name = "JSON", requires = "channel", value_parser = parse::voucher)]
    voucher: Option<SignedVoucher>,
    /// The longest answer, in tokens
    #[arg(
        long,
        default_value = "64",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    max_tokens: u32,
    /// 0 takes the likeliest token each time, 2 is wild
    #[arg(long, default_value_t = 0.0, value_name = "X")]
    temperature: f32,
    /// Decides what is drawn above temperature 0
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    prompt: String,
    max_tokens: Option<u32>,
    label: Option<Value>,
}

impl Question {
    /// What an answer to it is found by.
    fn key(&self, index: usize) -> (usize, String) {
        (index, self.prompt.clone())
    }
}

/// `Payments.Paid`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct PaidOnce {
    channel: ChannelId,
}

/// What the gateway answers.
#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
    openledger: Paid,
}

#[derive(Deserialize)]
struct Choice {
    text: String,
}

#[derive(Deserialize)]
struct Paid {
    receipt_id: H256,
    receipt: Receipt,
    signature: Signature,
}

/// `GET /channels/{id}`.
#[derive(Deserialize)]
struct Known {
    #[serde(with = "decimal")]
    owed: Balance,
    voucher: Option<SignedVoucher>,
}

/// One payer at one gateway, with one channel and one model.
struct Payer<'a> {
    gateway: Gateway,
    options: &'a Options,
    genesis: H256,
    /// Signs vouchers, where they are not signed elsewhere.
    key: Option<Keypair>,
    /// Signs requests.
    signing: Signing,
    channel_id: ChannelId,
    channel: Channel,
    model: ModelId,
    price_in: Balance,
    price_out: Balance,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let questions = questions(&options)?;
    if let (Some(operator), [question]) = (&options.once, &questions[..]) {
        return once(context, &options, operator, question).await;
    }
    let key = match options.voucher {
        Some(_) if !context.has_signer() => None,
        _ => Some(context.signer()?),
    };
    let chain = context.chain().await?;
    let (view, genesis) = (chain.now().await?, chain.genesis());
    let (id, registered) = model(&view, &options.model).await?;
    let account = key.as_ref().map(account::of);
    let channel_id = match (options.channel, &account) {
        (Some(channel), _) => channel,
        (None, Some(account)) => only_channel(&view, account).await?,
        (None, None) => bail!("name the voucher's channel with --channel"),
    };
    let channel = channel::find(&view, channel_id).await?;
    if let Some(account) = account {
        ensure!(
            channel.signer.0 == Signer::Account(account),
            "channel {channel_id} belongs to {}, and {} signs its vouchers, not {account}: `openledger channel \
             open` opens one of your own",
            channel.payer,
            channel::name(&channel.signer.0)
        );
    }
    if let Some(signed) = &options.voucher {
        ensure!(
            signed.voucher.channel == channel_id,
            "the voucher is for channel {}, not {channel_id}",
            signed.voucher.channel
        );
    }
    let home = context.home()?;
    let signing = match &key {
        Some(key) => Signing::by(key.clone()),
        None => Sessions::of(&home, &genesis, channel_id).signing()?,
    };
    let mut vouchers = Vouchers::open(&home, &genesis, channel_id)?;
    let payer = Payer {
        gateway: Gateway::new(&options.at)?,
        options: &options,
        genesis,
        key,
        signing,
        channel_id,
        channel,
        model: id,
        price_in: registered.price_in,
        price_out: registered.price_out,
    };
    let known = payer.remember().await?;
    vouchers.save(vouchers.given.or_more(known))?;

    if options.batch.is_some() {
        return many(&payer, context, &questions, &mut vouchers).await;
    }
    let question = questions.first().context("there is no question")?;
    let (answer, words) = payer.ask(question, &mut vouchers).await?;
    Ok(Output::new(answer, words))
}

/// Asks question after question. Each answer is printed, or written, before the next is asked: none that was paid for is
/// lost to what comes after it.
async fn many(
    payer: &Payer<'_>,
    context: &Context,
    questions: &[Question],
    vouchers: &mut Vouchers,
) -> anyhow::Result<Output> {
    let mut out = payer.options.out.as_deref().map(Answers::open).transpose()?;
    let known = out.as_ref().map(|out| out.known.clone()).unwrap_or_default();
    // Only drawn where standard error is a terminal.
    let bar = ProgressBar::new(questions.len() as u64);
    let (mut answered, mut refused) = (0_u32, Vec::new());
    for (index, question) in questions.iter().enumerate() {
        bar.inc(1);
        if known.contains(&question.key(index)) {
            continue;
        }
        let (mut line, words) = match payer.ask(question, vouchers).await {
            Ok(answer) => {
                answered += 1;
                answer
            }
            // What is wrong with one question may be right with the next.
            Err(error) if matches!(error.downcast_ref(), Some(Remote::Refused { .. })) => {
                let message = failure::sentence(&error);
                refused.push(format!("question {}: {message}", index + 1));
                let json =
                    json!({"label": question.label, "prompt": question.prompt, "error": message});
                (json, format!("question {}: {message}\n", index + 1))
            }
            Err(error) => {
                return Err(error.context(format!(
                    "question {} of {}; the answers before it are kept{}",
                    index + 1,
                    questions.len(),
                    if out.is_some() { ", and the same command goes on here" } else { "" }
                )))
            }
        };
        line["index"] = json!(index);
        match &mut out {
            Some(out) if line.get("error").is_none() => out.add(&line)?,
            Some(_) => {}
            None if context.json() => print(&line.to_string())?,
            None => print(&words)?,
        }
    }
    bar.finish_and_clear();
    if let Some(first) = refused.first() {
        bail!("{} of {} questions were refused; {first}", refused.len(), questions.len());
    }
    let Some(path) = &payer.options.out else { return Ok(Output::nothing()) };
    let json = json!({"out": path, "answered": answered, "known": known.len()});
    let words = format!(
        "{} in {}: {answered} new, {} were there.",
        count(u64::from(answered) + known.len() as u64, "answer"),
        path.display(),
        known.len()
    );
    Ok(Output::new(json, words))
}

/// A file of answers, one a line.
struct Answers {
    file: File,
    path: PathBuf,
    /// The questions that have one: their places in the batch, and their prompts.
    known: BTreeSet<(usize, String)>,
}

impl Answers {
    /// Reads what is there. A line that was not finished is written over.
    fn open(path: &Path) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Known {
            index: usize,
            prompt: String,
        }
        let name = || path.display().to_string();
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(name)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(name)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut known = BTreeSet::new();
        for (i, line) in text[..whole].lines().enumerate() {
            let Known { index, prompt } = serde_json::from_str(line).with_context(|| {
                format!("{}, line {}: expected an answer of a batch", name(), i + 1)
            })?;
            known.insert((index, prompt));
        }
        file.set_len(whole as u64).with_context(name)?;
        file.seek(SeekFrom::End(0)).with_context(name)?;
        Ok(Self { file, path: path.into(), known })
    }

    fn add(&mut self, answer: &Value) -> anyhow::Result<()> {
        writeln!(self.file, "{answer}")
            .and_then(|()| self.file.sync_data())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Pays for one question on the chain, and asks it: the gateway answers what was paid for alone.
async fn once(
    context: &Context,
    options: &Options,
    operator: &AccountId,
    question: &Question,
) -> anyhow::Result<Output> {
    let sender = context.sender().await?;
    ensure!(sender.waits(), "a one-off payment needs its channel's id: leave out --wait none");
    let view = sender.chain.now().await?;
    let (id, registered) = model(&view, &options.model).await?;
    let (price_in, price_out) = (registered.price_in, registered.price_out);
    let body = serde_json::to_vec(&body(id, question, options.max_tokens, options))?;
    let price = Receipt::price(most(question), options.max_tokens, price_in, price_out);
    let amount = price.max(LEAST);
    let expires = sender.chain.best().await?.number.saturating_add(ONCE_BLOCKS);
    let call = call::pay(operator, amount, expires, &content_id(&body));
    let included = sender.send_one(call).await?;
    let channel_id = included
        .events::<PaidOnce>("Payments", "Paid")?
        .pop()
        .context("the payment is in a block, but the chain says nothing of it")?
        .channel;
    let channel = channel::find(&sender.chain.now().await?, channel_id).await?;
    let payer = Payer {
        gateway: Gateway::new(&options.at)?,
        options,
        genesis: sender.chain.genesis(),
        key: None,
        signing: Signing::by(sender.key.clone()),
        channel_id,
        channel,
        model: id,
        price_in,
        price_out,
    };
    let payment = json!({"channel": channel_id}).to_string();
    let signed = payer.sign(COMPLETIONS, &body)?;
    let mut attempt = 0;
    let bytes = loop {
        attempt += 1;
        match payer.post(&payment, &signed, body.clone()).await? {
            Ok(bytes) => break bytes,
            // The gateway's node may be a block behind.
            Err(refusal)
                if (refusal.code == "channel_unknown" || BUSY.contains(&refusal.code.as_str()))
                    && attempt < ATTEMPTS =>
            {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(refusal) => {
                let message = format!(
                    "{} (channel {channel_id} was paid for it: `openledger channel close {channel_id}` returns it)",
                    refusal.message
                );
                bail!(Refusal { message, ..refusal }.remote())
            }
        }
    };
    let given = Given { owed: 0, cumulative: amount };
    let (mut json, words, _) = payer.read(question, &bytes, &given, options.max_tokens)?;
    json["channel"] = json!(channel_id);
    json["tx"] = tx(&included);
    Ok(Output::new(json, words))
}

/// The body of a question.
fn body(model: ModelId, question: &Question, max_tokens: u32, options: &Options) -> Value {
    json!({
        "model": format!("openledger/{model}"),
        "prompt": question.prompt,
        "max_tokens": max_tokens,
        "temperature": options.temperature,
        "seed": options.seed,
    })
}

/// The most tokens that a prompt can have: a token is at least a byte, and one more may begin the text.
fn most(question: &Question) -> u32 {
    u32::try_from(question.prompt.len() + 1).unwrap_or(u32::MAX)
}

fn questions(options: &Options) -> anyhow::Result<Vec<Question>> {
    if let Some(path) = &options.batch {
        return batch(path);
    }
    let mut prompt = options.prompt.clone().unwrap_or_default();
    if prompt == "-" {
        prompt.clear();
        std::io::stdin().read_to_string(&mut prompt).context("cannot read standard input")?;
    }
    ensure!(!prompt.is_empty(), "the prompt is empty: expected some text to continue");
    Ok(vec![Question { prompt, max_tokens: None, label: None }])
}

fn batch(path: &Path) -> anyhow::Result<Vec<Question>> {
    let name = path.display();
    let bytes = files::read(path)?;
    let lines = std::str::from_utf8(&bytes).with_context(|| format!("{name} is not UTF-8"))?;
    let mut questions = Vec::<Question>::new();
    for (i, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let question = serde_json::from_str(line)
            .with_context(|| format!("{name}, line {}: expected {{\"prompt\":\"…\"}}", i + 1))?;
        questions.push(question);
    }
    ensure!(!questions.is_empty(), "{name} is empty: expected a line of {{\"prompt\":\"…\"}}");
    Ok(questions)
}

async fn only_channel(view: &View, payer: &AccountId) -> anyhow::Result<ChannelId> {
    let mut channels = view.channels().await?;
    let signer = Signer::Account(*payer);
    channels.retain(|(_, channel)| {
        channel.signer.0 == signer && channel.closing.is_none() && channel.request.is_none()
    });
    match channels[..] {
        [(id, _)] => Ok(id),
        [] => bail!(
            "{payer} has no open channel to pay from: `openledger channel open --operator ACCOUNT --deposit \
             AMOUNT` opens one to a gateway's operator"
        ),
        _ => {
            let ids: Vec<String> = channels.iter().map(|(id, _)| id.to_string()).collect();
            bail!("{payer} has several open channels: name one with --channel, of {}", ids.join(", "))
        }
    }
}

impl Payer<'_> {
    /// What the channel owes, as far as the gateway proves it by a voucher of ours, which it shows to nobody else: an
    /// answer may have got lost on the way here, or been given to another machine.
    async fn remember(&self) -> anyhow::Result<Given> {
        let claimed = self.channel.claimed;
        let none = Given { owed: claimed, cumulative: claimed };
        let path = format!("channels/{}", self.channel_id);
        let signed = self.signing.header(self.scope(), &format!("GET /{path}"), b"")?;
        let request = self.gateway.get(&path).header(signing::HEADER, signed);
        let Ok(bytes) = self.gateway.send(request).await? else { return Ok(none) };
        let known: Known =
            serde_json::from_slice(&bytes).context("the gateway's answer about the channel")?;
        let Some(signed) = known.voucher else { return Ok(none) };
        let preimage = signed.voucher.preimage(&self.genesis);
        let by =
            |signer: &Signer<AccountId>| account::verify_by(signer, &preimage, &signed.signature);
        let former = self.channel.former.as_ref().is_some_and(|(former, _)| by(&former.0));
        let ours = signed.voucher.channel == self.channel_id
            && (former || by(&self.channel.signer.0))
            && known.owed <= signed.voucher.cumulative;
        Ok(if ours {
            Given { owed: known.owed, cumulative: signed.voucher.cumulative }
        } else {
            none
        })
    }

    /// Where its signatures count.
    fn scope(&self) -> Scope {
        let operator = account::bytes(&self.channel.operator);
        Scope { genesis: self.genesis, operator, channel: self.channel_id }
    }

    /// The header that signs a request to a path.
    fn sign(&self, path: &str, body: &[u8]) -> anyhow::Result<String> {
        self.signing.header(self.scope(), &format!("POST /{path}"), body)
    }

    /// A voucher for so much; nothing where it would have to be signed elsewhere.
    fn voucher(&self, cumulative: Balance) -> Option<SignedVoucher> {
        let voucher =
            Voucher { channel: self.channel_id, cumulative, expires: self.channel.expires };
        let key = self.key.as_ref()?;
        let signature = account::sign(key, &voucher.preimage(&self.genesis));
        Some(SignedVoucher { voucher, signature })
    }

    /// Asks once with what was given out already. If that is not enough, the gateway says what is; that
    /// is given, if it is not more than the question can cost.
    async fn ask(
        &self,
        question: &Question,
        vouchers: &mut Vouchers,
    ) -> anyhow::Result<(Value, String)> {
        let max_tokens = question.max_tokens.unwrap_or(self.options.max_tokens);
        let mut given = vouchers.given;
        if let Some(signed) = &self.options.voucher {
            given.cumulative = given.cumulative.max(signed.voucher.cumulative);
            vouchers.save(given)?;
        }
        let (mut raised, mut attempt) = (0, 0);
        let body = serde_json::to_vec(&body(self.model, question, max_tokens, self.options))?;
        let signed = self.sign(COMPLETIONS, &body)?;
        let (bytes, voucher) = loop {
            attempt += 1;
            let ready = self.options.voucher.clone();
            let voucher = ready
                .or_else(|| self.voucher(given.cumulative))
                .context("there is no key to sign a voucher with")?;
            let header = serde_json::to_string(&voucher)?;
            let refusal = match self.post(&header, &signed, body.clone()).await? {
                Ok(bytes) => break (bytes, voucher),
                Err(refusal) => refusal,
            };
            match refusal.required {
                Some(Required { cumulative })
                    if raised < RAISES
                        && cumulative > given.cumulative
                        && self.options.voucher.is_none() =>
                {
                    let most = most(question);
                    let price = Receipt::price(most, max_tokens, self.price_in, self.price_out);
                    let limit = given.owed.saturating_add(price).max(given.cumulative);
                    ensure!(
                        cumulative <= limit,
                        "the gateway asks for a voucher of {}, at most {} can be due: {}",
                        open(cumulative),
                        open(limit),
                        refusal.message
                    );
                    given.cumulative = cumulative;
                    vouchers.save(given)?;
                    raised += 1;
                }
                _ if BUSY.contains(&refusal.code.as_str()) && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                _ => bail!(refusal.remote()),
            }
        };
        let (mut json, words, owed) = self.read(question, &bytes, &given, max_tokens)?;
        vouchers.save(Given { owed, ..given })?;
        json["voucher"] = json!(voucher);
        Ok((json, words))
    }

    /// What a gateway answered, held against what was asked and given: as JSON, in words, and what is owed now.
    fn read(
        &self,
        question: &Question,
        bytes: &[u8],
        given: &Given,
        max_tokens: u32,
    ) -> anyhow::Result<(Value, String, Balance)> {
        let Answer { choices, openledger } = serde_json::from_slice(bytes)
            .context("the gateway's answer is not in the expected format")?;
        self.check(&openledger, given, max_tokens)?;
        let first = choices.into_iter().next();
        let text = first.context("the gateway answered without an answer")?.text;
        let Paid { receipt_id, receipt, signature } = openledger;
        let words = format!(
            "{text}\n\n{} for {} and {} of answer; receipt {receipt_id:?}\n\n",
            open(receipt.fee),
            count(receipt.tokens_in, "token"),
            receipt.tokens_out
        );
        let json = json!({
            "label": question.label,
            "model": self.model,
            "prompt": question.prompt,
            "answer": text,
            "receipt_id": receipt_id,
            "receipt": receipt,
            "signature": signature,
        });
        Ok((json, words, receipt.cumulative))
    }

    /// Asks. Where the connection is lost on the way, the same request again: it is charged once.
    async fn post(
        &self,
        payment: &str,
        signed: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = self
                .gateway
                .post(COMPLETIONS)
                .header("X-OpenLedger-Voucher", payment)
                .header(signing::HEADER, signed)
                .header("Content-Type", "application/json")
                .body(body.clone());
            match self.gateway.send(request).await {
                Err(error) if failure::is_lost(&error) && attempt < LOST => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                other => return other,
            }
        }
    }

    /// Holds a receipt against what was asked and given.
    fn check(&self, paid: &Paid, given: &Given, max_tokens: u32) -> anyhow::Result<()> {
        let receipt = &paid.receipt;
        let id = receipt.id();
        let (operator, payer) = (&self.channel.operator, &self.channel.payer);
        let price =
            Receipt::price(receipt.tokens_in, receipt.tokens_out, self.price_in, self.price_out);
        let signed = SignedReceipt { receipt: receipt.clone(), signature: paid.signature };
        let checks = [
            ("its id is not its hash", id == paid.receipt_id),
            (
                "it is not signed by the operator",
                account::verify(operator, id.as_bytes(), &signed.signature),
            ),
            ("it is of another chain", receipt.genesis == self.genesis),
            ("it is of another model", receipt.model == self.model),
            ("it is of another operator", receipt.operator == account::bytes(operator)),
            ("it is of another payer", receipt.payer == account::bytes(payer)),
            ("it is of another channel", receipt.channel == self.channel_id),
            ("it has more tokens than were asked for", receipt.tokens_out <= max_tokens),
            ("its fee is not the price on the chain", receipt.fee == price),
            (
                "it takes more than its fee",
                receipt.cumulative <= given.owed.saturating_add(receipt.fee),
            ),
            ("it takes more than the voucher gives", receipt.cumulative <= given.cumulative),
        ];
        for (problem, holds) in checks {
            ensure!(
                holds,
                "the gateway's receipt {id:?} is wrong: {problem}; give it no further voucher"
            );
        }
        Ok(())
    }
}
