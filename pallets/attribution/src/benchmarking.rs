//! Costs at the worst: committees of 16, results of 256 shares over eight datanets, the largest lineage,
//! and all attributors there may be.

use crate::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{hold::Mutate as _, Inspect, Mutate};
use frame_system::RawOrigin;
use openledger_primitives::{
    fraud::{StepProof, Sums, SumsProof, MAX_ROWS},
    licence::Licence,
    merkle,
    score::rows,
    shares::Share,
    trace::Trace,
    work, PPM, UNIT,
};
// The account of that number, not frame-benchmarking's function of this name.
use pallet_payments::fixtures::account;
use pallet_payments::fixtures::*;

/// A settlement with a committee of 16 whose workers are known.
struct Setup<T: Config> {
    id: SettlementId,
    members: Vec<AccountId32>,
    attribution: Attribution,
    _runtime: core::marker::PhantomData<T>,
}

impl<T: Config> Setup<T> {
    fn new() -> Self {
        Self::with(MAX_SHARES / pallet_models::MAX_DATANETS, MAX_LINEAGE)
    }

    /// With so many contributions in each datanet, of which all or the first 256 have a share, and so many
    /// models in the lineage.
    fn with(each: u32, lineage: u32) -> Self {
        let members: Vec<_> = (0..MAX_COMMITTEE).map(attributor::<T>).collect();
        let mut datanets = Vec::new();
        let mut shares = ShareList::new();
        for _ in 0..pallet_models::MAX_DATANETS {
            let (id, contributions) = datanet::<T>(Licence::OPEN, &vec![7; each as usize]);
            datanets.push(id);
            for contribution in contributions {
                let _ = shares.try_push(Share { contribution, ppm: PPM / MAX_SHARES });
            }
        }
        fill_budgets::<T>(&datanets);
        let base = base::<T>();
        let model = pallet_models::benchmarking::lineage(lineage, |parents| {
            adapter::<T>(base, parents, &datanets, true)
        });
        // The worst there is of each.
        assert_eq!(pallet_models::Pallet::<T>::lineage(model).len() as u32, lineage);
        assert_eq!((members.len() as u32, shares.len() as u32), (MAX_COMMITTEE, MAX_SHARES));
        CurrencyOf::<T>::set_balance(&Pallet::<T>::pot(), CurrencyOf::<T>::minimum_balance());
        let operator = operator::<T>();
        let fee = 100 * UNIT;
        let channel = channel::<T>(&payer::<T>(), &operator, fee);
        let id = settle::<T>(&operator, model, channel, fee);
        // Whoever was drawn gives way to those whose workers are known here.
        Pallet::<T>::draw_committees();
        let mut settlement = Settlements::<T>::get(id).unwrap();
        Pallet::<T>::forget(id, settlement.committee());
        settlement.parameters.committee = MAX_COMMITTEE;
        Pallet::<T>::convene(id, &mut settlement, members.clone());
        Settlements::<T>::insert(id, settlement);
        let pool = PPM % MAX_SHARES;
        let attribution = Attribution {
            shares: ShareVector::new(shares, pool).unwrap(),
            query_root: H256::repeat_byte(1),
            work_root: H256::repeat_byte(2),
            report: H256::repeat_byte(3),
        };
        Self { id, members, attribution, _runtime: core::marker::PhantomData }
    }

    /// Names the first of its contributions alone; the pool has the rest.
    fn name(&mut self, contributions: u32) {
        let mut shares = self.attribution.shares.shares().to_vec();
        shares.truncate(contributions as usize);
        let pool = PPM - PPM / MAX_SHARES * contributions;
        let shares = ShareList::truncate_from(shares);
        self.attribution.shares = ShareVector::new(shares, pool).unwrap();
    }

    fn worker(&self, n: usize) -> RawOrigin<AccountId32> {
        RawOrigin::Signed(pallet_providers::WorkerOf::<T>::get(&self.members[n]).unwrap())
    }

    fn commit(&self, members: core::ops::Range<usize>) {
        for n in members {
            let commitment = Pallet::<T>::commitment(
                &self.attribution,
                self.id,
                1,
                &self.members[n],
                &H256::zero(),
            );
            Pallet::<T>::commit(self.worker(n).into(), self.id, commitment).unwrap();
        }
    }

