use super::*;

#[test]
fn contribute_should_wait_for_review_and_hold_a_deposit_when_valid() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        assert_eq!(status(id), Status::Pending { until: 1 + REVIEW_PERIOD });
        assert!(held(CONTRIBUTOR) > 0);
        assert_eq!(Pallet::<Test>::payout_account(id), Some(account(CONTRIBUTOR)));
        let event = Event::Contributed {
            contribution: id,
            datanet,
            contributor: account(CONTRIBUTOR),
            records: 10,
            bytes: 1_000,
        };
        assert_eq!(last_event(), event.into());
    });
}

#[test]
fn contribute_should_fail_when_the_root_is_there_already() {
    run(|| {
        let datanet = datanet();
        contribute(datanet, 1);
        assert_noop!(send(STRANGER, contribute_call(datanet, 1)), Error::<Test>::AlreadyExists);
        // Another datanet may have it.
        let other = self::datanet();
        assert_ok!(send(STRANGER, contribute_call(other, 1)));
    });
}

#[test]
fn contribute_should_fail_when_something_is_missing() {
    run(|| {
        let datanet = datanet();
        let zero = H256::zero();
        for (root, content, records, bytes) in [
            (zero, root(1), 1, 1),
            (root(1), zero, 1, 1),
            (root(1), root(1), 0, 1),
            (root(1), root(1), 1, 0),
        ] {
            let label = Name::new();
            let call = Call::contribute { datanet, root, content, records, bytes, label };
            assert_noop!(send(CONTRIBUTOR, call), Error::<Test>::InvalidContribution);
        }
    });
}

#[test]
fn contribute_should_fail_when_there_is_no_datanet() {
    run(|| {
        assert_noop!(send(CONTRIBUTOR, contribute_call(0, 1)), Error::<Test>::NotFound);
    });
}

#[test]
fn contribute_should_fail_when_not_on_the_allow_list() {
    run(|| {
        assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::AllowList)));
        assert_noop!(send(OWNER, contribute_call(0, 1)), Error::<Test>::NotMember);
    });
}

#[test]
fn contribute_should_fail_when_the_deposit_is_not_there() {
    run(|| {
        let datanet = datanet();
        assert_noop!(
            send(20, contribute_call(datanet, 1)),
            sp_runtime::TokenError::FundsUnavailable
        );
    });
}

#[test]
fn contribute_should_fail_when_no_ids_are_left() {
    run(|| {
        let datanet = datanet();
        NextContributionId::<Test>::put(u32::MAX);
        assert_noop!(
            send(CONTRIBUTOR, contribute_call(datanet, 1)),
            sp_runtime::ArithmeticError::Overflow
        );
    });
}

#[test]
fn contribute_should_fail_when_not_signed() {
    run(|| assert_needs_signature(contribute_call(0, 1)));
}

#[test]
fn contribute_should_fail_when_some_money_is_frozen() {
    run(|| {
        let datanet = datanet();
        freeze(CONTRIBUTOR, EXISTENTIAL_DEPOSIT + 1);
        let call = send(CONTRIBUTOR, contribute_call(datanet, 1));
        assert_noop!(call, sp_runtime::TokenError::Frozen);
    });
}

#[test]
fn contribute_should_hold_a_bond_beside_the_deposit() {
    run(|| {
        let datanet = datanet();
        contribute(datanet, 1);
        assert_eq!(
            held(CONTRIBUTOR),
            deposit(Pallet::<Test>::contribution_footprint(Policy::Open))
        );
        assert_eq!(bonded(CONTRIBUTOR), BOND);
    });
}
