use super::*;

const REDIRECT: Licence = Licence { withdrawn: WithdrawnRoyalties::Redirect, ..Licence::OPEN };
const REVOCABLE: Licence = Licence { revocable: true, ..Licence::OPEN };

#[test]
fn withdraw_should_return_deposit_and_root_when_pending_or_accepted() {
    run(|| {
        let datanet = datanet();
        for id in [contribute(datanet, 1), accepted(datanet, 2)] {
            assert_ok!(withdraw(CONTRIBUTOR, id));
            assert_eq!(status(id), Status::Withdrawn);
            let event =
                Event::Withdrawn { contribution: id, datanet, contributor: account(CONTRIBUTOR) };
            assert_eq!(last_event(), event.into());
        }
        assert_eq!(held(CONTRIBUTOR), 0);
        contribute(datanet, 1);
        contribute(datanet, 2);
    });
}

#[test]
fn withdraw_should_leave_only_the_next_version_when_published() {
    run(|| {
        let datanet = datanet();
        let (first, second) = (accepted(datanet, 1), accepted(datanet, 2));
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(CONTRIBUTOR, first));
        assert_ok!(publish(OWNER, datanet));
        let lists =
            [1, 2].map(|n| Pallet::<Test>::version(datanet, n).unwrap().contributions.into_inner());
        assert_eq!(lists, [vec![first, second], vec![second]]);
        assert_eq!(Pallet::<Test>::payout_account(first), Some(account(CONTRIBUTOR)));
        assert_eq!(stored(datanet).consent_epoch, 0);
        // Nobody can bring the same records in again and earn twice for them.
        assert_noop!(send(STRANGER, contribute_call(datanet, 1)), Error::<Test>::AlreadyExists);
    });
}

#[test]
fn withdraw_should_raise_the_consent_epoch_when_published_under_a_revocable_licence() {
    run(|| {
        let datanet = datanet_under(REVOCABLE);
        let (published, later) = (accepted(datanet, 1), contribute(datanet, 2));
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(CONTRIBUTOR, later));
        assert_eq!(stored(datanet).consent_epoch, 0);
        assert_ok!(withdraw(CONTRIBUTOR, published));
        assert_eq!(stored(datanet).consent_epoch, 1);
        assert_eq!(last_event(), Event::ConsentRevoked { datanet, consent_epoch: 1 }.into());
    });
}

#[test]
fn withdraw_should_redirect_royalties_when_the_newest_version_says_so() {
    run(|| {
        let datanet = datanet_under(REDIRECT);
        let ids = [1, 2, 3].map(|n| accepted(datanet, n));
        assert_ok!(publish(OWNER, datanet));
        let treasury = Pallet::<Test>::treasury(datanet);
        // Of this one, the payouts were sold and are offered again.
        assert_ok!(offer_payout(CONTRIBUTOR, ids[1], 5));
        assert_ok!(accept_payout(5, ids[1]));
        assert_ok!(offer_payout(5, ids[1], 6));
        for (id, payee_so_far) in [(ids[0], account(CONTRIBUTOR)), (ids[1], account(5))] {
            assert_ok!(withdraw(CONTRIBUTOR, id));
            assert_eq!(payee(id), treasury);
            assert_eq!(PayoutChanges::get().last(), Some(&(id, payee_so_far)));
            assert!(ContributionsOf::<Test>::contains_key(&treasury, id));
        }
        assert_noop!(accept_payout(6, ids[1]), Error::<Test>::NotFound);
        assert_eq!(stored(datanet).consent_epoch, 0);
        // Not the datanet's terms of now count, but those of the newest version.
        assert_ok!(send(OWNER, Call::set_licence { datanet, licence: Licence::OPEN }));
        assert_ok!(publish(OWNER, datanet));
        assert_ok!(withdraw(CONTRIBUTOR, ids[2]));
        assert_eq!(payee(ids[2]), account(CONTRIBUTOR));
    });
}

#[test]
fn withdraw_should_redirect_nothing_when_never_published() {
    run(|| {
        let datanet = datanet_under(REDIRECT);
        for id in [contribute(datanet, 1), accepted(datanet, 2)] {
            assert_ok!(withdraw(CONTRIBUTOR, id));
            assert_eq!(payee(id), account(CONTRIBUTOR));
        }
        assert_eq!(PayoutChanges::get(), []);
    });
}

#[test]
fn withdraw_should_fail_when_earnings_cannot_be_settled() {
    run(|| {
        let datanet = datanet_under(REDIRECT);
        let id = accepted(datanet, 1);
        assert_ok!(publish(OWNER, datanet));
        LedgerRefuses::set(true);
        assert_noop!(withdraw(CONTRIBUTOR, id), DispatchError::Other("refused"));
    });
}

#[test]
fn withdraw_should_cost_what_settling_earnings_costs_as_well() {
    run(|| {
        use frame_support::dispatch::GetDispatchInfo;
        let weight = Call::<Test>::withdraw { contribution: 0 }.get_dispatch_info().call_weight;
        let own = <Test as Config>::WeightInfo::withdraw();
        assert_eq!(weight, own.saturating_add(Ledger::weight()));
    });
}

#[test]
fn withdraw_should_fail_when_not_the_contributor() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        for n in [OWNER, CURATOR] {
            assert_noop!(withdraw(n, id), Error::<Test>::NotOwner);
        }
    });
}

#[test]
fn withdraw_should_fail_when_ended_already() {
    run(|| {
        let datanet = datanet();
        let id = contribute(datanet, 1);
        assert_ok!(withdraw(CONTRIBUTOR, id));
        assert_noop!(withdraw(CONTRIBUTOR, id), Error::<Test>::WrongPhase);
    });
}

#[test]
fn withdraw_should_fail_when_there_is_no_contribution() {
    run(|| {
        assert_noop!(withdraw(CONTRIBUTOR, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn withdraw_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::withdraw { contribution: 0 }));
}
