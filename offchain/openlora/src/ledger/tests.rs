use std::{
    collections::BTreeMap,
    path::Path,
    sync::{atomic::AtomicU64, atomic::Ordering, Arc, Mutex},
};

use openledger_primitives::{
    hashing, merkle,
    receipt::{Receipt, SignedReceipt, Transcript},
    signature::Signature,
    voucher::{Authority, Voucher},
    BlockNumber, ModelId,
};
use proptest::prelude::*;
use redb::{backends::InMemoryBackend, Database, StorageBackend};

use super::{
    book::{Batch, BatchClaim, Finish},
    draft::{Draft, Limits, Tender},
    *,
};

const WIDE: Limits = Limits { receipts: 1_000, claims: 64, tokens: u64::MAX };

pub fn identity() -> Identity {
    Identity { genesis: H256::repeat_byte(7), operator: H256::repeat_byte(8) }
}

fn authority(channel: ChannelId, cumulative: Balance, expires: BlockNumber) -> Authority {
    let voucher = Voucher { channel, cumulative, expires };
    Authority { voucher, signature: Some(Signature::Sr25519([1; 64])) }
}

/// An answer; `n` makes it unlike others.
pub fn answer(
    model: ModelId,
    channel: ChannelId,
    n: u64,
    cumulative: Balance,
    fee: Balance,
) -> Answer {
    let receipt = Receipt {
        genesis: H256::zero(),
        model,
        version: 1,
        operator: H256::zero(),
        payer: H256::zero(),
        channel,
        cumulative,
        request: H256::zero(),
        response: H256::zero(),
        tokens_in: 1,
        tokens_out: 1,
        fee,
        issued_at: n,
    };
    let signed = SignedReceipt { receipt, signature: Signature::Sr25519([1; 64]) };
    Answer {
        request: H256::from_low_u64_be(n),
        transcript: Transcript { signed, prompt_ids: vec![1, 2], output_ids: vec![3] },
        text: "three".into(),
        finish: Finish::Stop,
    }
}

/// That it was given, paid by a voucher that is just enough.
pub fn answered(
    number: Number,
    model: ModelId,
    channel: ChannelId,
    cumulative: Balance,
    fee: Balance,
) -> Entry {
    let vouchers = vec![authority(channel, cumulative, 1_000)];
    Entry::Answered { number, answer: answer(model, channel, number, cumulative, fee), vouchers }
}

/// A batch of everything that waits of a model, if there is something.
pub fn batch(book: &Book, model: ModelId) -> Option<Batch> {
    let mut draft = Draft::new(WIDE);
    let group = book.groups().get(&(model, 1))?;
    let mut tenders = BTreeMap::new();
    let mut answers = Vec::new();
    for (number, waiting) in group.iter() {
        let vouchers = book.channel(waiting.channel)?.vouchers.clone();
        let tender = tenders.entry(waiting.channel).or_insert(Tender { claimed: 0, vouchers });
        draft.put(number, waiting, tender);
        answers.push((number, answer(model, waiting.channel, number, 0, waiting.fee)));
    }
    Some(Batch::new((model, 1), &answers, draft.claims(&tenders)).0)
}

fn book(entries: impl IntoIterator<Item = Entry>) -> Book {
    let mut book = Book::default();
    entries.into_iter().for_each(|entry| book.apply(entry));
    book
}

fn in_memory() -> Store {
    let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    Store::of(database, Path::new("memory"), identity()).unwrap().0
}

#[test]
fn a_batch_should_be_of_its_receipts_in_order() {
    let answers: Vec<_> = (1..4).map(|n| (n, answer(1, 7, n, 10 * Balance::from(n), 10))).collect();
    let claims = vec![BatchClaim { voucher: authority(7, 30, 9), amount: 30 }];
    let (batch, blob) = Batch::new((1, 1), &answers, claims);
    let ids: Vec<H256> = String::from_utf8(blob.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Transcript>(line).unwrap().signed.receipt.id())
        .collect();
    let expected: Vec<H256> =
        answers.iter().map(|(_, a)| a.transcript.signed.receipt.id()).collect();
    assert_eq!(ids, expected);
    assert_eq!(batch.receipts_root, merkle::root(&ids));
    assert_eq!(batch.content, hashing::content_id(&blob));
    assert_eq!((batch.numbers, batch.total_fee), (vec![1, 2, 3], 30));
}

