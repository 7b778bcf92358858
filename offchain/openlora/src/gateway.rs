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

use openledger_chain::{account, types::Role, AccountId, Keypair};
use openledger_lm::{Sampling, Stop};
use openledger_primitives::{
    hashing,
    receipt::{Receipt, SignedReceipt, Transcript},
    voucher::SignedVoucher,
    Balance, ChannelId, ModelId, H256,
};
use openledger_store::BlobStore;
use tokio::sync::{oneshot, Mutex, Notify, Semaphore};

use crate::{
    book::{Account, Entry},
    catalogue::{Catalogue, Served},
    journal::Journal,
    link::Link,
    metrics::Metrics,
    voucher::{self, Terms},
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
    pub(crate) settling: Mutex<Option<Instant>>,
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
    pub voucher: SignedVoucher,
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

/// A request that is paid for.
struct Admitted {
    served: Arc<Served>,
    prompt: Vec<u32>,
    sampling: Sampling,
    payer: H256,
    owed: Balance,
    price_in: Balance,
    price_out: Balance,
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
        let metrics = Metrics::new().expect("the names are valid and differ");
        metrics.pending.set(journal.book().pending() as i64);
        metrics.open.set(journal.book().open().len() as i64);
        Ok(Arc::new(Self {
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
            operator,
            account,
            settings,
            metrics,
        }))
    }

    /// Loads every model that it offers, so that the first questions need not wait. Those that fail are logged.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn load(&self) -> Result<()> {
        let (_, view) = self.link.now().await?;
        for (id, _) in self.catalogue.offered(&view).await? {
            if let Err(error) = self.catalogue.get(&view, id).await {
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
        receiver.await.unwrap_or_else(|_| {
            Err(Refusal::unavailable("internal", "the computation ended unexpectedly"))
        })
    }

    async fn work(&self, question: Question, gone: Arc<AtomicBool>) -> Result<Answered, Refusal> {
        // Once before it waits, so that what is not paid for does not; and once when nothing can change any more.
        self.admit(&question).await?;
        let _seat = self.seat.lock().await;
        let admitted = self.admit(&question).await?;
        let nobody = || Refusal::unavailable("gone", "nobody waits for the answer any more");
        if gone.load(Ordering::Relaxed) {
            return Err(nobody());
        }

        let start = Instant::now();
        let Admitted { served, prompt, sampling, .. } = admitted;
        let (prompt, output, text, stop) = {
            let (served, gone) = (served.clone(), gone.clone());
            let generated = tokio::task::spawn_blocking(move || {
                let going = |_| !gone.load(Ordering::Relaxed);
                let (output, stop) = served.model.generate(&prompt, sampling, going)?;
                let text = served.tokenizer.decode(&output)?;
                Ok::<_, openledger_lm::Error>((prompt, output, text, stop))
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

        let (tokens_in, tokens_out) = (prompt.len() as u32, output.len() as u32);
        let fee = Receipt::price(tokens_in, tokens_out, admitted.price_in, admitted.price_out);
        let receipt = Receipt {
            genesis: self.link.genesis(),
            model: served.id,
            version: served.version,
            operator: account::bytes(&self.account),
            payer: admitted.payer,
            channel: question.voucher.voucher.channel,
            cumulative: admitted.owed.saturating_add(fee),
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
        self.record(Entry::Answer { transcript, voucher: question.voucher }).await?;
        self.bell.notify_one();
        self.metrics.answers.inc();
        self.metrics.tokens.with_label_values(&["in"]).inc_by(tokens_in.into());
        self.metrics.tokens.with_label_values(&["out"]).inc_by(tokens_out.into());
        Ok(Answered { model: served.id, text, stop, signed })
    }

    async fn admit(&self, question: &Question) -> Result<Admitted, Refusal> {
        let (_, view) = self.link.now().await?;
        let chain = |error: openledger_chain::Error| Refusal::from(crate::Error::from(error));
        let name = &question.model;
        let id = self.catalogue.resolve(&view, name).await?.ok_or_else(|| {
            Refusal::not_found(
                "model_not_found",
                format!("there is no model {name:?}; see GET /v1/models"),
            )
        })?;
        let (served, registered) = self.catalogue.get(&view, id).await?;
        let prompt = served
            .tokenizer
            .prompt(&question.prompt)
            .map_err(|error| Refusal::bad_request("prompt_refused", error.to_string()))?;
        let context = served.model.config().max_position_embeddings;
        if prompt.is_empty() || prompt.len() >= context {
            let message =
                format!("the prompt has {} tokens, expected 1 to {}", prompt.len(), context - 1);
            return Err(Refusal::bad_request("context_length_exceeded", message));
        }
        let mut sampling = question.sampling;
        sampling.max_tokens = sampling.max_tokens.min(context - prompt.len());

        let signed = &question.voucher;
        let channel_id = signed.voucher.channel;
        let channel = view.channel(channel_id).await.map_err(chain)?.ok_or_else(|| {
            let message = format!(
                "there is no channel {channel_id} on this chain: open one to {}",
                self.account
            );
            Refusal::payment("channel_unknown", message, None)
        })?;
        let known = self.owed(channel_id).await;
        let owed = known.as_ref().map_or(0, |account| account.owed).max(channel.claimed);
        let (price_in, price_out) = (registered.price_in, registered.price_out);
        let terms = Terms {
            genesis: self.link.genesis(),
            operator: &self.account,
            channel: &channel,
            owed,
            last: known.map_or(0, |account| account.voucher.voucher.cumulative),
            best: view.block().number,
            // Both are below the context, which is far below 2^32.
            price: Receipt::price(
                prompt.len() as u32,
                sampling.max_tokens as u32,
                price_in,
                price_out,
            ),
        };
        voucher::check(signed, &terms)?;
        let payer = account::bytes(&channel.payer);
        Ok(Admitted { served, prompt, sampling, payer, owed, price_in, price_out })
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
