use openledger_chain::{
    account,
    types::{Outcome, Parameters, Settlement, Stage, Static},
    Keypair,
};
use openledger_cli::checks::{self, Check};
use openledger_primitives::{
    hashing, merkle,
    receipt::{Receipt, SignedReceipt, Transcript},
    shares::ShareVector,
    split::{Split, SplitParameters},
    H256,
};

fn operator() -> Keypair {
    account::keypair("//Charlie").unwrap()
}

fn transcript(n: u32) -> Transcript {
    let (prompt_ids, output_ids) = (vec![n, 1, 2], vec![3, n]);
    let receipt = Receipt {
        genesis: H256::repeat_byte(1),
        model: 1,
        version: 1,
        operator: account::bytes(&account::of(&operator())),
        payer: H256::repeat_byte(2),
        channel: 0,
        cumulative: 100 * u128::from(n + 1),
        request: hashing::token_ids(hashing::REQUEST, &prompt_ids),
        response: hashing::token_ids(hashing::RESPONSE, &output_ids),
        tokens_in: 3,
        tokens_out: 2,
        fee: 100,
        issued_at: n.into(),
    };
    let signature = account::sign(&operator(), receipt.id().as_bytes());
    Transcript { signed: SignedReceipt { receipt, signature }, prompt_ids, output_ids }
}

/// A settlement of five receipts that was paid as it should be, with its batch.
fn settlement() -> (Settlement, Vec<Transcript>) {
    let transcripts: Vec<Transcript> = (0..5).map(transcript).collect();
    let ids: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
    let shares = ShareVector::from_weights([(3, 1), (7, 2)], 1);
    let split = Split::of(500, &SplitParameters::DEFAULT, &shares, 2);
    let settlement = Settlement {
        model: 1,
        version: 1,
        operator: account::of(&operator()),
        receipts_root: merkle::root(&ids),
        batch: H256::repeat_byte(9),
        count: 5,
        total_fee: 500,
        submitted: 10,
        parameters: Parameters {
            split: Static(SplitParameters::DEFAULT),
            tolerance: 20_000,
            floor: 1_000,
            trace: 200_000,
        },
        attempt: 1,
        challenge: None,
        stage: Stage::Finalised(Outcome {
            ended: 20,
            committee: ["//Alice", "//Bob", "//Dave"]
                .map(|name| account::parse(name).unwrap())
                .into(),
            shares: Static(shares),
            split: Static(split),
            emission: 0,
        }),
    };
    (settlement, transcripts)
}

fn split_of(settlement: &mut Settlement) -> &mut Split {
    match &mut settlement.stage {
        Stage::Finalised(outcome) | Stage::Fallback(outcome) => &mut outcome.split.0,
        _ => panic!("the settlement is over"),
    }
}

fn all(settlement: &Settlement, transcripts: &[Transcript], computed: &ShareVector) -> Vec<Check> {
    let outcome = settlement.outcome().unwrap();
    let (shares, split) = (&outcome.shares.0, &outcome.split.0);
    let mut all = vec![
        checks::batch_content(settlement, &H256::repeat_byte(9)),
        checks::signature(settlement, &transcripts[2]),
        checks::inclusion(settlement, transcripts, 2),
        checks::count(settlement, transcripts),
        checks::total_fee(settlement, transcripts),
        checks::shares(settlement, shares, computed),
    ];
    all.extend(checks::split(settlement, shares, split));
    all
}

/// The names of the checks that fail after a change.
fn failing(
    change: impl FnOnce(&mut Settlement, &mut Vec<Transcript>, &mut ShareVector),
) -> Vec<&'static str> {
    let (mut settlement, mut transcripts) = settlement();
    let mut computed = settlement.shares().unwrap().clone();
    change(&mut settlement, &mut transcripts, &mut computed);
    let all = all(&settlement, &transcripts, &computed);
    for check in all.iter().filter(|check| !check.ok) {
        assert_ne!(check.expected, check.found, "{}", check.name);
    }
    all.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

#[test]
fn checks_should_hold_when_all_is_as_it_was_paid() {
    assert_eq!(failing(|_, _, _| {}), Vec::<&str>::new());
    let (settlement, transcripts) = settlement();
    for position in 0..5 {
        assert!(checks::inclusion(&settlement, &transcripts, position).ok, "{position}");
    }
    assert!(!checks::inclusion(&settlement, &transcripts, 5).ok);
}

#[test]
fn checks_should_fail_when_the_batch_was_changed() {
    assert_eq!(failing(|s, _, _| s.batch = H256::zero()), ["batch_content"]);
    assert_eq!(failing(|_, t, _| t[2].prompt_ids.push(1)), ["signature"]);
    assert_eq!(failing(|_, t, _| t[2].output_ids.clear()), ["signature"]);
    assert_eq!(
        failing(|_, t, _| t[2].signed.receipt.fee = 99),
        ["signature", "inclusion", "total_fee"]
    );
    assert_eq!(failing(|_, t, _| drop(t.pop())), ["inclusion", "count", "total_fee"]);
    assert_eq!(failing(|_, t, _| t.swap(2, 3)), ["inclusion"]);
}

#[test]
fn signature_should_fail_when_another_key_signed() {
    let eve = account::keypair("//Eve").unwrap();
    let forge = |_: &mut Settlement, transcripts: &mut Vec<Transcript>, _: &mut ShareVector| {
        let signed = &mut transcripts[2].signed;
        signed.signature = account::sign(&eve, signed.receipt.id().as_bytes());
    };
    assert_eq!(failing(forge), ["signature"]);
    assert_eq!(failing(|s, _, _| s.operator = account::parse("//Eve").unwrap()), ["signature"]);
}

#[test]
fn checks_should_fail_when_the_chain_says_something_else() {
    assert_eq!(failing(|s, _, _| s.receipts_root = H256::zero()), ["inclusion"]);
    assert_eq!(failing(|s, _, _| s.count = 4), ["inclusion", "count"]);
    assert_eq!(failing(|s, _, _| s.total_fee += 20), ["total_fee", "split", "parts_sum"]);
    let lost = |s: &mut Settlement, _: &mut Vec<Transcript>, _: &mut ShareVector| {
        split_of(s).data -= 1;
    };
    assert_eq!(failing(lost), ["split", "parts_sum"]);
    let moved = |s: &mut Settlement, _: &mut Vec<Transcript>, _: &mut ShareVector| {
        let split = split_of(s);
        split.data -= 1;
        split.operator += 1;
    };
    assert_eq!(failing(moved), ["split"]);
}

#[test]
fn shares_should_differ_only_beyond_the_tolerance() {
    let shares = |pool| ShareVector::from_weights([(3, 250_000), (7, 500_000)], pool);
    // Moves about 2 · 10,000 ppm, and about 2 · 11,000.
    assert_eq!(failing(|_, _, computed| *computed = shares(263_000)), Vec::<&str>::new());
    assert_eq!(failing(|_, _, computed| *computed = shares(265_000)), ["shares"]);
    assert_eq!(failing(|_, _, computed| *computed = ShareVector::all_to_pool()), ["shares"]);
}

#[test]
fn shares_should_be_the_pools_when_no_committee_answered() {
    let (mut settlement, _) = settlement();
    let Stage::Finalised(outcome) = settlement.stage.clone() else { panic!("it is finalised") };
    settlement.stage = Stage::Fallback(outcome);
    let computed = settlement.shares().unwrap().clone();
    assert!(checks::shares(&settlement, &ShareVector::all_to_pool(), &computed).ok);
    assert!(!checks::shares(&settlement, &computed, &computed).ok);
}
