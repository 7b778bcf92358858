//! Nothing is ever proven of honest work; of work with one wrong number, that number's kind alone.

use codec::{Decode, Encode, MaxEncodedLen};
use openledger_primitives::{
    attribution::Attribution,
    fraud::{
        check, Accused, Fraud, IndexProof, NotProven, PartialProof, Path, QueryProof, ScoreProof,
        StepProof, SumsProof,
    },
    hashing, merkle,
    receipt::Receipt,
    score::{self, partial_sum, rows, BLOCK},
    shares::{Share, ShareVector},
    trace::Trace,
    work, ContributionId, H256, PPM,
};
use proptest::prelude::*;

type Block = [i16; BLOCK];

/// Numbers that look random and follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        hashing::content_id(&self.0.to_le_bytes()).to_low_u64_be()
    }

    fn below(&mut self, limit: u64) -> usize {
        (self.next() % limit) as usize
    }

    fn block(&mut self) -> Block {
        core::array::from_fn(|_| self.next() as i16)
    }
}

/// Everything that an attributor has, down to the last number.
#[derive(Clone)]
struct Rig {
    contributions: Vec<ContributionId>,
    variants: u8,
    floor: u32,
    /// How much of what a trace explains follows it.
    part: u32,
    /// `[rows][blocks]`.
    index: Vec<Vec<Block>>,
    receipts: Vec<Receipt>,
    /// `[receipts][blocks]`.
    queries: Vec<Vec<(u8, Block)>>,
    /// `[receipts][rows][blocks]`.
    partials: Vec<Vec<Vec<(u8, i64)>>>,
    /// `[receipts][rows][blocks]`.
    totals: Vec<Vec<Vec<i128>>>,
    /// `[receipts][rows]`.
    scores: Vec<Vec<i128>>,
    traces: Vec<Trace>,
    fees: Vec<u128>,
    /// `[receipts][contributions + 1]`.
    sums: Vec<Vec<u128>>,
    shares: ShareVector,
}

/// One number of the work.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Sum(usize, usize, usize),
    Shift(usize, usize, usize),
    Total(usize, usize, usize),
    Score(usize, usize),
    Fee(usize),
    Accumulated(usize, usize),
    Trace(usize),
    Share,
}

impl Rig {
    fn honest((seed, contributions, variants, blocks, receipts): Shape) -> Self {
        let mut numbers = Numbers(seed << 32);
        let rows = contributions * usize::from(variants);
        let mut rig = Self {
            contributions: (0..contributions as u32).map(|i| 3 * i + 2).collect(),
            variants,
            floor: [0, 1_000, 300_000][numbers.below(3)],
            part: [0, 200_000, PPM][numbers.below(3)],
            index: (0..rows).map(|_| (0..blocks).map(|_| numbers.block()).collect()).collect(),
            receipts: Vec::new(),
            queries: (0..receipts * usize::from(variants))
                .map(|_| (0..blocks).map(|_| (numbers.below(54) as u8, numbers.block())).collect())
                .collect(),
            partials: Vec::new(),
            totals: Vec::new(),
            scores: Vec::new(),
            traces: Vec::new(),
            fees: Vec::new(),
            sums: Vec::new(),
            shares: ShareVector::all_to_pool(),
        };
        for _ in 0..receipts {
            let all = rig.contributions.iter().map(|id| (*id, numbers.next() >> 40));
            let credits: Vec<_> = all.filter(|(_, credit)| credit % 2 == 1).collect();
            let bits =
                credits.iter().map(|(_, credit)| credit).sum::<u64>() + (numbers.next() >> 42);
            rig.traces.push(Trace { bits, credits: credits.try_into().expect("few") });
        }
        for i in 0..receipts {
            rig.receipts.push(receipt(i as u32, u128::from(numbers.next() >> 20)));
        }
        rig.fees = rig.receipts.iter().map(|receipt| receipt.fee).collect();
        for r in 0..receipts {
            let queries = rig.queries[r * usize::from(variants)..].iter();
            let queries = queries.take(usize::from(variants)).cycle();
            let partials = rig.index.iter().zip(queries).map(|(vector, query)| {
                query.iter().zip(vector).map(|((s, q), w)| (*s, partial_sum(q, w))).collect()
            });
            rig.partials.push(partials.collect());
            rig.totals.push(vec![vec![0; blocks]; rows]);
            rig.scores.push(vec![0; rows]);
            rig.sums.push(vec![0; contributions + 1]);
            for c in 0..rows {
                rig.follow_totals(r, c, 0);
            }
        }
        rig.follow_sums(0);
        rig.shares = work::mean(&rig.contributions, &rig.sums[receipts - 1]);
        rig
    }

