//! Taking the steps of somebody's published work again, and proving the first wrong one.
//!
//! This needs no model: what an attributor says of its queries is taken as it is, and everything after them is integers.

use openledger_primitives::{
    fraud::{
        Accused, Fraud, IndexProof, PartialProof, Path, QueryProof, ScoreProof, StepProof,
        SumsProof,
    },
    merkle,
    receipt::Receipt,
    score::{self, BLOCK},
    work, ContributionId, H256,
};

use crate::{
    work::{ReceiptWork, Roots},
    Error, Index, Result,
};

/// Reads an accused attributor's work, receipt by receipt.
pub struct Prover<'a> {
    accused: Accused<'a>,
    index: &'a Index,
    receipts: &'a [Receipt],
    rows: Vec<(ContributionId, u8)>,
    index_leaves: Vec<H256>,
    query_leaves: Vec<H256>,
    /// Of the receipts so far; their paths are not known yet.
    steps: Vec<StepProof>,
    /// The running sums of the newest.
    sums: Vec<u128>,
    /// The first wrong step; its paths under roots over all receipts are not known yet.
    found: Option<Fraud>,
}

impl<'a> Prover<'a> {
    /// Of an accused, the index, and all receipts of the settlement in their order.
    ///
    /// # Errors
    /// If index or receipts are not those that the chain knows.
    pub fn new(accused: Accused<'a>, index: &'a Index, receipts: &'a [Receipt]) -> Result<Self> {
        let contributions: Vec<ContributionId> = index.contributions().collect();
        let index_leaves = index.leaves();
        let ids: Vec<H256> = receipts.iter().map(Receipt::id).collect();
        same("index's contributions", &accused.contributions, &contributions.as_slice())?;
        same("index's number of variants", &accused.variants, &index.variants())?;
        same("index's number of blocks", &(accused.blocks as usize), &index.blocks())?;
        same("index's root", &accused.index_root, &merkle::root(&index_leaves))?;
        same("number of receipts", &(accused.receipts as usize), &receipts.len())?;
        same("receipts' root", &accused.receipts_root, &merkle::root(&ids))?;
        Ok(Self {
            accused,
            index,
            receipts,
            rows: index.rows(),
            index_leaves,
            query_leaves: Vec::new(),
            steps: Vec::new(),
            sums: Vec::new(),
            found: None,
        })
    }

