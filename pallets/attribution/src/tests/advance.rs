use super::*;

#[test]
fn advance_should_start_the_reveal_when_more_than_half_committed() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        world.commit(id, &[(1, result(&[])), (2, result(&[]))]);
        pass_deadline(id);
        let now = System::block_number();
        assert_eq!(advance(id).unwrap().pays_fee, Pays::No);
        assert_eq!(
            (stored(id).phase(), stored(id).deadline()),
            (Phase::Revealing, Some(now + REVEAL))
        );
    });
}

#[test]
fn advance_should_find_the_shares_when_more_than_half_revealed() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000_000);
        let results: Vec<_> = (0..3).map(|n| (n, result(&[(0, 400_000)]))).collect();
        world.commit(id, &results);
        assert_ok!(reveal(id, 2, &results[2].1));
        assert_ok!(reveal(id, 0, &results[0].1));
        pass_deadline(id);
        let now = System::block_number();
        assert_eq!(advance(id).unwrap().pays_fee, Pays::No);
        let settlement = stored(id);
        assert_eq!(
            (settlement.phase(), settlement.deadline()),
            (Phase::Decided, Some(now + WINDOW))
        );
        assert_eq!(settlement.shares(), Some(&shares(&[(0, 400_000)])));
    });
}

#[test]
fn advance_should_divide_the_fee_when_nobody_challenged_in_time() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000_000);
        let results: Vec<_> = (0..3).map(|n| (n, result(&[(0, 400_000)]))).collect();
        world.find(id, &results);
        System::set_block_number(stored(id).deadline().unwrap());
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::TooEarly);
        pass_deadline(id);
        let info = advance(id).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        // Three members, one contribution, the model and its base.
        let cost = <weights::SubstrateWeight<Test> as WeightInfo>::advance_finalise(3, 1, 2);
        assert_eq!(info.actual_weight, Some(cost));
        let settlement = stored(id);
        assert_eq!(settlement.phase(), Phase::Finalised);
        assert_eq!(settlement.outcome().unwrap().ended, System::block_number());
    });
}

#[test]
fn silent_member_should_be_unpaid_and_lose_a_little_when_the_others_answer() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000_000);
        let results: Vec<_> = (0..2).map(|n| (n, result(&[(0, 400_000)]))).collect();
        world.commit(id, &results);
        pass_deadline(id);
        assert_ok!(advance(id));
        for (n, result) in &results {
            assert_ok!(reveal(id, *n, result));
        }
        pass_deadline(id);
        let before = Balances::free_balance(Treasury::get());
        assert_ok!(advance(id));
        let credit = |n| Credits::<Test>::get(account("attributor", n));
        assert_eq!([credit(0), credit(1), credit(2)], [25_000, 25_000, 0]);
        assert_eq!([bond(0), bond(1), bond(2)], [BONDED, BONDED, BONDED - BONDED / 1_000]);
        let split = stored(id).outcome().unwrap().split;
        assert_eq!(
            Balances::free_balance(Treasury::get()) - before,
            split.treasury + split.remainder + BONDED / 1_000
        );
    });
}

#[test]
fn advance_should_draw_another_committee_when_half_or_fewer_answered() {
    run(|| {
        let world = world(2);
        let id = world.settle(1_000);
        world.commit(id, &[(0, result(&[]))]);
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_eq!((stored(id).phase(), stored(id).attempt), (Phase::Committing, 2));
        // One had committed; the other was silent.
        assert_eq!([bond(0), bond(1)], [BONDED, BONDED - BONDED / 1_000]);
        world.commit(id, &[(0, result(&[])), (1, result(&[]))]);
        assert_ok!(reveal(id, 1, &result(&[])));
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_eq!(stored(id).phase(), Phase::Fallback);
        // This time, the first was silent when it was to reveal.
        assert_eq!([bond(0), bond(1)], [BONDED - BONDED / 1_000; 2]);
    });
}

