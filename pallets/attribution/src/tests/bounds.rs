//! What benchmarks measured at the most is what collections hold at the most.

use super::*;
use frame_benchmarking::Benchmarking;

#[test]
fn benchmarks_should_reach_the_bound_of_each_collection_when_its_length_counts() {
    run(|| {
        let measured: Vec<_> = Pallet::<Test>::benchmarks(true)
            .into_iter()
            .flat_map(|benchmark| {
                let name = String::from_utf8(benchmark.name).unwrap();
                benchmark.components.into_iter().map(move |(_, _, most)| (name.clone(), most))
            })
            .collect();
        let bounds = [
            ("advance_finalise", MAX_COMMITTEE),
            ("advance_finalise", MAX_SHARES),
            ("advance_finalise", MAX_LINEAGE),
            ("draw_committees", MAX_DRAWS),
            ("claim_contributions", MAX_CLAIMED),
        ];
        assert_eq!(measured, bounds.map(|(name, most): (&str, u32)| (name.to_string(), most)));
    });
}
