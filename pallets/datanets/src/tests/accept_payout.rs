use super::*;

fn offered(to: u8) -> ContributionId {
    let id = accepted(datanet(), 1);
    assert_ok!(offer_payout(CONTRIBUTOR, id, to));
    id
}

#[test]
fn accept_payout_should_change_who_is_paid_and_settle_before_when_offered() {
    run(|| {
        let id = offered(5);
        assert_ok!(accept_payout(5, id));
        assert_eq!(payee(id), account(5));
        assert_eq!(PayoutChanges::get(), [(id, account(CONTRIBUTOR))]);
        let event = Event::PayoutTransferred {
            contribution: id,
            from: account(CONTRIBUTOR),
            to: account(5),
        };
        assert_eq!(last_event(), event.into());
        let paid = |n| ContributionsOf::<Test>::contains_key(account(n), id);
        assert!(paid(5) && !paid(CONTRIBUTOR));
        // The offer is used up.
        assert_noop!(accept_payout(5, id), Error::<Test>::NotFound);
        // The deposit, and the right to withdraw, stay with the contributor.
        assert_noop!(withdraw(5, id), Error::<Test>::NotOwner);
        assert_ok!(withdraw(CONTRIBUTOR, id));
        assert_eq!(held(CONTRIBUTOR), 0);
        assert_eq!(payee(id), account(5));
    });
}

#[test]
fn accept_payout_should_change_nothing_when_offered_to_oneself() {
    run(|| {
        let id = offered(CONTRIBUTOR);
        assert_ok!(accept_payout(CONTRIBUTOR, id));
        assert_eq!(payee(id), account(CONTRIBUTOR));
        assert_eq!(PayoutChanges::get(), []);
        assert_eq!(PendingPayees::<Test>::get(id), None);
    });
}

#[test]
fn accept_payout_should_fail_when_earnings_cannot_be_settled() {
    run(|| {
        let id = offered(5);
        LedgerRefuses::set(true);
        assert_noop!(accept_payout(5, id), DispatchError::Other("refused"));
    });
}

#[test]
fn accept_payout_should_cost_what_settling_earnings_costs_as_well() {
    run(|| {
        use frame_support::dispatch::GetDispatchInfo;
        let weight =
            Call::<Test>::accept_payout { contribution: 0 }.get_dispatch_info().call_weight;
        let own = <Test as Config>::WeightInfo::accept_payout();
        assert_eq!(weight, own.saturating_add(Ledger::weight()));
    });
}

#[test]
fn accept_payout_should_fail_when_offered_to_another() {
    run(|| {
        let id = offered(5);
        for n in [CONTRIBUTOR, 6] {
            assert_noop!(accept_payout(n, id), Error::<Test>::NotOwner);
        }
    });
}

#[test]
fn accept_payout_should_fail_when_nothing_was_offered() {
    run(|| {
        let id = accepted(datanet(), 1);
        assert_noop!(accept_payout(5, id), Error::<Test>::NotFound);
    });
}

#[test]
fn accept_payout_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::accept_payout { contribution: 0 }));
}