#[test]
fn apply_should_not_keep_receipts_that_cost_nothing() {
    let book = book([answered(0, 1, 7, 0, 0), answered(1, 2, 8, 0, 0), answered(2, 2, 7, 5, 5)]);
    assert_eq!((book.pending(), book.channel(8).unwrap().owed), (1, 0));
    assert_eq!(batch(&book, 2).unwrap().numbers, [2]);
}

#[test]
fn a_receipt_should_be_settled_once() {
    let mut book = book([answered(0, 1, 7, 10, 10), answered(1, 1, 7, 12, 2)]);
    let first = batch(&book, 1).unwrap();
    let receipts_root = first.receipts_root;
    book.apply(Entry::Batched(first));
    assert_eq!((book.pending(), book.open().len(), book.batched(7)), (0, 1, 12));
    assert_eq!(batch(&book, 1), None);
    book.apply(answered(2, 1, 7, 20, 8));

    let mut refused = book.clone();
    refused.apply(Entry::Dissolved { receipts_root });
    assert_eq!((refused.pending(), refused.open().len()), (3, 0));
    assert_eq!(batch(&refused, 1).unwrap().total_fee, 20);

    book.apply(Entry::Settled { receipts_root, settlement: 0, at: 0 });
    book.apply(Entry::Settled { receipts_root, settlement: 0, at: 0 });
    book.apply(Entry::Dissolved { receipts_root });
    assert_eq!((book.pending(), book.open().len()), (1, 0));
    let account = book.channel(7).unwrap();
    assert_eq!((account.owed, account.settled, account.outstanding()), (20, 12, 8));
}

#[test]
fn ending_should_name_channels_whose_debts_must_be_claimed() {
    let mut book = book([answered(0, 1, 7, 10, 10), answered(1, 1, 8, 4, 4)]);
    assert_eq!(book.ending(900, 1_000), [7, 8].into());
    assert_eq!(book.ending(900, 999), [].into());
    assert_eq!(book.ending(1_001, BlockNumber::MAX), [].into());
    // A larger voucher that ends sooner hides nothing of what the other still covers.
    let mut longer = book.clone();
    longer.apply(Entry::Answered {
        number: 2,
        answer: answer(1, 7, 2, 15, 5),
        vouchers: vec![authority(7, 20, 500), authority(7, 12, 5_000)],
    });
    assert_eq!(longer.ending(400, 600), [7].into());
    assert_eq!(longer.ending(501, 4_000), [8].into());
    assert_eq!(longer.ending(4_000, 6_000), [7].into());
    let (numbers, fees) = book.of_channel(8);
    assert_eq!((numbers.clone(), fees), (vec![1], 4));
    book.apply(Entry::WrittenOff { channel: 8, numbers, at: 5 });
    assert_eq!(book.ending(0, BlockNumber::MAX), [7].into());
    assert_eq!((book.pending(), book.channel(8).unwrap().written_off), (1, 4));
    book.apply(Entry::Forgotten { channel: 8 });
    assert_eq!(book.channel(8), None);
}

/// What happens to a book: one of the entries that fit it, chosen by numbers.
fn happen(book: &Book, (step, model, channel, fee): (u8, u32, u64, u128)) -> Option<Entry> {
    let root = book.open().next().map(|open| open.batch.receipts_root);
    match (step, root) {
        (0, _) => batch(book, model).map(Entry::Batched),
        (1, Some(receipts_root)) => Some(Entry::Dissolved { receipts_root }),
        (2, Some(receipts_root)) => Some(Entry::Settled { receipts_root, settlement: 1, at: 5 }),
        (3, _) => {
            let numbers = book.of_channel(channel).0;
            Some(Entry::WrittenOff { channel, numbers, at: 5 })
        }
        (4, _) => Some(Entry::Adopted { channel, amount: fee }),
        (5, _) => Some(Entry::Released { channel }),
        (6, _) => {
            let over = |account: &account::Account| account.outstanding() == 0;
            let known = book.channel(channel).is_some_and(over);
            known.then_some(Entry::Forgotten { channel })
        }
        _ => {
            let owed = book.channel(channel).map_or(0, |account| account.owed);
            Some(answered(book.next(), model, channel, owed + fee, fee))
        }
    }
}

