use super::*;
use openledger_primitives::{
    fraud::{StepProof, Sums, SumsProof},
    merkle,
    score::{self, rows},
    trace::Trace,
    work,
};

/// The running sums after the only receipt of a settlement, as its members say: one for each
/// contribution, and the pool's.
fn sums(parts: [u128; 4]) -> Sums {
    parts.to_vec().try_into().unwrap()
}

/// A result that commits to its running sums, with these shares, whatever the sums say.
fn committed(parts: [u128; 4], list: &[(ContributionId, Ppm)]) -> (Outcome, Fraud) {
    let (fee, scores) = (0, H256::zero());
    let step = StepProof {
        receipt: 0,
        fee,
        scores,
        trace: Trace::default().hash(),
        sums: work::accumulated(&sums(parts)),
        path: Default::default(),
    };
    let leaf = work::step(0, fee, &scores, &step.trace, &step.sums);
    let outcome = Outcome { work_root: merkle::root(&[leaf]), ..result(list) };
    (outcome, Fraud::Shares { last: SumsProof { step, sums: sums(parts) } })
}

/// What all but a liar find: everything to contribution 0.
fn truth() -> (Outcome, Fraud) {
    committed([PPM.into(), 0, 0, 0], &[(0, PPM)])
}

/// The same sums, and shares that do not follow from them.
fn lie() -> (Outcome, Fraud) {
    committed([PPM.into(), 0, 0, 0], &[(1, PPM)])
}

fn prove(id: SettlementId, n: u32, fraud: Fraud) -> DispatchResultWithPostInfo {
    let prover = signed(&account("prover", 0));
    let info = Attribution::prove_fraud(prover, id, account("attributor", n), Box::new(fraud))?;
    draw();
    Ok(info)
}

/// A settlement that a committee decided: those with these numbers lied.
fn decided(attributors: u32, liars: &[u32]) -> (World, SettlementId) {
    let world = world(attributors);
    let id = world.settle(1_000_000);
    let results: Vec<_> = world
        .committee(id)
        .into_iter()
        .map(|n| (n, if liars.contains(&n) { lie().0 } else { truth().0 }))
        .collect();
    world.find(id, &results);
    (world, id)
}

#[test]
fn liar_should_pay_the_prover_and_its_result_be_void_when_it_is_proven() {
    run(|| {
        let (_, id) = decided(3, &[0, 1]);
        assert_eq!(stored(id).shares(), Some(&shares(&[(1, PPM)])));
        System::set_block_number(stored(id).deadline().unwrap());
        let info = prove(id, 0, lie().1).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        let cost = <weights::SubstrateWeight<Test> as WeightInfo>::prove_fraud();
        assert_eq!(info.actual_weight, Some(cost));
        let prover = account("prover", 0);
        let reward = portion(BONDED / 10, REWARD);
        assert_eq!(Balances::free_balance(&prover), reward);
        assert_eq!(Balances::free_balance(Treasury::get()), ED + BONDED / 10 - reward);
        assert_eq!(bond(0), BONDED - BONDED / 10);
        assert!(events().contains(&Event::FraudProven {
            settlement: id,
            attributor: account("attributor", 0),
            prover,
            reward
        }));
        // One right and one wrong are left: half of what each said, and a new window.
        let settlement = stored(id);
        assert_eq!(settlement.phase(), Phase::Decided);
        assert_eq!(settlement.deadline(), Some(System::block_number() + WINDOW));
        assert_eq!(settlement.shares(), Some(&shares(&[(0, 500_000), (1, 500_000)])));
        check();
        assert_ok!(prove(id, 1, lie().1));
        assert_eq!(stored(id).shares(), Some(&shares(&[(0, PPM)])));
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_eq!(Credits::<Test>::get(account("attributor", 2)), 50_000);
        assert_eq!(Credits::<Test>::get(account("attributor", 0)), 0);
        // Each lost its part once.
        assert_eq!(
            [bond(0), bond(1), bond(2)],
            [BONDED - BONDED / 10, BONDED - BONDED / 10, BONDED]
        );
    });
}

