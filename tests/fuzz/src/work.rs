//! An attributor's work on one settlement, honest or with one wrong number, and what proves it wrong.
//!
//! Indices and queries here are tiny and made up, but hashed, summed and committed to as the protocol
//! says: so a right result is one that nothing can be proven of, and a lie one that its proof convicts.

use std::collections::BTreeSet;

use openledger_primitives::{
    attribution::Attribution,
    fraud::{Fraud, IndexProof, PartialProof, Path, QueryProof, ScoreProof, StepProof, SumsProof},
    merkle,
    receipt::Receipt,
    score::{self, rows, BLOCK},
    shares::{Share, ShareList, ShareVector},
    trace::Trace,
    work, ContributionId, Ppm, H256, PPM,
};

/// Which number of the first receipt, row and block is wrong. What follows from it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    Sum,
    Shift,
    Total,
    Score,
    Fee,
    Accumulated,
    Shares,
    Trace,
}

/// All of them.
pub const LIES: [Lie; 8] = [
    Lie::Sum,
    Lie::Shift,
    Lie::Total,
    Lie::Score,
    Lie::Fee,
    Lie::Accumulated,
    Lie::Shares,
    Lie::Trace,
];

/// The lie that a byte stands for.
pub fn lie(byte: u8) -> Lie {
    match LIES[usize::from(byte) % (LIES.len() - 1)] {
        // The last lie has half of the bytes of another: what all others stand for in the corpus stays.
        Lie::Accumulated if byte % 2 == 1 => Lie::Trace,
        lie => lie,
    }
}

/// What the chain has of an index, and of how shares are made.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub variants: u8,
    pub blocks: u32,
    pub floor: Ppm,
    /// How much of what a trace explains follows it.
    pub trace: Ppm,
}

/// Block `block` of a row's vector.
fn index_values((contribution, variant): (ContributionId, u8), block: u32) -> [i16; BLOCK] {
    let row = contribution.wrapping_mul(7).wrapping_add(u32::from(variant) << 16);
    values(row.wrapping_add(block))
}

/// What the trace of a receipt's answer credits: every second contribution a part, and nobody the rest.
fn trace_of(receipt: usize, contributions: &[ContributionId]) -> Trace {
    let credits: Vec<_> =
        contributions.iter().skip(receipt % 2).step_by(2).copied().zip(100u64..).collect();
    let bits = credits.iter().map(|(_, credit)| 2 * credit).sum();
    Trace { bits, credits: credits.try_into().expect("few contributions") }
}

fn query_values(receipt: u32, variant: u8, block: u32) -> [i16; BLOCK] {
    let seed = receipt.wrapping_mul(3).wrapping_add(block).wrapping_add(1);
    values(seed.wrapping_add(u32::from(variant).wrapping_mul(101)))
}

/// Numbers of both signs, of which two sets point the same way or opposite ways.
fn values(seed: u32) -> [i16; BLOCK] {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    core::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16
    })
}

/// The root of the index over these contributions, in so many vectors of so many blocks each.
pub fn index_root(contributions: &BTreeSet<ContributionId>, variants: u8, blocks: u32) -> H256 {
    let contributions: Vec<_> = contributions.iter().copied().collect();
    merkle::root(&index_leaves(&contributions, variants, blocks))
}

fn index_leaves(contributions: &[ContributionId], variants: u8, blocks: u32) -> Vec<H256> {
    let leaf = |(id, variant), block| {
        work::index_block(id, variant, block, &index_values((id, variant), block))
    };
    rows(contributions, variants)
        .flat_map(|row| (0..blocks).map(move |block| leaf(row, block)))
        .collect()
}

