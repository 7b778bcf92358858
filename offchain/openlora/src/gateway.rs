//! Requests to answers: money is set aside, the answer is computed when its turn comes, and charged on disk before it
//! leaves.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use openledger_artefacts::Cache;
use openledger_chain::{
    account,
    types::{Channel, Role},
    AccountId, Keypair, View,
};
use openledger_lm::{Sampling, Stop};
use openledger_primitives::{
    hashing,
    receipt::{Receipt, SignedReceipt, Transcript},
    voucher::{Authority, SignedClosing},
    Balance, BlockNumber, ChannelId, ModelId, H256,
};
use openledger_service::process::Program;
use openledger_store::BlobStore;
use tokio::sync::{oneshot, watch, Mutex, Notify, Semaphore};

use crate::{
    catalogue::Catalogue,
    lease::Lease,
    ledger::{
        account::Account,
        book::{Answer, Book, Entry, Finish},
        holds::{Denied, Funds},
        store::Identity,
        Begun, Ledger, Reservation,
    },
    link::Link,
    margin,
    metrics::Metrics,
    prompt::{room, Prompt},
    queue::{Place, Queue},
    refusal::short,
    served::{Processes, Served},
    settle::Settling,
    usage::{self, Right},
    voucher::{self, Payment, Terms},
    worker::{Failure, Generated},
    Refusal, Result,
};

/// Answers that are computed at once: each uses all of the machine's cores.
const SEATS: usize = 1;
/// Of the places in the queue, and of the questions that are worked on, one payer may have one in so many.
const PAYERS: usize = 4;
/// Questions that are worked on at once, those included whose caller has gone.
const WORKS: u32 = 512;
/// How long after its question came an answer may go on: then it ends as if it were as long as was asked for.
pub(crate) const TIME: Duration = Duration::from_secs(570);

/// How a gateway serves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The models it offers; all adapters on the chain, where empty.
    pub models: BTreeSet<ModelId>,
    /// Receipts of one model version after which it may settle.
    pub settle_every: usize,
    /// Time after the first receipt after which it may settle.
    pub settle_after: Duration,
    /// A settlement of one model version waits until its fees are so many times what its transaction costs, unless a
    /// voucher is about to end.
    pub settle_worth: u32,
    /// Requests that may wait, the one being answered included.
    pub queue: usize,
    /// Whether it takes over from another ledger of its operator, and serves channels of which others claimed.
    pub adopt: bool,
    /// The folder of its ledgers: one for each chain and operator.
    pub ledger: PathBuf,
    /// The folder of models that it fetched.
    pub cache: Cache,
    /// Bytes of memory that models may have together.
    pub memory: u64,
    /// What is started to read prompts and compute answers: a program that calls [`worker::run`](crate::worker::run).
    pub program: Program,
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
    pub(crate) ready: AtomicBool,
    pub(crate) ledger: Ledger,
    /// Whether the chain names this ledger.
    pub(crate) lease: watch::Sender<Lease>,
    /// Whether it is still to take over from another ledger.
    pub(crate) adopts: AtomicBool,
    pub(crate) queue: Arc<Queue>,
    /// Of the questions that are worked on, those of each payer.
    payers: Arc<Queue>,
    /// Held while settling.
    pub(crate) settling: Mutex<Settling>,
    /// Rung when a model version has receipts enough to settle.
    pub(crate) bell: Notify,
    /// A place for each question that is worked on, whether or not its caller still waits.
    works: Arc<Semaphore>,
    /// Held while what others claimed is taken over, so that nothing is taken over twice.
    adopting: Mutex<()>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Of this model: an id or a name.
    pub model: String,
    /// What to continue.
    pub prompt: Prompt,
    /// How.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// What pays for it.
    pub payment: Payment,
    /// Who asks: the request, signed.
    pub request: usage::Request,
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

/// A question that can be answered, and who pays what for it.
struct Bill {
    request: H256,
    served: Arc<Served>,
    prompt: Vec<u32>,
    sampling: Sampling,
    stop: Vec<String>,
    price_in: Balance,
    price_out: Balance,
    payer: H256,
    funds: Funds,
    /// Set aside until it is known what the answer can cost, so that no channel has more read than it can pay.
    first: Option<Reservation>,
}

