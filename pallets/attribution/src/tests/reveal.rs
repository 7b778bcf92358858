use super::*;

/// A settlement whose three members have committed to this result.
fn committed(list: &[(ContributionId, Ppm)]) -> (World, SettlementId) {
    let world = world(3);
    let id = world.settle(1_000_000);
    let results: Vec<_> = (0..3).map(|n| (n, result(list))).collect();
    world.commit(id, &results);
    (world, id)
}

const LIST: &[(ContributionId, Ppm)] = &[(0, 600_000), (2, 300_000)];

#[test]
fn reveal_should_be_kept_and_free_when_others_are_missing() {
    run(|| {
        let (_, id) = committed(LIST);
        let info = reveal(id, 0, &result(LIST)).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        assert!(
            info.actual_weight.unwrap().ref_time()
                < weights::SubstrateWeight::<Test>::reveal_last().ref_time()
        );
        assert_eq!(Reveals::<Test>::get(id, account("attributor", 0)), Some(result(LIST)));
        assert_eq!(
            last_event(),
            Event::Revealed { settlement: id, attributor: account("attributor", 0) }
        );
        assert_eq!(stored(id).phase(), Phase::Revealing);
    });
}

#[test]
fn reveal_should_decide_when_it_is_the_last() {
    run(|| {
        let (world, id) = committed(LIST);
        System::set_block_number(4);
        for n in 0..3 {
            assert_eq!(reveal(id, n, &result(LIST)).unwrap().pays_fee, Pays::No);
        }
        let settlement = stored(id);
        assert_eq!((settlement.phase(), settlement.deadline()), (Phase::Decided, Some(4 + WINDOW)));
        assert!(!settlement.is_over());
        assert_eq!(settlement.shares(), Some(&shares(LIST)));
        assert_eq!(
            last_event(),
            Event::Decided { settlement: id, shares: shares(LIST), deadline: 4 + WINDOW }
        );
        for who in &world.attributors {
            assert!(Attribution::open_jobs(who.clone()).is_empty());
        }
    });
}

#[test]
fn reveal_should_fail_when_nobody_signs() {
    run(|| {
        let (_, id) = committed(LIST);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                Attribution::reveal(
                    origin,
                    id,
                    Default::default(),
                    PPM,
                    H256::zero(),
                    H256::zero(),
                    H256::zero(),
                    salt(0)
                ),
                BadOrigin
            );
        }
    });
}

#[test]
fn reveal_should_fail_when_the_signer_is_no_members_worker() {
    run(|| {
        let (_, id) = committed(LIST);
        assert_noop!(reveal(id, 7, &result(LIST)), Error::<Test>::NotMember);
        attributor::<Test>(7);
        assert_noop!(reveal(id, 7, &result(LIST)), Error::<Test>::NotMember);
    });
}

#[test]
fn reveal_should_fail_when_there_is_no_such_settlement() {
    run(|| {
        let (_, id) = committed(LIST);
        assert_noop!(reveal(id + 1, 0, &result(LIST)), Error::<Test>::NotFound);
    });
}

#[test]
fn reveal_should_fail_when_the_member_did_not_commit() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        world.commit(id, &[(0, result(LIST)), (2, result(LIST))]);
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_noop!(reveal(id, 1, &result(LIST)), Error::<Test>::NotFound);
    });
}

#[test]
fn reveal_should_fail_when_the_committee_still_commits() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        world.commit(id, &[(0, result(LIST))]);
        assert_noop!(reveal(id, 0, &result(LIST)), Error::<Test>::WrongPhase);
    });
}

#[test]
fn reveal_should_fail_when_the_deadline_has_passed() {
    run(|| {
        let (_, id) = committed(LIST);
        pass_deadline(id);
        assert_noop!(reveal(id, 0, &result(LIST)), Error::<Test>::Expired);
    });
}

#[test]
fn reveal_should_fail_when_the_member_has_revealed() {
    run(|| {
        let (_, id) = committed(LIST);
        assert_ok!(reveal(id, 0, &result(LIST)));
        assert_noop!(reveal(id, 0, &result(LIST)), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn reveal_should_fail_when_the_shares_are_no_share_vector() {
    run(|| {
        let (_, id) = committed(LIST);
        let share = |contribution, ppm| Share { contribution, ppm };
        for (list, pool) in [
            (vec![share(0, 500_000)], 499_999),
            (vec![share(0, 500_000)], 500_001),
            (vec![share(2, 500_000), share(0, 500_000)], 0),
            (vec![share(0, 500_000), share(0, 500_000)], 0),
            (vec![share(0, 0)], PPM),
            (vec![share(0, Ppm::MAX), share(1, 1_000_001)], 0),
        ] {
            assert_noop!(
                Attribution::reveal(
                    worker_of(0),
                    id,
                    list.try_into().unwrap(),
                    pool,
                    H256::repeat_byte(1),
                    H256::repeat_byte(2),
                    H256::zero(),
                    salt(0)
                ),
                Error::<Test>::InvalidShares
            );
        }
    });
}

#[test]
fn reveal_should_fail_when_it_names_an_unknown_contribution() {
    run(|| {
        let world = world(1);
        // There is a contribution 3, but the model was not trained on it.
        datanet::<Test>(Licence::OPEN, &[5]);
        for unknown in [3, 99] {
            let id = world.settle(1_000);
            let outcome = result(&[(0, 1), (unknown, 2)]);
            world.commit(id, &[(0, outcome.clone())]);
            assert_noop!(reveal(id, 0, &outcome), Error::<Test>::UnknownContribution);
        }
    });
}

#[test]
fn reveal_should_fail_when_something_else_was_committed_to() {
    run(|| {
        let (_, id) = committed(LIST);
        assert_noop!(reveal(id, 0, &result(&[(0, 600_001)])), Error::<Test>::InvalidReveal);
        let mut other = result(LIST);
        other.query_root = H256::zero();
        assert_noop!(reveal(id, 0, &other), Error::<Test>::InvalidReveal);
        let mut other = result(LIST);
        other.work_root = H256::zero();
        assert_noop!(reveal(id, 0, &other), Error::<Test>::InvalidReveal);
        let mut other = result(LIST);
        other.report = H256::zero();
        assert_noop!(reveal(id, 0, &other), Error::<Test>::InvalidReveal);
        assert_noop!(
            Attribution::reveal(
                worker_of(0),
                id,
                shares(LIST).shares().to_vec().try_into().unwrap(),
                shares(LIST).pool(),
                H256::repeat_byte(1),
                H256::repeat_byte(2),
                H256::repeat_byte(3),
                salt(1),
            ),
            Error::<Test>::InvalidReveal
        );
    });
}

#[test]
fn reveal_should_fail_when_the_commitment_was_copied_from_another_member() {
    run(|| {
        let world = world(2);
        let id = world.settle(1_000);
        world.commit(id, &[(0, result(LIST))]);
        let copied = Commitments::<Test>::get(id, account("attributor", 0)).unwrap();
        assert_ok!(Attribution::commit(worker_of(1), id, copied));
        assert_ok!(reveal(id, 0, &result(LIST)));
        assert_noop!(
            Attribution::reveal(
                worker_of(1),
                id,
                shares(LIST).shares().to_vec().try_into().unwrap(),
                shares(LIST).pool(),
                H256::repeat_byte(1),
                H256::repeat_byte(2),
                H256::zero(),
                salt(0),
            ),
            Error::<Test>::InvalidReveal
        );
    });
}
