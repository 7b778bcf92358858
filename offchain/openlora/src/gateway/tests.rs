use std::path::Path;

use openledger_chain::types::Static;
use openledger_primitives::{
    signature::Signer,
    voucher::{Closing, Voucher},
    H256,
};

use super::*;
use crate::{
    catalogue::{self, Registration},
    ledger, worker,
};

const GENESIS: H256 = H256([7; 32]);
/// Of a request that the signer signed.
const ANY: Right = Right { id: H256([1; 32]), limit: Balance::MAX };

fn open(folder: &Path) -> Ledger {
    let operator = account::bytes(&account::parse("//Bob").unwrap());
    let identity = Identity { genesis: GENESIS, operator };
    Ledger::open(&folder.join("ledger.redb"), identity).unwrap()
}

/// A gateway that lost its node.
pub fn offline(folder: &Path) -> Arc<Gateway> {
    with(folder, settings(folder))
}

fn with(folder: &Path, settings: Settings) -> Arc<Gateway> {
    let store = BlobStore::open(folder.join("store").to_str().unwrap()).unwrap();
    let operator = account::keypair("//Bob").unwrap();
    Gateway::of(Link::lost(GENESIS), store, operator, settings, open(folder))
}

fn settings(folder: &Path) -> Settings {
    Settings {
        models: BTreeSet::new(),
        settle_every: 64,
        settle_after: Duration::from_secs(60),
        settle_worth: 10,
        queue: 8,
        adopt: false,
        ledger: folder.into(),
        cache: Cache::new(folder.join("cache"), 1 << 30),
        memory: 1 << 30,
        program: worker::tests::program(),
    }
}

pub async fn load(gateway: &Gateway) -> Arc<Served> {
    let (base, adapter) = catalogue::tests::stored(&gateway.store).await;
    gateway.catalogue.load(2, 3, base, adapter, Registration::default()).await.unwrap()
}

fn voucher(cumulative: Balance) -> Authority {
    let voucher = Voucher { channel: 5, cumulative, expires: 4_000 };
    let key = account::keypair("//Alice").unwrap();
    let signature = account::sign(&key, &voucher.preimage(&GENESIS));
    Authority { voucher, signature: Some(signature) }
}

/// The amounts of vouchers. A key's two signatures of one voucher differ.
fn promised(vouchers: &[Authority]) -> Vec<Balance> {
    vouchers.iter().map(|kept| kept.voucher.cumulative).collect()
}

fn channel() -> Channel {
    Channel {
        payer: account::parse("//Alice").unwrap(),
        operator: account::parse("//Bob").unwrap(),
        deposit: 10_000,
        claimed: 0,
        expires: 5_000,
        closing: None,
        signer: Static(Signer::Account(account::parse("//Alice").unwrap())),
        former: None,
        request: None,
    }
}

/// A question of eight tokens at most, 1 unit for each token of the prompt, 3 for each of the answer.
async fn bill(gateway: &Gateway, served: &Arc<Served>, prompt: &str, cumulative: Balance) -> Bill {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let channel = channel();
    Bill {
        request: H256::from_low_u64_be(COUNT.fetch_add(1, Ordering::Relaxed)),
        served: served.clone(),
        prompt: served.base().read(H256::zero(), &Prompt::Text(prompt.into())).await.unwrap(),
        sampling: Sampling::greedy(8),
        stop: Vec::new(),
        price_in: 1_000,
        price_out: 3_000,
        payer: account::bytes(&channel.payer),
        funds: gateway.funds(5, &channel, voucher(cumulative), 1_000, &ANY),
        first: None,
    }
}

fn here() -> Arc<Caller> {
    Arc::default()
}

