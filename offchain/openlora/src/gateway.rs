//! Requests to answers: admitted, generated, charged, on disk.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use openledger_chain::{
    account,
    types::{Channel, Role},
    AccountId, Keypair,
};
use openledger_lm::{Sampling, Stop};
use openledger_primitives::{
    hashing,
    receipt::{Receipt, SignedReceipt, Transcript},
    voucher::{Authority, SignedClosing},
    Balance, BlockNumber, ChannelId, ModelId,
};
use openledger_store::BlobStore;
use tokio::sync::{oneshot, Mutex, Notify, Semaphore};

use crate::{
    book::{Account, Entry},
    catalogue::{Catalogue, Served},
    journal::Journal,
    link::Link,
    metrics::Metrics,
    settle::Settling,
    voucher::{self, Due, Payment, Terms},
    Refusal, Result,
};

/// How a gateway serves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The models it offers; all adapters on the chain, where empty.
    pub models: BTreeSet<ModelId>,
    /// Receipts of one model version after which it settles.
    pub settle_every: usize,
    /// Time after the first receipt after which it settles.
    pub settle_after: Duration,
    /// Requests that may wait, the one being answered included.
    pub queue: usize,
    /// The folder of its journals: one for each chain and operator.
    pub journal: PathBuf,
    /// The folder of models that it fetched.
    pub cache: PathBuf,
}

/// A gateway of one operator.
pub struct Gateway {
    pub(crate) link: Link,
    pub(crate) store: BlobStore,
    pub(crate) operator: Keypair,
    pub(crate) account: AccountId,
    pub(crate) settings: Settings,
    pub(crate) catalogue: Catalogue,
    pub(crate) metrics: Metrics,
    journal: Arc<Mutex<Journal>>,
    /// Held by the one request that is being answered.
    seat: Mutex<()>,
    waiting: Arc<Semaphore>,
    /// Held while settling.
    pub(crate) settling: Mutex<Settling>,
    /// Rung when a receipt came in.
    pub(crate) bell: Notify,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Of this model: an id or a name.
    pub model: String,
    /// The text to continue.
    pub prompt: String,
    /// How.
    pub sampling: Sampling,
    /// What pays for it.
    pub payment: Payment,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The model.
    pub model: ModelId,
    /// The continuation.
    pub text: String,
    /// Why it ended.
    pub stop: Stop,
    /// What it cost, signed.
    pub signed: SignedReceipt,
}

/// Blocks in which a settlement that failed can be made good.
const MARGIN: BlockNumber = 100;
/// Seconds from block to block.
const BLOCK_TIME: u64 = 2;

/// A question that can be answered, and who pays what for it.
struct Bill {
    served: Arc<Served>,
    prompt: Vec<u32>,
    sampling: Sampling,
    price_in: Balance,
    price_out: Balance,
    voucher: Authority,
    channel: Channel,
}