#[test]
fn advance_should_draw_another_committee_when_nobody_committed() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        pass_deadline(id);
        let now = System::block_number();
        assert_eq!(advance(id).unwrap().pays_fee, Pays::No);
        let settlement = stored(id);
        assert_eq!(
            (settlement.phase(), settlement.attempt, settlement.deadline()),
            (Phase::Committing, 2, Some(now + COMMIT))
        );
        assert_eq!(
            last_event(),
            Event::CommitteeDrawn {
                settlement: id,
                attempt: 2,
                committee: settlement.committee().to_vec(),
                deadline: now + COMMIT
            }
        );
        world.decide_alike(id, &[(0, PPM)]);
        assert_eq!(stored(id).phase(), Phase::Finalised);
    });
}

#[test]
fn advance_should_draw_another_committee_when_nobody_revealed() {
    run(|| {
        let world = world(2);
        let id = world.settle(1_000);
        world.commit(id, &[(0, result(&[])), (1, result(&[]))]);
        pass_deadline(id);
        assert_ok!(advance(id));
        assert_eq!((stored(id).phase(), stored(id).attempt), (Phase::Committing, 2));
        assert_eq!(Commitments::<Test>::iter_prefix(id).count(), 0);
    });
}

#[test]
fn advance_should_fall_back_to_the_pools_when_the_last_committee_was_silent() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000_000);
        pass_deadline(id);
        assert_ok!(advance(id));
        pass_deadline(id);
        assert_ok!(advance(id));
        let settlement = stored(id);
        assert_eq!(settlement.phase(), Phase::Fallback);
        assert_eq!(settlement.shares(), Some(&ShareVector::all_to_pool()));
        let split = settlement.outcome().unwrap().split;
        assert_eq!((split.data, split.attributors), (500_000, 0));
        // 40 records in one datanet, 20 in the other; the attributors' part is left over.
        assert_eq!(Pools::<Test>::get(0).received, 333_334);
        assert_eq!(Pools::<Test>::get(1).received, 166_666);
        assert_eq!(Balances::free_balance(Treasury::get()), ED + 50_000 + 50_000);
        // Nobody committed: it may be that nobody could, so nobody loses.
        assert_eq!([bond(0), bond(1), bond(2)], [BONDED; 3]);
        assert_eq!(last_event(), Event::FellBack { settlement: id, split, emission: 0 });
        for who in world.attributors {
            assert!(Attribution::open_jobs(who).is_empty());
        }
    });
}

#[test]
fn advance_should_draw_a_committee_at_any_time_when_there_was_nobody() {
    run(|| {
        let mut world = world(0);
        let id = world.settle(1_000);
        assert!(stored(id).committee().is_empty());
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::TooEarly);
        world.attributors.push(attributor::<Test>(0));
        System::set_block_number(3);
        assert_ok!(advance(id));
        let settlement = stored(id);
        assert_eq!(settlement.committee().to_vec(), world.attributors);
        assert_eq!((settlement.attempt, settlement.deadline()), (1, Some(3 + COMMIT)));
        world.decide_alike(id, &[]);
    });
}

#[test]
fn advance_should_fall_back_when_there_is_never_anybody() {
    run(|| {
        let world = world(0);
        let id = world.settle(1_000);
        for _ in 0..PARAMETERS.max_attempts {
            pass_deadline(id);
            assert_ok!(advance(id));
        }
        assert_eq!(stored(id).phase(), Phase::Fallback);
    });
}

#[test]
fn advance_should_fail_when_nobody_signs() {
    run(|| {
        let id = world(3).settle(1_000);
        pass_deadline(id);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Attribution::advance(origin, id), BadOrigin);
        }
    });
}

#[test]
fn advance_should_fail_when_there_is_no_such_settlement() {
    run(|| {
        assert_noop!(Attribution::advance(anyone(), 0), Error::<Test>::NotFound);
    });
}

#[test]
fn advance_should_fail_when_the_phase_is_not_over() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        System::set_block_number(stored(id).deadline().unwrap());
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::TooEarly);
        let results: Vec<_> = (0..3).map(|n| (n, result(&[]))).collect();
        world.commit(id, &results);
        System::set_block_number(stored(id).deadline().unwrap());
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::TooEarly);
    });
}

#[test]
fn advance_should_fail_when_the_settlement_is_decided() {
    run(|| {
        let world = world(1);
        let id = world.settle(1_000);
        world.decide_alike(id, &[]);
        System::set_block_number(1_000);
        assert_noop!(Attribution::advance(anyone(), id), Error::<Test>::WrongPhase);
    });
}
