//! From scores to pay, by the chain's own integers.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use openledger_influence::work::Parameters;
use openledger_primitives::{
    pool::{Pool, PoolEntry},
    score,
    split::portion,
    work, Balance, ContributionId, PPM,
};

use crate::{attacks::KNOWN, scene::Contributions, training::Found};

/// The chain's defaults, see `docs/protocol/parameters.md`.
pub const PARAMETERS: Parameters = Parameters { floor: 1_000, trace: 200_000 };
/// What a settlement pays for data: large enough that no rounding shows.
pub const DATA: Balance = 1_000_000_000_000_000_000;
const FEE: Balance = 1;

/// Whether influence pays only those who, by the sum of their scores, make the queries that no attacker knows more
/// likely: a defence that is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Open,
    HeldOut,
}

/// What every contribution earns with one settlement of all queries at equal fees: its shares, and its part of the
/// pool by the records it declared, those that do not count too.
pub fn payouts(
    found: &Found,
    declared: &Contributions,
    parameters: Parameters,
    gate: Gate,
) -> Result<BTreeMap<ContributionId, Balance>> {
    let contributions = &found.contributions;
    let mut all = Vec::with_capacity(found.scores.len());
    for scores in &found.scores {
        let parsed = scores
            .iter()
            .map(|score| score.parse::<i128>().with_context(|| format!("{score:?} is no score")));
        all.push(parsed.collect::<Result<Vec<i128>>>()?);
    }
    let held_out: Vec<&Vec<i128>> = all.iter().skip(1).step_by(KNOWN).collect();
    let useful: Vec<bool> = (0..contributions.len() * usize::from(found.variants))
        .map(|row| {
            gate == Gate::Open || held_out.iter().map(|scores| scores[row]).sum::<i128>() > 0
        })
        .collect();
    let mut sums = Vec::new();
    for (scores, trace) in all.into_iter().zip(&found.traces) {
        let pairs = scores.into_iter().zip(&useful);
        let scores: Vec<i128> =
            pairs.map(|(score, useful)| if *useful { score } else { 0 }).collect();
        let influence = score::shares(contributions, found.variants, &scores, parameters.floor);
        let shares = trace.mix(&influence, parameters.trace);
        sums = work::accumulate(&sums, contributions, FEE, &shares);
    }
    let shares = work::mean(contributions, &sums);
    let mut pool = Pool::default();
    let mut members: Vec<(ContributionId, PoolEntry)> = Vec::with_capacity(declared.len());
    for (&id, records) in declared {
        members.push((id, pool.enter(u32::try_from(records.len())?)));
    }
    pool.receive(portion(DATA, shares.pool()));
    Ok(members
        .into_iter()
        .map(|(id, entry)| (id, portion(DATA, shares.of(id)) + entry.earned(&pool)))
        .collect())
}

/// What some accounts earn together.
pub fn sum(payouts: &BTreeMap<ContributionId, Balance>, accounts: &[ContributionId]) -> Balance {
    accounts.iter().filter_map(|id| payouts.get(id)).sum()
}

/// In parts per million of the data part.
pub fn ppm(payout: Balance) -> f64 {
    payout as f64 / (DATA / Balance::from(PPM)) as f64
}

/// What an attack pays, of what honesty does.
///
/// # Errors
/// If honesty pays nothing.
pub fn multiplier(attack: Balance, honest: Balance) -> Result<f64> {
    anyhow::ensure!(honest > 0, "there is no multiple of nothing: honest records earn nothing");
    Ok(attack as f64 / honest as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openledger_primitives::trace::{Credits, Trace};

    fn found(scores: &[&[i128]]) -> Found {
        Found {
            contributions: vec![1, 2, 3],
            variants: 1,
            scores: scores
                .iter()
                .map(|scores| scores.iter().map(ToString::to_string).collect())
                .collect(),
            traces: vec![Trace::default(); scores.len()],
        }
    }

    fn declared(records: [usize; 4]) -> Contributions {
        (1..).zip(records).map(|(id, count)| (id, vec![String::new(); count])).collect()
    }

    #[test]
    fn payouts_should_be_the_mean_of_the_queries() {
        let paid =
            payouts(&found(&[&[1, 1, 2], &[0, 1, 1]]), &declared([1; 4]), PARAMETERS, Gate::Open);
        let paid: Vec<f64> = paid.unwrap().into_values().map(ppm).collect();
        assert_eq!(paid, [125_000.0, 375_000.0, 500_000.0, 0.0]);
    }

    #[test]
    fn payouts_should_follow_declared_records_when_nothing_has_influence() {
        let paid =
            payouts(&found(&[&[-1, 0, -2]]), &declared([1, 2, 3, 4]), PARAMETERS, Gate::Open)
                .unwrap();
        let paid: Vec<f64> = paid.into_values().map(ppm).collect();
        assert_eq!(paid, [100_000.0, 200_000.0, 300_000.0, 400_000.0]);
    }

    #[test]
    fn payouts_should_send_what_is_below_the_floor_to_the_pool() {
        let of = |floor| {
            let parameters = Parameters { floor, ..PARAMETERS };
            let paid =
                payouts(&found(&[&[1, 0, 9_999]]), &declared([1, 1, 2, 0]), parameters, Gate::Open);
            paid.unwrap().into_values().map(ppm).collect::<Vec<_>>()
        };
        assert_eq!(of(1_000), [25.0, 25.0, 999_950.0, 0.0]);
        assert_eq!(of(0), [100.0, 0.0, 999_900.0, 0.0]);
    }

    #[test]
    fn payouts_should_mix_in_what_an_answer_repeats() {
        let mut found = found(&[&[1, 1, 0]]);
        found.traces[0] = Trace { bits: 4, credits: Credits::truncate_from(vec![(3, 2)]) };
        let paid = payouts(&found, &declared([1; 4]), PARAMETERS, Gate::Open).unwrap();
        // Half of the answer is explained, and 20 % of that follows the trace.
        assert_eq!(
            paid.into_values().map(ppm).collect::<Vec<_>>(),
            [450_000.0, 450_000.0, 100_000.0, 0.0]
        );
    }

    #[test]
    fn payouts_should_leave_out_who_does_not_help_what_is_held_out_when_there_is_a_gate() {
        // Contribution 1 knew the first and the third query, and harms the others.
        let found = found(&[&[8, 1, 1], &[-2, 1, 1], &[8, 1, 1], &[1, 1, 2]]);
        let of = |gate| {
            let paid = payouts(&found, &declared([0, 1, 1, 0]), PARAMETERS, gate).unwrap();
            paid.into_values().map(ppm).collect::<Vec<_>>()
        };
        assert_eq!(of(Gate::HeldOut), [0.0, 458_333.0, 541_667.0, 0.0]);
        assert_eq!(of(Gate::Open), [462_500.0, 237_500.0, 300_000.0, 0.0]);
    }

    #[test]
    fn multiplier_should_be_of_all_accounts_together() {
        let paid = BTreeMap::from([(1, 30), (2, 50), (9, 20)]);
        assert_eq!(sum(&paid, &[1, 9]), 50);
        assert_eq!(sum(&paid, &[7]), 0);
        assert!((multiplier(sum(&paid, &[1, 9]), 40).unwrap() - 1.25).abs() < 1e-12);
        assert!(multiplier(1, 0).is_err());
    }
}