    fn reveal(&self, members: core::ops::Range<usize>) {
        let Attribution { shares, query_root, work_root, report } = &self.attribution;
        for n in members {
            Pallet::<T>::reveal(
                self.worker(n).into(),
                self.id,
                ShareList::truncate_from(shares.shares().to_vec()),
                shares.pool(),
                *query_root,
                *work_root,
                *report,
                H256::zero(),
            )
            .unwrap();
        }
    }

    /// Registers as many attributors as there may be.
    fn fill_attributors(&self) {
        let known = pallet_providers::Attributors::<T>::get().len() as u32;
        for n in known..<T as pallet_providers::Config>::MaxAttributors::get() {
            attributor::<T>(n);
        }
    }

    fn contributions(&self) -> Vec<ContributionId> {
        let Settlement { model, version, .. } = Settlements::<T>::get(self.id).unwrap();
        pallet_models::Pallet::<T>::contributions(model, version)
    }

    fn variants(&self) -> u8 {
        let Settlement { model, version, .. } = Settlements::<T>::get(self.id).unwrap();
        pallet_models::Pallet::<T>::version(model, version).unwrap().index.unwrap().variants
    }

    /// Has all members reveal, the first with this root over its work on so many receipts.
    fn accuse(&self, receipts: u32, work_root: H256) -> AccountId32 {
        self.commit(0..ALL);
        self.reveal(0..ALL);
        let first = self.members[0].clone();
        Reveals::<T>::mutate(self.id, &first, |reveal| {
            reveal.as_mut().unwrap().work_root = work_root;
        });
        Settlements::<T>::mutate(self.id, |settlement| {
            settlement.as_mut().unwrap().count = receipts;
        });
        first
    }

    /// As many shares as what was revealed, and another result.
    fn opposite(&self) -> ShareVector {
        let revealed = self.attribution.shares.shares();
        let weights = revealed.iter().zip(1u128..).map(|(share, n)| (share.contribution, n));
        ShareVector::from_weights(weights, 0)
    }

    fn finalise(&self) {
        self.commit(0..ALL);
        self.reveal(0..ALL);
        self.pass_deadline();
        Pallet::<T>::advance(RawOrigin::Signed(account("anyone", 0)).into(), self.id).unwrap();
    }

    fn pass_deadline(&self) {
        let deadline = Settlements::<T>::get(self.id).unwrap().deadline().unwrap();
        frame_system::Pallet::<T>::set_block_number((deadline + 1).into());
    }

    fn phase(&self) -> Phase {
        Settlements::<T>::get(self.id).unwrap().phase()
    }
}

/// Has the emission drip, so that every datanet adds to what its contributions earn.
fn fill_budgets<T: Config>(datanets: &[DatanetId]) {
    use pallet_emission::Config as Emission;

    let source = <T as Emission>::Source::get();
    CurrencyOf::<T>::set_balance(&source, FUNDS);
    let account = pallet_emission::Pallet::<T>::account();
    CurrencyOf::<T>::set_balance(&account, CurrencyOf::<T>::minimum_balance());
    for datanet in datanets {
        let governance = <T as Emission>::GovernanceOrigin::try_successful_origin().unwrap();
        pallet_emission::Pallet::<T>::set_weight(governance, *datanet, 1).unwrap();
    }
    let later = now::<T>() + <T as Emission>::Period::get();
    frame_system::Pallet::<T>::set_block_number(later.into());
    pallet_emission::Pallet::<T>::drip(RawOrigin::Signed(funded::<T>("anyone", 1)).into()).unwrap();
}

/// The committee that found the shares.
fn committee_of<AccountId>(settlement: &mut Settlement<AccountId>) -> &mut Committee<AccountId> {
    match &mut settlement.stage {
        Stage::Decided { committee, .. } => committee,
        _ => panic!("nobody found the shares yet"),
    }
}