/// Tells the work when nobody waits for it any more.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Gateway {
    /// Connects to the node and opens the journal.
    ///
    /// # Errors
    /// If the node cannot be reached, or the journal cannot be opened.
    pub async fn open(
        node: &str,
        store: BlobStore,
        operator: Keypair,
        settings: Settings,
    ) -> Result<Arc<Self>> {
        let link = Link::new(node).await?;
        let account = account::of(&operator);
        let (_, view) = link.now().await?;
        if view.provider(Role::Operator, &account).await?.is_none() {
            tracing::warn!(%account, "not registered as an operator: channels to it cannot be opened or settled");
        }
        let name = format!(
            "{}-{}.jsonl",
            hex::encode(&link.genesis().0[..4]),
            hex::encode(&account.0[..4])
        );
        let journal = Journal::open(&settings.journal.join(name))?;
        Ok(Self::of(link, store, operator, settings, journal))
    }

    fn of(
        link: Link,
        store: BlobStore,
        operator: Keypair,
        settings: Settings,
        journal: Journal,
    ) -> Arc<Self> {
        let metrics = Metrics::new().expect("the names are valid and differ");
        metrics.pending.set(journal.book().pending() as i64);
        metrics.open.set(journal.book().open().len() as i64);
        Arc::new(Self {
            catalogue: Catalogue::new(
                store.clone(),
                settings.cache.clone(),
                settings.models.clone(),
            ),
            waiting: Arc::new(Semaphore::new(settings.queue.max(1))),
            journal: Arc::new(Mutex::new(journal)),
            seat: Mutex::default(),
            settling: Mutex::default(),
            bell: Notify::new(),
            link,
            store,
            account: account::of(&operator),
            operator,
            settings,
            metrics,
        })
    }

    /// Loads every model that it offers, so that the first questions need not wait. Those that fail are logged.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn load(&self) -> Result<()> {
        let (_, view) = self.link.now().await?;
        for (id, model) in self.catalogue.offered(&view).await? {
            if let Err(error) = self.catalogue.newest(&view, id, &model).await {
                tracing::warn!(model = id, %error, "not loaded");
            }
        }
        Ok(())
    }

    /// Adds an entry to the journal.
    pub(crate) async fn record(&self, entry: Entry) -> Result<()> {
        let mut journal = self.journal.clone().lock_owned().await;
        let journal = tokio::task::spawn_blocking(move || {
            journal.append(entry)?;
            Ok::<_, crate::Error>(journal)
        })
        .await??;
        self.metrics.pending.set(journal.book().pending() as i64);
        self.metrics.open.set(journal.book().open().len() as i64);
        Ok(())
    }

    /// Reads the book.
    pub(crate) async fn book<T>(&self, read: impl FnOnce(&crate::book::Book) -> T) -> T {
        read(self.journal.lock().await.book())
    }

    /// What a channel owes by this gateway's book, with the newest voucher.
    pub async fn owed(&self, channel: ChannelId) -> Option<Account> {
        self.book(|book| book.channel(channel).cloned()).await
    }

    /// Answers a question, when its turn comes.
    ///
    /// # Errors
    /// When too many wait, it is not paid for, or something that is needed does not work.
    pub async fn answer(self: &Arc<Self>, question: Question) -> Result<Answered, Refusal> {
        let permit = self.waiting.clone().try_acquire_owned().map_err(|_| {
            Refusal::busy(format!(
                "{} requests are waiting already; try again later",
                self.settings.queue
            ))
        })?;
        let gone = Arc::new(AtomicBool::new(false));
        let _waiting = Gone(gone.clone());
        let (sender, receiver) = oneshot::channel();
        let gateway = self.clone();
        // Apart from the connection: an answer that was charged is in the journal even if nobody takes it.
        tokio::spawn(async move {
            let _permit = permit;
            let _ = sender.send(gateway.work(question, gone).await);
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(Refusal::internal("the computation ended unexpectedly")))
    }

    async fn work(&self, question: Question, gone: Arc<AtomicBool>) -> Result<Answered, Refusal> {
        let bill = self.admit(question).await?;
        self.serve(bill, gone).await
    }

    /// Reads from the chain what a question asks for and what pays for it. What the channel owes is not looked at yet.
    async fn admit(&self, question: Question) -> Result<Bill, Refusal> {
        let Question { model, prompt, mut sampling, payment } = question;
        let (_, view) = self.link.now().await?;
        let id = self.catalogue.resolve(&view, &model).await?.ok_or_else(|| {
            let message = format!("there is no model {model:?}; see GET /v1/models");
            Refusal::not_found("model_not_found", message)
        })?;
        let registered = self.catalogue.registered(&view, id).await?;

        let channel_id = payment.channel();
        let channel = view.channel(channel_id).await.map_err(crate::Error::from)?;
        let channel = channel.ok_or_else(|| {
            let message = format!(
                "there is no channel {channel_id} on this chain: open one to {}",
                self.account
            );
            Refusal::payment("channel_unknown", message, None)
        })?;
        let terms = Terms {
            genesis: self.link.genesis(),
            operator: &self.account,
            channel: &channel,
            best: view.block().number,
            margin: margin(self.settings.settle_after),
        };
        let voucher = voucher::check(&payment, &terms)?;

        let served = self.catalogue.newest(&view, id, &registered).await?;
        let prompt = tokens(served.clone(), prompt).await?;
        sampling.max_tokens = sampling.max_tokens.min(room(&served, &prompt)?);
        let (price_in, price_out) = (registered.price_in, registered.price_out);
        Ok(Bill { served, prompt, sampling, price_in, price_out, voucher, channel })
    }

    /// Lets a payer close its channel at once, if it owes nothing that the chain has not: nothing more is served from
    /// it, and the operator signs so.
    ///
    /// # Errors
    /// If the channel is another's, its signer did not ask for this, or something is not settled yet.
    pub async fn release(&self, asked: SignedClosing) -> Result<SignedClosing, Refusal> {
        // Nothing is charged between reading what is owed and writing that no more is served.
        let _seat = self.seat.lock().await;
        let (_, view) = self.link.now().await?;
        let id = asked.closing.channel;
        let channel = view.channel(id).await.map_err(crate::Error::from)?;
        let ours = channel.filter(|channel| channel.operator == self.account).ok_or_else(|| {
            let message = format!("there is no channel {id} to {}", self.account);
            Refusal::not_found("channel_unknown", message)
        })?;
        self.agree(asked, &ours).await
    }

    /// What [`Gateway::release`] answers about a channel of its own. To be called in the seat.
    async fn agree(
        &self,
        asked: SignedClosing,
        channel: &Channel,
    ) -> Result<SignedClosing, Refusal> {
        let SignedClosing { closing, signature } = asked;
        let (id, claimed) = (closing.channel, channel.claimed);
        let preimage = closing.preimage(&self.link.genesis());
        if !account::verify_by(&channel.signer.0, &preimage, &signature) {
            let message = format!(
                "expected a closing of channel {id} of the chain {:?}, signed as its vouchers are",
                self.link.genesis()
            );
            return Err(Refusal::payment("bad_signature", message, None));
        }
        let owed = self.owed(id).await.map_or(0, |account| account.owed);
        if owed > claimed || closing.claimed != claimed {
            let message = format!(
                "channel {id} owes {owed} units, the chain has paid {claimed} of them, and {} were named: settle \
                 first, then ask with what was paid",
                closing.claimed
            );
            return Err(Refusal::conflict("unsettled", message));
        }
        if !self.book(|book| book.released(id)).await {
            self.record(Entry::Released { channel: id }).await?;
        }
        Ok(SignedClosing { closing, signature: account::sign(&self.operator, &preimage) })
    }

    /// Checks that the voucher covers what its channel owes by now and what the answer may cost. Returns what it owes.
    async fn check(&self, bill: &Bill) -> Result<Balance, Refusal> {
        let voucher = &bill.voucher.voucher;
        if self.book(|book| book.released(voucher.channel)).await {
            let message = format!(
                "channel {} was to be closed, and this gateway agreed: open another",
                voucher.channel
            );
            return Err(Refusal::payment("channel_closing", message, None));
        }
        let known = self.owed(voucher.channel).await;
        // Without a journal, at least what the chain paid out.
        let owed = known.as_ref().map_or(0, |account| account.owed).max(bill.channel.claimed);
        let last = known.map_or(0, |account| account.voucher.voucher.cumulative);
        let price = bill.price(bill.sampling.max_tokens);
        voucher::check_amount(voucher, bill.channel.deposit, Due { owed, last, price })?;
        Ok(owed)
    }

    /// Answers what is paid for. One at a time: between reading what is owed and writing it nothing else is charged.
    async fn serve(&self, bill: Bill, gone: Arc<AtomicBool>) -> Result<Answered, Refusal> {
        // Once before it waits, so that what is not paid for does not.
        self.check(&bill).await?;
        let _seat = self.seat.lock().await;
        let owed = self.check(&bill).await?;
        let nobody = || Refusal::unavailable("gone", "nobody waits for the answer any more");
        if gone.load(Ordering::Relaxed) {
            return Err(nobody());
        }
        let start = Instant::now();
        let (output, text, stop) = {
            let (served, prompt, gone) = (bill.served.clone(), bill.prompt.clone(), gone.clone());
            let sampling = bill.sampling;
            let generated = tokio::task::spawn_blocking(move || {
                let going = |_| !gone.load(Ordering::Relaxed);
                let (output, stop) =
                    served.model.generate(&prompt, sampling, served.tokenizer.unnamed(), going)?;
                let text = served.tokenizer.decode_after(&prompt, &output)?;
                Ok::<_, openledger_lm::Error>((output, text, stop))
            });
            generated
                .await
                .map_err(crate::Error::from)?
                .map_err(|error| Refusal::bad_request("generation_failed", error.to_string()))?
        };
        if gone.load(Ordering::Relaxed) {
            return Err(nobody());
        }
        self.metrics.seconds.observe(start.elapsed().as_secs_f64());

        let fee = bill.price(output.len());
        let Bill { served, prompt, voucher, channel, .. } = bill;
        let (tokens_in, tokens_out) = (prompt.len() as u32, output.len() as u32);
        let receipt = Receipt {
            genesis: self.link.genesis(),
            model: served.id,
            version: served.version,
            operator: account::bytes(&self.account),
            payer: account::bytes(&channel.payer),
            channel: voucher.voucher.channel,
            cumulative: owed.saturating_add(fee),
            request: hashing::token_ids(hashing::REQUEST, &prompt),
            response: hashing::token_ids(hashing::RESPONSE, &output),
            tokens_in,
            tokens_out,
            fee,
            issued_at: now(),
        };
        let signature = account::sign(&self.operator, receipt.id().as_bytes());
        let signed = SignedReceipt { receipt, signature };
        let transcript =
            Transcript { signed: signed.clone(), prompt_ids: prompt, output_ids: output };
        self.record(Entry::Answer { transcript, voucher }).await?;
        self.bell.notify_one();
        self.metrics.answers.inc();
        self.metrics.tokens.with_label_values(&["in"]).inc_by(tokens_in.into());
        self.metrics.tokens.with_label_values(&["out"]).inc_by(tokens_out.into());
        Ok(Answered { model: served.id, text, stop, signed })
    }
}