/// Whether the caller waits, and since when.
struct Caller {
    since: Instant,
    gone: AtomicBool,
    bell: Notify,
}

impl Default for Caller {
    fn default() -> Self {
        Self { since: Instant::now(), gone: AtomicBool::new(false), bell: Notify::new() }
    }
}

impl Caller {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    async fn gone(&self) {
        while !self.is_gone() {
            self.bell.notified().await;
        }
    }
}

/// Held by the connection: tells the work when nobody waits for it any more.
struct Waits(Arc<Caller>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Relaxed);
        self.0.bell.notify_one();
    }
}

fn nobody() -> Refusal {
    Refusal::unavailable("gone", "nobody waits for the answer any more")
}

impl Gateway {
    /// Connects to the node and opens the ledger.
    ///
    /// # Errors
    /// If the node cannot be reached, or the ledger cannot be opened.
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
        let identity = Identity { genesis: link.genesis(), operator: account::bytes(&account) };
        let name = format!(
            "{}-{}.redb",
            hex::encode(&identity.genesis.0[..4]),
            hex::encode(&identity.operator.0[..4])
        );
        let path = settings.ledger.join(name);
        let ledger = tokio::task::spawn_blocking(move || Ledger::open(&path, identity)).await??;
        Ok(Self::of(link, store, operator, settings, ledger))
    }

    fn of(
        link: Link,
        store: BlobStore,
        operator: Keypair,
        settings: Settings,
        ledger: Ledger,
    ) -> Arc<Self> {
        let metrics = Metrics::new().expect("the names are valid and differ");
        let share = settings.queue.div_ceil(PAYERS);
        let gateway = Self {
            catalogue: Catalogue::new(
                store.clone(),
                settings.cache.clone(),
                settings.models.clone(),
                Processes { program: settings.program.clone(), memory: settings.memory },
            ),
            ready: AtomicBool::new(false),
            queue: Queue::new(SEATS, settings.queue.max(1), share.max(1)),
            payers: Queue::new(WORKS as usize, WORKS as usize, WORKS as usize / PAYERS),
            ledger,
            lease: watch::Sender::new(Lease::Waiting),
            adopts: AtomicBool::new(settings.adopt),
            settling: Mutex::default(),
            bell: Notify::new(),
            works: Arc::new(Semaphore::new(WORKS as usize)),
            adopting: Mutex::default(),
            link,
            store,
            account: account::of(&operator),
            operator,
            settings,
            metrics,
        };
        gateway.measure();
        Arc::new(gateway)
    }

    /// Takes note of an entry in the ledger.
    pub(crate) async fn record(&self, entry: Entry) -> Result<()> {
        self.ledger.record(entry).await?;
        self.measure();
        Ok(())
    }

    fn measure(&self) {
        let (pending, open) = self.book(|book| (book.pending(), book.open().len()));
        self.metrics.pending.set(pending as i64);
        self.metrics.open.set(open as i64);
    }

    /// Whether it can charge: not after its ledger could not be written.
    pub(crate) fn working(&self) -> Result<()> {
        self.ledger.working()
    }

    /// Reads the book.
    pub(crate) fn book<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        self.ledger.read(read)
    }

    /// What a channel owes by this gateway's ledger, with the vouchers that it keeps.
    pub fn owed(&self, channel: ChannelId) -> Option<Account> {
        self.book(|book| book.channel(channel).cloned())
    }

    /// The answer of a receipt, as long as it is kept: until a day after its settlement.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub async fn answer_of(&self, receipt: H256) -> Result<Option<Answer>> {
        self.ledger.answer_of(receipt).await
    }

    /// Answers a question, when its turn comes. One that was answered gets the same answer again.
    ///
    /// # Errors
    /// When too many wait, it is not paid for, or something that is needed does not work.
    pub async fn answer(self: &Arc<Self>, question: Question) -> Result<Answered, Refusal> {
        let work = self.works.clone().try_acquire_owned().map_err(|_| {
            Refusal::busy(format!("{WORKS} questions are worked on already; try again later"))
        })?;
        let caller = Arc::new(Caller::default());
        let _waits = Waits(caller.clone());
        let (sender, receiver) = oneshot::channel();
        let gateway = self.clone();
        // Apart from the connection: what was computed is charged even if nobody takes it.
        tokio::spawn(async move {
            let answer = gateway.work(question, &caller).await;
            drop(work);
            let _ = sender.send(answer);
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(Refusal::internal("the computation ended unexpectedly")))
    }

    /// Waits until what was begun is answered and charged, but no longer than this.
    pub(crate) async fn finish(&self, patience: Duration) {
        let all = self.works.acquire_many(WORKS);
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("the gateway ends while something is computed: it is not charged");
        }
    }

    async fn work(&self, question: Question, caller: &Arc<Caller>) -> Result<Answered, Refusal> {
        self.ledger.working()?;
        // Nothing is bought before its turn comes: until then, all ends when the caller does.
        let begun = async {
            let (view, channel, right) = self.authorise(&question).await?;
            let place = self.payers.enter(account::bytes(&channel.payer))?;
            let running = match self.ledger.begin(right.id).await? {
                Begun::Before(answer) => return Ok(Err(answer)),
                Begun::Now(running) => running,
            };
            // A request that was answered may be repeated for as long as its answer is kept.
            question.request.fresh()?;
            let bill = self.admit(question, &view, &channel, right).await?;
            Ok::<_, Refusal>(Ok((bill, running, place)))
        };
        let begun = tokio::select! {
            biased;
            () = caller.gone() => return Err(nobody()),
            begun = begun => begun?,
        };
        match begun {
            Ok((bill, _running, _place)) => self.serve(bill, caller).await,
            Err(answer) => Ok((*answer).into()),
        }
    }

    /// The channel that is to pay, and what who asks may do.
    async fn authorise(&self, question: &Question) -> Result<(View, Channel, Right), Refusal> {
        let (_, view) = self.link.now().await?;
        let id = question.payment.channel();
        let channel = view.channel(id).await.map_err(crate::Error::from)?;
        let channel = channel.ok_or_else(|| {
            let message =
                format!("there is no channel {id} on this chain: open one to {}", self.account);
            Refusal::payment("channel_unknown", message, None)
        })?;
        let right = question.request.verify(self.scope(id), &channel.signer.0)?;
        self.ensure_lease(&view).await?;
        Ok((view, channel, right))
    }

    /// Checks what is to pay for a question, then loads what answers it, and reads its prompt.
    async fn admit(
        &self,
        question: Question,
        view: &View,
        channel: &Channel,
        right: Right,
    ) -> Result<Bill, Refusal> {
        let Question { model, prompt, mut sampling, stop, payment, .. } = question;
        let (id, registered) = self.catalogue.find(view, &model).await?;
        let best = view.block().number;
        let margin = margin::serving(self.settings.settle_after, self.link.block_time());
        let genesis = self.link.genesis();
        let terms = Terms { genesis, operator: &self.account, channel, best, margin };
        let shown = voucher::check(&payment, &terms)?;
        let until = best.saturating_add(margin);
        let funds = self.funds(payment.channel(), channel, shown, until, &right);
        // Before anything is loaded: what no answer at all could be paid from.
        let (price_in, price_out) = (registered.price_in, registered.price_out);
        let first = self.reserve(&funds, Receipt::price(1, 1, price_in, price_out)).await?;

        let served = self.catalogue.newest(view, id, &registered).await?;
        let payer = account::bytes(&channel.payer);
        let prompt = served.base().read(payer, &prompt).await?;
        let most = room(served.base().context, &prompt)?;
        sampling.max_tokens = sampling.max_tokens.min(most);
        let request = right.id;
        let first = Some(first);
        Ok(Bill {
            request,
            served,
            prompt,
            sampling,
            stop,
            price_in,
            price_out,
            payer,
            funds,
            first,
        })
    }

    /// What pays from a channel: the voucher that is shown, and those kept before that still hold.
    fn funds(
        &self,
        id: ChannelId,
        channel: &Channel,
        shown: Authority,
        until: BlockNumber,
        right: &Right,
    ) -> Funds {
        let largest = shown.voucher.cumulative;
        let mut vouchers = self.owed(id).map_or(Vec::new(), |account| account.vouchers);
        vouchers.retain(|kept| {
            kept.voucher.cumulative > largest
                && voucher::usable(kept, channel, &self.link.genesis(), until)
        });
        vouchers.push(shown);
        let Channel { deposit, claimed, .. } = *channel;
        Funds { channel: id, deposit, claimed, vouchers, limit: right.limit }
    }

    /// Sets money aside.
    async fn reserve(&self, funds: &Funds, price: Balance) -> Result<Reservation, Refusal> {
        let channel = funds.channel;
        match self.ledger.reserve(funds.clone(), price) {
            Err(Denied::Foreign { .. }) if self.settings.adopt => {
                let _adopting = self.adopting.lock().await;
                // Somebody else may have taken it over meanwhile.
                let again = self.ledger.reserve(funds.clone(), price);
                let Err(Denied::Foreign { amount }) = again else {
                    return again.map_err(|denied| refuse(denied, funds, price));
                };
                tracing::warn!(channel, %amount, "taken over: claimed, and not by this gateway");
                self.record(Entry::Adopted { channel, amount }).await?;
                self.ledger.reserve(funds.clone(), price)
            }
            result => result,
        }
        .map_err(|denied| refuse(denied, funds, price))
    }

    /// Lets a payer close its channel at once, if it owes nothing that the chain has not: nothing more is served from
    /// it, and the operator signs so. Waits for what is being answered from this channel.
    ///
    /// # Errors
    /// If the channel is another's, another gateway of the operator serves, the channel's signer did not ask for this, or
    /// something is not settled yet.
    pub async fn release(&self, asked: SignedClosing) -> Result<SignedClosing, Refusal> {
        let (_, view) = self.link.now().await?;
        let id = asked.closing.channel;
        let channel = view.channel(id).await.map_err(crate::Error::from)?;
        let ours = channel.filter(|channel| channel.operator == self.account).ok_or_else(|| {
            let message = format!("there is no channel {id} to {}", self.account);
            Refusal::not_found("channel_unknown", message)
        })?;
        // What is owed stands in the ledger that is served from.
        self.ensure_lease(&view).await?;
        self.agree(asked, &ours).await
    }

    /// What [`Gateway::release`] answers about a channel of its own.
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
        let settled = |owed: Balance| {
            if owed <= claimed && closing.claimed == claimed {
                return Ok(());
            }
            let message = format!(
                "channel {id} owes {owed} units, the chain has paid {claimed} of them, and {} were named: settle \
                 first, then ask with what was paid",
                closing.claimed
            );
            Err(Refusal::conflict("unsettled", message))
        };
        self.ledger.release(id, settled).await?;
        Ok(SignedClosing { closing, signature: account::sign(&self.operator, &preimage) })
    }

    /// Answers what is paid for. What was generated is charged, also when the caller hung up meanwhile; what was not,
    /// since nothing came of it or the caller left before its turn, is not.
    async fn serve(&self, mut bill: Bill, caller: &Arc<Caller>) -> Result<Answered, Refusal> {
        let price = bill.price(bill.sampling.max_tokens);
        bill.first = None;
        let reservation = self.reserve(&bill.funds, price).await?;
        let mut place = self.queue.enter(bill.payer)?;
        tokio::select! {
            biased;
            () = caller.gone() => return Err(nobody()),
            () = place.turn() => {}
        }
        self.compute(bill, reservation, place, caller).await
    }

    /// Computes an answer whose turn it is, and charges it.
    async fn compute(
        &self,
        mut bill: Bill,
        reservation: Reservation,
        place: Place,
        caller: &Arc<Caller>,
    ) -> Result<Answered, Refusal> {
        let start = Instant::now();
        bill.served = self.catalogue.living(bill.served).await?;
        let tokens = bill.prompt.len().saturating_add(bill.sampling.max_tokens);
        // The keys and values of prompt and answer, for as long as it is computed.
        let room = self.catalogue.room(&bill.served, tokens)?;
        let end = async {
            let _ = tokio::time::timeout_at((caller.since + TIME).into(), caller.gone()).await;
        };
        let (prompt, stop) = (bill.prompt.clone(), bill.stop.clone());
        let generated = bill.served.answer(prompt, bill.sampling, stop, end).await;
        drop(room);
        let Generated { output, text, stop } = generated.map_err(|failure| match failure {
            Failure::Refused(reason) => Refusal::bad_request("generation_failed", reason),
            failure => self.catalogue.died(bill.served.key, &failure).into(),
        })?;
        drop(place);
        if caller.is_gone() {
            self.metrics.hung_up.inc();
            if output.is_empty() {
                return Err(nobody());
            }
        }
        if output.is_empty() && caller.since.elapsed() >= TIME {
            let message = "the prompt was not read in time, and nothing is charged: ask with a shorter one, or later";
            return Err(Refusal::too_slow("too_slow", message));
        }
        self.metrics.seconds.observe(start.elapsed().as_secs_f64());
        let (tokens_in, tokens_out) = (bill.prompt.len(), output.len());
        let fee = bill.price(tokens_out);
        let answer = self.charge(bill, reservation, fee, output, text, stop).await?;
        self.metrics.answers.inc();
        self.metrics.tokens.with_label_values(&["in"]).inc_by(tokens_in as u64);
        self.metrics.tokens.with_label_values(&["out"]).inc_by(tokens_out as u64);
        Ok(answer.into())
    }

    /// Signs a receipt and has it on disk.
    async fn charge(
        &self,
        bill: Bill,
        reservation: Reservation,
        fee: Balance,
        output: Vec<u32>,
        text: String,
        stop: Stop,
    ) -> Result<Answer, Refusal> {
        let Bill { request, served, prompt, payer, funds, .. } = bill;
        let operator = self.operator.clone();
        let receipt = Receipt {
            genesis: self.link.genesis(),
            model: served.key.id,
            version: served.key.version,
            operator: account::bytes(&self.account),
            payer,
            channel: funds.channel,
            cumulative: 0,
            request: hashing::token_ids(hashing::REQUEST, &prompt),
            response: hashing::token_ids(hashing::RESPONSE, &output),
            tokens_in: prompt.len() as u32,
            tokens_out: output.len() as u32,
            fee,
            issued_at: now(),
        };
        let version = (receipt.model, receipt.version);
        let sign = move |cumulative| {
            let receipt = Receipt { cumulative, ..receipt };
            let signature = account::sign(&operator, receipt.id().as_bytes());
            let signed = SignedReceipt { receipt, signature };
            let transcript = Transcript { signed, prompt_ids: prompt, output_ids: output };
            Answer { request, transcript, text, finish: stop.into() }
        };
        let answer = self.ledger.commit(reservation, fee, sign).await?;
        self.measure();
        let count = self.book(|book| book.groups().get(&version).map_or(0, |group| group.count()));
        if count >= self.settings.settle_every {
            self.bell.notify_one();
        }
        Ok(answer)
    }
}

