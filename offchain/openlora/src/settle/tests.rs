use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::ledger::{
    book::Book,
    tests::{answered, batch},
};

const UNSEEN: Seen = Seen { last: None, best: false, quiet: true, height: 9, refused: None };

#[test]
fn step_should_follow_what_final_state_says() {
    for quiet in [false, true] {
        for refused in [None, Some(3)] {
            let seen = Seen { quiet, refused, ..UNSEEN };
            assert_eq!(step(Seen { last: Some(4), ..seen }), Step::Close(4));
            assert_eq!(step(Seen { best: true, ..seen }), Step::Watch);
        }
    }
    assert_eq!(step(UNSEEN), Step::Submit);
    assert_eq!(step(Seen { quiet: false, ..UNSEEN }), Step::Wait);
    assert_eq!(step(Seen { refused: Some(9), ..UNSEEN }), Step::Dissolve);
    assert_eq!(step(Seen { refused: Some(10), ..UNSEEN }), Step::Wait);
    assert_eq!(step(Seen { quiet: false, refused: Some(3), ..UNSEEN }), Step::Wait);
}

/// As much of a chain as settling sees: transactions wait in the pool, get into blocks, and blocks become final or
/// are undone. A transaction is a batch and its nonce.
#[derive(Default)]
struct Fake {
    pool: VecDeque<(u64, Batch)>,
    /// Not final: transactions of one block each, and whether they succeeded.
    blocks: VecDeque<(u64, Batch, bool)>,
    settled: Vec<Batch>,
    nonce: u64,
}

impl Fake {
    fn next(&self) -> u64 {
        let used = self.pool.iter().map(|tx| tx.0).chain(self.blocks.iter().map(|tx| tx.0));
        used.max().map_or(self.nonce, |nonce| nonce + 1)
    }

    fn has(&self, root: H256) -> bool {
        self.settled.iter().any(|batch| batch.receipts_root == root)
    }

    fn in_best(&self, root: H256) -> bool {
        self.has(root)
            || self.blocks.iter().any(|(_, batch, ok)| *ok && batch.receipts_root == root)
    }

    fn see(&self, root: H256, refused: Option<BlockNumber>) -> Seen {
        let last = self.has(root).then_some(1);
        let quiet = self.nonce == self.next();
        Seen { last, best: self.in_best(root), quiet, height: 1, refused }
    }

    /// The next transaction gets into a block; returns its root if it is refused there.
    fn include(&mut self, refuse: bool) -> Option<H256> {
        let (nonce, batch) = self.pool.pop_front()?;
        let ok = !refuse && !self.in_best(batch.receipts_root);
        let root = batch.receipts_root;
        self.blocks.push_back((nonce, batch, ok));
        (!ok).then_some(root)
    }

    fn finalise(&mut self) {
        if let Some((nonce, batch, ok)) = self.blocks.pop_front() {
            self.nonce = nonce + 1;
            if ok {
                self.settled.push(batch);
            }
        }
    }

    /// Blocks are undone: their transactions are in the pool again, or lost.
    fn fork(&mut self, lose: bool) {
        while let Some((nonce, batch, _)) = self.blocks.pop_back() {
            self.pool.push_front((nonce, batch));
        }
        if lose {
            self.pool.clear();
        }
    }
}

