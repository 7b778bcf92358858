use openledger_influence::{
    attribute, batch,
    method::Scope,
    query::Query,
    scores::scores,
    work::{Parameters, ReceiptWork},
    Error, Index, JobReport,
};
use openledger_primitives::{
    hashing, merkle, receipt::Transcript, score, score::BLOCK, shares::ShareVector,
    signature::Signature, trace::Trace, PPM,
};

use crate::fixture::*;

const PARAMETERS: Parameters = Parameters { floor: 1_000, trace: 200_000 };

/// As if every token of an answer were 8 bits, and each fourth of them contribution 4's.
fn trace(answer: &[u32]) -> Trace {
    let (bits, own) = (8 * answer.len() as u64, 2 * answer.len() as u64);
    let credits = (own > 0).then_some((4, own)).into_iter().collect::<Vec<_>>();
    Trace { bits, credits: credits.try_into().unwrap() }
}

fn no_trace(_: &[u32]) -> Trace {
    Trace::default()
}

fn index() -> Index {
    index_of(&CONTRIBUTIONS, &examples(), &method()).unwrap()
}

fn answers() -> Vec<(Vec<u32>, Vec<u32>)> {
    (0..3)
        .map(|topic| {
            let mut ids = record(topic, 90).ids().to_vec();
            let output = ids.split_off(ids.len() / 2);
            (ids, output)
        })
        .collect()
}