    fn total_before(&self, r: usize, c: usize, b: usize) -> i128 {
        b.checked_sub(1).map_or(0, |before| self.totals[r][c][before])
    }

    /// The totals of a block and those after it, and the score.
    fn follow_totals(&mut self, r: usize, c: usize, from: usize) {
        for b in from..self.index[c].len() {
            let (shift, sum) = self.partials[r][c][b];
            self.totals[r][c][b] = score::add(self.total_before(r, c, b), sum, shift);
        }
        self.scores[r][c] = *self.totals[r][c].last().expect("at least one block");
    }

    fn shares_of(&self, r: usize) -> ShareVector {
        let scores = &self.scores[r];
        let influence = score::shares(&self.contributions, self.variants, scores, self.floor);
        self.traces[r].mix(&influence, self.part)
    }

    /// Contribution and variant of a row.
    fn row(&self, c: usize) -> (ContributionId, u8) {
        rows(&self.contributions, self.variants).nth(c).expect("a row that is there")
    }

    fn follow_sums(&mut self, from: usize) {
        for r in from..self.receipts.len() {
            let before = if r == 0 { &[][..] } else { &self.sums[r - 1] };
            let (fee, shares) = (self.fees[r], self.shares_of(r));
            self.sums[r] = work::accumulate(before, &self.contributions, fee, &shares);
        }
    }

    /// Changes one number; with `follow`, everything that follows from it too.
    fn tamper(&mut self, number: Number, by: i64, follow: bool) {
        let last = self.receipts.len() - 1;
        match number {
            Number::Sum(r, c, b) => {
                self.partials[r][c][b].1 = self.partials[r][c][b].1.wrapping_add(by)
            }
            Number::Shift(r, c, b) => self.partials[r][c][b].0 ^= (by as u8).max(1),
            Number::Total(r, c, b) => self.totals[r][c][b] += i128::from(by),
            Number::Score(r, c) => self.scores[r][c] += i128::from(by),
            Number::Fee(r) => self.fees[r] = self.fees[r].wrapping_add(by as u128),
            Number::Accumulated(r, at) => {
                self.sums[r][at] = self.sums[r][at].wrapping_add(by as u128)
            }
            Number::Trace(r) => {
                let nobody = (ContributionId::MAX, by.unsigned_abs());
                self.traces[r].credits.try_push(nobody).expect("few");
            }
            Number::Share => {
                let mut shares = self.shares.shares().to_vec();
                match shares.first_mut() {
                    Some(share) if share.ppm > 1 => share.ppm -= 1,
                    Some(_) => drop(shares.remove(0)),
                    None => shares.push(Share { contribution: self.contributions[0], ppm: 1 }),
                }
                let given: u32 = shares.iter().map(|share| share.ppm).sum();
                let list = shares.try_into().expect("short");
                self.shares = ShareVector::new(list, PPM - given).expect("sums up");
                return;
            }
        }
        if !follow {
            return;
        }
        match number {
            Number::Sum(r, c, b) | Number::Shift(r, c, b) => self.follow_totals(r, c, b),
            Number::Total(r, c, b) => self.follow_totals(r, c, b + 1),
            _ => {}
        }
        match number {
            Number::Accumulated(r, _) => self.follow_sums(r + 1),
            _ => self.follow_sums(0),
        }
        self.shares = work::mean(&self.contributions, &self.sums[last]);
    }

