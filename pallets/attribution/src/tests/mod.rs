//! One file for each call, one for what comes from the payments, one for the division of fees, one for
//! what the emission adds, one for the off-chain worker, and one for what must hold whatever is called.

// The pallet, not the primitive of this name.
use crate::mock::Attribution;
use crate::{mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::DispatchResultWithPostInfo,
    traits::{fungible::Inspect, Hooks},
};
use openledger_primitives::{
    attribution::Attribution as Outcome,
    licence::Licence,
    shares::Share,
    split::{portion, Split, SplitParameters},
    PPM, UNIT,
};
use pallet_payments::fixtures::*;
use sp_runtime::DispatchError::BadOrigin;

mod advance;
#[cfg(feature = "runtime-benchmarks")]
mod bounds;
mod challenge;
mod claim;
mod claim_contributions;
mod commit;
mod draw_committees;
mod finalise;
mod invariants;
mod matching;
mod on_settlement;
mod payout_change;
mod payouts;
mod prove_fraud;
mod reveal;
mod worker;

/// What each test begins with: an adapter trained on two datanets (contributions 0 and 1 with 10 and 30
/// records, and 2 with 20), an operator, a payer's channel, and attributors.
pub struct World {
    pub operator: AccountId32,
    pub model: ModelId,
    pub channel: u64,
    pub attributors: Vec<AccountId32>,
}

pub fn world(attributors: u32) -> World {
    let (payer, operator) = (payer::<Test>(), operator::<Test>());
    let first = datanet::<Test>(Licence::OPEN, &[10, 30]).0;
    let second = datanet::<Test>(Licence::OPEN, &[20]).0;
    let model = adapter::<Test>(base::<Test>(), &[], &[first, second], true);
    let channel = channel::<Test>(&payer, &operator, FUNDS / 2);
    let attributors = (0..attributors).map(attributor::<Test>).collect();
    World { operator, model, channel, attributors }
}

impl World {
    /// Settles a fee, and has the committee drawn.
    pub fn settle(&self, fee: Balance) -> SettlementId {
        self.settle_for(self.model, fee)
    }

    /// The same, for another model.
    pub fn settle_for(&self, model: ModelId, fee: Balance) -> SettlementId {
        let id = settle::<Test>(&self.operator, model, self.channel, fee);
        draw();
        id
    }

    /// The numbers of the attributors in a settlement's committee.
    pub fn committee(&self, id: SettlementId) -> Vec<u32> {
        let committee = stored(id).committee().to_vec();
        (0..self.attributors.len())
            .filter(|n| committee.contains(&self.attributors[*n]))
            .map(|n| n as u32)
            .collect()
    }

    /// Commits for the members with these numbers, each to its own result.
    pub fn commit(&self, id: SettlementId, results: &[(u32, Outcome)]) {
        for (n, result) in results {
            assert_ok!(self.try_commit(id, *n, result));
        }
    }

    pub fn try_commit(
        &self,
        id: SettlementId,
        n: u32,
        result: &Outcome,
    ) -> DispatchResultWithPostInfo {
        let commitment = Attribution::commitment(
            result,
            id,
            stored(id).attempt,
            &account("attributor", n),
            &salt(n),
        );
        Attribution::commit(worker_of(n), id, commitment)
    }

    /// Commits and reveals for all members, each its own result.
    pub fn find(&self, id: SettlementId, results: &[(u32, Outcome)]) {
        self.commit(id, results);
        for (n, result) in results {
            assert_ok!(reveal(id, *n, result));
        }
    }

    /// The same, and nobody challenges it.
    pub fn decide(&self, id: SettlementId, results: &[(u32, Outcome)]) {
        self.find(id, results);
        pass_deadline(id);
        assert_ok!(advance(id));
    }

    /// Has all members find the same.
    pub fn decide_alike(&self, id: SettlementId, shares: &[(ContributionId, Ppm)]) {
        let results: Vec<_> = self.committee(id).into_iter().map(|n| (n, result(shares))).collect();
        self.decide(id, &results);
    }
}