#[test]
fn attribute_should_follow_the_definitions_step_by_step() {
    let model = model();
    let index = index();
    let (settlement, transcripts) = settlement(&answers());
    let mut works = Vec::new();
    let keep = |work| works.push(work);
    let report =
        attribute(&model, &index, &settlement, &transcripts, PARAMETERS, trace, keep).unwrap();

    let one = [3];
    let fewer = index_of(&one, &examples()[..8], &method()).unwrap();
    let (mut queries, mut steps, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let wide = |(_, least, most): &(u32, u32, u32)| least < most;
    let mut each = report.receipts.iter().flat_map(|receipt| &receipt.intervals);
    assert!(each.any(wide), "two variants never agree on everything");
    let mut sums = vec![0u128; CONTRIBUTIONS.len() + 1];
    for (i, transcript) in transcripts.iter().enumerate() {
        let (prompt, answer) = (&transcript.prompt_ids, &transcript.output_ids);
        let models = index.models(&model).unwrap();
        let query = Query::new(&models, prompt, answer, Scope::Exchange).unwrap();
        let found = scores(&query, &index);
        let each = CONTRIBUTIONS.into_iter().zip(found.scores.chunks(2));
        let named: Vec<_> = each.map(|(id, scores)| (id, scores.to_vec())).collect();
        assert_eq!(report.receipts[i].scores, named);
        for at in 0..2 * index.blocks() {
            let (variant, block) = (at / index.blocks(), at % index.blocks());
            let mut preimage = hashing::QUERY_BLOCK.to_vec();
            preimage.extend((i as u32).to_le_bytes());
            preimage.push(variant as u8);
            preimage.extend((block as u32).to_le_bytes());
            preimage.push(found.shifts[at]);
            for value in &query.values[at * BLOCK..(at + 1) * BLOCK] {
                preimage.extend(value.to_le_bytes());
            }
            queries.push(hashing::content_id(&preimage));
        }
        let (mut score_leaves, mut totals) = (Vec::new(), Vec::new());
        for (((contribution, variant), vector), score) in index.vectors().zip(&found.scores) {
            let (mut partials, mut total) = (Vec::new(), 0i128);
            for block in 0..index.blocks() {
                let at = usize::from(variant) * index.blocks() + block;
                let sum: i64 = query.values[at * BLOCK..(at + 1) * BLOCK]
                    .iter()
                    .zip(&vector[block * BLOCK..(block + 1) * BLOCK])
                    .map(|(q, w)| i64::from(*q) * i64::from(*w))
                    .sum();
                let mut preimage = hashing::PARTIAL_SUM.to_vec();
                preimage.extend((block as u32).to_le_bytes());
                preimage.push(found.shifts[at]);
                preimage.extend(sum.to_le_bytes());
                total += i128::from(sum) << found.shifts[at];
                preimage.extend(total.to_le_bytes());
                totals.push(total);
                partials.push(hashing::content_id(&preimage));
            }
            assert_eq!(total, *score);
            let mut preimage = hashing::SCORE.to_vec();
            preimage.extend(contribution.to_le_bytes());
            preimage.push(variant);
            preimage.extend(score.to_le_bytes());
            preimage.extend(merkle::root(&partials).as_bytes());
            score_leaves.push(hashing::content_id(&preimage));
        }
        let influence = score::shares(&CONTRIBUTIONS, 2, &found.scores, PARAMETERS.floor);
        let (fee, traced) = (transcript.signed.receipt.fee, trace(answer));
        let own = traced.mix(&influence, PARAMETERS.trace);
        assert_eq!((&report.receipts[i].trace, &report.receipts[i].shares), (&traced, &own));
        // A quarter of the answer is contribution 4's by the trace, and a fifth of that follows it.
        let exact = 50_000 + u64::from(influence.of(4)) * 950_000 / 1_000_000;
        assert!(u64::from(own.of(4)).abs_diff(exact) <= 1);
        let intervals = &report.receipts[i].intervals;
        let named: Vec<u32> = intervals.iter().map(|(id, ..)| *id).collect();
        assert_eq!(named, CONTRIBUTIONS);
        assert!(intervals.iter().all(|(_, least, most)| least <= most));
        let mut credits = hashing::TRACE.to_vec();
        credits.extend(traced.bits.to_le_bytes());
        credits.extend([4, 4, 0, 0, 0]);
        credits.extend((2 * answer.len() as u64).to_le_bytes());
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
        preimage.extend(hashing::content_id(&credits).as_bytes());
        preimage.extend(hashing::content_id(&accumulated).as_bytes());
        steps.push(hashing::content_id(&preimage));
        shares.push((fee, own));

        assert_eq!(report.receipts[i].work, hashing::content_id(&works[i]));
        let work = ReceiptWork::from_bytes(&works[i], &index).unwrap();
        assert_eq!((work.query, work.query_shifts), (query.values, found.shifts));
        assert_eq!((work.partials, work.sums, work.fee), (found.partials, sums.clone(), fee));
        assert_eq!(work.totals, totals);
        assert_eq!(work.trace, traced);
        assert!(ReceiptWork::from_bytes(&works[i], &fewer).is_err());
        assert!(ReceiptWork::from_bytes(&works[i][1..], &index).is_err());
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
    let index = index();
    let (settlement, transcripts) = settlement(&answers());
    let report =
        || attribute(&model, &index, &settlement, &transcripts, PARAMETERS, trace, |_| {}).unwrap();
    let (first, again) = (report(), report());
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
    let index = index();
    let (settlement, transcripts) = settlement(&[(vec![0], vec![])]);
    let report =
        attribute(&model, &index, &settlement, &transcripts, PARAMETERS, no_trace, |_| {}).unwrap();
    assert_eq!(report.shares.pool(), PPM);
}

#[test]
fn attribute_should_refuse_when_a_trace_credits_a_stranger() {
    let model = model();
    let index = index();
    let (settlement, transcripts) = settlement(&answers());
    let stranger = |_: &[u32]| Trace { bits: 9, credits: vec![(5, 9)].try_into().unwrap() };
    let refused =
        attribute(&model, &index, &settlement, &transcripts, PARAMETERS, stranger, |_| {});
    assert!(matches!(refused, Err(Error::Trace { receipt: 0 })), "{refused:?}");
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
    let index = index();
    for answer in [(vec![0, VOCABULARY as u32], vec![1]), (vec![0; 60], vec![1; 6])] {
        let (settlement, transcripts) = settlement(&[answer]);
        let result =
            attribute(&model, &index, &settlement, &transcripts, PARAMETERS, no_trace, |_| {});
        assert!(matches!(result, Err(Error::Model(_))));
    }
}

#[test]
fn parse_should_name_the_line_and_keep_the_prompt_to_itself() {
    let error = batch::parse(b"{\"prompt_ids\":\"secret\"}\n").unwrap_err();
    assert!(matches!(error, Error::Transcript { line: 1, .. }));
    assert!(!error.to_string().contains("secret"));
}