    fn numbers(&self) -> Vec<Number> {
        let mut all = vec![Number::Share];
        for r in 0..self.receipts.len() {
            all.push(Number::Fee(r));
            all.extend((0..=self.contributions.len()).map(|at| Number::Accumulated(r, at)));
            all.push(Number::Trace(r));
            for c in 0..self.index.len() {
                all.push(Number::Score(r, c));
                let blocks = 0..self.index[c].len();
                all.extend(blocks.flat_map(|b| {
                    [Number::Sum(r, c, b), Number::Shift(r, c, b), Number::Total(r, c, b)]
                }));
            }
        }
        all
    }

    fn partial_leaves(&self, r: usize, c: usize) -> Vec<H256> {
        let partials = (0u32..).zip(&self.partials[r][c]).zip(&self.totals[r][c]);
        partials
            .map(|((block, (shift, sum)), total)| work::partial(block, *shift, *sum, *total))
            .collect()
    }

    fn score_leaves(&self, r: usize) -> Vec<H256> {
        let leaf = |c: usize| {
            let partials = merkle::root(&self.partial_leaves(r, c));
            let (id, variant) = self.row(c);
            work::score(id, variant, self.scores[r][c], &partials)
        };
        (0..self.index.len()).map(leaf).collect()
    }

    fn step_leaves(&self) -> Vec<H256> {
        let leaf = |r: usize| {
            let scores = merkle::root(&self.score_leaves(r));
            let (trace, sums) = (self.traces[r].hash(), work::accumulated(&self.sums[r]));
            work::step(r as u32, self.fees[r], &scores, &trace, &sums)
        };
        (0..self.receipts.len()).map(leaf).collect()
    }

    fn index_leaves(&self) -> Vec<H256> {
        let vectors = rows(&self.contributions, self.variants).zip(&self.index);
        vectors
            .flat_map(|((id, variant), vector)| {
                let blocks = (0u32..).zip(vector);
                blocks.map(move |(block, values)| work::index_block(id, variant, block, values))
            })
            .collect()
    }

    fn query_leaves(&self) -> Vec<H256> {
        let receipts = 0..self.receipts.len() as u32;
        let rows = receipts.flat_map(|receipt| (0..self.variants).map(move |v| (receipt, v)));
        let leaves = rows.zip(&self.queries).flat_map(|((receipt, variant), query)| {
            (0u32..).zip(query).map(move |(block, (shift, q))| {
                work::query_block(receipt, variant, block, *shift, q)
            })
        });
        leaves.collect()
    }

    fn receipt_leaves(&self) -> Vec<H256> {
        self.receipts.iter().map(Receipt::id).collect()
    }

    fn attribution(&self) -> Attribution {
        Attribution {
            shares: self.shares.clone(),
            query_root: merkle::root(&self.query_leaves()),
            work_root: merkle::root(&self.step_leaves()),
            report: H256::repeat_byte(9),
        }
    }

    fn check(&self, attribution: &Attribution, fraud: &Fraud) -> Result<(), NotProven> {
        let accused = Accused {
            attribution,
            contributions: &self.contributions,
            variants: self.variants,
            blocks: self.index[0].len() as u32,
            index_root: merkle::root(&self.index_leaves()),
            receipts_root: merkle::root(&self.receipt_leaves()),
            receipts: self.receipts.len() as u32,
            floor: self.floor,
            trace: self.part,
        };
        check(&accused, fraud)
    }

    fn step(&self, r: usize) -> StepProof {
        StepProof {
            receipt: r as u32,
            fee: self.fees[r],
            scores: merkle::root(&self.score_leaves(r)),
            trace: self.traces[r].hash(),
            sums: work::accumulated(&self.sums[r]),
            path: path(&self.step_leaves(), r),
        }
    }