/// Everything from the queries to the shares.
#[derive(Clone)]
pub struct Work {
    contributions: Vec<ContributionId>,
    rules: Rules,
    receipts: Vec<Receipt>,
    /// By receipt, row and block.
    partials: Vec<Vec<Vec<(u8, i64)>>>,
    /// Their running totals.
    totals: Vec<Vec<Vec<i128>>>,
    /// By receipt and row.
    scores: Vec<Vec<i128>>,
    traces: Vec<Trace>,
    fees: Vec<u128>,
    /// By receipt; the last of each is the pool's.
    sums: Vec<Vec<u128>>,
    shares: ShareVector,
}

impl Work {
    /// Done right.
    pub fn honest(
        contributions: Vec<ContributionId>,
        rules: Rules,
        receipts: Vec<Receipt>,
    ) -> Self {
        let Rules { variants, blocks, .. } = rules;
        let partials = (0u32..)
            .zip(&receipts)
            .map(|(receipt, _)| {
                let of = |row: (ContributionId, u8), block| {
                    let q = query_values(receipt, row.1, block);
                    let w = index_values(row, block);
                    (block as u8, score::partial_sum(&q, &w))
                };
                rows(&contributions, variants)
                    .map(|row| (0..blocks).map(|block| of(row, block)).collect())
                    .collect()
            })
            .collect();
        let fees = receipts.iter().map(|receipt| receipt.fee).collect();
        let traces = (0..receipts.len()).map(|receipt| trace_of(receipt, &contributions)).collect();
        let mut work = Self {
            contributions,
            rules,
            receipts,
            partials,
            totals: Vec::new(),
            scores: Vec::new(),
            traces,
            fees,
            sums: Vec::new(),
            shares: ShareVector::all_to_pool(),
        };
        work.score();
        work.accumulate(0);
        work
    }

    /// With one number wrong.
    pub fn with(mut self, lie: Lie) -> Self {
        match lie {
            Lie::Sum => {
                self.partials[0][0][0].1 += 1 << 36;
                self.score();
                self.accumulate(0);
            }
            Lie::Shift => {
                self.partials[0][0][0].0 ^= 1;
                self.score();
                self.accumulate(0);
            }
            Lie::Total => {
                self.totals[0][0].iter_mut().for_each(|total| *total += 1 << 40);
                self.scores[0][0] += 1 << 40;
                self.accumulate(0);
            }
            Lie::Score => {
                self.scores[0][0] += 1 << 40;
                self.accumulate(0);
            }
            Lie::Fee => {
                self.fees[0] += 1;
                self.accumulate(0);
            }
            Lie::Accumulated => {
                let pool = self.contributions.len();
                self.sums[0][pool] += self.fees[0] * u128::from(PPM);
                self.accumulate(1);
            }
            Lie::Trace => {
                let nobody = (ContributionId::MAX, 1);
                self.traces[0].credits.try_push(nobody).expect("few contributions");
                self.accumulate(0);
            }
            Lie::Shares => {
                self.shares = all_to(self.contributions.first().copied(), self.shares.pool());
            }
        }
        self
    }

    /// The running totals, and the scores that are the last of them.
    fn score(&mut self) {
        let totals = |blocks: &Vec<(u8, i64)>| -> Vec<i128> {
            let add = |total: &mut i128, (shift, sum): &(u8, i64)| {
                *total = score::add(*total, *sum, *shift);
                Some(*total)
            };
            blocks.iter().scan(0, add).collect()
        };
        let last = |totals: &Vec<i128>| totals.last().copied().unwrap_or_default();
        self.totals =
            self.partials.iter().map(|vectors| vectors.iter().map(totals).collect()).collect();
        self.scores =
            self.totals.iter().map(|vectors| vectors.iter().map(last).collect()).collect();
    }

    /// The running sums from a receipt on, and the shares that follow.
    fn accumulate(&mut self, from: usize) {
        self.sums.truncate(from);
        for receipt in from..self.receipts.len() {
            let Rules { variants, floor, trace, .. } = self.rules;
            let scores = &self.scores[receipt];
            let influence = score::shares(&self.contributions, variants, scores, floor);
            let shares = self.traces[receipt].mix(&influence, trace);
            let before = receipt.checked_sub(1).map_or(&[][..], |before| &self.sums[before]);
            let fee = self.fees[receipt];
            self.sums.push(work::accumulate(before, &self.contributions, fee, &shares));
        }
        let last = self.sums.last().cloned().unwrap_or_default();
        self.shares = work::mean(&self.contributions, &last);
    }

