mod accept_ownership;
mod accept_payout;
mod allow;
mod appeal;
#[cfg(feature = "runtime-benchmarks")]
mod bounds;
mod contribute;
mod create;
mod invariants;
mod lapse;
mod lapse_appeal;
mod prove_duplicate;
mod publish;
mod resolve_appeal;
mod review;
mod set_curators;
mod set_licence;
mod spend;
mod transfer_ownership;
mod transfer_payout;
mod vote;
mod withdraw;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};

// Who is who in these tests.
const OWNER: u8 = 1;
const CURATOR: u8 = 2;
const CONTRIBUTOR: u8 = 3;
const STRANGER: u8 = 4;

fn name(text: &str) -> Name {
    Name::truncate_from(text.as_bytes().to_vec())
}

fn create_call(licence: Licence, policy: Policy) -> Call<Test> {
    Call::create {
        name: name("solidity"),
        metadata: Metadata::truncate_from(b"contracts".to_vec()),
        licence,
        policy,
        curators: Curators::truncate_from(vec![account(CURATOR)]),
    }
}

/// An open datanet of [`OWNER`], reviewed by [`CURATOR`].
fn datanet() -> DatanetId {
    datanet_under(Licence::OPEN)
}

fn datanet_under(licence: Licence) -> DatanetId {
    let id = NextDatanetId::<Test>::get();
    assert_ok!(send(OWNER, create_call(licence, Policy::Open)));
    id
}

/// The record hashes of contributions with root number `n`: those of number `n + i` have all but `i` of
/// them.
fn records(n: u8) -> Vec<H256> {
    (0..10).map(|i| content_id(&(u32::from(n) + i).to_le_bytes())).collect()
}

fn root(n: u8) -> H256 {
    merkle::root(&records(n))
}

fn contribute_call(datanet: DatanetId, n: u8) -> Call<Test> {
    Call::contribute {
        datanet,
        root: root(n),
        content: root(n),
        records: 10,
        bytes: 1_000,
        label: name("label"),
    }
}

/// A pending contribution of [`CONTRIBUTOR`] with root number `n`.
fn contribute(datanet: DatanetId, n: u8) -> ContributionId {
    let id = NextContributionId::<Test>::get();
    assert_ok!(send(CONTRIBUTOR, contribute_call(datanet, n)));
    id
}

/// The proof that contributions with these root numbers have a record in common.
fn duplicate_call(earlier: (ContributionId, u8), later: (ContributionId, u8)) -> Call<Test> {
    let shared = earlier.1.max(later.1);
    let prove = |n: u8| {
        let index = u32::from(shared - n);
        (
            index,
            MerkleProof::truncate_from(merkle::proof(&records(n), index.into()).expect("shared")),
        )
    };
    let ((earlier_index, earlier_proof), (later_index, later_proof)) =
        (prove(earlier.1), prove(later.1));
    Call::prove_duplicate {
        earlier: earlier.0,
        later: later.0,
        record: records(shared)[0],
        earlier_index,
        earlier_proof,
        later_index,
        later_proof,
    }
}

fn review(n: u8, contribution: ContributionId, verdict: Verdict) -> DispatchResult {
    send(n, Call::review { contribution, verdict })
}

/// An accepted contribution of [`CONTRIBUTOR`] with root number `n`.
fn accepted(datanet: DatanetId, n: u8) -> ContributionId {
    let id = contribute(datanet, n);
    assert_ok!(review(CURATOR, id, Verdict::Accept));
    id
}

fn publish(n: u8, datanet: DatanetId) -> DispatchResult {
    send(n, Call::publish { datanet })
}

fn offer_payout(n: u8, contribution: ContributionId, to: u8) -> DispatchResult {
    send(n, Call::transfer_payout { contribution, to: account(to) })
}

fn accept_payout(n: u8, contribution: ContributionId) -> DispatchResult {
    send(n, Call::accept_payout { contribution })
}

fn payee(contribution: ContributionId) -> sp_runtime::AccountId32 {
    Pallet::<Test>::payout_account(contribution).expect("contributed")
}

fn withdraw(n: u8, contribution: ContributionId) -> DispatchResult {
    send(n, Call::withdraw { contribution })
}

fn lapse(n: u8, contribution: ContributionId) -> DispatchResult {
    send(n, Call::lapse { contribution })
}

/// A rejected contribution of [`CONTRIBUTOR`] with root number `n`.
fn rejected(datanet: DatanetId, n: u8) -> ContributionId {
    let id = contribute(datanet, n);
    assert_ok!(review(CURATOR, id, Verdict::Reject(RejectReason::OffTopic)));
    id
}

fn appeal(n: u8, contribution: ContributionId) -> DispatchResult {
    send(n, Call::appeal { contribution })
}

fn resolve(contribution: ContributionId, uphold: bool) -> DispatchResult {
    send_as(RuntimeOrigin::root(), Call::resolve_appeal { contribution, uphold })
}

fn lapse_appeal(n: u8, contribution: ContributionId) -> DispatchResult {
    send(n, Call::lapse_appeal { contribution })
}

fn status(contribution: ContributionId) -> Status {
    Pallet::<Test>::contribution(contribution).expect("contributed").status
}

fn stored(datanet: DatanetId) -> DatanetOf<Test> {
    Datanets::<Test>::get(datanet).expect("created")
}

fn after_appeal_period() {
    System::set_block_number(System::block_number() + APPEAL_PERIOD + 1);
}

fn after_review_period() {
    System::set_block_number(System::block_number() + REVIEW_PERIOD + 1);
}