    fn score(&self, r: usize, c: usize) -> ScoreProof {
        let (contribution, variant) = self.row(c);
        ScoreProof {
            contribution,
            variant,
            score: self.scores[r][c],
            partials: merkle::root(&self.partial_leaves(r, c)),
            path: path(&self.score_leaves(r), c),
        }
    }

    fn partial(&self, r: usize, c: usize, b: usize) -> PartialProof {
        let (shift, sum) = self.partials[r][c][b];
        PartialProof {
            block: b as u32,
            shift,
            sum,
            total: self.totals[r][c][b],
            path: path(&self.partial_leaves(r, c), b),
        }
    }

    fn sums(&self, r: usize) -> SumsProof {
        SumsProof {
            step: self.step(r),
            sums: self.sums[r].clone().try_into().expect("few contributions"),
        }
    }

    /// What would prove a number wrong, if it were.
    fn against(&self, number: Number) -> Fraud {
        match number {
            Number::Sum(r, c, b) | Number::Shift(r, c, b) => {
                let variants = usize::from(self.variants);
                let row = r * variants + c % variants;
                let (query_shift, values) = self.queries[row][b];
                let blocks = self.index[c].len();
                Fraud::Partial {
                    step: self.step(r),
                    score: self.score(r, c),
                    partial: self.partial(r, c, b),
                    index: IndexProof {
                        values: Box::new(self.index[c][b]),
                        path: path(&self.index_leaves(), c * blocks + b),
                    },
                    query: QueryProof {
                        shift: query_shift,
                        values: Box::new(values),
                        path: path(&self.query_leaves(), row * blocks + b),
                    },
                }
            }
            Number::Total(r, c, b) => Fraud::Score {
                step: self.step(r),
                score: self.score(r, c),
                partial: self.partial(r, c, b),
                previous: b.checked_sub(1).map(|before| self.partial(r, c, before)),
            },
            Number::Score(r, c) => self.against(Number::Total(r, c, self.index[c].len() - 1)),
            Number::Fee(r) => Fraud::Fee {
                step: self.step(r),
                receipt: self.receipts[r].clone(),
                path: path(&self.receipt_leaves(), r),
            },
            Number::Accumulated(r, _) | Number::Trace(r) => Fraud::Step {
                step: self.step(r),
                scores: (0..self.index.len())
                    .map(|c| (self.scores[r][c], merkle::root(&self.partial_leaves(r, c))))
                    .collect::<Vec<_>>()
                    .try_into()
                    .expect("few contributions"),
                trace: self.traces[r].clone(),
                previous: r.checked_sub(1).map(|before| self.sums(before)),
            },
            Number::Share => Fraud::Shares { last: self.sums(self.receipts.len() - 1) },
        }
    }
}

/// Whether the same proof shows either number, in vectors of so many blocks.
fn same(blocks: usize, a: Number, b: Number) -> bool {
    use Number::*;
    match (a, b) {
        (Sum(r, c, x) | Shift(r, c, x), Sum(s, d, y) | Shift(s, d, y)) => (r, c, x) == (s, d, y),
        (Accumulated(r, _) | Trace(r), Accumulated(s, _) | Trace(s)) => r == s,
        // The last total is shown with the score.
        (Score(r, c), Total(s, d, x)) | (Total(s, d, x), Score(r, c)) => {
            (r, c, blocks) == (s, d, x + 1)
        }
        _ => a == b,
    }
}

fn receipt(number: u32, fee: u128) -> Receipt {
    Receipt {
        genesis: H256::repeat_byte(1),
        model: 2,
        version: 3,
        operator: H256::repeat_byte(4),
        payer: H256::repeat_byte(5),
        channel: 6,
        cumulative: 7,
        request: H256::repeat_byte(8),
        response: H256::repeat_byte(9),
        tokens_in: 10,
        tokens_out: 11,
        fee,
        issued_at: number.into(),
    }
}

