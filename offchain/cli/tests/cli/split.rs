use openledger_cli::split::split;
use proptest::prelude::*;

#[test]
fn split_should_give_equal_runs_where_files_allow() {
    assert_eq!(split(&[2; 9], 3), [0..3, 3..6, 6..9]);
    assert_eq!(split(&[9, 9], 4), [0..1, 1..2]);
    assert!(split(&[], 4).is_empty());
}

proptest! {
    #[test]
    fn split_should_keep_every_file_once_and_in_order(
        sizes in prop::collection::vec(1..200usize, 0..40),
        parts in 1..20usize,
    ) {
        let runs = split(&sizes, parts);
        prop_assert!(runs.len() <= parts);
        let mut next = 0;
        for run in runs {
            prop_assert!(run.start == next && !run.is_empty());
            next = run.end;
        }
        prop_assert_eq!(next, sizes.len());
    }
}