type Step = (u8, u32, u64, u128);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..14, 1u32..3, 0u64..3, 0u128..50), 1..60)
}

proptest! {
    /// Through batches, refusals, settlements and write-offs: what each channel owes is what was settled, adopted and
    /// written off, what is batched and what waits; and a batch claims exactly its receipts' fees.
    #[test]
    fn every_fee_should_be_in_one_place(steps in steps()) {
        let mut book = Book::default();
        for step in steps {
            let Some(entry) = happen(&book, step) else { continue };
            book.apply(entry);
            for (channel, account) in book.channels_from(0) {
                let waiting = book.of_channel(channel).1;
                let elsewhere = account.settled + account.written_off + book.batched(channel);
                prop_assert_eq!(account.owed, elsewhere + waiting);
            }
            let fees: Balance = book.groups().values().map(|group| group.fees()).sum();
            let each: Balance =
                book.groups().values().flat_map(|group| group.iter()).map(|(_, w)| w.fee).sum();
            prop_assert_eq!(fees, each);
            let counted: usize = book.groups().values().map(|group| group.count()).sum();
            prop_assert_eq!(book.pending(), counted);
            for open in book.open() {
                let claims: Balance = open.batch.claims.iter().map(|claim| claim.amount).sum();
                prop_assert_eq!(claims, open.batch.total_fee);
            }
            let deadlines = book.channels_from(0).filter(|(_, a)| a.deadlines().next().is_some());
            let ending: Vec<_> = book.ending(0, BlockNumber::MAX).into_iter().collect();
            prop_assert_eq!(ending, deadlines.map(|(id, _)| id).collect::<Vec<_>>());
        }
    }

    /// Entries in transactions of any size lead to the same book on disk as in memory.
    #[test]
    fn the_store_should_lead_to_the_same_book(steps in steps(), size in 1usize..8) {
        let store = in_memory();
        let (mut book, mut group) = (Book::default(), vec![]);
        for step in steps {
            let Some(entry) = happen(&book, step) else { continue };
            book.apply(entry.clone());
            group.push(entry);
            if group.len() == size {
                store.write(&group).unwrap();
                group.clear();
                prop_assert_eq!(&store.load().unwrap(), &book);
            }
        }
    }
}

#[test]
fn open_should_refuse_what_is_another_process_or_another_ledgers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/ledger.redb");
    let ledger = Ledger::open(&path, identity()).unwrap();
    assert!(matches!(Ledger::open(&path, identity()), Err(Error::Busy { .. })));
    drop(ledger);
    let other = Identity { operator: H256::zero(), ..identity() };
    let refused = Ledger::open(&path, other).err().unwrap().to_string();
    assert!(refused.contains("not of"), "{refused}");
    drop(Ledger::open(&path, identity()).unwrap());

    for bytes in ["{\"answer\":1}\n".repeat(1_000), "x".into()] {
        let path = folder.path().join("something.else");
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(Ledger::open(&path, identity()), Err(Error::NotALedger { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), bytes, "it is as it was");
    }

    let path = folder.path().join("other.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = redb::TableDefinition::<u64, u64>::new("somebody's");
    transaction.open_table(table).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(Ledger::open(&path, identity()), Err(Error::NotALedger { .. })));
}

#[test]
fn a_ledger_should_keep_its_id_and_no_other_should_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let id = |name: &str| Ledger::open(&folder.path().join(name), identity()).unwrap().id();
    let first = id("first.redb");
    assert_eq!(id("first.redb"), first);
    assert_ne!(id("second.redb"), first);
}