#[tokio::test]
async fn serve_should_charge_what_was_used_and_have_it_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let asked = bill(&gateway, &served, "fn main() {", 1_000).await;
    let prompt = asked.prompt.clone();
    let answered = gateway.serve(asked, &here()).await.unwrap();

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

    let asked = bill(&gateway, &served, "fn main() {", 1_000).await;
    let again = gateway.serve(asked, &here()).await.unwrap();
    assert_eq!(again.text, answered.text, "the likeliest tokens are the same each time");
    assert_eq!(again.signed.receipt.cumulative, 2 * fee);

    // As after a crash: nothing but the file is left.
    let book = gateway.book(Book::clone);
    drop(gateway);
    let ledger = open(folder.path());
    assert_eq!(ledger.read(Book::clone), book);
    assert_eq!((book.pending(), book.channel(5).unwrap().owed), (2, 2 * fee));
    assert_eq!(promised(&book.channel(5).unwrap().vouchers), [1_000]);
    let kept = ledger.answer_of(receipt.id()).await.unwrap().unwrap();
    assert_eq!(kept.text, answered.text);
    let transcript = kept.transcript;
    assert_eq!(transcript.signed, answered.signed);
    assert_eq!(transcript.prompt_ids, prompt);
    let hash = |tag, ids: &[u32]| hashing::token_ids(tag, ids);
    assert_eq!(receipt.request, hash(hashing::REQUEST, &transcript.prompt_ids));
    assert_eq!(receipt.response, hash(hashing::RESPONSE, &transcript.output_ids));
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/base"));
    let config = openledger_lm::Config::load(folder).unwrap();
    let tokenizer = openledger_lm::Tokenizer::load(folder, &config).unwrap();
    let text = tokenizer.decode_after(&prompt, &transcript.output_ids).unwrap();
    assert_eq!(text, answered.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serve_should_not_spend_a_voucher_twice_when_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let one = bill(&gateway, &served, "contract Token", 0).await.price(8);
    let enough = 2 * one + one / 2;
    let mut asked = Vec::new();
    for _ in 0..8 {
        let bill = bill(&gateway, &served, "contract Token", enough).await;
        let gateway = gateway.clone();
        asked.push(tokio::spawn(async move { gateway.serve(bill, &here()).await }));
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
    let owed = gateway.owed(5).unwrap().owed;
    assert_eq!(owed, fees);
    assert!(owed <= enough && refused > 0, "{owed} of {enough}, {refused} refused");
}

#[tokio::test]
async fn serve_should_pay_by_the_larger_voucher_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let first = gateway.serve(bill(&gateway, &served, "MIT", 1_000).await, &here()).await.unwrap();
    let second = gateway.serve(bill(&gateway, &served, "MIT", 1).await, &here()).await.unwrap();
    let fee = first.signed.receipt.fee;
    assert_eq!(second.signed.receipt.cumulative, 2 * fee);
    assert_eq!(promised(&gateway.owed(5).unwrap().vouchers), [1_000]);
    // Unless it does not hold long enough, or its key is the signer's no more.
    let later = gateway.funds(5, &channel(), voucher(1), 4_001, &ANY);
    assert_eq!(promised(&later.vouchers), [1]);
    let eve = Static(Signer::Account(account::parse("//Eve").unwrap()));
    let changed = Channel { signer: eve, ..channel() };
    let shown = gateway.funds(5, &changed, voucher(1), 1_000, &ANY);
    assert_eq!(promised(&shown.vouchers), [1]);
}

#[tokio::test]
async fn reserve_should_refuse_a_channel_of_which_others_claimed_unless_it_may_adopt() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let funds = Funds { claimed: 40, ..gateway.funds(5, &channel(), voucher(1_000), 1_000, &ANY) };
    let refusal = gateway.reserve(&funds, 10).await.unwrap_err();
    assert_eq!(refusal.code(), "channel_elsewhere");
    drop(gateway);
    let adopts = Settings { adopt: true, ..settings(folder.path()) };
    let gateway = with(folder.path(), adopts);
    drop(gateway.reserve(&funds, 10).await.unwrap());
    let account = gateway.owed(5).unwrap();
    assert_eq!((account.owed, account.settled), (40, 40));
    let refusal = gateway.reserve(&funds, 961).await.unwrap_err();
    assert_eq!(refusal.required().unwrap().cumulative, 1_001);
}