    /// The blob of the work on the next receipt.
    ///
    /// # Errors
    /// If it is no work on a receipt of this settlement, or one too many.
    pub fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let work = ReceiptWork::from_bytes(bytes, self.index)?;
        let at = self.steps.len();
        let Some(receipt) = self.receipts.get(at) else {
            return Err(Error::Work(format!("it is of more than {at} receipts")));
        };
        let roots = work.roots(&self.rows);
        let step = StepProof {
            receipt: at as u32,
            fee: work.fee,
            scores: roots.scores,
            trace: roots.trace,
            sums: roots.sums,
            path: Path::new(),
        };
        self.query_leaves.extend(work.query_leaves(step.receipt, self.accused.variants));
        if self.found.is_none() {
            self.found = self.examine(&step, receipt, &work, &roots)?;
        }
        self.steps.push(step);
        self.sums = work.sums;
        Ok(())
    }

    /// The proof of the first wrong step, if there is one.
    ///
    /// # Errors
    /// If the work is not what the accused committed to: then it shows nothing.
    pub fn finish(mut self) -> Result<Option<Fraud>> {
        let leaf = |step: &StepProof| {
            work::step(step.receipt, step.fee, &step.scores, &step.trace, &step.sums)
        };
        let leaves: Vec<H256> = self.steps.iter().map(leaf).collect();
        let Accused { attribution, contributions, .. } = self.accused;
        same("number of receipts in the work", &self.receipts.len(), &leaves.len())?;
        same("root over the work", &attribution.work_root, &merkle::root(&leaves))?;
        same("root over the queries", &attribution.query_root, &merkle::root(&self.query_leaves))?;
        if self.found.is_none() && attribution.shares != work::mean(contributions, &self.sums) {
            let step = self.steps.last().cloned();
            let step = step.ok_or_else(|| Error::Work("it is of no receipt".into()))?;
            self.found = Some(Fraud::Shares { last: sums(&step, &self.sums)? });
        }
        let Some(mut fraud) = self.found else { return Ok(None) };
        let lead = |step: &mut StepProof| step.path = path(&leaves, u64::from(step.receipt));
        match &mut fraud {
            Fraud::Partial { step, score, partial, query, .. } => {
                let Accused { variants, blocks, .. } = self.accused;
                let row = u64::from(step.receipt) * u64::from(variants) + u64::from(score.variant);
                let place = row * u64::from(blocks) + u64::from(partial.block);
                query.path = path(&self.query_leaves, place);
                lead(step);
            }
            Fraud::Step { step, previous, .. } => {
                lead(step);
                previous.iter_mut().for_each(|previous| lead(&mut previous.step));
            }
            Fraud::Score { step, .. } | Fraud::Fee { step, .. } => lead(step),
            Fraud::Shares { last } => lead(&mut last.step),
        }
        Ok(Some(fraud))
    }

    /// The first wrong step on one receipt, in the order in which they follow from each other.
    fn examine(
        &self,
        step: &StepProof,
        receipt: &Receipt,
        work: &ReceiptWork,
        roots: &Roots,
    ) -> Result<Option<Fraud>> {
        let step = || step.clone();
        let vectors = self.index.vectors().enumerate();
        for (position, ((_, variant), vector)) in vectors {
            let first = usize::from(variant) * self.index.blocks();
            let query = &work.query.as_chunks::<BLOCK>().0[first..];
            let shifts = &work.query_shifts[first..];
            let right = query.iter().zip(vector.as_chunks::<BLOCK>().0).zip(shifts);
            let wrong = right.zip(work.partials_of(position)).position(
                |(((query, index), query_shift), (shift, sum, _))| {
                    *query_shift != shift || score::partial_sum(query, index) != sum
                },
            );
            if let Some(block) = wrong {
                let score = self.score(position, work, roots);
                return Ok(Some(self.partial(step(), score, position, block, work)));
            }
        }
        for (position, found) in work.scores.iter().enumerate() {
            let (mut before, last) = (0, self.index.blocks() - 1);
            let wrong =
                work.partials_of(position).enumerate().position(|(block, (shift, sum, total))| {
                    let right = score::add(before, sum, shift);
                    before = total;
                    total != right || (block == last && total != *found)
                });
            if let Some(block) = wrong {
                return Ok(Some(Fraud::Score {
                    step: step(),
                    score: self.score(position, work, roots),
                    partial: self.partial_sum(position, block, work),
                    previous: block.checked_sub(1).map(|b| self.partial_sum(position, b, work)),
                }));
            }
        }
        if work.fee != receipt.fee {
            let ids: Vec<H256> = self.receipts.iter().map(Receipt::id).collect();
            let path = path(&ids, self.steps.len() as u64);
            return Ok(Some(Fraud::Fee { step: step(), receipt: receipt.clone(), path }));
        }
        let Accused { contributions, variants, floor, trace, .. } = self.accused;
        let influence = score::shares(contributions, variants, &work.scores, floor);
        let shares = work.trace.mix(&influence, trace);
        let right = work::accumulate(&self.sums, contributions, work.fee, &shares);
        if work.sums != right || !work.trace.is_of(contributions) {
            let scores: Vec<(i128, H256)> =
                work.scores.iter().copied().zip(roots.partials.iter().copied()).collect();
            let scores = scores.try_into().map_err(|_| too_long())?;
            let previous = self.steps.last().map(|step| sums(step, &self.sums)).transpose()?;
            let trace = work.trace.clone();
            return Ok(Some(Fraud::Step { step: step(), scores, trace, previous }));
        }
        Ok(None)
    }

    fn score(&self, position: usize, work: &ReceiptWork, roots: &Roots) -> ScoreProof {
        let leaves = work.score_leaves(&self.rows, &roots.partials);
        let (contribution, variant) = self.rows[position];
        ScoreProof {
            contribution,
            variant,
            score: work.scores[position],
            partials: roots.partials[position],
            path: path(&leaves, position as u64),
        }
    }

    fn partial_sum(&self, position: usize, block: usize, work: &ReceiptWork) -> PartialProof {
        let at = position * self.index.blocks() + block;
        PartialProof {
            block: block as u32,
            shift: work.shifts[at],
            sum: work.partials[at],
            total: work.totals[at],
            path: path(&work.partial_leaves(position), block as u64),
        }
    }

    fn partial(
        &self,
        step: StepProof,
        score: ScoreProof,
        position: usize,
        block: usize,
        work: &ReceiptWork,
    ) -> Fraud {
        let at = position * self.index.blocks() + block;
        let vectors: Vec<_> = self.index.vectors().collect();
        let queried = usize::from(score.variant) * self.index.blocks() + block;
        Fraud::Partial {
            step,
            score,
            partial: self.partial_sum(position, block, work),
            index: IndexProof {
                values: Box::new(vectors[position].1.as_chunks::<BLOCK>().0[block]),
                path: path(&self.index_leaves, at as u64),
            },
            query: QueryProof {
                shift: work.query_shifts[queried],
                values: Box::new(work.query.as_chunks::<BLOCK>().0[queried]),
                path: Path::new(),
            },
        }
    }
}