#[test]
fn drop_ended_should_drop_answers_a_day_after_they_were_settled() {
    let store = in_memory();
    let day = 24 * 60 * 60 * 1_000;
    let paid = answered(0, 1, 7, 10, 10);
    store.write(&[paid.clone(), answered(1, 1, 7, 10, 0)]).unwrap();
    let book = store.load().unwrap();
    let first = batch(&book, 1).unwrap();
    let receipts_root = first.receipts_root;
    store.write(&[Entry::Batched(first)]).unwrap();
    let kept = |n: u64| store.of_request(&H256::from_low_u64_be(n)).unwrap().is_some();
    // The free answer's day began when it was given.
    assert_eq!(store.drop_ended(1 + day).unwrap(), 0);
    assert_eq!(store.drop_ended(2 + day).unwrap(), 1);
    assert_eq!((kept(0), kept(1)), (true, false));
    assert_eq!(store.drop_ended(u64::MAX).unwrap(), 0, "what is not settled stays");
    store.write(&[Entry::Settled { receipts_root, settlement: 3, at: 1_000 }]).unwrap();
    let Entry::Answered { answer, .. } = paid else { unreachable!() };
    let receipt = answer.transcript.signed.receipt.id();
    assert_eq!(store.of_receipt(&receipt).unwrap(), Some(answer));
    assert_eq!(store.drop_ended(1_000 + day).unwrap(), 0);
    assert_eq!(store.drop_ended(1_001 + day).unwrap(), 1);
    assert!(!kept(0) && store.of_receipt(&receipt).unwrap().is_none());
}

/// The file of a ledger that settles as fast as it answers stays as large as what it keeps.
#[test]
fn the_file_should_not_grow_with_what_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.redb");
    let (store, mut book) = Store::open(&path, identity()).unwrap();
    let mut sizes = vec![];
    for round in 1..=60 {
        let mut entries = vec![];
        let mut put = |book: &mut Book, entry: Entry| {
            book.apply(entry.clone());
            entries.push(entry);
        };
        for _ in 0..100 {
            let owed = book.channel(7).map_or(0, |account| account.owed) + 5;
            let entry = answered(book.next(), 1, 7, owed, 5);
            put(&mut book, entry);
        }
        let batch = batch(&book, 1).unwrap();
        let receipts_root = batch.receipts_root;
        put(&mut book, Entry::Batched(batch));
        put(&mut book, Entry::Settled { receipts_root, settlement: 1, at: 0 });
        store.write(&entries).unwrap();
        store.drop_ended(u64::MAX).unwrap();
        if round % 20 == 0 {
            sizes.push(std::fs::metadata(&path).unwrap().len());
        }
    }
    assert!(sizes[2] < 2 * sizes[0], "{sizes:?}");
}

fn funds(channel: ChannelId, deposit: Balance, voucher: Balance) -> Funds {
    Funds {
        channel,
        deposit,
        claimed: 0,
        vouchers: vec![authority(channel, voucher, 1_000)],
        limit: Balance::MAX,
    }
}

fn ledger() -> Ledger {
    let store = in_memory();
    let book = store.load().unwrap();
    Ledger::of(store, book)
}

fn give(channel: ChannelId, n: u64, fee: Balance) -> impl FnOnce(Balance) -> Answer + Send {
    move |cumulative| answer(1, channel, n, cumulative, fee)
}

#[tokio::test]
async fn reserve_should_deny_what_voucher_or_deposit_does_not_cover() {
    let ledger = ledger();
    let short = |funds, amount| match ledger.reserve(funds, amount) {
        Err(Denied::Short(short)) => (short.taken, short.most, short.deposit),
        other => panic!("{other:?}"),
    };
    assert_eq!(short(funds(7, 1_000, 99), 100), (0, 99, 1_000));
    assert_eq!(short(funds(7, 99, 1_000), 100), (0, 1_000, 99));
    let first = ledger.reserve(funds(7, 1_000, 100), 60).unwrap();
    assert_eq!(short(funds(7, 1_000, 100), 41), (60, 100, 1_000));
    // The first one's voucher counts for the second.
    let second = ledger.reserve(funds(7, 1_000, 50), 40).unwrap();
    assert_eq!(ledger.reserved(7), 100);
    let charged = ledger.commit(second, 30, give(7, 1, 30)).await.unwrap();
    assert_eq!(charged.transcript.signed.receipt.cumulative, 30);
    assert_eq!(ledger.read(|book| book.channel(7).unwrap().most()), 100);
    assert_eq!(ledger.reserved(7), 60);
    drop(first);
    assert_eq!(ledger.reserved(7), 0);
    assert!(matches!(
        ledger.commit(ledger.reserve(funds(7, 1_000, 100), 10).unwrap(), 11, give(7, 2, 11)).await,
        Err(Error::Shared(error)) if matches!(*error, Error::Overcharged { .. })
    ));
    assert_eq!(ledger.read(|book| book.channel(7).unwrap().owed), 30);
    assert_eq!(ledger.reserved(7), 0);
}