    /// What is committed to, and revealed.
    pub fn attribution(&self) -> Attribution {
        Attribution {
            shares: self.shares.clone(),
            query_root: merkle::root(&self.query_leaves()),
            work_root: merkle::root(&self.step_leaves()),
            report: H256::repeat_byte(9),
        }
    }

    fn index_leaves(&self) -> Vec<H256> {
        index_leaves(&self.contributions, self.rules.variants, self.rules.blocks)
    }

    fn query_leaves(&self) -> Vec<H256> {
        (0u32..)
            .zip(&self.receipts)
            .flat_map(|(receipt, _)| {
                let blocks = self.rules.blocks;
                let each = (0..self.rules.variants)
                    .flat_map(move |variant| (0..blocks).map(move |block| (variant, block)));
                each.map(move |(variant, block)| {
                    let values = query_values(receipt, variant, block);
                    work::query_block(receipt, variant, block, block as u8, &values)
                })
            })
            .collect()
    }

    fn partial_leaves(&self, receipt: usize, at: usize) -> Vec<H256> {
        (0u32..)
            .zip(self.partials[receipt][at].iter().zip(&self.totals[receipt][at]))
            .map(|(block, ((shift, sum), total))| work::partial(block, *shift, *sum, *total))
            .collect()
    }

    fn partial_root(&self, receipt: usize, at: usize) -> H256 {
        merkle::root(&self.partial_leaves(receipt, at))
    }

    fn score_leaves(&self, receipt: usize) -> Vec<H256> {
        rows(&self.contributions, self.rules.variants)
            .zip(&self.scores[receipt])
            .enumerate()
            .map(|(at, ((id, variant), score))| {
                work::score(id, variant, *score, &self.partial_root(receipt, at))
            })
            .collect()
    }

    fn step_leaves(&self) -> Vec<H256> {
        (0u32..)
            .zip(self.fees.iter().zip(&self.sums))
            .map(|(receipt, (fee, sums))| {
                let scores = merkle::root(&self.score_leaves(receipt as usize));
                let trace = self.traces[receipt as usize].hash();
                work::step(receipt, *fee, &scores, &trace, &work::accumulated(sums))
            })
            .collect()
    }

    fn step(&self, receipt: usize) -> StepProof {
        StepProof {
            receipt: receipt as u32,
            fee: self.fees[receipt],
            scores: merkle::root(&self.score_leaves(receipt)),
            trace: self.traces[receipt].hash(),
            sums: work::accumulated(&self.sums[receipt]),
            path: path(&self.step_leaves(), receipt),
        }
    }

    fn sums(&self, receipt: usize) -> SumsProof {
        let sums = self.sums[receipt].clone().try_into().expect("few contributions");
        SumsProof { step: self.step(receipt), sums }
    }

    fn score_proof(&self) -> ScoreProof {
        ScoreProof {
            contribution: self.contributions[0],
            variant: 0,
            score: self.scores[0][0],
            partials: self.partial_root(0, 0),
            path: path(&self.score_leaves(0), 0),
        }
    }

    fn partial_proof(&self, block: u32) -> PartialProof {
        let at = block as usize;
        let (shift, sum) = self.partials[0][0][at];
        let path = path(&self.partial_leaves(0, 0), at);
        PartialProof { block, shift, sum, total: self.totals[0][0][at], path }
    }

    fn total_proof(&self, block: u32) -> Fraud {
        Fraud::Score {
            step: self.step(0),
            score: self.score_proof(),
            partial: self.partial_proof(block),
            previous: block.checked_sub(1).map(|before| self.partial_proof(before)),
        }
    }

