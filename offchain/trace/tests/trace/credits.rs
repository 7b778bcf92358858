use openledger_primitives::{ContributionId, PPM};
use openledger_trace::Rules;
use proptest::prelude::*;

use crate::naive::{self, Corpus};

fn rules() -> impl Strategy<Value = Rules> {
    (1..4_u32, 0..3_u32, 0..6_u32, 0..PPM).prop_map(
        |(least_tokens, margin_bits, common_records, common_ppm)| Rules {
            least_tokens,
            margin_bits,
            common_records,
            common_ppm,
        },
    )
}

/// Who owns a contribution: those whose ids agree in all but the last two digits.
fn owner(contribution: ContributionId) -> ContributionId {
    contribution / 100
}

/// What each owner is credited.
fn by_owner(corpus: &Corpus, text: &[u32], rules: &Rules) -> Vec<(ContributionId, u64)> {
    let (_folder, index) = naive::index(1, corpus, 1_000);
    let credits = index.trace(text, rules).credits;
    let mut owners: Vec<(ContributionId, u64)> = Vec::new();
    for (contribution, credit) in credits {
        match owners.last_mut() {
            Some((last, sum)) if *last == owner(contribution) => *sum += credit,
            _ => owners.push((owner(contribution), credit)),
        }
    }
    owners
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn credits_should_be_those_of_looking_everywhere(
        corpus in naive::corpora(),
        text in naive::texts(),
        rules in rules(),
    ) {
        let (_folder, index) = naive::index(1, &corpus, 30);
        let trace = index.trace(&text, &rules);
        let (credits, common) = naive::credits(&corpus, &index, &text, &rules);
        prop_assert_eq!(&trace.credits, &credits);
        prop_assert_eq!(trace.common.len(), common);
        prop_assert_eq!(trace.credits.values().sum::<u64>() + trace.rest, trace.bits);
        let shares = trace.shares();
        let named: u32 = shares.shares().iter().map(|share| share.ppm).sum();
        prop_assert_eq!(named + shares.pool(), PPM);
    }

    #[test]
    fn credits_should_not_change_when_records_are_copied(
        corpus in naive::corpora(),
        text in naive::texts(),
        rules in rules(),
        copies in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..12),
    ) {
        let mut copied = corpus.clone();
        for (what, to) in &copies {
            let all = naive::kept(&corpus);
            let (contribution, _, record) = all[what.index(all.len())];
            // Into the same contribution or a later one, of whomever it is.
            let later: Vec<usize> = (0..copied.len()).filter(|i| copied[*i].0 >= contribution).collect();
            copied[later[to.index(later.len())]].1.push(record.to_vec());
        }
        prop_assert_eq!(by_owner(&copied, &text, &rules), by_owner(&corpus, &text, &rules));
    }

    #[test]
    fn credits_should_not_change_when_contributions_are_split(
        corpus in naive::corpora(),
        text in naive::texts(),
        rules in rules(),
        parts in 1..4_usize,
    ) {
        let split: Corpus = corpus
            .iter()
            .flat_map(|(id, records)| {
                let id = *id;
                records.chunks(parts).enumerate().map(move |(part, chunk)| (id + part as u32, chunk.to_vec()))
            })
            .collect();
        prop_assert_eq!(by_owner(&split, &text, &rules), by_owner(&corpus, &text, &rules));
    }
}

#[test]
fn credits_should_be_divided_by_records() {
    // Two records of one contribution and one of another share the span 0 1 2 3.
    let corpus = vec![
        (0, vec![vec![0, 1, 2, 3, 4], vec![4, 4, 0, 1, 2, 3]]),
        (100, vec![vec![4, 0, 1, 2, 3, 0, 1, 2, 3, 4, 4]]),
    ];
    let (_folder, index) = naive::index(1, &corpus, 1_000);
    let rules = Rules { least_tokens: 4, margin_bits: 0, common_records: 3, common_ppm: 0 };
    let trace = index.trace(&[0, 1, 2, 3], &rules);
    assert_eq!(trace.spans.len(), 1);
    assert_eq!((trace.spans[0].occurrences, trace.spans[0].places.len()), (4, 3));
    assert_eq!(trace.credits[&0], 2 * trace.credits[&100]);
    let few = Rules { common_records: 2, ..rules };
    assert!(index.trace(&[0, 1, 2, 3], &few).credits.is_empty());
}