fn sums(step: &StepProof, sums: &[u128]) -> Result<SumsProof> {
    let sums = sums.to_vec().try_into().map_err(|_| too_long())?;
    Ok(SumsProof { step: step.clone(), sums })
}

fn path(leaves: &[H256], at: u64) -> Path {
    // A tree of so few leaves as fit in memory has fewer levels than a path may.
    Path::truncate_from(merkle::proof(leaves, at).unwrap_or_default())
}

fn too_long() -> Error {
    Error::Work("it has more contributions than the chain takes".into())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(Error::Work(format!("the {what} is {found:?}, the chain says {expected:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        index::{Header, Matrix, Member},
        query::Query,
        work::Parameters,
        Method,
    };
    use codec::Encode;
    use openledger_primitives::{
        attribution::Attribution,
        fraud::check,
        hashing,
        shares::{Share, ShareVector},
        trace::Trace,
        PPM,
    };
    use proptest::prelude::*;

    const PARAMETERS: Parameters = Parameters { floor: 1_000, trace: 200_000 };

    /// A settlement whose attributor publishes all its work.
    #[derive(Clone)]
    struct Job {
        index: Index,
        receipts: Vec<Receipt>,
        works: Vec<ReceiptWork>,
        shares: ShareVector,
    }

    fn numbers(seed: u64) -> impl FnMut() -> u64 {
        let mut at = seed << 32;
        move || {
            at += 1;
            hashing::content_id(&at.to_le_bytes()).to_low_u64_be()
        }
    }

    impl Job {
        fn honest((seed, contributions, variants, blocks, receipts): Shape) -> Self {
            let mut next = numbers(seed);
            let mut exponent = || (next() % 9) as i16 - 4;
            let matrix = |i: usize, exponent| Matrix {
                name: i.to_string(),
                input: 16,
                output: 16,
                exponent,
            };
            let header = Header {
                adapter: H256::repeat_byte(7),
                method: Method::default().to_json(),
                variants,
                matrices: (0..blocks).map(|i| matrix(i, exponent())).collect(),
                members: (0..contributions)
                    .map(|i| Member { contribution: 5 * i + 1, records: 1 })
                    .collect(),
            };
            let mut next = numbers(seed + 1);
            let length = (contributions * variants) as usize * blocks * BLOCK;
            let data = (0..length).map(|_| next() as i16).collect();
            let values = vec![0; variants as usize * blocks * BLOCK];
            let index = Index::new(header, data, values).unwrap();
            let receipts: Vec<Receipt> =
                (0..receipts).map(|i| receipt(i, 1_000 + u128::from(next() >> 24))).collect();
            let mut works = Vec::<ReceiptWork>::new();
            // For each variant a vector of its own.
            let queried = variants as usize * blocks;
            for receipt in &receipts {
                let query = Query {
                    exponents: (0..queried).map(|_| (next() % 9) as i16 - 4).collect(),
                    values: (0..queried * BLOCK).map(|_| next() as i16).collect(),
                };
                let named = index.contributions().filter(|id| id % 2 == 1);
                let credits: Vec<_> = named.map(|id| (id, 1 + (next() >> 40))).collect();
                let credited: u64 = credits.iter().map(|(_, credit)| credit).sum();
                let trace =
                    Trace { bits: credited + (next() >> 40), credits: credits.try_into().unwrap() };
                let before = works.last().map_or(&[][..], |work| &work.sums);
                let fee = receipt.fee;
                works.push(ReceiptWork::new(query, trace, &index, fee, before, PARAMETERS).0);
            }
            let mut job = Self { index, receipts, works, shares: ShareVector::all_to_pool() };
            job.shares = job.mean();
            job
        }

        fn contributions(&self) -> Vec<ContributionId> {
            self.index.contributions().collect()
        }

        fn mean(&self) -> ShareVector {
            work::mean(&self.contributions(), &self.works.last().unwrap().sums)
        }

        /// Makes of everything after it what follows from a changed number.
        fn follow(&mut self, kind: &str) {
            let contributions = self.contributions();
            let mut before = Vec::new();
            let blocks = self.index.blocks();
            for work in &mut self.works {
                for position in (0..work.scores.len()).filter(|_| kind == "partial") {
                    let mut total = 0;
                    for at in position * blocks..(position + 1) * blocks {
                        total = score::add(total, work.partials[at], work.shifts[at]);
                        work.totals[at] = total;
                    }
                    work.scores[position] = total;
                }
                let (variants, floor) = (self.index.variants(), PARAMETERS.floor);
                let influence = score::shares(&contributions, variants, &work.scores, floor);
                let shares = work.trace.mix(&influence, PARAMETERS.trace);
                work.sums = work::accumulate(&before, &contributions, work.fee, &shares);
                before = work.sums.clone();
            }
            self.shares = self.mean();
        }

        fn attribution(&self) -> Attribution {
            let rows = self.index.rows();
            let (mut queries, mut steps) = (Vec::new(), Vec::new());
            for (i, work) in (0u32..).zip(&self.works) {
                let roots = work.roots(&rows);
                queries.extend(work.query_leaves(i, self.index.variants()));
                steps.push(work::step(i, work.fee, &roots.scores, &roots.trace, &roots.sums));
            }
            Attribution {
                shares: self.shares.clone(),
                query_root: merkle::root(&queries),
                work_root: merkle::root(&steps),
                report: H256::zero(),
            }
        }

        /// What is found of `works` under an attribution, and whether the chain takes it.
        fn found(&self, attribution: &Attribution, works: &[ReceiptWork]) -> Result<Option<Fraud>> {
            let contributions = self.contributions();
            let ids: Vec<H256> = self.receipts.iter().map(Receipt::id).collect();
            let accused = Accused {
                attribution,
                contributions: &contributions,
                variants: self.index.variants(),
                blocks: self.index.blocks() as u32,
                index_root: self.index.root(),
                receipts_root: merkle::root(&ids),
                receipts: ids.len() as u32,
                floor: PARAMETERS.floor,
                trace: PARAMETERS.trace,
            };
            let mut prover = Prover::new(accused, &self.index, &self.receipts)?;
            works.iter().try_for_each(|work| prover.add(&work.encode()))?;
            let fraud = prover.finish()?;
            if let Some(fraud) = &fraud {
                assert_eq!(check(&accused, fraud), Ok(()), "{}", fraud.name());
            }
            Ok(fraud)
        }

        fn kind(&self) -> Option<&'static str> {
            self.found(&self.attribution(), &self.works).unwrap().map(|fraud| fraud.name())
        }

        /// Changes a number of this kind, chosen by `pick`.
        fn tamper(&mut self, kind: &str, pick: usize, by: i64) {
            if kind == "shares" {
                let first = self.contributions()[0];
                let ppm = if self.shares.of(first) == PPM { PPM - 1 } else { PPM };
                let list = vec![Share { contribution: first, ppm }].try_into().unwrap();
                self.shares = ShareVector::new(list, PPM - ppm).unwrap();
                return;
            }
            let all = self.works.len();
            let work = &mut self.works[pick % all];
            let pick = pick / all;
            match kind {
                "partial" if by % 2 == 0 => {
                    let at = pick % work.partials.len();
                    work.partials[at] += by;
                }
                "partial" => {
                    let at = pick % work.shifts.len();
                    work.shifts[at] = work.shifts[at].wrapping_add(by as u8);
                }
                "total" => {
                    let at = pick % work.totals.len();
                    work.totals[at] += i128::from(by);
                }
                "score" => {
                    let at = pick % work.scores.len();
                    work.scores[at] -= i128::from(by);
                }
                "fee" => work.fee += by as u128,
                // Nobody's: no honest trace has it.
                "trace" => work.trace.credits.try_push((ContributionId::MAX, by as u64)).unwrap(),
                "step" => {
                    let at = pick % work.sums.len();
                    work.sums[at] += by as u128;
                }
                _ => unreachable!("{kind}"),
            }
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

    /// Which number is wrong, and which kind of proof shows it.
    const KINDS: [(&str, &str); 7] = [
        ("partial", "partial"),
        ("total", "score"),
        ("score", "score"),
        ("fee", "fee"),
        ("step", "step"),
        ("trace", "step"),
        ("shares", "shares"),
    ];

    /// A seed, contributions, variants, blocks, receipts.
    type Shape = (u64, u32, u32, usize, u32);

    fn shape() -> impl Strategy<Value = Shape> {
        (0u64..1 << 20, 1u32..5, 1u32..4, 1usize..6, 1u32..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn nothing_should_be_found_in_honest_work(shape in shape()) {
            prop_assert_eq!(Job::honest(shape).kind(), None);
        }

        #[test]
        fn a_wrong_number_should_be_found_and_proven_by_its_kind(
            shape in shape(), pick in any::<usize>(), by in 1i64..255,
        ) {
            let honest = Job::honest(shape);
            for (number, kind) in KINDS {
                let mut liar = honest.clone();
                liar.tamper(number, pick, by);
                prop_assert_eq!(liar.kind(), Some(kind));
                if ["partial", "score", "fee", "trace"].contains(&number) {
                    liar.follow(number);
                    prop_assert_eq!(liar.kind(), Some(kind));
                }
            }
        }

        #[test]
        fn work_that_was_not_committed_to_should_be_refused(
            shape in shape(), pick in any::<usize>(), by in 1i64..255,
        ) {
            let honest = Job::honest(shape);
            for kind in ["partial", "total", "score", "fee", "step", "trace"] {
                let mut other = honest.clone();
                other.tamper(kind, pick, by);
                let refused = honest.found(&honest.attribution(), &other.works);
                prop_assert!(matches!(refused, Err(Error::Work(_))), "{}", kind);
            }
            let mut other = honest.clone();
            let last = other.works.last_mut().unwrap();
            last.query_shifts[0] ^= 1;
            prop_assert!(honest.found(&honest.attribution(), &other.works).is_err());
            let fewer = &honest.works[1..];
            prop_assert!(honest.found(&honest.attribution(), fewer).is_err());
            let more = [&honest.works[..], &honest.works[..1]].concat();
            prop_assert!(honest.found(&honest.attribution(), &more).is_err());
        }
    }

    #[test]
    fn new_should_refuse_when_index_or_receipts_are_not_the_chains() {
        let job = Job::honest((1, 2, 2, 3, 2));
        let attribution = job.attribution();
        let mut other = job.clone();
        other.receipts[1].fee += 1;
        let contributions = job.contributions();
        let ids: Vec<H256> = job.receipts.iter().map(Receipt::id).collect();
        let accused = Accused {
            attribution: &attribution,
            contributions: &contributions,
            variants: 2,
            blocks: 3,
            index_root: job.index.root(),
            receipts_root: merkle::root(&ids),
            receipts: 2,
            floor: PARAMETERS.floor,
            trace: PARAMETERS.trace,
        };
        let refused = |accused, receipts| {
            let refused = Prover::new(accused, &job.index, receipts).err();
            refused.map_or_else(String::new, |error| error.to_string())
        };
        assert_eq!(refused(accused, &job.receipts), "");
        assert!(refused(accused, &other.receipts).contains("receipts' root"));
        assert!(refused(accused, &job.receipts[..1]).contains("number of receipts"));
        assert!(refused(Accused { variants: 1, ..accused }, &job.receipts).contains("variants"));
        assert!(refused(Accused { blocks: 4, ..accused }, &job.receipts).contains("blocks"));
        let root = Accused { index_root: H256::zero(), ..accused };
        assert!(refused(root, &job.receipts).contains("index's root"));
        let fewer = Accused { contributions: &contributions[..1], ..accused };
        assert!(refused(fewer, &job.receipts).contains("contributions"));
    }

    /// The sizes of `docs/protocol/fraud.md`.
    #[test]
    fn proofs_should_be_small_in_the_shape_of_the_demo() {
        let honest = Job::honest((1, 7, 1, 270, 30));
        assert_eq!(honest.works[0].encode().len(), 186_087);
        for (kind, most) in
            [("partial", 2_541), ("score", 1_065), ("fee", 663), ("step", 1_079), ("shares", 375)]
        {
            let mut liar = honest.clone();
            liar.tamper(kind, 12_345, 2);
            let fraud = liar.found(&liar.attribution(), &liar.works).unwrap().unwrap();
            let size = fraud.encode().len();
            println!("{kind}: {size} bytes");
            assert!(fraud.name() == kind && size <= most, "{kind}: {size} bytes");
        }
    }
}