/// Lets things happen to receipts, then the chain take what it is given, and says what is wrong in the end.
fn simulate(happens: &[u8], step: fn(Seen) -> Step) -> Result<(), &'static str> {
    let (mut chain, mut book) = (Fake::default(), Book::default());
    let mut refused = BTreeMap::<H256, BlockNumber>::new();
    let (mut owed, mut answers) = (0, 0);
    let calm = std::iter::repeat_n([7, 3, 6], 200).flatten();
    for what in happens.iter().copied().chain(calm) {
        match what {
            0..=2 => {
                answers += 1;
                owed += 5;
                book.apply(answered(book.next(), 1, 7, owed, 5));
            }
            3 => {
                chain.include(false);
            }
            4 => {
                if let Some(root) = chain.include(true).filter(|root| !chain.in_best(*root)) {
                    refused.insert(root, 1);
                }
            }
            5 => chain.fork(answers % 2 == 0),
            6 => chain.finalise(),
            // A restart: what was only remembered is gone.
            8 => refused.clear(),
            _ => {
                let mut known = true;
                for open in book.open().cloned().collect::<Vec<_>>() {
                    let receipts_root = open.batch.receipts_root;
                    let refused = refused.get(&receipts_root).copied();
                    match step(chain.see(receipts_root, refused)) {
                        Step::Close(settlement) => {
                            book.apply(Entry::Settled { receipts_root, settlement, at: 0 });
                        }
                        Step::Watch => {}
                        Step::Wait => known = false,
                        Step::Submit => {
                            chain.pool.push_back((chain.next(), open.batch));
                            known = false;
                        }
                        Step::Dissolve => book.apply(Entry::Dissolved { receipts_root }),
                    }
                }
                if let Some(batch) = batch(&book, 1).filter(|_| known) {
                    book.apply(Entry::Batched(batch.clone()));
                    chain.pool.push_back((chain.next(), batch));
                }
            }
        }
        let mut seen = BTreeSet::new();
        let mut receipts = chain.settled.iter().flat_map(|batch| &batch.numbers);
        if !receipts.all(|number| seen.insert(*number)) {
            return Err("a receipt is settled twice");
        }
    }
    let settled: Balance = chain.settled.iter().map(|batch| batch.total_fee).sum();
    if settled != owed || book.pending() > 0 || book.open().len() > 0 {
        return Err("not everything is settled");
    }
    Ok(())
}

proptest! {
    /// Through forks, lost transactions, refusals and restarts.
    #[test]
    fn every_receipt_should_be_settled_exactly_once(
        happens in prop::collection::vec(0u8..12, 1..150),
    ) {
        prop_assert_eq!(simulate(&happens, step), Ok(()));
    }
}

/// Two answers are batched and refused; a third comes; a fork brings the transaction back, and it succeeds.
#[test]
fn a_receipt_would_be_settled_twice_if_it_were_batched_anew_before_all_is_final() {
    let happens = [0, 0, 7, 4, 0, 5, 7, 3, 3, 6, 6];
    assert_eq!(simulate(&happens, step), Ok(()));
    let hasty = |seen| step(Seen { quiet: true, ..seen });
    assert_eq!(simulate(&happens, hasty), Err("a receipt is settled twice"));
}

#[test]
fn receipts_should_be_cut_at_what_engines_take() {
    // A LoRA of 262,144 numbers in blocks of 256, three variants.
    assert_eq!(receipts(1_024, 3, 1_000_000), 10_922);
    // Rank 16 on all projections of 8 billion parameters.
    assert_eq!(receipts(163_840, 3, 1_000_000), 68);
    assert_eq!(receipts(u32::MAX, 3, 1_000_000), 1);
    assert_eq!(receipts(1, 1, 1_000), 1_000);
    assert_eq!(receipts(0, 0, 1_000), 1_000);
}

#[tokio::test]
async fn due_should_follow_count_age_and_the_end_of_vouchers() {
    use crate::gateway::tests::offline;

    let folder = tempfile::tempdir().unwrap();
    let gateway = offline(folder.path());
    let due = |state: &mut Settling, best| gateway.due(state, best, false);
    let mut state = Settling::default();
    // Its voucher ends with block 1,000; its clock says that it was issued long ago.
    gateway.record(answered(0, 1, 7, 10, 10)).await.unwrap();
    assert_eq!(due(&mut state, 100), [((1, 1), false)]);
    // 600 blocks before the end.
    assert_eq!(due(&mut state, 399), [((1, 1), false)]);
    assert_eq!(due(&mut state, 400), [((1, 1), true)]);
    assert_eq!(due(&mut state, 1_001), [((1, 1), false)], "too late");
    state.unworthy.insert((1, 1), Instant::now());
    assert_eq!(due(&mut state, 400), [], "not worth it just now");
    assert_eq!(gateway.due(&mut state, 100, true), [((1, 1), false)]);
    state.unworthy.clear();
    // So it is where the payer closes the channel.
    state.leaving.insert(7, 300);
    assert_eq!(due(&mut state, 100), [((1, 1), true)]);
    state.impatient.insert((1, 1), Instant::now());
    assert_eq!(due(&mut state, 100), [], "refused just now");
    // A clock that was set back does not stop the one that nobody sets.
    let since = state.since[&(1, 1)];
    state.waited((1, 1), 0);
    assert_eq!(state.since[&(1, 1)], since);
    state.waited((1, 1), 1);
    assert_eq!(state.since[&(1, 1)].0, 1);
}
