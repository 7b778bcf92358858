use super::*;

const REJECT: Verdict = Verdict::Reject(RejectReason::LowQuality);

#[test]
fn review_should_put_into_the_next_version_when_accepted() {
    run(|| {
        let datanet = datanet();
        let (first, second) = (contribute(datanet, 1), contribute(datanet, 2));
        // In whatever order they are accepted, the version lists them ascending.
        assert_ok!(review(CURATOR, second, Verdict::Accept));
        assert_ok!(review(CURATOR, first, Verdict::Accept));
        assert_eq!(Accepted::<Test>::get(datanet).into_inner(), [first, second]);
        assert_eq!(status(first), Status::Accepted);
        let event = Event::Reviewed {
            contribution: first,
            datanet,
            curator: account(CURATOR),
            verdict: Verdict::Accept,
        };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn review_should_return_deposit_and_root_when_rejected() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        assert_ok!(review(CURATOR, id, REJECT));
        let appeal_until = Some(1 + APPEAL_PERIOD);
        let reason = RejectReason::LowQuality;
        assert_eq!(status(id), Status::Rejected { reason, appeal_until });
        assert_eq!(held(CONTRIBUTOR), 0);
        // Its contributor may try again.
        assert_ne!(contribute(datanet, 1), id);
    });
}

#[test]
fn review_should_work_when_in_the_last_block_of_the_period() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        System::set_block_number(1 + REVIEW_PERIOD);
        assert_ok!(review(CURATOR, id, Verdict::Accept));
    });
}

#[test]
fn review_should_fail_when_the_period_is_over() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        after_review_period();
        for verdict in [Verdict::Accept, REJECT] {
            assert_noop!(review(CURATOR, id, verdict), Error::<Test>::Expired);
        }
    });
}

#[test]
fn review_should_fail_when_not_a_curator() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        for n in [OWNER, CONTRIBUTOR, STRANGER] {
            assert_noop!(review(n, id, Verdict::Accept), Error::<Test>::NotCurator);
        }
    });
}

#[test]
fn review_should_fail_when_decided_already() {
    run(|| {
        let datanet = datanet();
        let (accepted, rejected) = (accepted(datanet, 1), contribute(datanet, 2));
        assert_ok!(review(CURATOR, rejected, REJECT));
        for id in [accepted, rejected] {
            assert_noop!(review(CURATOR, id, REJECT), Error::<Test>::WrongPhase);
        }
    });
}

#[test]
fn review_should_fail_when_the_version_is_full() {
    run(|| {
        let datanet = datanet();
        for n in 0..MAX_CONTRIBUTIONS {
            let root = H256::from_low_u64_be(u64::from(n) + 1);
            let label = Name::new();
            let call =
                Call::contribute { datanet, root, content: root, records: 1, bytes: 1, label };
            assert_ok!(send(CONTRIBUTOR, call));
            assert_ok!(review(CURATOR, n, Verdict::Accept));
        }
        let id = contribute(datanet, 1);
        assert_noop!(review(CURATOR, id, Verdict::Accept), Error::<Test>::TooMany);
        assert_ok!(withdraw(CONTRIBUTOR, 7));
        assert_ok!(review(CURATOR, id, Verdict::Accept));
        assert_ok!(publish(CURATOR, datanet));
    });
}

#[test]
fn review_should_fail_when_there_is_no_contribution() {
    run(|| {
        assert_noop!(review(CURATOR, 0, Verdict::Accept), Error::<Test>::NotFound);
    });
}

#[test]
fn review_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::review { contribution: 0, verdict: REJECT }));
}
