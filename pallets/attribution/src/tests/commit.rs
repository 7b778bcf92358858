use super::*;

#[test]
fn commit_should_be_kept_and_free_when_a_member_commits() {
    run(|| {
        let world = world(3);
        let id = world.settle(1_000);
        let commitment = H256::repeat_byte(1);
        let info = Attribution::commit(worker_of(0), id, commitment).unwrap();
        assert_eq!(info.pays_fee, Pays::No);
        assert_eq!(Commitments::<Test>::get(id, account("attributor", 0)), Some(commitment));
        assert_eq!(
            last_event(),
            Event::Committed { settlement: id, attributor: account("attributor", 0) }
        );
        assert_eq!(stored(id).phase(), Phase::Committing);
    });
}

#[test]
fn commit_should_start_the_reveal_when_it_is_the_last() {
    run(|| {
        let world = world(2);
        let id = world.settle(1_000);
        assert_ok!(Attribution::commit(worker_of(0), id, H256::zero()));
        System::set_block_number(5);
        assert_ok!(Attribution::commit(worker_of(1), id, H256::zero()));
        assert_eq!(
            (stored(id).phase(), stored(id).deadline()),
            (Phase::Revealing, Some(5 + REVEAL))
        );
        assert_eq!(last_event(), Event::RevealStarted { settlement: id, deadline: 5 + REVEAL });
    });
}

#[test]
fn commit_should_fail_when_nobody_signs() {
    run(|| {
        let id = world(1).settle(1_000);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(Attribution::commit(origin, id, H256::zero()), BadOrigin);
        }
    });
}

#[test]
fn commit_should_fail_when_the_signer_is_no_members_worker() {
    run(|| {
        let id = world(1).settle(1_000);
        // Too late for this committee.
        attributor::<Test>(1);
        for origin in [anyone(), worker_of(1), signed(&account("attributor", 0))] {
            assert_noop!(Attribution::commit(origin, id, H256::zero()), Error::<Test>::NotMember);
        }
    });
}

#[test]
fn commit_should_fail_when_there_is_no_such_settlement() {
    run(|| {
        world(1);
        assert_noop!(Attribution::commit(worker_of(0), 0, H256::zero()), Error::<Test>::NotFound);
    });
}

#[test]
fn commit_should_fail_when_the_committee_reveals_already() {
    run(|| {
        let id = world(1).settle(1_000);
        assert_ok!(Attribution::commit(worker_of(0), id, H256::zero()));
        assert_noop!(
            Attribution::commit(worker_of(0), id, H256::zero()),
            Error::<Test>::WrongPhase
        );
    });
}

#[test]
fn commit_should_fail_when_the_deadline_has_passed() {
    run(|| {
        let id = world(2).settle(1_000);
        System::set_block_number(1 + COMMIT);
        assert_ok!(Attribution::commit(worker_of(0), id, H256::zero()));
        System::set_block_number(2 + COMMIT);
        assert_noop!(Attribution::commit(worker_of(1), id, H256::zero()), Error::<Test>::Expired);
    });
}

#[test]
fn commit_should_fail_when_the_member_has_committed() {
    run(|| {
        let id = world(2).settle(1_000);
        assert_ok!(Attribution::commit(worker_of(0), id, H256::zero()));
        assert_noop!(
            Attribution::commit(worker_of(0), id, H256::repeat_byte(1)),
            Error::<Test>::AlreadyExists
        );
    });
}