fn path(leaves: &[H256], at: usize) -> Path {
    merkle::proof(leaves, at as u64).expect("in range").try_into().expect("short")
}

/// A seed, contributions, variants, blocks, receipts.
type Shape = (u64, usize, u8, usize, usize);

fn shape() -> impl Strategy<Value = Shape> {
    (0u64..1 << 20, 1usize..4, 1u8..4, 1usize..5, 1usize..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn honest_work_should_never_be_proven_wrong(shape in shape()) {
        let rig = Rig::honest(shape);
        let attribution = rig.attribution();
        for number in rig.numbers() {
            let fraud = rig.against(number);
            prop_assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::Right), "{:?}", number);
        }
    }

    #[test]
    fn honest_work_should_not_be_proven_wrong_by_changed_bytes(
        shape in shape(), pick in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let rig = Rig::honest(shape);
        let (attribution, numbers) = (rig.attribution(), rig.numbers());
        let mut bytes = rig.against(numbers[pick.index(numbers.len())]).encode();
        for (at, with) in changes {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        if let Ok(fraud) = Fraud::decode(&mut bytes.as_slice()) {
            prop_assert!(rig.check(&attribution, &fraud).is_err());
        }
    }

    /// Numbers of somebody else's work, of other places, lies with paths of their own: none is under the roots.
    #[test]
    fn honest_work_should_not_be_proven_wrong_by_a_liars_proofs(
        shape in shape(), pick in any::<prop::sample::Index>(), by in 1i64..1_000, follow in any::<bool>(),
    ) {
        let rig = Rig::honest(shape);
        let (attribution, numbers) = (rig.attribution(), rig.numbers());
        let number = numbers[pick.index(numbers.len())];
        let mut liar = rig.clone();
        liar.tamper(number, by, follow);
        for number in liar.numbers() {
            let lie = liar.against(number);
            prop_assert!(rig.check(&attribution, &lie).is_err());
            // Its values with honest paths, and the other way round.
            let honest = rig.against(number);
            for mixed in mixtures(&lie, &honest).into_iter().chain(mixtures(&honest, &lie)) {
                prop_assert!(rig.check(&attribution, &mixed).is_err());
            }
        }
    }

    #[test]
    fn a_wrong_number_should_be_proven_by_its_own_kind_alone(
        shape in shape(), pick in any::<prop::sample::Index>(), by in 1i64..1 << 40, negative in any::<bool>(),
    ) {
        let rig = Rig::honest(shape);
        let numbers = rig.numbers();
        let wrong = numbers[pick.index(numbers.len())];
        let mut liar = rig;
        liar.tamper(wrong, if negative { -by } else { by }, true);
        let (attribution, blocks) = (liar.attribution(), liar.index[0].len());
        for number in numbers {
            let found = liar.check(&attribution, &liar.against(number));
            let expected = if same(blocks, number, wrong) { Ok(()) } else { Err(NotProven::Right) };
            prop_assert_eq!(found, expected, "{:?} wrong, {:?} shown", wrong, number);
        }
    }

    #[test]
    fn a_wrong_number_should_be_proven_when_nothing_follows_from_it(
        shape in shape(), pick in any::<prop::sample::Index>(), by in 1i64..1 << 40,
    ) {
        let rig = Rig::honest(shape);
        let numbers = rig.numbers();
        let wrong = numbers[pick.index(numbers.len())];
        let mut liar = rig;
        liar.tamper(wrong, by, false);
        prop_assert_eq!(liar.check(&liar.attribution(), &liar.against(wrong)), Ok(()));
    }

    #[test]
    fn running_sums_should_give_the_weighted_mean(
        contributions in prop::collection::btree_set(any::<u32>(), 0..400),
        receipts in prop::collection::vec((any::<u128>(), any::<u64>()), 1..5), small in any::<bool>(),
    ) {
        let contributions: Vec<u32> = contributions.into_iter().collect();
        let (mut sums, mut vectors) = (Vec::new(), Vec::new());
        for (fee, seed) in receipts {
            let fee = if small { fee >> 64 } else { fee };
            let mut numbers = Numbers(seed >> 1);
            let scores: Vec<i128> =
                contributions.iter().map(|_| i128::from(numbers.next() as i64)).collect();
            let shares = score::shares(&contributions, 1, &scores, 100);
            sums = work::accumulate(&sums, &contributions, fee, &shares);
            vectors.push((fee, shares));
        }
        let mean = ShareVector::weighted_mean(vectors.iter().map(|(fee, shares)| (*fee, shares)));
        prop_assert_eq!(work::mean(&contributions, &sums), mean);
    }
}