impl Bill {
    /// What it costs with an answer of so many tokens. Both are below the context, which is far below 2^32.
    fn price(&self, tokens: usize) -> Balance {
        Receipt::price(self.prompt.len() as u32, tokens as u32, self.price_in, self.price_out)
    }
}

/// Blocks for which a voucher must hold, so that it can be claimed in a settlement that is due after so long.
fn margin(settle_after: Duration) -> BlockNumber {
    let blocks = settle_after.as_secs().div_ceil(BLOCK_TIME);
    BlockNumber::try_from(blocks).unwrap_or(BlockNumber::MAX).saturating_add(MARGIN)
}

/// The prompt's tokens. Long texts take their time, apart from what serves others.
async fn tokens(served: Arc<Served>, prompt: String) -> Result<Vec<u32>, Refusal> {
    tokio::task::spawn_blocking(move || served.tokenizer.prompt(&prompt))
        .await
        .map_err(crate::Error::from)?
        .map_err(|error| Refusal::bad_request("prompt_refused", error.to_string()))
}

/// The most tokens that an answer to this prompt can have.
fn room(served: &Served, prompt: &[u32]) -> Result<usize, Refusal> {
    let context = served.model.config().max_position_embeddings;
    if prompt.is_empty() || prompt.len() >= context {
        let message = format!(
            "the prompt has {} tokens, expected 1 to {}: prompt and answer share a context of {context}",
            prompt.len(),
            context - 1
        );
        return Err(Refusal::bad_request("context_length_exceeded", message));
    }
    Ok(context - prompt.len())
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use openledger_chain::types::Static;
    use openledger_primitives::{
        signature::Signer,
        voucher::{Closing, Voucher},
        H256,
    };

    use super::*;
    use crate::{book::Book, catalogue};

    const GENESIS: H256 = H256([7; 32]);

    /// A gateway that lost its node.
    pub fn offline(folder: &Path) -> Arc<Gateway> {
        let store = BlobStore::open(folder.join("store").to_str().unwrap()).unwrap();
        let settings = Settings {
            models: BTreeSet::new(),
            settle_every: 64,
            settle_after: Duration::from_secs(60),
            queue: 2,
            journal: folder.into(),
            cache: folder.join("cache"),
        };
        let journal = Journal::open(&folder.join("journal.jsonl")).unwrap();
        let operator = account::keypair("//Bob").unwrap();
        Gateway::of(Link::lost(GENESIS), store, operator, settings, journal)
    }

    async fn load(gateway: &Gateway) -> Arc<Served> {
        let (base, adapter) = catalogue::tests::stored(&gateway.store).await;
        gateway.catalogue.load(2, 3, base, adapter).await.unwrap()
    }

    fn voucher(cumulative: Balance) -> Authority {
        let voucher = Voucher { channel: 5, cumulative, expires: 4_000 };
        let key = account::keypair("//Alice").unwrap();
        let signature = account::sign(&key, &voucher.preimage(&GENESIS));
        Authority { voucher, signature: Some(signature) }
    }

    /// A question of eight tokens at most, 1 unit for each token of the prompt, 3 for each of the answer.
    async fn bill(served: &Arc<Served>, prompt: &str, cumulative: Balance) -> Bill {
        let channel = Channel {
            payer: account::parse("//Alice").unwrap(),
            operator: account::parse("//Bob").unwrap(),
            deposit: 10_000,
            claimed: 0,
            expires: 5_000,
            closing: None,
            signer: Static(Signer::Account(account::parse("//Alice").unwrap())),
            former: None,
            request: None,
        };
        Bill {
            served: served.clone(),
            prompt: tokens(served.clone(), prompt.into()).await.unwrap(),
            sampling: Sampling::greedy(8),
            price_in: 1_000,
            price_out: 3_000,
            voucher: voucher(cumulative),
            channel,
        }
    }

    fn here() -> Arc<AtomicBool> {
        Arc::default()
    }

    #[tokio::test]
    async fn serve_should_charge_what_was_used_and_have_it_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        let asked = bill(&served, "fn main() {", 1_000).await;
        let prompt = asked.prompt.clone();
        let answered = gateway.serve(asked, here()).await.unwrap();

        let SignedReceipt { receipt, signature } = &answered.signed;
        let operator = account::parse("//Bob").unwrap();
        assert!(account::verify(&operator, receipt.id().as_bytes(), signature));
        assert_eq!((receipt.genesis, receipt.operator), (GENESIS, account::bytes(&operator)));
        assert_eq!(receipt.payer, account::bytes(&account::parse("//Alice").unwrap()));
        assert_eq!((receipt.model, receipt.version, receipt.channel), (2, 3, 5));
        assert_eq!(receipt.tokens_in as usize, prompt.len());
        assert!((1..=8).contains(&receipt.tokens_out));
        let fee = Balance::from(receipt.tokens_in + 3 * receipt.tokens_out);
        assert_eq!((receipt.fee, receipt.cumulative), (fee, fee));

        let asked = bill(&served, "fn main() {", 1_000).await;
        let voucher = asked.voucher.clone();
        let again = gateway.serve(asked, here()).await.unwrap();
        assert_eq!(again.text, answered.text, "the likeliest tokens are the same each time");
        assert_eq!(again.signed.receipt.cumulative, 2 * fee);

        // As after a crash: nothing but the file is left.
        let book = gateway.book(Book::clone).await;
        drop(gateway);
        let journal = Journal::open(&folder.path().join("journal.jsonl")).unwrap();
        assert_eq!(journal.book(), &book);
        assert_eq!((book.pending(), book.channel(5).unwrap().owed), (2, 2 * fee));
        assert_eq!(book.channel(5).unwrap().voucher, voucher);
        let batch = crate::book::tests::everything(&book).remove(0);
        let blob = batch.blob();
        let line = blob.split(|&byte| byte == b'\n').next().unwrap();
        let transcript: Transcript = serde_json::from_slice(line).unwrap();
        assert_eq!(transcript.signed, answered.signed);
        assert_eq!(transcript.prompt_ids, prompt);
        let hash = |tag, ids: &[u32]| hashing::token_ids(tag, ids);
        assert_eq!(receipt.request, hash(hashing::REQUEST, &transcript.prompt_ids));
        assert_eq!(receipt.response, hash(hashing::RESPONSE, &transcript.output_ids));
        assert_eq!(served.tokenizer.decode(&transcript.output_ids).unwrap(), answered.text);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn serve_should_not_spend_a_voucher_twice_when_many_ask_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        let one = bill(&served, "contract Token", 0).await.price(8);
        let enough = 2 * one + one / 2;
        let mut asked = Vec::new();
        for _ in 0..8 {
            let bill = bill(&served, "contract Token", enough).await;
            let gateway = gateway.clone();
            asked.push(tokio::spawn(async move { gateway.serve(bill, here()).await }));
        }
        let (mut fees, mut refused) = (0, 0);
        for answer in asked {
            match answer.await.unwrap() {
                Ok(answered) => fees += answered.signed.receipt.fee,
                Err(refusal) => {
                    assert_eq!(refusal.code(), "insufficient_voucher");
                    let required = refusal.required().unwrap().cumulative;
                    assert!(required > enough && required <= enough + one);
                    refused += 1;
                }
            }
        }
        let owed = gateway.owed(5).await.unwrap().owed;
        assert_eq!(owed, fees);
        assert!(owed <= enough && refused > 0, "{owed} of {enough}, {refused} refused");
    }

    #[tokio::test]
    async fn serve_should_refuse_a_lower_voucher_than_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        gateway.serve(bill(&served, "MIT", 1_000).await, here()).await.unwrap();
        let refusal = gateway.serve(bill(&served, "MIT", 999).await, here()).await.unwrap_err();
        assert_eq!(refusal.code(), "voucher_stale");
        assert_eq!(refusal.required().unwrap().cumulative, 1_000);
        let mut claimed = bill(&served, "MIT", 1_000).await;
        claimed.channel.claimed = 995;
        let refusal = gateway.serve(claimed, here()).await.unwrap_err();
        assert_eq!(refusal.code(), "insufficient_voucher");
    }

    #[tokio::test]
    async fn agree_should_end_a_channel_that_owes_nothing_and_serve_no_more_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        let asked = bill(&served, "MIT", 1_000).await;
        let mut channel = asked.channel.clone();
        let fee = gateway.serve(asked, here()).await.unwrap().signed.receipt.fee;
        let closing = |by: &str, claimed| {
            let closing = Closing { channel: 5, claimed };
            let key = account::keypair(by).unwrap();
            SignedClosing { closing, signature: account::sign(&key, &closing.preimage(&GENESIS)) }
        };
        let code = |refusal: Refusal| refusal.code();
        // The chain has not paid yet, or not as much as is named.
        for claimed in [0, fee] {
            let refused = gateway.agree(closing("//Alice", claimed), &channel).await;
            assert_eq!(refused.map_err(code), Err("unsettled"));
        }
        channel.claimed = fee;
        let refused = gateway.agree(closing("//Alice", 0), &channel).await;
        assert_eq!(refused.map_err(code), Err("unsettled"));
        // Only the payer ends its channel.
        for other in [closing("//Eve", fee), closing("//Bob", fee)] {
            let refused = gateway.agree(other, &channel).await;
            assert_eq!(refused.map_err(code), Err("bad_signature"));
        }
        gateway.serve(bill(&served, "MIT", 1_000).await, here()).await.unwrap();
        channel.claimed = 2 * fee;
        let agreed = gateway.agree(closing("//Alice", 2 * fee), &channel).await.unwrap();
        assert_eq!(agreed.closing, Closing { channel: 5, claimed: 2 * fee });
        let operator = account::parse("//Bob").unwrap();
        let statement = agreed.closing.preimage(&GENESIS);
        assert!(account::verify(&operator, &statement, &agreed.signature));
        let again = gateway.agree(closing("//Alice", 2 * fee), &channel).await.unwrap();
        assert_eq!(again.closing, agreed.closing);

        // Also after a restart.
        drop(gateway);
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        let refusal = gateway.serve(bill(&served, "MIT", 9_000).await, here()).await.unwrap_err();
        assert_eq!(refusal.code(), "channel_closing");
    }

    #[tokio::test]
    async fn serve_should_not_charge_when_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        let gone = Arc::new(AtomicBool::new(true));
        let refusal = gateway.serve(bill(&served, "MIT", 1_000).await, gone).await.unwrap_err();
        assert_eq!(refusal.code(), "gone");
        assert!(gateway.owed(5).await.is_none());
    }

    #[tokio::test]
    async fn room_should_name_the_limit_when_the_prompt_is_too_long() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let served = load(&gateway).await;
        // The token that begins every text.
        let nothing = bill(&served, "", 0).await.prompt;
        assert_eq!(room(&served, &nothing).unwrap(), 511);
        assert_eq!(room(&served, &[0; 511]).unwrap(), 1);
        for prompt in [vec![], vec![0; 512], bill(&served, &"a b ".repeat(2_000), 0).await.prompt] {
            let refusal = room(&served, &prompt).unwrap_err();
            assert_eq!(refusal.code(), "context_length_exceeded");
            assert!(refusal.message().contains("expected 1 to 511"), "{}", refusal.message());
        }
        let mut long = bill(&served, "", 10_000).await;
        long.prompt = vec![1; 511];
        let answered = gateway.serve(long, here()).await.unwrap();
        assert!(answered.signed.receipt.tokens_out <= 1);
    }

    #[tokio::test]
    async fn answer_should_refuse_when_the_queue_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        let question = || Question {
            model: "openledger/2".into(),
            prompt: "MIT".into(),
            sampling: Sampling::greedy(8),
            payment: Payment::Voucher(voucher(1_000).signed().unwrap()),
        };
        let all = gateway.waiting.clone().try_acquire_many_owned(2).unwrap();
        assert_eq!(gateway.answer(question()).await.unwrap_err().code(), "queue_full");
        drop(all);
        assert_eq!(gateway.answer(question()).await.unwrap_err().code(), "chain_unavailable");
    }

    #[tokio::test]
    async fn settle_should_keep_receipts_when_the_node_is_away() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = offline(folder.path());
        assert_eq!(gateway.settle(true).await.unwrap(), []);
        gateway.record(crate::book::tests::answer(1, 5, 1, 10, 10)).await.unwrap();
        assert!(matches!(gateway.settle(true).await, Err(crate::Error::Chain(_))));
        assert_eq!(gateway.book(|book| (book.pending(), book.open().len())).await, (1, 0));
    }

    #[test]
    fn margin_should_cover_the_time_until_a_settlement_is_due() {
        assert_eq!(margin(Duration::ZERO), 100);
        assert_eq!(margin(Duration::from_secs(601)), 401);
        assert_eq!(margin(Duration::MAX), BlockNumber::MAX);
    }
}