#[test]
fn another_committee_should_be_drawn_when_nobody_is_left() {
    run(|| {
        let (world, id) = decided(1, &[0]);
        assert_ok!(prove(id, 0, lie().1));
        let settlement = stored(id);
        assert_eq!((settlement.phase(), settlement.attempt), (Phase::Committing, 2));
        assert_eq!(settlement.shares(), None);
        check();
        world.decide_alike(id, &[(0, PPM)]);
        assert_eq!(stored(id).phase(), Phase::Finalised);
    });
}

#[test]
fn data_should_go_to_the_pools_when_all_committees_lied() {
    run(|| {
        let (world, id) = decided(1, &[0]);
        assert_ok!(prove(id, 0, lie().1));
        world.find(id, &[(0, lie().0)]);
        assert_ok!(prove(id, 0, lie().1));
        assert_eq!(stored(id).phase(), Phase::Fallback);
    });
}

#[test]
fn member_of_the_larger_committee_should_be_expelled_when_it_lied() {
    run(|| {
        InForce::set(Parameters { committee: 1, ..PARAMETERS });
        let world = world(7);
        let id = world.settle(1_000_000);
        let first: Vec<_> = world.committee(id).into_iter().map(|n| (n, truth().0)).collect();
        world.find(id, &first);
        assert_ok!(challenge(signed(&funded::<Test>("challenger", 0)), id));
        let members = world.committee(id);
        let results: Vec<_> = members
            .iter()
            .map(|n| (*n, if *n == members[0] { lie().0 } else { truth().0 }))
            .collect();
        world.find(id, &results);
        assert_ok!(prove(id, members[0], lie().1));
        assert_eq!(stored(id).committee().len(), 2);
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_eq!(stored(id).shares(), Some(&shares(&[(0, PPM)])));
        assert_eq!(bond(members[0]), BONDED - BONDED / 10);
    });
}

#[test]
fn proof_should_fail_when_nobody_signs() {
    run(|| {
        let (_, id) = decided(1, &[0]);
        let who = account("attributor", 0);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                Attribution::prove_fraud(origin, id, who.clone(), Box::new(lie().1)),
                BadOrigin
            );
        }
    });
}

#[test]
fn proof_should_fail_when_there_is_no_such_settlement() {
    run(|| {
        assert_noop!(prove(0, 0, lie().1), Error::<Test>::NotFound);
    });
}

#[test]
fn proof_should_fail_when_the_settlement_is_not_decided_or_is_over() {
    run(|| {
        let (_, id) = decided(1, &[0]);
        pass_deadline(id);
        assert_noop!(prove(id, 0, lie().1), Error::<Test>::Expired);
        assert_ok!(advance(id));
        assert_noop!(prove(id, 0, lie().1), Error::<Test>::WrongPhase);
    });
}

#[test]
fn proof_should_fail_when_the_accused_is_no_member() {
    run(|| {
        let (_, id) = decided(3, &[0]);
        assert_noop!(prove(id, 7, lie().1), Error::<Test>::NotMember);
    });
}

#[test]
fn proof_should_fail_when_the_accused_was_right() {
    run(|| {
        let (_, id) = decided(3, &[0]);
        assert_noop!(prove(id, 1, truth().1), Error::<Test>::NotWrong);
        // What the accused did not commit to.
        let (_, other) = committed([0, PPM.into(), 0, 0], &[]);
        assert_noop!(prove(id, 1, other), Error::<Test>::InvalidProof);
    });
}

#[test]
fn member_should_be_expelled_only_once() {
    run(|| {
        let (_, id) = decided(3, &[0]);
        assert_ok!(prove(id, 0, lie().1));
        assert_noop!(prove(id, 0, lie().1), Error::<Test>::NotMember);
    });
}

