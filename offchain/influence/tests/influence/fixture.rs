//! Indices of the tiny model, and transcripts of a settlement.

use openledger_influence::{
    batch::Settlement,
    build::{self, Example},
    Index, Method, Result,
};
use openledger_lm::Model;
use openledger_primitives::{
    hashing, merkle,
    receipt::{Receipt, SignedReceipt, Transcript},
    signature::Signature,
    H256,
};

pub use crate::tiny::*;

pub const GENESIS: H256 = H256::repeat_byte(1);
pub const ADAPTER: H256 = H256::repeat_byte(2);
pub const CONTRIBUTIONS: [u32; 4] = [3, 4, 8, 9];

pub fn method() -> Method {
    Method { fisher_records: 24, damping_ppm: 100_000, runs: 2, ..Method::default() }
}

/// The ends of as many trainings as the method has: the model, with weights ever smaller.
pub fn ends(method: &Method) -> Vec<Model> {
    (0..method.runs)
        .map(|run| {
            let values = model().lora_values().into_iter();
            let smaller = values.map(|matrix| matrix * (1.0 - 0.1 * f32::from(run)));
            model().with_lora_values(smaller.collect()).unwrap()
        })
        .collect()
}

/// An index with these as its checkpoints.
pub fn index_of(contributions: &[u32], examples: &[Example], method: &Method) -> Result<Index> {
    let variants = build::variants(&ends(method), contributions, examples, method)?;
    build::index(&model(), ADAPTER, contributions, examples, method, &variants)
}

pub fn operator() -> schnorrkel::Keypair {
    schnorrkel::MiniSecretKey::from_bytes(&[9; 32])
        .unwrap()
        .expand_to_keypair(schnorrkel::ExpansionMode::Ed25519)
}

pub fn account(key: &schnorrkel::Keypair) -> H256 {
    H256(key.public.to_bytes())
}

/// Answers of the operator, and the settlement that they make.
pub fn settlement(answers: &[(Vec<u32>, Vec<u32>)]) -> (Settlement, Vec<Transcript>) {
    let key = operator();
    let transcripts: Vec<Transcript> = answers
        .iter()
        .enumerate()
        .map(|(i, (prompt, output))| {
            let receipt = Receipt {
                genesis: GENESIS,
                model: 2,
                version: 1,
                operator: account(&key),
                payer: H256::repeat_byte(4),
                channel: 0,
                cumulative: 100 * (i as u128 + 1),
                request: hashing::token_ids(hashing::REQUEST, prompt),
                response: hashing::token_ids(hashing::RESPONSE, output),
                tokens_in: prompt.len() as u32,
                tokens_out: output.len() as u32,
                fee: 100,
                issued_at: i as u64,
            };
            signed(receipt, prompt.clone(), output.clone(), &key)
        })
        .collect();
    let ids: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
    let settlement = Settlement {
        genesis: GENESIS,
        settlement: 7,
        model: 2,
        version: 1,
        operator: account(&key),
        receipts_root: merkle::root(&ids),
        count: ids.len() as u32,
        total_fee: 100 * ids.len() as u128,
    };
    (settlement, transcripts)
}

pub fn signed(
    receipt: Receipt,
    prompt_ids: Vec<u32>,
    output_ids: Vec<u32>,
    key: &schnorrkel::Keypair,
) -> Transcript {
    let signature = key.sign_simple(b"substrate", receipt.id().as_bytes()).to_bytes();
    let signed = SignedReceipt { receipt, signature: Signature::Sr25519(signature) };
    Transcript { signed, prompt_ids, output_ids }
}

/// Spearman's rank correlation.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| -> Vec<f64> {
        values.iter().map(|v| values.iter().filter(|o| *o < v).count() as f64).collect()
    };
    correlation(&ranks(a), &ranks(b))
}

/// Pearson's correlation.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
    };
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}