const LAST: usize = MAX_COMMITTEE as usize - 1;
const ALL: usize = MAX_COMMITTEE as usize;

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn commit() {
        let setup = Setup::<T>::new();
        setup.commit(0..LAST);
        #[extrinsic_call]
        _(setup.worker(LAST), setup.id, H256::zero());
        assert_eq!(setup.phase(), Phase::Revealing);
    }

    #[benchmark]
    fn reveal() {
        let setup = Setup::<T>::new();
        setup.commit(0..ALL);
        #[block]
        {
            setup.reveal(0..1);
        }
        assert_eq!(setup.phase(), Phase::Revealing);
    }

    #[benchmark]
    fn reveal_last() {
        let setup = Setup::<T>::new();
        setup.commit(0..ALL);
        setup.reveal(0..LAST);
        #[block]
        {
            setup.reveal(LAST..ALL);
        }
        assert_eq!(setup.phase(), Phase::Decided);
    }

    #[benchmark]
    fn advance_decide() {
        let setup = Setup::<T>::new();
        setup.commit(0..ALL);
        setup.reveal(0..LAST);
        setup.pass_deadline();
        #[extrinsic_call]
        advance(RawOrigin::Signed(account("anyone", 0)), setup.id);
        assert_eq!(setup.phase(), Phase::Decided);
    }

    /// After a challenge that was won: as many members of a first committee as of the last, all of whom
    /// lose some of their bonds and are at the end of the list of attributors.
    #[benchmark]
    fn advance_finalise(
        m: Linear<1, MAX_COMMITTEE>,
        s: Linear<1, MAX_SHARES>,
        l: Linear<2, MAX_LINEAGE>,
    ) {
        let mut setup = Setup::<T>::with(MAX_SHARES / pallet_models::MAX_DATANETS, l);
        setup.name(s);
        setup.commit(0..ALL);
        setup.reveal(0..ALL);
        setup.fill_attributors();
        let challenger = funded::<T>("challenger", 0);
        let first: Vec<_> =
            (MAX_COMMITTEE..MAX_COMMITTEE + m).map(|n| account("attributor", n)).collect();
        let wrong = ShareVector::all_to_pool();
        Settlements::<T>::mutate(setup.id, |settlement| {
            let settlement = settlement.as_mut().unwrap();
            committee_of(settlement).truncate(m as usize);
            let bond = Pallet::<T>::challenge_bond(settlement);
            CurrencyOf::<T>::hold(&Pallet::<T>::hold_reason(), &challenger, bond).unwrap();
            settlement.challenge = Some(Challenge {
                challenger: challenger.clone(),
                bond,
                shares: wrong.clone(),
                committee: first.clone().try_into().unwrap(),
                attempt: 1,
            });
            for member in &first {
                Contested::<T>::insert(setup.id, member, wrong.clone());
            }
        });
        // And as many of the last as there can be while the others agree.
        for member in setup.members.iter().take((m as usize / 2).saturating_sub(1)) {
            let shares = setup.opposite();
            Reveals::<T>::mutate(setup.id, member, |revealed| {
                revealed.as_mut().unwrap().shares = shares
            });
        }
        for member in setup.members.iter().skip(m as usize) {
            Reveals::<T>::remove(setup.id, member);
        }
        setup.pass_deadline();
        #[extrinsic_call]
        advance(RawOrigin::Signed(account("anyone", 0)), setup.id);
        assert_eq!(setup.phase(), Phase::Finalised);
        assert!(Settlements::<T>::get(setup.id).unwrap().outcome().unwrap().emission > 0);
    }

    #[benchmark]
    fn challenge() {
        let setup = Setup::<T>::new();
        setup.commit(0..ALL);
        setup.reveal(0..ALL);
        setup.fill_attributors();
        // As many as there may be, of whom some are in a smaller committee: a larger one can be drawn.
        Settlements::<T>::mutate(setup.id, |settlement| {
            let settlement = settlement.as_mut().unwrap();
            committee_of(settlement).truncate(MAX_COMMITTEE as usize / 2);
        });
        let challenger = funded::<T>("challenger", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(challenger), setup.id);
        assert_eq!(setup.phase(), Phase::Committing);
    }

    #[benchmark]
    fn advance_redraw() {
        let setup = Setup::<T>::new();
        setup.fill_attributors();
        // Half of them: not enough, and all that was said is forgotten.
        setup.commit(0..ALL / 2);
        setup.pass_deadline();
        Settlements::<T>::mutate(setup.id, |settlement| {
            settlement.as_mut().unwrap().parameters.max_attempts = 2;
        });
        #[extrinsic_call]
        advance(RawOrigin::Signed(account("anyone", 0)), setup.id);
        assert_eq!(Settlements::<T>::get(setup.id).unwrap().attempt, 2);
    }

    /// All attributors there may be, and the largest committees.
    #[benchmark]
    fn draw_committees(d: Linear<0, MAX_DRAWS>) {
        let setup = Setup::<T>::new();
        setup.fill_attributors();
        let settlement = Settlements::<T>::get(setup.id).unwrap();
        Pallet::<T>::forget(setup.id, settlement.committee());
        let first = setup.id + 1;
        for id in first..first + SettlementId::from(d) {
            let mut settlement = settlement.clone();
            Pallet::<T>::call_committee(id, &mut settlement).unwrap();
            Settlements::<T>::insert(id, settlement);
        }
        #[block]
        {
            Pallet::<T>::draw_committees();
        }
        assert!(Undrawn::<T>::get().is_empty());
    }

    /// As many scores and credits as there can be, between running sums; then the others decide.
    #[benchmark]
    fn prove_fraud() {
        let setup = Setup::<T>::with(pallet_datanets::MAX_CONTRIBUTIONS, MAX_LINEAGE);
        let contributions = setup.contributions();
        let variants = setup.variants();
        let scores = vec![(1i128, H256::repeat_byte(1)); MAX_ROWS as usize];
        let leaves: Vec<_> = rows(&contributions, variants)
            .zip(&scores)
            .map(|((id, variant), (score, root))| work::score(id, variant, *score, root))
            .collect();
        assert_eq!(leaves.len(), scores.len());
        // Each of another weight, so that the heaviest have to be found.
        let credits: Vec<_> = contributions.iter().copied().zip(1u64..).collect();
        let bits = credits.iter().map(|(_, credit)| credit).sum();
        let trace = Trace { bits, credits: credits.try_into().unwrap() };
        let sums: Sums = vec![1u128; contributions.len() + 1].try_into().unwrap();
        let hash = work::accumulated(&sums);
        let root = merkle::root(&leaves);
        let steps = [0, 1].map(|receipt| work::step(receipt, 1, &root, &trace.hash(), &hash));
        let step = |receipt: u32| StepProof {
            receipt,
            fee: 1,
            scores: root,
            trace: trace.hash(),
            sums: hash,
            path: merkle::proof(&steps, receipt.into()).unwrap().try_into().unwrap(),
        };
        let (step, previous) = (step(1), SumsProof { step: step(0), sums });
        let scores = scores.try_into().unwrap();
        let fraud = Fraud::Step { step, scores, trace, previous: Some(previous) };
        let accused = setup.accuse(2, merkle::root(&steps));
        #[extrinsic_call]
        _(RawOrigin::Signed(funded::<T>("prover", 0)), setup.id, accused, Box::new(fraud));
        assert_eq!(Settlements::<T>::get(setup.id).unwrap().committee().len(), LAST);
    }

    #[benchmark]
    fn claim() {
        let setup = Setup::<T>::new();
        setup.finalise();
        let operator = account("operator", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(account("anyone", 0)), operator.clone());
        assert!(!Credits::<T>::contains_key(operator));
    }

    #[benchmark]
    fn claim_contributions(c: Linear<1, MAX_CLAIMED>) {
        let setup = Setup::<T>::new();
        setup.finalise();
        let ids: Vec<_> = setup
            .attribution
            .shares
            .shares()
            .iter()
            .take(c as usize)
            .map(|share| share.contribution)
            .collect();
        let last = *ids.last().unwrap();
        #[extrinsic_call]
        _(RawOrigin::Signed(account("anyone", 0)), ids.try_into().unwrap());
        assert_eq!(Earned::<T>::get(last).claimed, Pallet::<T>::earnings(last).accrued);
    }

    /// With earnings of both kinds.
    #[benchmark]
    fn payout_change() {
        let setup = Setup::<T>::new();
        setup.finalise();
        let contribution = setup.attribution.shares.shares()[0].contribution;
        let payee = pallet_datanets::Pallet::<T>::payout_account(contribution).unwrap();
        #[block]
        {
            <Pallet<T> as OnPayoutChange<_>>::before_payout_change(contribution, &payee).unwrap();
        }
        assert!(Credits::<T>::get(payee) > 0);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