/// `a` with one part after the other of `b`.
fn mixtures(a: &Fraud, b: &Fraud) -> Vec<Fraud> {
    let mut all = Vec::new();
    macro_rules! with {
        ($kind:ident, $($part:ident),*) => {
            if let (Fraud::$kind { .. }, Fraud::$kind { $($part),* }) = (a, b) {
                $(
                    let mut mixed = a.clone();
                    if let Fraud::$kind { $part: own, .. } = &mut mixed {
                        *own = $part.clone();
                    }
                    all.push(mixed);
                )*
            }
        };
    }
    with!(Partial, step, score, partial, index, query);
    with!(Score, step, score, partial, previous);
    with!(Step, step, scores, trace, previous);
    with!(Fee, step, receipt, path);
    with!(Shares, last);
    all
}

#[test]
fn check_should_name_the_reason_when_a_place_does_not_exist() {
    let rig = Rig::honest((1, 2, 2, 2, 2));
    let attribution = rig.attribution();
    let mut fraud = rig.against(Number::Fee(1));
    if let Fraud::Fee { step, .. } = &mut fraud {
        step.receipt = 2;
    }
    assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    let mut fraud = rig.against(Number::Score(0, 0));
    if let Fraud::Score { score, .. } = &mut fraud {
        score.contribution = 3;
    }
    assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    let mut fraud = rig.against(Number::Score(0, 0));
    if let Fraud::Score { score, .. } = &mut fraud {
        score.variant = 2;
    }
    assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    let mut fraud = rig.against(Number::Sum(0, 0, 1));
    if let Fraud::Partial { partial, .. } = &mut fraud {
        partial.block = 2;
    }
    assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    // The total before must be that of the block before, and shown unless it is the first.
    for (block, previous) in
        [(0, Some(rig.partial(0, 0, 0))), (1, None), (1, Some(rig.partial(0, 0, 1)))]
    {
        let mut fraud = rig.against(Number::Total(0, 0, block));
        if let Fraud::Score { previous: shown, .. } = &mut fraud {
            *shown = previous;
        }
        assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    }
    // The sums before must be those of the receipt before, and shown unless it is the first.
    for (receipt, previous) in [(0, Some(rig.sums(0))), (1, None), (1, Some(rig.sums(1)))] {
        let mut fraud = rig.against(Number::Accumulated(receipt, 0));
        if let Fraud::Step { previous: shown, .. } = &mut fraud {
            *shown = previous;
        }
        assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    }
    let early = Fraud::Shares { last: rig.sums(0) };
    assert_eq!(rig.check(&attribution, &early), Err(NotProven::OutOfRange));
    let mut fraud = rig.against(Number::Accumulated(0, 0));
    if let Fraud::Step { scores, .. } = &mut fraud {
        let _ = scores.try_push((0, H256::zero()));
    }
    assert_eq!(rig.check(&attribution, &fraud), Err(NotProven::OutOfRange));
    let none = Accused {
        attribution: &attribution,
        contributions: &[],
        variants: 0,
        blocks: 0,
        index_root: H256::zero(),
        receipts_root: H256::zero(),
        receipts: 0,
        floor: 0,
        trace: 0,
    };
    for number in rig.numbers() {
        assert_eq!(check(&none, &rig.against(number)), Err(NotProven::OutOfRange));
    }
}