#[tokio::test]
async fn agree_should_end_a_channel_that_owes_nothing_and_serve_no_more_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let asked = bill(&gateway, &served, "MIT", 1_000).await;
    let mut channel = channel();
    let fee = gateway.serve(asked, &here()).await.unwrap().signed.receipt.fee;
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
    gateway.serve(bill(&gateway, &served, "MIT", 1_000).await, &here()).await.unwrap();
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
    let refusal =
        gateway.serve(bill(&gateway, &served, "MIT", 9_000).await, &here()).await.unwrap_err();
    assert_eq!(refusal.code(), "channel_closing");
}

#[tokio::test]
async fn serve_should_not_charge_who_left_before_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let gone = here();
    drop(Waits(gone.clone()));
    let asked = bill(&gateway, &served, "MIT", 1_000).await;
    assert_eq!(gateway.serve(asked, &gone).await.unwrap_err().code(), "gone");
    assert_eq!(gateway.owed(5), None);
    assert_eq!((gateway.ledger.reserved(5), gateway.queue.taken()), (0, 0));
}

#[tokio::test]
async fn compute_should_charge_what_was_generated_when_the_caller_hung_up() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let mut asked = bill(&gateway, &served, "fn main() {", 10_000).await;
    asked.sampling.max_tokens = 400;
    let request = asked.request;
    let reservation = gateway.reserve(&asked.funds, asked.price(400)).await.unwrap();
    let place = gateway.queue.enter(asked.payer).unwrap();
    let gone = here();
    drop(Waits(gone.clone()));
    // It hears so when it has chosen a token.
    let answered = gateway.compute(asked, reservation, place, &gone).await.unwrap();
    let receipt = answered.signed.receipt.clone();
    assert!((1..400).contains(&receipt.tokens_out), "{} tokens", receipt.tokens_out);
    let fee = receipt.fee;
    assert_eq!(fee, Balance::from(receipt.tokens_in + 3 * receipt.tokens_out));
    assert_eq!((receipt.cumulative, gateway.ledger.reserved(5)), (fee, 0));
    // Asked again, it is the same answer, and no second bill. Also after a crash before the answer left.
    drop(gateway);
    let gateway = offline(folder.path());
    let Begun::Before(again) = gateway.ledger.begin(request).await.unwrap() else {
        panic!("the answer is lost");
    };
    let again = Answered::from(*again);
    assert_eq!((again.signed, again.text), (answered.signed, answered.text));
    assert_eq!(gateway.owed(5).unwrap().owed, fee);
}

#[tokio::test]
async fn serve_should_end_at_a_stop_text_and_charge_what_was_generated() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let mut asked = bill(&gateway, &served, "fn main() {", 10_000).await;
    asked.sampling.max_tokens = 32;
    let whole = gateway.serve(asked, &here()).await.unwrap();
    let middle = whole.text.chars().nth(whole.text.chars().count() / 2).unwrap().to_string();
    let mut asked = bill(&gateway, &served, "fn main() {", 10_000).await;
    asked.sampling.max_tokens = 32;
    asked.stop = vec![middle.clone()];
    let stopped = gateway.serve(asked, &here()).await.unwrap();
    assert_eq!(stopped.stop, Stop::EndOfText);
    assert_eq!(Some(stopped.text.as_str()), whole.text.split(&middle).next());
    let (all, some) = (whole.signed.receipt.tokens_out, stopped.signed.receipt.tokens_out);
    assert!(some > 0 && some <= all, "{some} of {all}");
    assert_eq!(stopped.signed.receipt.fee % 3, whole.signed.receipt.fee % 3);
}