/// Why no money is set aside, to the caller.
fn refuse(denied: Denied, funds: &Funds, price: Balance) -> Refusal {
    let channel = funds.channel;
    match denied {
        Denied::Released => {
            let message =
                format!("channel {channel} is being closed with this gateway: open another");
            Refusal::payment("channel_closing", message, None)
        }
        Denied::Foreign { amount } => Refusal::conflict(
            "channel_elsewhere",
            format!(
                "{amount} units of channel {channel} were claimed by another gateway of this operator, or before this \
                 one lost its ledger: not served twice, open another channel (its operator can take the channel over \
                 with --adopt)"
            ),
        ),
        Denied::Short(found) => short(channel, found, price),
        Denied::Limit { taken } => usage::spent(taken, price, funds.limit),
    }
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        let Answer { transcript: Transcript { signed, .. }, text, finish, .. } = answer;
        Self { model: signed.receipt.model, text, stop: finish.into(), signed }
    }
}

impl From<Stop> for Finish {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::EndOfText => Self::Stop,
            Stop::Length => Self::Length,
        }
    }
}

impl From<Finish> for Stop {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Stop => Self::EndOfText,
            Finish::Length => Self::Length,
        }
    }
}

impl Bill {
    /// What it costs with an answer of so many tokens. Both are below the context, which is far below 2^32.
    fn price(&self, tokens: usize) -> Balance {
        Receipt::price(self.prompt.len() as u32, tokens as u32, self.price_in, self.price_out)
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

#[cfg(test)]
pub(crate) mod tests;