/// The step of a settlement's only receipt from scores and credits to its shares, of which `part` of what is
/// credited follows the trace: the result that commits to it, and what shows it.
fn stepped(part: Ppm, credits: &[(ContributionId, u64)]) -> (Outcome, Fraud) {
    let contributions = [0, 1, 2];
    let (fee, scores) = (1_000_000, [600, 500, 300, 400, 100, 100]);
    let root = H256::repeat_byte(1);
    let leaves: Vec<_> = rows(&contributions, 2)
        .zip(scores)
        .map(|((id, variant), score)| work::score(id, variant, score, &root))
        .collect();
    let trace = Trace { bits: 1_000, credits: credits.to_vec().try_into().unwrap() };
    let influence = score::shares(&contributions, 2, &scores, PARAMETERS.floor);
    let sums = work::accumulate(&[], &contributions, fee, &trace.mix(&influence, part));
    let step = StepProof {
        receipt: 0,
        fee,
        scores: merkle::root(&leaves),
        trace: trace.hash(),
        sums: work::accumulated(&sums),
        path: Default::default(),
    };
    let leaf = work::step(0, fee, &step.scores, &step.trace, &step.sums);
    let outcome = Outcome {
        shares: work::mean(&contributions, &sums),
        work_root: merkle::root(&[leaf]),
        ..result(&[])
    };
    let scores = scores.map(|score| (score, root)).to_vec().try_into().unwrap();
    (outcome, Fraud::Step { step, scores, trace, previous: None })
}

/// A settlement whose only attributor found this.
fn answered(outcome: &Outcome) -> SettlementId {
    let world = world(1);
    let id = world.settle(1_000_000);
    world.find(id, &[(0, outcome.clone())]);
    id
}

#[test]
fn step_should_be_taken_by_the_settlements_own_parameter_when_it_is_shown() {
    let (right, honest) = stepped(PARAMETERS.trace, &[(1, 300), (2, 200)]);
    let (_, other) = stepped(PARAMETERS.trace, &[(1, 300)]);
    run(|| {
        let id = answered(&right);
        // A tenth of all follows the trace.
        assert_eq!(stored(id).shares(), Some(&shares(&[(0, 495_000), (1, 375_000), (2, 130_000)])));
        InForce::set(Parameters { trace: PPM, ..PARAMETERS });
        assert_noop!(prove(id, 0, honest), Error::<Test>::NotWrong);
        assert_noop!(prove(id, 0, other), Error::<Test>::InvalidProof);
    });
    for part in [0, PPM] {
        let (wrong, fraud) = stepped(part, &[(1, 300), (2, 200)]);
        run(|| {
            let id = answered(&wrong);
            assert_ok!(prove(id, 0, fraud));
        });
    }
}

#[test]
fn step_should_be_wrong_when_its_trace_cannot_be() {
    for credits in [&[(2, 1), (1, 1)][..], &[(1, 1_001)], &[(3, 1)], &[(1, 0)]] {
        let (wrong, fraud) = stepped(PARAMETERS.trace, credits);
        run(|| {
            let id = answered(&wrong);
            assert_ok!(prove(id, 0, fraud));
        });
    }
}

#[test]
fn trace_should_count_for_nothing_when_the_model_has_no_trace_index() {
    let without = |outcome: &Outcome| {
        let id = answered(outcome);
        let SettlementOf::<Test> { model, version, .. } = stored(id);
        pallet_models::Versions::<Test>::mutate(model, version, |info| {
            let index = info.as_mut().unwrap().index.as_mut().unwrap();
            index.trace = None;
        });
        id
    };
    let (right, honest) = stepped(0, &[(1, 300)]);
    run(|| {
        let id = without(&right);
        assert_noop!(prove(id, 0, honest), Error::<Test>::NotWrong);
    });
    let (wrong, fraud) = stepped(PARAMETERS.trace, &[(1, 300)]);
    run(|| {
        let id = without(&wrong);
        assert_ok!(prove(id, 0, fraud));
    });
}