#[tokio::test]
async fn serve_should_refuse_beyond_the_limit_of_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let mut asked = bill(&gateway, &served, "MIT", 1_000).await;
    let price = asked.price(8);
    asked.funds.limit = price - 1;
    let refusal = gateway.serve(asked, &here()).await.unwrap_err();
    assert_eq!(refusal.code(), "session_spent");
    // What is being answered counts too.
    let mut asked = bill(&gateway, &served, "MIT", 1_000).await;
    asked.funds.limit = price;
    let other = gateway.reserve(&asked.funds, 1).await.unwrap();
    let refusal = gateway.reserve(&asked.funds, price).await.unwrap_err();
    assert_eq!(refusal.code(), "session_spent");
    drop(other);
    gateway.serve(asked, &here()).await.unwrap();
}

#[tokio::test]
async fn serve_should_charge_nothing_when_the_computation_fails() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let mut asked = bill(&gateway, &served, "MIT", 1_000).await;
    asked.sampling.temperature = 101.0;
    let refusal = gateway.serve(asked, &here()).await.unwrap_err();
    assert_eq!(refusal.code(), "generation_failed");
    assert_eq!(gateway.owed(5), None);
    assert_eq!((gateway.ledger.reserved(5), gateway.queue.taken()), (0, 0));
}

#[tokio::test]
async fn room_should_name_the_limit_when_the_prompt_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    assert_eq!(room(served.base().context, &[0]).unwrap(), 511);
    assert_eq!(room(512, &[0; 511]).unwrap(), 1);
    for prompt in
        [vec![], vec![0; 512], bill(&gateway, &served, &"a b ".repeat(2_000), 0).await.prompt]
    {
        let refusal = room(512, &prompt).unwrap_err();
        assert_eq!(refusal.code(), "context_length_exceeded");
        assert!(refusal.message().contains("expected 1 to 511"), "{}", refusal.message());
    }
    let mut long = bill(&gateway, &served, "", 10_000).await;
    long.prompt = vec![1; 511];
    let answered = gateway.serve(long, &here()).await.unwrap();
    assert!(answered.signed.receipt.tokens_out <= 1);
}

#[tokio::test]
async fn serve_should_refuse_when_there_is_no_place_and_keep_some_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let served = load(&gateway).await;
    let alice = account::bytes(&account::parse("//Alice").unwrap());
    // Two of eight places are the most of one payer.
    let two = gateway.queue.fill([alice; 8]);
    assert_eq!(two.len(), 2);
    let refusal =
        gateway.serve(bill(&gateway, &served, "MIT", 1_000).await, &here()).await.unwrap_err();
    assert_eq!(refusal.code(), "queue_full");
    assert!(refusal.message().contains("of this payer"), "{}", refusal.message());
    drop(two);
    let all = gateway.queue.fill((0..8).map(H256::from_low_u64_be));
    // What is not paid for takes no place, and learns that first.
    let refusal =
        gateway.serve(bill(&gateway, &served, "MIT", 1).await, &here()).await.unwrap_err();
    assert_eq!(refusal.code(), "insufficient_voucher");
    let refusal =
        gateway.serve(bill(&gateway, &served, "MIT", 1_000).await, &here()).await.unwrap_err();
    assert_eq!((refusal.code(), gateway.ledger.reserved(5)), ("queue_full", 0));
    drop(all);
    gateway.serve(bill(&gateway, &served, "MIT", 1_000).await, &here()).await.unwrap();
}

#[tokio::test]
async fn settle_should_keep_receipts_when_the_node_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    assert_eq!(gateway.settle(true).await.unwrap(), []);
    gateway.record(ledger::tests::answered(0, 1, 5, 10, 10)).await.unwrap();
    assert!(matches!(gateway.settle(true).await, Err(crate::Error::Chain(_))));
    assert_eq!(gateway.book(|book| (book.pending(), book.open().len())), (1, 0));
}
