use super::*;

fn appealed(datanet: DatanetId, n: u8) -> ContributionId {
    let id = rejected(datanet, n);
    assert_ok!(appeal(CONTRIBUTOR, id));
    id
}

#[test]
fn resolve_appeal_should_accept_and_return_the_bond_when_upheld() {
    run(|| {
        let datanet = datanet();
        let id = appealed(datanet, 1);
        let later = accepted(datanet, 50);
        let before = held(CONTRIBUTOR);
        assert_ok!(resolve(id, true));
        let event =
            Event::AppealResolved { contribution: id, datanet, upheld: true, bond: APPEAL_BOND };
        assert_eq!(last_event(), event.into());
        assert_eq!(status(id), Status::Accepted);
        assert_eq!(Accepted::<Test>::get(datanet).into_inner(), [id, later]);
        assert_eq!(Roots::<Test>::get((datanet, root(1))), Some(id));
        // As after any other acceptance: deposit and bond are held.
        assert_eq!(held(CONTRIBUTOR), 2 * before);
        assert_eq!((bonded(CONTRIBUTOR), appealing(CONTRIBUTOR)), (2 * BOND, 0));
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(CONTRIBUTOR, id));
        assert_eq!(total(CONTRIBUTOR), FUNDS);
    });
}

#[test]
fn resolve_appeal_should_pay_the_treasury_when_refused() {
    run(|| {
        let datanet = datanet();
        let id = appealed(datanet, 1);
        assert_ok!(resolve(id, false));
        let event =
            Event::AppealResolved { contribution: id, datanet, upheld: false, bond: APPEAL_BOND };
        assert_eq!(last_event(), event.into());
        let reason = RejectReason::OffTopic;
        assert_eq!(status(id), Status::Rejected { reason, appeal_until: None });
        assert_eq!(total(CONTRIBUTOR), FUNDS - APPEAL_BOND);
        let treasury = Pallet::<Test>::treasury(datanet);
        assert_eq!(Balances::free_balance(treasury), APPEAL_BOND);
        assert_noop!(resolve(id, true), Error::<Test>::NotFound);
    });
}

#[test]
fn resolve_appeal_should_hold_a_deposit_with_room_for_votes_when_curators_vote() {
    run(|| {
        let datanet = NextDatanetId::<Test>::get();
        assert_ok!(send(OWNER, create_call(Licence::OPEN, Policy::Vote)));
        let id = appealed(datanet, 1);
        assert_ok!(resolve(id, true));
        assert_eq!(
            held(CONTRIBUTOR),
            deposit(Pallet::<Test>::contribution_footprint(Policy::Vote))
        );
    });
}

#[test]
fn resolve_appeal_should_only_refuse_when_the_root_is_taken_by_now() {
    run(|| {
        let datanet = datanet();
        let id = appealed(datanet, 1);
        accepted(datanet, 1);
        assert_noop!(resolve(id, true), Error::<Test>::AlreadyExists);
        assert_ok!(resolve(id, false));
    });
}

#[test]
fn resolve_appeal_should_only_refuse_when_the_version_is_full() {
    run(|| {
        let datanet = datanet();
        let id = appealed(datanet, 1);
        let full = (1_000..1_000 + MAX_CONTRIBUTIONS).collect();
        Accepted::<Test>::insert(datanet, ContributionIds::truncate_from(full));
        assert_noop!(resolve(id, true), Error::<Test>::TooMany);
        Accepted::<Test>::remove(datanet);
        assert_ok!(resolve(id, false));
    });
}

#[test]
fn resolve_appeal_should_only_refuse_when_the_contributor_has_spent_its_funds() {
    run(|| {
        let id = appealed(datanet(), 1);
        let spent = FUNDS - APPEAL_BOND - EXISTENTIAL_DEPOSIT;
        assert_ok!(Balances::transfer_allow_death(
            RuntimeOrigin::signed(account(CONTRIBUTOR)),
            account(STRANGER),
            spent
        ));
        assert_noop!(resolve(id, true), sp_runtime::TokenError::FundsUnavailable);
        assert_ok!(resolve(id, false));
    });
}

#[test]
fn resolve_appeal_should_work_when_in_the_last_block_of_the_period_only() {
    run(|| {
        let datanet = datanet();
        let [first, second] = [1, 2].map(|n| appealed(datanet, n));
        System::set_block_number(1 + APPEAL_PERIOD);
        assert_ok!(resolve(first, true));
        System::set_block_number(2 + APPEAL_PERIOD);
        for uphold in [true, false] {
            assert_noop!(resolve(second, uphold), Error::<Test>::Expired);
        }
    });
}

#[test]
fn resolve_appeal_should_fail_when_there_is_no_appeal() {
    run(|| {
        let id = rejected(datanet(), 1);
        for id in [id, id + 1] {
            assert_noop!(resolve(id, true), Error::<Test>::NotFound);
        }
    });
}

#[test]
fn resolve_appeal_should_fail_when_not_from_its_origin() {
    run(|| {
        let id = appealed(datanet(), 1);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::signed(account(OWNER))] {
            let call = Call::resolve_appeal { contribution: id, uphold: true };
            assert_noop!(send_as(origin, call), DispatchError::BadOrigin);
        }
    });
}
