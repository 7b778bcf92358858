use openledger_influence::{
    attribute, batch,
    build::build,
    method::Scope,
    query::Query,
    settlement::{scores, JobReport},
    work::ReceiptWork,
    Error, Index,
};
use openledger_lm::Model;
use openledger_primitives::{
    hashing, merkle, receipt::Transcript, score, score::BLOCK, shares::ShareVector,
    signature::Signature, PPM,
};

use crate::fixture::*;

const FLOOR: u32 = 1_000;

fn index(model: &Model) -> Index {
    build(model, ADAPTER, &CONTRIBUTIONS, &examples(), &method(), |_| {}).unwrap()
}

fn answers() -> Vec<(Vec<u32>, Vec<u32>)> {
    (0..3)
        .map(|topic| {
            let mut ids = record(topic, 90).ids;
            let output = ids.split_off(ids.len() / 2);
            (ids, output)
        })
        .collect()
}

#[test]
fn attribute_should_follow_the_definitions_step_by_step() {
    let model = model();
    let index = index(&model);
    let (settlement, transcripts) = settlement(&answers());
    let mut works = Vec::new();
    let keep = |work| works.push(work);
    let report = attribute(&model, &index, &settlement, &transcripts, FLOOR, keep).unwrap();

    let (mut queries, mut steps, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let mut sums = vec![0u128; CONTRIBUTIONS.len() + 1];
    for (i, transcript) in transcripts.iter().enumerate() {
        let (prompt, answer) = (&transcript.prompt_ids, &transcript.output_ids);
        let query = Query::new(&model, prompt, answer, Scope::Exchange).unwrap();
        let found = scores(&query, &index);
        assert_eq!(report.receipts[i].scores, found.scores);
        for block in 0..index.blocks() {
            let mut preimage = hashing::QUERY_BLOCK.to_vec();
            preimage.extend((i as u32).to_le_bytes());
            preimage.extend((block as u32).to_le_bytes());
            preimage.push(found.shifts[block]);
            for value in &query.values[block * BLOCK..(block + 1) * BLOCK] {
                preimage.extend(value.to_le_bytes());
            }
            queries.push(hashing::content_id(&preimage));
        }
        let (mut score_leaves, mut totals) = (Vec::new(), Vec::new());
        for ((contribution, vector), (_, score)) in index.vectors().zip(&found.scores) {
            let (mut partials, mut total) = (Vec::new(), 0i128);
            for block in 0..index.blocks() {
                let range = block * BLOCK..(block + 1) * BLOCK;
                let sum: i64 = query.values[range.clone()]
                    .iter()
                    .zip(&vector[range])
                    .map(|(q, w)| i64::from(*q) * i64::from(*w))
                    .sum();
                let mut preimage = hashing::PARTIAL_SUM.to_vec();
                preimage.extend((block as u32).to_le_bytes());
                preimage.push(found.shifts[block]);
                preimage.extend(sum.to_le_bytes());
                total += i128::from(sum) << found.shifts[block];
                preimage.extend(total.to_le_bytes());
                totals.push(total);
                partials.push(hashing::content_id(&preimage));
            }
            assert_eq!(total, *score);
            let mut preimage = hashing::SCORE.to_vec();
            preimage.extend(contribution.to_le_bytes());
            preimage.extend(score.to_le_bytes());
            preimage.extend(merkle::root(&partials).as_bytes());
            score_leaves.push(hashing::content_id(&preimage));
        }
        let (fee, own) = (transcript.signed.receipt.fee, score::shares(&found.scores, FLOOR));
        for (sum, contribution) in sums.iter_mut().zip(CONTRIBUTIONS) {
            *sum += fee * u128::from(own.of(contribution));
        }
        *sums.last_mut().unwrap() += fee * u128::from(own.pool());
        let mut accumulated = hashing::ACCUMULATED.to_vec();
        // SCALE's compact number of entries.
        accumulated.push(4 * sums.len() as u8);
        sums.iter().for_each(|sum| accumulated.extend(sum.to_le_bytes()));
        let mut preimage = hashing::STEP.to_vec();
        preimage.extend((i as u32).to_le_bytes());
        preimage.extend(fee.to_le_bytes());
        preimage.extend(merkle::root(&score_leaves).as_bytes());
        preimage.extend(hashing::content_id(&accumulated).as_bytes());
        steps.push(hashing::content_id(&preimage));
        shares.push((fee, own));

        assert_eq!(report.receipts[i].work, hashing::content_id(&works[i]));
        let work = ReceiptWork::from_bytes(&works[i], CONTRIBUTIONS.len(), index.blocks()).unwrap();
        assert_eq!((work.query, work.query_shifts), (query.values, found.shifts));
        assert_eq!((work.partials, work.sums, work.fee), (found.partials, sums.clone(), fee));
        assert_eq!(work.totals, totals);
        assert!(ReceiptWork::from_bytes(&works[i], CONTRIBUTIONS.len(), 1).is_err());
        assert!(
            ReceiptWork::from_bytes(&works[i][1..], CONTRIBUTIONS.len(), index.blocks()).is_err()
        );
    }
    assert_eq!(works.len(), transcripts.len());
    assert_eq!(report.query_root, merkle::root(&queries));
    assert_eq!(report.work_root, merkle::root(&steps));
    let mean = ShareVector::weighted_mean(shares.iter().map(|(fee, shares)| (*fee, shares)));
    assert_eq!(report.attribution().shares, mean);
    assert_eq!(report.attribution().report, hashing::content_id(&report.to_json()));
    assert_eq!(report.method, index.method().id());
}

#[test]
fn report_should_be_the_same_when_repeated_and_survive_json() {
    let model = model();
    let index = index(&model);
    let (settlement, transcripts) = settlement(&answers());
    let first = attribute(&model, &index, &settlement, &transcripts, FLOOR, |_| {}).unwrap();
    let again = attribute(&model, &index, &settlement, &transcripts, FLOOR, |_| {}).unwrap();
    assert_eq!(first.to_json(), again.to_json());
    let read: JobReport = serde_json::from_slice(&first.to_json()).unwrap();
    assert_eq!(read, first);
    // The batch as it lies in a store.
    let lines: Vec<String> =
        transcripts.iter().map(|t| serde_json::to_string(t).unwrap() + "\n").collect();
    assert_eq!(batch::parse(lines.concat().as_bytes()).unwrap(), transcripts);
}

#[test]
fn shares_should_go_to_the_pool_when_there_is_no_token_to_explain() {
    let model = model();
    let index = index(&model);
    let (settlement, transcripts) = settlement(&[(vec![0], vec![])]);
    let report = attribute(&model, &index, &settlement, &transcripts, FLOOR, |_| {}).unwrap();
    assert_eq!(report.shares.pool(), PPM);
}

#[test]
fn check_should_refuse_when_a_settlement_says_otherwise() {
    let (settlement, transcripts) = settlement(&answers());
    settlement.check(&transcripts).unwrap();
    let refused = |changed: batch::Settlement| changed.check(&transcripts).unwrap_err().to_string();
    let root = refused(batch::Settlement { receipts_root: GENESIS, ..settlement.clone() });
    assert!(root.contains("root"), "{root}");
    let count = refused(batch::Settlement { count: 2, ..settlement.clone() });
    assert!(count.contains("number of receipts"), "{count}");
    let fee = refused(batch::Settlement { total_fee: 301, ..settlement.clone() });
    assert!(fee.contains("301"), "{fee}");
    let genesis = refused(batch::Settlement { genesis: ADAPTER, ..settlement.clone() });
    assert!(genesis.contains("genesis"), "{genesis}");
    let model = refused(batch::Settlement { model: 3, ..settlement.clone() });
    assert!(model.contains("model"), "{model}");
    let version = refused(batch::Settlement { version: 2, ..settlement.clone() });
    assert!(version.contains("version"), "{version}");
    let operator = refused(batch::Settlement { operator: GENESIS, ..settlement });
    assert!(operator.contains("operator"), "{operator}");
}

#[test]
fn check_should_refuse_when_a_transcript_was_touched() {
    let (settlement, transcripts) = settlement(&answers());
    let refused = |at: usize, transcript| {
        let mut changed = transcripts.clone();
        changed[at] = transcript;
        let error = settlement.check(&changed).unwrap_err();
        assert!(matches!(error, Error::Receipt { receipt, .. } if receipt == at), "{error}");
        error.to_string()
    };
    let mut prompt = transcripts[1].clone();
    prompt.prompt_ids[0] += 1;
    assert!(refused(1, prompt).contains("request hash"));
    let mut output = transcripts[1].clone();
    output.output_ids.push(1);
    assert!(refused(1, output).contains("response hash"));
    let mut fee = transcripts[2].clone();
    fee.signed.receipt.fee += 1;
    assert!(refused(2, fee).contains("signature"));
    let mut ed25519 = transcripts[0].clone();
    ed25519.signed.signature = Signature::Ed25519([0; 64]);
    assert!(refused(0, ed25519).contains("Ed25519"));
    let stranger = schnorrkel::MiniSecretKey::from_bytes(&[8; 32])
        .unwrap()
        .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519);
    let Transcript { signed, prompt_ids, output_ids } = transcripts[0].clone();
    let forged = crate::fixture::signed(signed.receipt, prompt_ids, output_ids, &stranger);
    assert!(refused(0, forged).contains("signature"));
    assert!(refused(1, transcripts[0].clone()).contains("twice"));
}

#[test]
fn attribute_should_refuse_when_tokens_do_not_fit_the_model() {
    let model = model();
    let index = index(&model);
    for answer in [(vec![0, VOCABULARY as u32], vec![1]), (vec![0; 60], vec![1; 6])] {
        let (settlement, transcripts) = settlement(&[answer]);
        let result = attribute(&model, &index, &settlement, &transcripts, FLOOR, |_| {});
        assert!(matches!(result, Err(Error::Model(_))));
    }
}

#[test]
fn parse_should_name_the_line_and_keep_the_prompt_to_itself() {
    let error = batch::parse(b"{\"prompt_ids\":\"secret\"}\n").unwrap_err();
    assert!(matches!(error, Error::Transcript { line: 1, .. }));
    assert!(!error.to_string().contains("secret"));
}