#[test]
fn check_should_not_overflow_when_every_number_is_extreme() {
    let mut liar = Rig::honest((2, 1, 1, 2, 2));
    liar.partials[0][0] = vec![(255, i64::MAX), (255, i64::MAX)];
    liar.totals[0][0] = vec![i128::MIN, i128::MAX];
    liar.scores[0][0] = i128::MAX;
    liar.traces[0].bits = u64::MAX;
    liar.part = PPM;
    liar.fees[0] = u128::MAX;
    liar.sums = vec![vec![u128::MAX; 2]; 2];
    let attribution = liar.attribution();
    for number in
        [Number::Sum(0, 0, 0), Number::Total(0, 0, 0), Number::Score(0, 0), Number::Fee(0)]
    {
        assert_eq!(liar.check(&attribution, &liar.against(number)), Ok(()), "{number:?}");
    }
    for number in liar.numbers() {
        let _ = liar.check(&attribution, &liar.against(number));
    }
}

#[test]
fn no_tag_should_be_the_beginning_of_another() {
    use hashing::*;
    let tags = [
        RECORD,
        REQUEST,
        RESPONSE,
        RECEIPT,
        VOUCHER,
        COMMITMENT,
        INDEX_BLOCK,
        QUERY_BLOCK,
        PARTIAL_SUM,
        SCORE,
        STEP,
        TRACE,
        ACCUMULATED,
        METHOD,
    ];
    for (i, a) in tags.iter().enumerate() {
        assert!(tags.iter().enumerate().all(|(j, b)| i == j || !b.starts_with(a)));
    }
}

#[test]
fn leaves_should_be_hashes_of_their_encodings() {
    let root = H256::repeat_byte(7);
    let hash =
        |tag: &[u8], parts: &[&[u8]]| hashing::content_id(&[&[tag], parts].concat().concat());
    assert_eq!(
        work::partial(1, 2, -3, -4),
        hash(
            b"openledger/partial-sum/v1",
            &[&[1, 0, 0, 0, 2], &(-3i64).to_le_bytes(), &(-4i128).to_le_bytes()]
        )
    );
    assert_eq!(
        work::index_block(1, 2, 3, &[-1; BLOCK]),
        hash(b"openledger/index-block/v1", &[&[1, 0, 0, 0, 2, 3, 0, 0, 0], &[0xff; 2 * BLOCK]])
    );
    assert_eq!(
        work::score(4, 1, -5, &root),
        hash(b"openledger/score/v1", &[&[4, 0, 0, 0, 1], &(-5i128).to_le_bytes(), root.as_bytes()])
    );
    let trace = Trace { bits: 9, credits: vec![(4, 5)].try_into().expect("short") }.hash();
    assert_eq!(
        trace,
        hash(b"openledger/trace/v1", &[&9u64.to_le_bytes(), &[4, 4, 0, 0, 0], &5u64.to_le_bytes()])
    );
    let sums = work::accumulated(&[6, 7]);
    assert_eq!(
        sums,
        hash(b"openledger/accumulated/v1", &[&[8], &6u128.to_le_bytes(), &7u128.to_le_bytes()])
    );
    assert_eq!(
        work::step(8, 9, &root, &trace, &sums),
        hash(
            b"openledger/step/v1",
            &[
                &[8, 0, 0, 0],
                &9u128.to_le_bytes(),
                root.as_bytes(),
                trace.as_bytes(),
                sums.as_bytes()
            ]
        )
    );
}

/// What the chain's limits on the length and the cost of a call are measured against.
#[test]
fn the_largest_proof_should_fit_a_block() {
    assert!(Fraud::max_encoded_len() < 256 << 10, "{} bytes", Fraud::max_encoded_len());
}