#[tokio::test]
async fn reserve_should_deny_a_channel_of_which_others_claimed() {
    let ledger = ledger();
    let claimed = |claimed| Funds { claimed, ..funds(7, 1_000, 500) };
    assert_eq!(ledger.reserve(claimed(40), 1).err(), Some(Denied::Foreign { amount: 40 }));
    ledger.record(Entry::Adopted { channel: 7, amount: 40 }).await.unwrap();
    let reservation = ledger.reserve(claimed(40), 10).unwrap();
    let charged = ledger.commit(reservation, 10, give(7, 1, 10)).await.unwrap();
    assert_eq!(charged.transcript.signed.receipt.cumulative, 50);
    // What it claims itself is its own from the moment of its batch on.
    assert_eq!(ledger.reserve(claimed(50), 1).err(), Some(Denied::Foreign { amount: 10 }));
    let voucher = authority(7, 500, 1_000);
    let own = Batch {
        model: 1,
        version: 1,
        receipts_root: H256::zero(),
        content: H256::zero(),
        numbers: vec![0],
        claims: vec![BatchClaim { voucher, amount: 10 }],
        total_fee: 10,
    };
    ledger.record(Entry::Batched(own)).await.unwrap();
    drop(ledger.reserve(claimed(50), 1).unwrap());
    let settled = Entry::Settled { receipts_root: H256::zero(), settlement: 1, at: 0 };
    ledger.record(settled).await.unwrap();
    drop(ledger.reserve(claimed(50), 1).unwrap());
    assert_eq!(ledger.reserve(claimed(51), 1).err(), Some(Denied::Foreign { amount: 1 }));
}

