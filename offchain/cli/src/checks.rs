//! What an audit compares: what the chain says of a settlement with what follows from its batch.

use std::fmt::Display;

use openledger_chain::{account, types::Settlement};
use openledger_engine::Job;
use openledger_influence::Index;
use openledger_primitives::{
    hashing, merkle, reads::Phase, receipt::Transcript, shares::ShareVector, split::Split,
    ContentId, ContributionId, H256,
};
use serde::Serialize;

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// As in `docs/cli.md`.
    pub name: &'static str,
    /// What the chain says.
    pub expected: String,
    /// What follows from the artefacts.
    pub found: String,
    /// Whether they agree.
    pub ok: bool,
    /// What was compared, for people.
    #[serde(skip)]
    pub what: &'static str,
}

impl Check {
    fn equal(
        name: &'static str,
        what: &'static str,
        expected: impl Display,
        found: impl Display,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { name, what, ok: expected == found, expected, found }
    }
}

/// Whether the bytes of the batch, which hash to `content`, are those that the chain names.
pub fn batch_content(settlement: &Settlement, content: &ContentId) -> Check {
    let what = "the batch's bytes hash to the content id on the chain";
    Check::equal("batch_content", what, debug(&settlement.batch), debug(content))
}

/// Whether the operator signed this receipt over these very tokens.
pub fn signature(settlement: &Settlement, transcript: &Transcript) -> Check {
    let (operator, receipt) = (&settlement.operator, &transcript.signed.receipt);
    let holds = [
        ("not by it", receipt.operator == account::bytes(operator)),
        (
            "of other prompt tokens",
            hashing::token_ids(hashing::REQUEST, &transcript.prompt_ids) == receipt.request,
        ),
        (
            "of other answer tokens",
            hashing::token_ids(hashing::RESPONSE, &transcript.output_ids) == receipt.response,
        ),
        (
            "with a wrong signature",
            account::verify(operator, receipt.id().as_bytes(), &transcript.signed.signature),
        ),
    ];
    let problem = holds.iter().find(|(_, holds)| !holds);
    let found = problem.map_or_else(|| operator.to_string(), |(problem, _)| (*problem).into());
    let what = "the settlement's operator signed the receipt, over these very tokens";
    Check::equal("signature", what, operator, found)
}

/// Whether a Merkle proof leads from receipt number `position` to the root on the chain.
pub fn inclusion(settlement: &Settlement, transcripts: &[Transcript], position: usize) -> Check {
    let ids: Vec<H256> = transcripts.iter().map(|t| t.signed.receipt.id()).collect();
    let root = &settlement.receipts_root;
    let (index, count) = (position as u64, u64::from(settlement.count));
    let proof = merkle::proof(&ids, index).unwrap_or_default();
    let proved = ids.get(position).is_some_and(|id| merkle::verify(root, id, index, count, &proof));
    let what = "a Merkle proof leads from the receipt to the root on the chain";
    let found = if proved { debug(root) } else { format!("not proved under {root:?}") };
    Check::equal("inclusion", what, debug(root), found)
}

/// The number of receipts.
pub fn count(settlement: &Settlement, transcripts: &[Transcript]) -> Check {
    Check::equal("count", "the number of receipts", settlement.count, transcripts.len())
}

/// The sum of the receipts' fees.
pub fn total_fee(settlement: &Settlement, transcripts: &[Transcript]) -> Check {
    let fees = transcripts.iter().map(|transcript| transcript.signed.receipt.fee);
    let sum = fees.fold(0u128, u128::saturating_add);
    Check::equal("total_fee", "the sum of the receipts' fees", settlement.total_fee, sum)
}

/// Whether the index is of this adapter and method, over the contributions of the datanet versions;
/// base, adapter and index were fetched by the content ids on the chain.
pub fn artefacts(job: &Job, index: &Index) -> Check {
    let indexed: Vec<ContributionId> = index.contributions().collect();
    let words = |adapter: &ContentId, method: &H256, contributions: &[ContributionId]| {
        format!("adapter {adapter:?}, method {method:?}, contributions {contributions:?}")
    };
    Check::equal(
        "artefacts",
        "the index is of this adapter and method, over the contributions of the datanet versions",
        words(&job.adapter.artefact, &job.index.method, &job.contributions),
        words(&index.header().adapter, &index.method().id(), &indexed),
    )
}

/// The Merkle root of the index.
pub fn index_root(job: &Job, index: &Index) -> Check {
    let what = "the Merkle root over the index";
    Check::equal("index_root", what, debug(&job.index.root), debug(&index.root()))
}

const SHARES: &str = "the shares, computed again from the transcripts, the adapter and the index";

/// Whether the shares that were paid by are those computed again: within the settlement's tolerance,
/// since gradients are in floating point, and other machines round them otherwise.
pub fn shares(settlement: &Settlement, paid: &ShareVector, computed: &ShareVector) -> Check {
    if settlement.phase() == Phase::Fallback {
        let what = "no committee answered in time: all of the data's part went to the pools";
        let expected = words(&ShareVector::all_to_pool());
        return Check::equal("shares", what, expected, words(paid));
    }
    let (distance, tolerance) = (paid.distance(computed), settlement.parameters.tolerance);
    let mut found = words(computed);
    if distance > 0 {
        found = format!("{found} ({distance} ppm away, {tolerance} are tolerated)");
    }
    Check { name: "shares", what: SHARES, expected: words(paid), found, ok: distance <= tolerance }
}

/// For a batch that contradicts itself or the chain, so that no shares follow from it.
pub fn no_shares(paid: &ShareVector, why: impl Display) -> Check {
    Check::equal("shares", SHARES, words(paid), why)
}

/// Whether the fee was divided by the settlement's own parameters, and no unit of it lost.
pub fn split(settlement: &Settlement, paid_by: &ShareVector, paid: &Split) -> [Check; 2] {
    let parts = &settlement.parameters.split.0;
    let of = |attributors| Split::of(settlement.total_fee, parts, paid_by, attributors);
    // How many attributors were paid is not kept, but only one number gives their part.
    let challenged = settlement.challenge.iter().map(|challenge| challenge.committee.len());
    let members = challenged.chain([settlement.committee().len()]).fold(0, usize::saturating_add);
    let most = u32::try_from(members).unwrap_or(u32::MAX);
    let computed = (0..=most).map(of).find(|split| split == paid).unwrap_or_else(|| of(most));
    let what = "the fee, divided again by the settlement's own parameters";
    [
        Check::equal("split", what, format!("{paid:?}"), format!("{computed:?}")),
        Check::equal("parts_sum", "the sum of the parts", settlement.total_fee, paid.total()),
    ]
}

fn debug(hash: &H256) -> String {
    format!("{hash:?}")
}

/// `3: 250000, pool: 750000`, in parts per million.
pub fn words(shares: &ShareVector) -> String {
    let mut parts: Vec<String> = shares
        .shares()
        .iter()
        .map(|share| format!("{}: {}", share.contribution, share.ppm))
        .collect();
    parts.push(format!("pool: {}", shares.pool()));
    parts.join(", ")
}