/// Adds a contribution of so many records to the first datanet, publishes its second version, and
/// registers an adapter trained on these versions of it. Their ids.
pub fn newcomer(records: u32, versions: &[u32]) -> (ContributionId, ModelId) {
    let contribution = pallet_datanets::NextContributionId::<Test>::get();
    let model = pallet_models::NextModelId::<Test>::get();
    let curator = account("curator", 0);
    let contributor = funded::<Test>("contributor", contribution);
    let root = H256::repeat_byte(77);
    Datanets::contribute(signed(&contributor), 0, root, root, records, 1, Default::default())
        .unwrap();
    let accept = pallet_datanets::Verdict::Accept;
    Datanets::review(signed(&curator), contribution, accept).unwrap();
    Datanets::publish(signed(&curator), 0).unwrap();
    let trained_on: Vec<_> = versions.iter().map(|version| (0, *version)).collect();
    Models::register_adapter(
        signed(&funded::<Test>("owner", model)),
        b"second".to_vec().try_into().unwrap(),
        0,
        Default::default(),
        H256::repeat_byte(3),
        H256::repeat_byte(4),
        ADAPTER_SIZE,
        trained_on.try_into().unwrap(),
        pallet_models::Versions::<Test>::get(1, 1).unwrap().index,
        0,
        0,
    )
    .unwrap();
    (contribution, model)
}

/// What the beginning of the next block does.
pub fn draw() {
    Attribution::on_initialize(System::block_number());
}

/// Moves a settlement on, and has another committee drawn if that is what follows.
pub fn advance(id: SettlementId) -> DispatchResultWithPostInfo {
    let result = Attribution::advance(anyone(), id);
    draw();
    result
}

/// Challenges a result, and has the larger committee drawn.
pub fn challenge(who: RuntimeOrigin, id: SettlementId) -> DispatchResult {
    Attribution::challenge(who, id)?;
    draw();
    Ok(())
}

pub fn stored(id: SettlementId) -> SettlementOf<Test> {
    Settlements::<Test>::get(id).unwrap()
}

pub fn salt(n: u32) -> H256 {
    H256::from_low_u64_be(n.into())
}

/// These shares, ascending; the pool has the rest.
pub fn shares(shares: &[(ContributionId, Ppm)]) -> ShareVector {
    let list: Vec<_> = shares
        .iter()
        .map(|(contribution, ppm)| Share { contribution: *contribution, ppm: *ppm })
        .collect();
    let given: Ppm = list.iter().map(|share| share.ppm).sum();
    ShareVector::new(list.try_into().unwrap(), PPM - given).unwrap()
}

pub fn result(list: &[(ContributionId, Ppm)]) -> Outcome {
    Outcome {
        shares: shares(list),
        query_root: H256::repeat_byte(1),
        work_root: H256::repeat_byte(2),
        report: H256::repeat_byte(3),
    }
}

/// Reveals a result with the salt of attributor number `n`.
pub fn reveal(id: SettlementId, n: u32, result: &Outcome) -> DispatchResultWithPostInfo {
    Attribution::reveal(
        worker_of(n),
        id,
        result.shares.shares().to_vec().try_into().unwrap(),
        result.shares.pool(),
        result.query_root,
        result.work_root,
        result.report,
        salt(n),
    )
}

/// Goes to the block after a settlement's deadline, if it has not passed.
pub fn pass_deadline(id: SettlementId) {
    System::set_block_number(System::block_number().max(stored(id).deadline().unwrap_or(0) + 1));
}

/// Has `to` be paid for a contribution instead of whoever is now.
pub fn sell(contribution: ContributionId, to: &AccountId32) {
    let payee = Datanets::payout_account(contribution).unwrap();
    assert_ok!(Datanets::transfer_payout(signed(&payee), contribution, to.clone()));
    assert_ok!(Datanets::accept_payout(signed(to), contribution));
}

pub fn anyone() -> RuntimeOrigin {
    RuntimeOrigin::signed(account("anyone", 0))
}

/// What every attributor has bonded at first.
pub const BONDED: Balance = 2 * UNIT;

/// What attributor number `n` has bonded.
pub fn bond(n: u32) -> Balance {
    let who = account("attributor", n);
    pallet_providers::Providers::<Test>::get(pallet_providers::Role::Attributor, who).unwrap().bond
}
