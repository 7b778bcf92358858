//! The committed corpus holds, and still gets everywhere.

use std::{fmt::Display, path::Path};

use openledger_fuzz::{
    corpus::{read, Totals},
    run::run,
    start::Start,
};

#[test]
fn corpus_should_hold_and_reach_success_of_every_product_call() {
    let start = Start::new();
    let mut totals = Totals::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for input in read(&folder).expect("the corpus can be read") {
        let report = run(&start, &input, &mut |_: &dyn Display| {});
        totals.add(&report.expect("everything holds"));
    }
    let missing = totals.missing();
    assert!(
        missing.is_empty(),
        "never succeed: {missing:?}; scripts/fuzz --distil renews a corpus"
    );
}