    /// What proves the lie, if this work has it.
    pub fn against(&self, lie: Lie) -> Fraud {
        match lie {
            Lie::Sum | Lie::Shift => Fraud::Partial {
                step: self.step(0),
                score: self.score_proof(),
                partial: self.partial_proof(0),
                index: IndexProof {
                    values: Box::new(index_values((self.contributions[0], 0), 0)),
                    path: path(&self.index_leaves(), 0),
                },
                query: QueryProof {
                    shift: 0,
                    values: Box::new(query_values(0, 0, 0)),
                    path: path(&self.query_leaves(), 0),
                },
            },
            Lie::Total => self.total_proof(0),
            Lie::Score => self.total_proof(self.rules.blocks - 1),
            Lie::Fee => {
                let ids: Vec<H256> = self.receipts.iter().map(Receipt::id).collect();
                Fraud::Fee {
                    step: self.step(0),
                    receipt: self.receipts[0].clone(),
                    path: path(&ids, 0),
                }
            }
            Lie::Accumulated | Lie::Trace => {
                let scores: Vec<_> = (self.scores[0].iter().enumerate())
                    .map(|(at, score)| (*score, self.partial_root(0, at)))
                    .collect();
                let scores = scores.try_into().expect("few contributions");
                let trace = self.traces[0].clone();
                Fraud::Step { step: self.step(0), scores, trace, previous: None }
            }
            Lie::Shares => Fraud::Shares { last: self.sums(self.receipts.len() - 1) },
        }
    }
}

/// Shares that give all to one contribution, or, where `pool` has it already, half.
pub fn all_to(contribution: Option<ContributionId>, pool: Ppm) -> ShareVector {
    let ppm = if pool == 0 { PPM / 2 } else { PPM };
    let list = contribution.map(|contribution| Share { contribution, ppm }).into_iter();
    let list = ShareList::truncate_from(list.collect());
    let rest = if list.is_empty() { PPM } else { PPM - ppm };
    ShareVector::new(list, rest).unwrap_or_else(|_| ShareVector::all_to_pool())
}

fn path(leaves: &[H256], at: usize) -> Path {
    merkle::proof(leaves, at as u64).expect("a leaf that is there").try_into().expect("short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_primitives::fraud::{check, Accused, NotProven};

    fn receipt(issued_at: u64) -> Receipt {
        Receipt {
            genesis: H256::repeat_byte(1),
            model: 1,
            version: 1,
            operator: H256::repeat_byte(2),
            payer: H256::repeat_byte(3),
            channel: 0,
            cumulative: 1_000,
            request: H256::repeat_byte(4),
            response: H256::repeat_byte(5),
            tokens_in: 1,
            tokens_out: 1,
            fee: 1_000,
            issued_at,
        }
    }

    fn verdict(work: &Work, fraud: &Fraud) -> Result<(), NotProven> {
        let ids: Vec<H256> = work.receipts.iter().map(Receipt::id).collect();
        let accused = Accused {
            attribution: &work.attribution(),
            contributions: &work.contributions,
            variants: work.rules.variants,
            blocks: work.rules.blocks,
            index_root: merkle::root(&work.index_leaves()),
            receipts_root: merkle::root(&ids),
            receipts: work.receipts.len() as u32,
            floor: work.rules.floor,
            trace: work.rules.trace,
        };
        check(&accused, fraud)
    }

    #[test]
    fn lie_should_be_proven_when_told_and_never_otherwise() {
        for (receipts, variants) in [(1, 1), (2, 3), (3, 2)] {
            let receipts = (0..receipts).map(receipt).collect();
            let rules = Rules { variants, blocks: 2, floor: 1_000, trace: 200_000 };
            let honest = Work::honest(vec![0, 2, 5], rules, receipts);
            for lie in LIES {
                assert_eq!(verdict(&honest, &honest.against(lie)), Err(NotProven::Right));
                let told = honest.clone().with(lie);
                assert_eq!(verdict(&told, &told.against(lie)), Ok(()), "{lie:?}");
            }
        }
    }
}