#[tokio::test]
async fn release_should_wait_for_its_own_reservations_and_end_the_channel() {
    let ledger = Arc::new(ledger());
    let _other = ledger.reserve(funds(8, 100, 100), 10).unwrap();
    let own = ledger.reserve(funds(7, 100, 100), 10).unwrap();
    let releasing = {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            ledger
                .release(7, |owed| {
                    assert_eq!(owed, 4);
                    Ok::<_, Error>(())
                })
                .await
        })
    };
    while !ledger.shared.lock().closing.contains_key(&7) {
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.reserve(funds(7, 100, 100), 1).err(), Some(Denied::Released));
    ledger.commit(own, 4, give(7, 1, 4)).await.unwrap();
    releasing.await.unwrap().unwrap();
    assert_eq!(ledger.reserve(funds(7, 100, 100), 1).err(), Some(Denied::Released));
    // Where it is not agreed to, the channel goes on.
    let refused = ledger.release(9, |_| Err(Error::Writer)).await;
    assert!(refused.is_err());
    drop(ledger.reserve(funds(9, 100, 100), 1).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_requests_at_once_should_be_answered_and_charged_once() {
    let ledger = Arc::new(ledger());
    let computed = Arc::new(AtomicU64::new(0));
    let request = H256::from_low_u64_be(5);
    let mut asked = vec![];
    for n in 0..16 {
        let (ledger, computed) = (ledger.clone(), computed.clone());
        asked.push(tokio::spawn(async move {
            match ledger.begin(request).await.unwrap() {
                Begun::Before(answer) => Some(*answer),
                // Some give up before they are charged: the next takes over.
                Begun::Now(running) if n % 4 != 0 => {
                    let reservation = ledger.reserve(funds(7, 1_000, 1_000), 10).unwrap();
                    computed.fetch_add(1, Ordering::Relaxed);
                    let answer = ledger.commit(reservation, 10, give(7, 5, 10)).await.unwrap();
                    drop(running);
                    Some(answer)
                }
                Begun::Now(_) => None,
            }
        }));
    }
    let mut answers = vec![];
    for answer in asked {
        answers.extend(answer.await.unwrap());
    }
    assert!(answers.len() >= 12 && answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(computed.load(Ordering::Relaxed), 1);
    assert_eq!(ledger.read(|book| book.channel(7).unwrap().owed), 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Many at once reserve, charge, give up and look: at every moment what is owed and reserved is within voucher and
    /// deposit, and no two answers of a channel have the same place in it.
    #[test]
    fn what_is_owed_and_reserved_should_be_within_voucher_and_deposit_at_every_moment(
        deposits in prop::collection::vec(0u128..500, 3),
        works in prop::collection::vec(
            prop::collection::vec((0u64..3, 0u128..600, 0u128..60, 0u128..60, any::<bool>()), 1..12),
            2..8,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let ledger = Arc::new(ledger());
        let shown = Arc::new(Mutex::new(BTreeMap::<ChannelId, Balance>::new()));
        let given = Arc::new(Mutex::new(Vec::new()));
        let watch = {
            let deposits = deposits.clone();
            let shown = shown.clone();
            move |ledger: &Ledger| {
                let state = ledger.shared.lock();
                let shown = shown.lock().unwrap();
                for channel in 0..3 {
                    let owed = state.book.channel(channel).map_or(0, |account| account.owed);
                    let all = owed + state.holds.reserved(channel);
                    let most = shown.get(&channel).copied().unwrap_or(0);
                    assert!(all <= most.min(deposits[channel as usize]), "{all} of {channel}");
                }
            }
        };
        let counter = Arc::new(AtomicU64::new(0));
        runtime.block_on(async {
            let mut tasks = vec![];
            for work in works {
                let (ledger, watch, deposits) = (ledger.clone(), watch.clone(), deposits.clone());
                let (shown, given, counter) = (shown.clone(), given.clone(), counter.clone());
                tasks.push(tokio::spawn(async move {
                    for (channel, voucher, worst, fee, gives_up) in work {
                        {
                            let mut shown = shown.lock().unwrap();
                            let most = shown.entry(channel).or_default();
                            *most = voucher.max(*most);
                        }
                        let kept = ledger.read(|book| book.channel(channel).map(|a| a.vouchers.clone()));
                        let mut funds = funds(channel, deposits[channel as usize], voucher);
                        funds.vouchers.extend(kept.unwrap_or_default());
                        let reserved = ledger.reserve(funds, worst);
                        watch(&ledger);
                        let Ok(reservation) = reserved else { continue };
                        tokio::task::yield_now().await;
                        if gives_up {
                            drop(reservation);
                        } else {
                            let n = counter.fetch_add(1, Ordering::Relaxed);
                            let fee = fee.min(worst);
                            let answer = ledger.commit(reservation, fee, give(channel, n, fee)).await;
                            given.lock().unwrap().push(answer.unwrap());
                        }
                        watch(&ledger);
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
        let mut owed = BTreeMap::<ChannelId, Balance>::new();
        let mut receipts: Vec<_> =
            given.lock().unwrap().iter().map(|a| a.transcript.signed.receipt.clone()).collect();
        // What was free comes after what led to the same amount.
        receipts.sort_by_key(|receipt| (receipt.channel, receipt.cumulative, receipt.fee == 0));
        for receipt in receipts {
            let owed = owed.entry(receipt.channel).or_default();
            *owed += receipt.fee;
            prop_assert_eq!(receipt.cumulative, *owed);
        }
        for (channel, owed) in owed {
            prop_assert_eq!(ledger.read(|book| book.channel(channel).unwrap().owed), owed);
            prop_assert_eq!(ledger.reserved(channel), 0);
        }
        prop_assert_eq!(&ledger.store.load().unwrap(), &ledger.read(Book::clone));
    }
}

/// A disk whose power fails after some operations: what was not synced is lost, or in part not.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Sectors>>);

#[derive(Debug, Default)]
struct Sectors {
    synced: Vec<u8>,
    written: Vec<u8>,
    /// Since the last sync.
    writes: Vec<(u64, Vec<u8>)>,
    /// Operations until the power fails.
    left: usize,
}

impl Sectors {
    fn spend(&mut self) -> std::io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or_else(|| std::io::Error::other("no power"))?;
        Ok(())
    }
}

/// Writes as much as there is room for: the rest was cut off since.
fn put(bytes: &mut [u8], offset: u64, data: &[u8]) {
    let room = bytes.get_mut(offset as usize..).unwrap_or_default();
    let length = data.len().min(room.len());
    room[..length].copy_from_slice(&data[..length]);
}

impl Disk {
    /// The power is back, for so many operations; of the writes that were not synced, those are there that `survives`.
    fn restart(&self, left: usize, survives: impl Fn(usize) -> bool) {
        let mut disk = self.0.lock().unwrap();
        let Sectors { synced, written, writes, .. } = &mut *disk;
        synced.resize(written.len().max(synced.len()), 0);
        let alive = writes.drain(..).enumerate().filter(|(n, _)| survives(*n));
        alive.for_each(|(_, (offset, data))| put(synced, offset, &data));
        *written = synced.clone();
        disk.left = left;
    }

    fn open(&self) -> Option<Ledger> {
        let database = Database::builder().create_with_backend(self.clone()).ok()?;
        let (store, book) = Store::of(database, Path::new("disk"), identity()).ok()?;
        Some(Ledger::of(store, book))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.0.lock().unwrap().written.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        let disk = self.0.lock().unwrap();
        let offset = offset as usize;
        out.copy_from_slice(&disk.written[offset..offset + out.len()]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.spend()?;
        disk.written.resize(length as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.spend()?;
        let Sectors { synced, written, writes, .. } = &mut *disk;
        synced.resize(written.len(), 0);
        writes.drain(..).for_each(|(offset, data)| put(synced, offset, &data));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.spend()?;
        put(&mut disk.written, offset, data);
        disk.writes.push((offset, data.to_vec()));
        Ok(())
    }
}

/// Asks for six answers, each until it is there, and settles halfway.
async fn work(ledger: &Ledger, acknowledged: &mut Vec<Answer>) -> Result<()> {
    for n in 0..6 {
        let request = H256::from_low_u64_be(n);
        let answer = match ledger.begin(request).await? {
            Begun::Before(answer) => *answer,
            Begun::Now(_running) => {
                let reservation = ledger.reserve(funds(7, 1_000, 1_000), 20).unwrap();
                ledger.commit(reservation, 10, give(7, n, 10)).await?
            }
        };
        acknowledged.retain(|known| known.request != request);
        acknowledged.push(answer);
        let due = ledger.read(|book| (book.pending() == 3).then(|| batch(book, 1))).flatten();
        if let Some(due) = due.filter(|_| n == 2) {
            let receipts_root = due.receipts_root;
            ledger.record(Entry::Batched(due)).await?;
            ledger.record(Entry::Settled { receipts_root, settlement: 1, at: 0 }).await?;
        }
    }
    Ok(())
}

/// The power fails at every point in turn, then once more after the restart; what was not synced is lost in several ways.
#[tokio::test]
async fn no_answer_should_be_lost_or_charged_twice_wherever_the_power_fails() {
    let mut point = 40;
    loop {
        let mut crashed = false;
        for kind in 0..3 {
            let survives = |n: usize| match kind {
                0 => false,
                1 => true,
                _ => n.is_multiple_of(2),
            };
            let disk = Disk::default();
            disk.restart(usize::MAX, survives);
            drop(disk.open().unwrap());
            disk.restart(point, survives);
            let mut acknowledged = vec![];
            for _ in 0..2 {
                let Some(ledger) = disk.open() else {
                    crashed = true;
                    disk.restart(point, survives);
                    continue;
                };
                crashed |= work(&ledger, &mut acknowledged).await.is_err();
                drop(ledger);
                disk.restart(point, survives);
            }
            disk.restart(usize::MAX, survives);
            let ledger = disk.open().unwrap();
            for known in &acknowledged {
                assert_eq!(ledger.answer_to(known.request).await.unwrap().as_ref(), Some(known));
            }
            work(&ledger, &mut acknowledged).await.unwrap();
            let owed = ledger.read(|book| book.channel(7).unwrap().owed);
            assert_eq!((owed, acknowledged.len()), (60, 6), "power failed after {point}");
            let places: std::collections::BTreeSet<Balance> =
                acknowledged.iter().map(|a| a.transcript.signed.receipt.cumulative).collect();
            assert_eq!(places.len(), 6);
        }
        if !crashed {
            break;
        }
        point += 1;
    }
}
