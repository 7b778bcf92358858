use std::{io::Read, path::PathBuf, time::Duration};

use anyhow::{bail, ensure, Context as _};
use clap::Args;
use openledger_chain::{account, types::Channel, AccountId, Keypair, View};
use openledger_primitives::{
    reads::decimal,
    receipt::{Receipt, SignedReceipt},
    signature::Signature,
    voucher::{SignedVoucher, Voucher},
    Balance, ChannelId, ModelId, H256,
};
use serde::Deserialize;
use serde_json::{json, Value};

use super::channel;
use crate::{
    context::{model, Context},
    failure::Remote,
    output::{open, Output},
    vouchers::{Given, Vouchers},
};

/// How often a question is put again when too many wait at the gateway.
const ATTEMPTS: u32 = 20;

#[derive(Args)]
pub struct Options {
    /// The model's id or name
    model: String,
    /// The text to continue; - reads standard input
    #[arg(required_unless_present = "batch")]
    prompt: Option<String>,
    /// Many questions: JSONL of {"prompt","max_tokens"?,"label"?}
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    batch: Option<PathBuf>,
    /// The channel that pays [default: the signer's only one]
    #[arg(long)]
    channel: Option<ChannelId>,
    /// Who serves
    #[arg(long, env = "OPENLEDGER_GATEWAY", default_value = "http://127.0.0.1:9966", value_name = "URL")]
    gateway: String,
    /// The longest answer, in tokens
    #[arg(long, default_value_t = 64)]
    max_tokens: u32,
    /// 0 takes the likeliest token each time
    #[arg(long, default_value_t = 0.0)]
    temperature: f32,
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    prompt: String,
    max_tokens: Option<u32>,
    label: Option<Value>,
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

/// How the gateway refuses.
#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    message: String,
    code: String,
    required: Option<Required>,
}

#[derive(Deserialize)]
struct Required {
    #[serde(with = "decimal")]
    cumulative: Balance,
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
    http: reqwest::Client,
    options: &'a Options,
    genesis: H256,
    key: Keypair,
    channel_id: ChannelId,
    channel: Channel,
    model: ModelId,
    price_in: Balance,
    price_out: Balance,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let questions = questions(&options)?;
    let key = context.signer()?;
    let view = context.now().await?;
    let id = model(&view, &options.model).await?;
    let registered = view
        .model(id)
        .await?
        .with_context(|| format!("there is no model {id}; `openledger model list` shows all"))?;
    let payer_account = account::of(&key);
    let channel_id = match options.channel {
        Some(channel) => channel,
        None => only_channel(&view, &payer_account).await?,
    };
    let channel = channel::find(&view, channel_id).await?;
    ensure!(
        channel.payer == payer_account,
        "channel {channel_id} belongs to {}, the signer is {payer_account}: open one with `openledger channel open`",
        channel.payer
    );
    let genesis = context.chain().await?.genesis();
    let mut vouchers = Vouchers::open(&context.home()?, &genesis, channel_id)?;
    let payer = Payer {
        http: reqwest::Client::builder().timeout(Duration::from_secs(600)).build()?,
        options: &options,
        genesis,
        key,
        channel_id,
        channel,
        model: id,
        price_in: registered.price_in,
        price_out: registered.price_out,
    };
    if vouchers.given.is_none() {
        vouchers.save(payer.remember().await?)?;
    }

    let (mut answers, mut words) = (Vec::new(), String::new());
    for question in &questions {
        let (answer, text) = payer.ask(question, &mut vouchers).await?;
        answers.push(answer);
        words.push_str(&text);
    }
    let json = match options.batch {
        Some(_) => json!({"answers": answers}),
        None => answers.pop().unwrap_or_default(),
    };
    Ok(Output::new(json, words))
}

fn questions(options: &Options) -> anyhow::Result<Vec<Question>> {
    if let Some(path) = &options.batch {
        let lines = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let questions = lines
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(i, line)| {
                serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), i + 1))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!questions.is_empty(), "{} has no questions", path.display());
        return Ok(questions);
    }
    let mut prompt = options.prompt.clone().context("there is no prompt")?;
    if prompt == "-" {
        prompt.clear();
        std::io::stdin().read_to_string(&mut prompt).context("standard input")?;
    }
    Ok(vec![Question { prompt, max_tokens: None, label: None }])
}

async fn only_channel(view: &View, payer: &AccountId) -> anyhow::Result<ChannelId> {
    let mut channels = view.channels().await?;
    channels.retain(|(_, channel)| channel.payer == *payer && channel.closing.is_none());
    match channels[..] {
        [(id, _)] => Ok(id),
        [] => bail!("{payer} has no open channel: open one with `openledger channel open`"),
        _ => bail!("{payer} has {} open channels: name one with --channel", channels.len()),
    }
}

