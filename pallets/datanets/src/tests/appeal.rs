use super::*;

#[test]
fn appeal_should_hold_a_bond_when_rejected() {
    run(|| {
        let datanet = datanet();
        let id = rejected(datanet, 1);
        System::set_block_number(3);
        assert_ok!(appeal(CONTRIBUTOR, id));
        let until = 3 + APPEAL_PERIOD;
        let event = Event::Appealed { contribution: id, datanet, bond: APPEAL_BOND, until };
        assert_eq!(last_event(), event.into());
        assert_eq!(Appeals::<Test>::get(id), Some(Appeal { bond: APPEAL_BOND, until }));
        assert_eq!((appealing(CONTRIBUTOR), bonded(CONTRIBUTOR)), (APPEAL_BOND, 0));
    });
}

#[test]
fn appeal_should_work_when_in_the_last_block_of_the_period_only() {
    run(|| {
        let datanet = datanet();
        let [first, second] = [1, 2].map(|n| rejected(datanet, n));
        System::set_block_number(1 + APPEAL_PERIOD);
        assert_ok!(appeal(CONTRIBUTOR, first));
        System::set_block_number(2 + APPEAL_PERIOD);
        assert_noop!(appeal(CONTRIBUTOR, second), Error::<Test>::Expired);
    });
}

#[test]
fn appeal_should_fail_when_there_was_one() {
    run(|| {
        let datanet = datanet();
        let [open, refused] = [1, 2].map(|n| rejected(datanet, n));
        for id in [open, refused] {
            assert_ok!(appeal(CONTRIBUTOR, id));
        }
        assert_ok!(resolve(refused, false));
        for id in [open, refused] {
            assert_noop!(appeal(CONTRIBUTOR, id), Error::<Test>::WrongPhase);
        }
        after_appeal_period();
        assert_ok!(lapse_appeal(STRANGER, open));
        assert_noop!(appeal(CONTRIBUTOR, open), Error::<Test>::WrongPhase);
    });
}

#[test]
fn appeal_should_fail_when_not_rejected() {
    run(|| {
        let datanet = datanet();
        let [pending, withdrawn, lapsed] = [1, 2, 3].map(|n| contribute(datanet, n));
        let accepted = accepted(datanet, 4);
        assert_ok!(withdraw(CONTRIBUTOR, withdrawn));
        for id in [pending, withdrawn, accepted] {
            assert_noop!(appeal(CONTRIBUTOR, id), Error::<Test>::WrongPhase);
        }
        after_review_period();
        assert_ok!(lapse(STRANGER, lapsed));
        assert_noop!(appeal(CONTRIBUTOR, lapsed), Error::<Test>::WrongPhase);
    });
}

#[test]
fn appeal_should_fail_when_not_the_contributor() {
    run(|| {
        let id = rejected(datanet(), 1);
        for n in [OWNER, CURATOR, STRANGER] {
            assert_noop!(appeal(n, id), Error::<Test>::NotOwner);
        }
    });
}

#[test]
fn appeal_should_fail_when_the_bond_is_not_there() {
    run(|| {
        let id = rejected(datanet(), 1);
        let rest = APPEAL_BOND + EXISTENTIAL_DEPOSIT - 1;
        let spent = FUNDS - rest;
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(account(CONTRIBUTOR)),
            account(STRANGER),
            spent
        ));
        assert_noop!(appeal(CONTRIBUTOR, id), sp_runtime::TokenError::FundsUnavailable);
    });
}

#[test]
fn appeal_should_fail_when_some_money_is_frozen() {
    run(|| {
        let id = rejected(datanet(), 1);
        freeze(CONTRIBUTOR, EXISTENTIAL_DEPOSIT + 1);
        assert_noop!(appeal(CONTRIBUTOR, id), sp_runtime::TokenError::Frozen);
    });
}

#[test]
fn appeal_should_fail_when_there_is_no_contribution() {
    run(|| {
        assert_noop!(appeal(CONTRIBUTOR, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn appeal_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::appeal { contribution: 0 }));
}