impl Payer<'_> {
    /// What the channel owes where this machine does not know: what the gateway can prove by a voucher of ours.
    async fn remember(&self) -> anyhow::Result<Given> {
        let url = format!("{}/channels/{}", self.options.gateway.trim_end_matches('/'), self.channel_id);
        let answer = self.http.get(url).send().await.map_err(|error| self.unreachable(&error))?;
        let claimed = self.channel.claimed;
        let none = Given { owed: claimed, cumulative: claimed };
        if !answer.status().is_success() {
            return Ok(none);
        }
        let known: Known = answer.json().await.context("the gateway's answer about the channel")?;
        let Some(signed) = known.voucher else { return Ok(none) };
        let preimage = signed.voucher.preimage(&self.genesis);
        let ours = signed.voucher.channel == self.channel_id
            && account::verify(&self.channel.payer, &preimage, &signed.signature)
            && known.owed <= signed.voucher.cumulative;
        Ok(if ours { Given { owed: known.owed, cumulative: signed.voucher.cumulative } } else { none })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Remote {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Remote::Unreachable { url: self.options.gateway.clone(), reason: cause.to_string() }
    }

    fn voucher(&self, cumulative: Balance) -> SignedVoucher {
        let voucher = Voucher { channel: self.channel_id, cumulative, expires: self.channel.expires };
        SignedVoucher { voucher, signature: account::sign(&self.key, &voucher.preimage(&self.genesis)) }
    }

    /// Asks once with what was given out already. If that is not enough, the gateway says what is; that is given, if
    /// it is not more than the question can cost.
    async fn ask(&self, question: &Question, vouchers: &mut Vouchers) -> anyhow::Result<(Value, String)> {
        let max_tokens = question.max_tokens.unwrap_or(self.options.max_tokens);
        let mut given = vouchers.given.unwrap_or_default();
        let (mut raised, mut attempt) = (false, 0);
        let (answer, voucher) = loop {
            attempt += 1;
            let voucher = self.voucher(given.cumulative);
            match self.post(question, max_tokens, &voucher).await? {
                Ok(answer) => break (answer, voucher),
                Err(Refusal { error }) => match error.required {
                    Some(Required { cumulative }) if !raised => {
                        // A token is at least a byte, and one more may begin the text.
                        let most = u32::try_from(question.prompt.len() + 1).unwrap_or(u32::MAX);
                        let price = Receipt::price(most, max_tokens, self.price_in, self.price_out);
                        let limit = given.owed.saturating_add(price).max(given.cumulative);
                        ensure!(
                            cumulative <= limit,
                            "the gateway asks for a voucher of {}, at most {} can be due: {}",
                            open(cumulative),
                            open(limit),
                            error.message
                        );
                        given.cumulative = cumulative;
                        vouchers.save(given)?;
                        raised = true;
                    },
                    _ if error.code == "queue_full" && attempt < ATTEMPTS => {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    },
                    _ => bail!(Remote::Refused { code: error.code, message: error.message }),
                },
            }
        };
        let Answer { choices, openledger } = answer;
        self.check(&openledger, &given, max_tokens)?;
        vouchers.save(Given { owed: openledger.receipt.cumulative, ..given })?;
        let text = choices.into_iter().next().context("the gateway answered without an answer")?.text;
        let Paid { receipt_id, receipt, signature } = openledger;
        let words = format!(
            "{text}\n\n{} for {} + {} tokens; receipt {receipt_id:?}\n",
            open(receipt.fee),
            receipt.tokens_in,
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
            "voucher": voucher,
        });
        Ok((json, words))
    }

    async fn post(
        &self,
        question: &Question,
        max_tokens: u32,
        voucher: &SignedVoucher,
    ) -> anyhow::Result<Result<Answer, Refusal>> {
        let url = format!("{}/v1/completions", self.options.gateway.trim_end_matches('/'));
        let body = json!({
            "model": format!("openledger/{}", self.model),
            "prompt": question.prompt,
            "max_tokens": max_tokens,
            "temperature": self.options.temperature,
            "seed": self.options.seed,
        });
        let request = self.http.post(url).header("X-OpenLedger-Voucher", serde_json::to_string(voucher)?);
        let answer = request.json(&body).send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            let answer = serde_json::from_slice(&bytes).context("the gateway's answer is not in the expected format")?;
            return Ok(Ok(answer));
        }
        let refusal = serde_json::from_slice(&bytes).map_err(|_| Remote::Refused {
            code: status.as_u16().to_string(),
            message: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
        })?;
        Ok(Err(refusal))
    }

    /// Holds a receipt against what was asked and given.
    fn check(&self, paid: &Paid, given: &Given, max_tokens: u32) -> anyhow::Result<()> {
        let receipt = &paid.receipt;
        let id = receipt.id();
        let price = Receipt::price(receipt.tokens_in, receipt.tokens_out, self.price_in, self.price_out);
        let signed = SignedReceipt { receipt: receipt.clone(), signature: paid.signature };
        let checks = [
            ("its id is not the hash of it", id == paid.receipt_id),
            (
                "it is not signed by the operator",
                account::verify(&self.channel.operator, id.as_bytes(), &signed.signature),
            ),
            ("it is of another chain", receipt.genesis == self.genesis),
            ("it is of another model", receipt.model == self.model),
            ("it is of another operator", receipt.operator == account::bytes(&self.channel.operator)),
            ("it is of another payer", receipt.payer == account::bytes(&self.channel.payer)),
            ("it is of another channel", receipt.channel == self.channel_id),
            ("it has more tokens than were asked for", receipt.tokens_out <= max_tokens),
            ("its fee is not the price on the chain", receipt.fee == price),
            ("it takes more than its fee", receipt.cumulative <= given.owed.saturating_add(receipt.fee)),
            ("it takes more than the voucher gives", receipt.cumulative <= given.cumulative),
        ];
        for (problem, holds) in checks {
            ensure!(holds, "the gateway's receipt {id:?} is wrong: {problem}; do not pay it more");
        }
        Ok(())
    }
}
